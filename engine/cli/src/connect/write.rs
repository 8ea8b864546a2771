//! Changes files: comments and layout of what is there stay, and nothing is written over unasked.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::Made;
use super::ask::Asker;
use crate::failure::Failure;

/// The sink of a look.
pub(super) const LOOK: &str = "connect_look";

fn outside(path: &Path, e: &dyn std::fmt::Display) -> Failure {
    Failure::Outside(format!("{}: {e}", path.display()))
}

/// Writes the source; the files that were.
pub(super) fn write(
    into: &Path,
    made: &Made,
    asker: &mut Asker<'_>,
) -> Result<Vec<PathBuf>, Failure> {
    let mut document = read(into)?;
    if let Some((name, source)) = &made.source {
        let sources = document.entry("source").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let Some(sources) = sources.as_table_mut() else {
            return Err(outside(into, &"expected `[source.NAME]` sections"));
        };
        if sources.contains_key(name) {
            may_overwrite(asker, &format!("[source.{name}] of {}", into.display()))?;
        }
        sources.insert(name, Item::Table(source.clone()));
    }
    let folder = into.parent().unwrap_or(Path::new(""));
    let beside = made.feed.iter().chain(&made.files);
    let beside: Vec<(PathBuf, &String)> = beside.map(|(n, text)| (folder.join(n), text)).collect();
    for (path, text) in &beside {
        if fs::read_to_string(path).is_ok_and(|old| old != **text) {
            may_overwrite(asker, &path.display().to_string())?;
        }
    }
    if let Some((feed, _)) = &made.feed {
        let include = document.entry("include").or_insert(value(Array::new()));
        let Some(include) = include.as_array_mut() else {
            return Err(outside(into, &"expected `include` to be a list"));
        };
        if !include.iter().any(|i| i.as_str() == Some(feed)) {
            include.push(feed);
        }
    }
    let mut written = Vec::new();
    let text = document.to_string();
    for (path, text) in beside
        .iter()
        .map(|(p, t)| (p.as_path(), t.as_str()))
        .chain([(into, text.as_str())])
    {
        whole(path, text)?;
        written.push(path.to_owned());
    }
    Ok(written)
}

fn may_overwrite(asker: &mut Asker<'_>, what: &str) -> Result<(), Failure> {
    let ja = format!("{what} があります。書き換えますか (y/n)");
    let en = format!("{what} is there already; write over it (y/n)");
    if asker.agrees("overwrite", &ja, &en)? {
        return Ok(());
    }
    Err(Failure::User(format!(
        "{what} is there already; nothing was written"
    )))
}

/// The pipeline, or a new one.
fn read(into: &Path) -> Result<DocumentMut, Failure> {
    let text = match fs::read_to_string(into) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            "timezone = \"Asia/Tokyo\"\n".to_owned()
        }
        Err(e) => return Err(outside(into, &e)),
    };
    let document = text.parse::<DocumentMut>();
    document.map_err(|e| Failure::User(format!("{}: {e}", into.display())))
}

/// Writes a file whole or not at all.
fn whole(path: &Path, text: &str) -> Result<(), Failure> {
    let mut hidden = path.as_os_str().to_owned();
    hidden.push(".partial");
    let hidden = PathBuf::from(hidden);
    let done = fs::write(&hidden, text).and_then(|()| fs::rename(&hidden, path));
    done.map_err(|e| outside(path, &e))
}

/// A pipeline of the source alone, with a sink to look at it.
pub(super) fn for_a_look(into: &Path, made: &Made) -> Result<String, Failure> {
    let written = read(into)?;
    let mut document = DocumentMut::new();
    let zone = written.get("timezone").cloned();
    document.insert("timezone", zone.unwrap_or_else(|| value("Asia/Tokyo")));
    if let Some((feed, _)) = &made.feed {
        document.insert("include", value(Array::from_iter([feed.as_str()])));
    }
    if let Some((name, source)) = &made.source {
        document["source"][name] = Item::Table(source.clone());
    }
    let mut sink = Table::new();
    sink.insert("connector", value("channel"));
    let errors = made.streams.iter().map(|s| format!("{s}__errors"));
    let from = made.streams.iter().cloned().chain(errors);
    sink.insert("from", value(Array::from_iter(from)));
    document["sink"][LOOK] = Item::Table(sink);
    Ok(document.to_string())
}
