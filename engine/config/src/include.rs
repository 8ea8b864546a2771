//! Reads a pipeline's files: the main one and those that it includes, each parsed to a tree, all
//! merged into one. Included files come first; a name in two files is a mistake that shows both.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::de::DeTable;
use zaraba_core::diagnostic::{Diagnostic, Diagnostics, FileId, SourceMap, Span};

use crate::env::Environment;
use crate::nodes::place_of;
use crate::path;
use crate::syntax;
use crate::tree::{Node, Table, TomlValue, quoted, tree};

/// The files read so far.
#[derive(Default)]
pub(crate) struct Files {
    pub(crate) sources: SourceMap,
    pub(crate) mistakes: Diagnostics,
    /// Files with syntax errors.
    pub(crate) damaged: BTreeSet<FileId>,
    /// Files that are being read, each including the next.
    stack: Vec<PathBuf>,
    /// Files that are merged already.
    done: BTreeSet<PathBuf>,
}

impl Files {
    /// The tree of the file `path` with this text, what it includes merged before it.
    pub(crate) fn gather(
        &mut self,
        path: &Path,
        text: &str,
        environment: &mut Environment<'_>,
    ) -> (FileId, Table) {
        self.stack.push(identity(path));
        let file = self.sources.add(path, text);
        let mut own = self.parse(file, text);
        let mut merged = Table::default();
        if let Some(mut entry) = own.remove("include") {
            environment.expand(&mut entry.node, &mut self.mistakes);
            self.include_all(path, &entry.node, &mut merged, environment);
        }
        self.merge(&mut merged, own, Depth::Top);
        if let Some(identity) = self.stack.pop() {
            self.done.insert(identity);
        }
        (file, merged)
    }

    fn parse(&mut self, file: FileId, text: &str) -> Table {
        let (parsed, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            self.damaged.insert(file);
        }
        for mistake in syntax::explain(file, text, &errors) {
            self.mistakes.push(mistake);
        }
        let mut numbers = Vec::new();
        let table = tree(file, text, parsed.get_ref(), &mut numbers);
        numbers
            .into_iter()
            .for_each(|mistake| self.mistakes.push(mistake));
        table
    }

    fn include_all(
        &mut self,
        from: &Path,
        node: &Node,
        merged: &mut Table,
        environment: &mut Environment<'_>,
    ) {
        let TomlValue::Array(items) = &node.value else {
            let message = format!("expected a list of paths, found {}", node.describe());
            self.mistakes.push(Diagnostic::at(node.span, message));
            return;
        };
        for item in items {
            if let TomlValue::Text(text) = &item.value {
                self.include(
                    &path::folder(from),
                    &text.value,
                    item.span,
                    merged,
                    environment,
                );
            } else {
                let message = format!("expected a path in quotes, found {}", item.describe());
                self.mistakes.push(Diagnostic::at(item.span, message));
            }
        }
    }

    fn include(
        &mut self,
        folder: &Path,
        name: &str,
        span: Span,
        merged: &mut Table,
        environment: &mut Environment<'_>,
    ) {
        let path = match folder == Path::new(".") {
            true => PathBuf::from(name),
            false => folder.join(name),
        };
        let identity = identity(&path);
        if self.stack.contains(&identity) {
            let message = format!("{} includes itself", quoted(name));
            let help = match self.stack.last() == Some(&identity) {
                true => "leave it out",
                false => "one of the files that it includes includes it again",
            };
            self.mistakes.push(Diagnostic::at(span, message).help(help));
            return;
        }
        if self.done.contains(&identity) {
            return; // two files may both include a third
        }
        match read(&path) {
            Ok(text) => {
                let (_, table) = self.gather(&path, &text, environment);
                self.merge(merged, table, Depth::Top);
            }
            Err(why) => {
                let message = format!("cannot include `{}`: {why}", path.display());
                let help = "paths are relative to the file that says them";
                self.mistakes.push(Diagnostic::at(span, message).help(help));
            }
        }
    }

    /// Merges `from` into `into`; what stands in both and cannot be merged is a mistake.
    fn merge(&mut self, into: &mut Table, from: Table, depth: Depth) {
        for entry in from.entries {
            let Some(existing) = into.get_mut(&entry.key.value) else {
                into.entries.push(entry);
                continue;
            };
            let inner = depth.within(&entry.key.value);
            match (&mut existing.node.value, entry.node.value, inner) {
                (TomlValue::Table(into), TomlValue::Table(from), Some(inner)) => {
                    self.merge(into, from, inner);
                }
                (TomlValue::Array(into), TomlValue::Array(from), _)
                    if depth == Depth::Top && entry.key.value == "test" =>
                {
                    into.extend(from);
                }
                _ => {
                    let place = place_of(&self.sources, entry.key.span, existing.key.span);
                    let message = format!("`{}` is already given {place}", entry.key.value);
                    let help = "of files that include each other only one may give a name";
                    self.mistakes
                        .push(Diagnostic::at(entry.key.span, message).help(help));
                }
            }
        }
    }
}

/// How deep in the file a merge is: how far tables of two files may be one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// The top level.
    Top,
    /// Names of nodes and parameters: what they hold is never merged.
    Names,
    /// Inside a profile, all the way down.
    Profile,
}

impl Depth {
    /// The depth of the table under `key`; none if it must be in one file.
    fn within(self, key: &str) -> Option<Self> {
        match self {
            Self::Top if key == "profile" => Some(Self::Profile),
            Self::Top => Some(Self::Names),
            Self::Names => None,
            Self::Profile => Some(Self::Profile),
        }
    }
}

/// The same for each way to name a file.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A file's text, or why there is none.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
            + 1;
        format!("it is not UTF-8 (line {line}, byte {at})")
    })
}
