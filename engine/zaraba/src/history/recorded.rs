//! Recorded files in the place of live sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use zaraba_config::document::{
    Document, Encoding, ErrorPolicy, FileSourceDoc, Format, Located, SheetDoc, SourceConnector,
    SourceDoc,
};
use zaraba_config::format;
use zaraba_core::error::{Error, Result};
use zaraba_core::suggest::hint;
use zaraba_runtime::files_named;

/// The files of each source.
pub(super) type Files = BTreeMap<String, Vec<PathBuf>>;

/// Files as they were said: of which source they are, if that was said, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `SOURCE=`
    pub source: Option<String>,
    /// A file, a pattern, a folder of files, or a folder that `zaraba record` wrote.
    pub path: PathBuf,
}

/// Whether a source ends by itself, with the same rows each time.
pub(crate) const fn ends(source: &SourceDoc) -> bool {
    match &source.connector {
        SourceConnector::File(file) => !file.follow,
        SourceConnector::Simulate(made) => made.rows.is_some(),
        SourceConnector::Market(_) => true,
        _ => false,
    }
}

/// Which files are of which source; `needed` are the nodes that will run.
///
/// # Errors
/// When there are none, or it cannot be told.
pub(super) fn files(
    document: &Document,
    needed: &BTreeSet<String>,
    recorded: &[Recorded],
) -> Result<Files> {
    let name = |source: &'_ SourceDoc| source.name.value.clone();
    let names: Vec<String> = document.sources.iter().map(name).collect();
    let live = document.sources.iter().filter(|source| !ends(source));
    let live: Vec<String> = live
        .map(name)
        .filter(|name| needed.contains(name))
        .collect();
    let mut files = Files::new();
    for said in recorded {
        if let Some(source) = said.source.as_ref().filter(|s| !names.contains(s)) {
            let hint = hint(source, names.iter().map(String::as_str));
            let there = names.join(", ");
            let text = format!("--from {source}=: no source `{source}`{hint}: there are {there}");
            return Err(Error::user(text));
        }
        for file in of_path(&said.path, &names)? {
            let source = said.source.clone();
            let source = source.or_else(|| by_folder(&file, &names));
            let source = source.or_else(|| {
                <&[String; 1]>::try_from(&live[..])
                    .ok()
                    .map(|[one]| one.clone())
            });
            let Some(source) = source else {
                return Err(Error::user(format!(
                    "--from {}: of which source? Expected `SOURCE=PATH`, with one of {}",
                    file.display(),
                    names.join(", ")
                )));
            };
            files.entry(source).or_default().push(file);
        }
    }
    files.values_mut().for_each(|files| {
        files.sort();
        files.dedup();
    });
    Ok(files)
}

/// The files that a path stands for.
fn of_path(path: &Path, names: &[String]) -> Result<Vec<PathBuf>> {
    let found = if path.is_dir() {
        let below = names.iter().flat_map(|name| within(&path.join(name)));
        within(path).into_iter().chain(below).collect()
    } else {
        files_named(path)?
    };
    if found.is_empty() && path.is_dir() {
        return Err(Error::user(format!(
            "--from: `{}` has no files of rows, and no folder of them with the name of a source: {}; \
             `SOURCE=PATH` says whose they are",
            path.display(),
            names.join(", ")
        )));
    }
    if found.is_empty() {
        let text = format!("--from: no file matches `{}`", path.display());
        return Err(Error::user(text));
    }
    Ok(found)
}

/// The source whose name a file's folder has.
fn by_folder(file: &Path, names: &[String]) -> Option<String> {
    let folder = file.parent()?.file_name()?.to_str()?;
    names.iter().find(|name| *name == folder).cloned()
}

/// The files in a folder that can be read as rows.
fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|file| file.is_file() && format_of(file).is_some())
        .filter(|file| !stem(file).ends_with("__errors"))
        .collect();
    files.sort();
    files
}

fn format_of(file: &Path) -> Option<Format> {
    file.to_str().and_then(format::of_path)
}

fn stem(file: &Path) -> &str {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    stem.unwrap_or_default()
}

/// Puts files in the place of the sources that they are of.
///
/// # Errors
/// When a live source has none, or they cannot be read so.
pub(super) fn place(document: &mut Document, files: &Files, file: &Path) -> Result<()> {
    for source in &mut document.sources {
        let name = source.name.value.clone();
        match files.get(&name) {
            Some(files) => replay(source, files)?,
            None if ends(source) => {}
            None => {
                let file = file.display();
                return Err(Error::user(format!(
                    "`{name}` is live: expected recorded rows in its place, --from {name}=PATH; \
                     `zaraba record {file} {name} --out recorded` records them"
                )));
            }
        }
        source.bootstrap = None;
        source.speed = None;
        // A bad row is left out and told, as it is live.
        source.on_error.get_or_insert(ErrorPolicy::Skip);
    }
    Ok(())
}

fn replay(source: &mut SourceDoc, files: &[PathBuf]) -> Result<()> {
    let Some(first) = files.first() else {
        return Ok(());
    };
    let Some(format) = format_of(first) else {
        let text = format!(
            "--from {}: expected a name that ends in .parquet, .csv, .json or .arrow",
            first.display()
        );
        return Err(Error::user(text));
    };
    let span = source.name.span;
    let plain = FileSourceDoc {
        path: Located {
            value: first.clone(),
            span,
        },
        files: Vec::new(),
        format,
        merge_by_time: false,
        follow: false,
        add_nullable: false,
        encoding: Encoding::Utf8,
        delimiter: b',',
        header: true,
        sheet: SheetDoc::default(),
    };
    let mut doc = match &source.connector {
        SourceConnector::File(own) if own.format == format => own.clone(),
        _ => plain,
    };
    let typed = matches!(format, Format::Parquet | Format::Arrow);
    if typed {
        // They say themselves what their columns are.
        source.schema.clear();
    }
    doc.files = files.to_vec();
    doc.follow = false;
    doc.add_nullable = typed;
    doc.merge_by_time |= partitions(files) > 1;
    source.connector = SourceConnector::File(doc);
    Ok(())
}

/// Of how many partitions files are that are named as a recording names them,
/// `PARTITION-PART.parquet`.
fn partitions(files: &[PathBuf]) -> usize {
    let number = |file: &PathBuf| {
        let (partition, part) = stem(file).split_once('-')?;
        part.parse::<u64>().ok()?;
        partition.parse::<u64>().ok()
    };
    let numbers: Option<BTreeSet<u64>> = files.iter().map(number).collect();
    numbers.map_or(1, |numbers| numbers.len())
}
