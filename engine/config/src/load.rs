//! From a path to a [`Document`]: reads the files, lays the profile over, puts in environment and
//! parameters, converts, and gives every mistake found on the way.

use std::collections::BTreeSet;
use std::path::Path;

use zaraba_core::diagnostic::{Diagnostic, Diagnostics, FileId, SourceMap, Span};

use crate::document::Document;
use crate::env::{Environment, redact};
use crate::include::{self, Files};
use crate::params;
use crate::path::folder;
use crate::profile;
use crate::read::Context;
use crate::root::{self, ROOT};
use crate::syntax;
use crate::tree::Table;

/// What the command line (or the embedding program) says about a pipeline.
pub struct LoadOptions<'a> {
    /// `--profile`
    pub profile: Option<String>,
    /// `--set name=value`, in order.
    pub set: Vec<(String, String)>,
    /// Environment variables; `&|name| std::env::var(name).ok()` for the process's own.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// A pipeline as far as it could be read.
#[derive(Debug)]
pub struct Loaded {
    /// None if there is nothing to look at: no file, or not one section of it is TOML. With
    /// mistakes there still is one: nodes with a mistake are left out and named in `broken`, so
    /// that the planner can report its own in the same pass.
    pub document: Option<Document>,
    /// The files, for showing mistakes.
    pub sources: SourceMap,
    /// The mistakes, in the order of their places.
    pub diagnostics: Diagnostics,
}

/// Reads the pipeline at `path`. Paths in messages begin as `path` does.
#[must_use]
pub fn load(path: &Path, options: &LoadOptions<'_>) -> Loaded {
    match include::read(path) {
        Ok(text) => load_text(path, &text, options),
        Err(why) => {
            let message = format!("cannot read `{}`: {why}", path.display());
            Loaded {
                document: None,
                sources: SourceMap::default(),
                diagnostics: Diagnostics(vec![Diagnostic::nowhere(message)]),
            }
        }
    }
}

/// Reads a pipeline whose main file has this text; what it includes is read relative to `path`.
#[must_use]
pub fn load_text(path: &Path, text: &str, options: &LoadOptions<'_>) -> Loaded {
    let mut environment = Environment {
        get: options.env,
        secrets: Vec::new(),
    };
    let mut files = Files::default();
    let (main, mut root) = files.gather(path, text, &mut environment);
    let Files {
        sources,
        mut mistakes,
        damaged,
        ..
    } = files;
    let broken_lines = lines(&sources, &damaged, &mistakes);
    profile::apply(&mut root, options.profile.as_deref(), &mut mistakes);
    expand(&mut root, &mut environment, &mut mistakes);
    let mut params = match root.get("params") {
        Some(entry) => params::read(&entry.node, &mut mistakes),
        None => Vec::new(),
    };
    params::set(&mut params, &options.set, &mut mistakes);

    let mut cx = Context::new(&sources, &damaged, mistakes);
    cx.params = &params;
    cx.env = options.env;
    let start = Span {
        file: main,
        start: 0,
        end: 0,
    };
    let name = path
        .file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let mut document = root::document(&mut cx, &root, start, name, folder(path));
    let mut diagnostics = cx.mistakes;
    environment.secrets.extend(cx.secrets);
    drop_consequences(&sources, &broken_lines, &mut diagnostics);
    for diagnostic in &mut diagnostics.0 {
        diagnostic.message = redact(&diagnostic.message, &environment.secrets);
        diagnostic.help = diagnostic
            .help
            .take()
            .map(|h| redact(&h, &environment.secrets));
    }
    diagnostics.sort();
    document.secrets = environment.secrets;
    for (_, text) in damaged.iter().filter_map(|file| sources.file(*file)) {
        let lost = syntax::node_names(text)
            .into_iter()
            .filter(|name| !document.has(name));
        document.broken.extend(lost.collect::<Vec<_>>());
    }
    let nothing = damaged.contains(&main) && root.entries.is_empty();
    Loaded {
        document: (!nothing).then_some(document),
        sources,
        diagnostics,
    }
}

/// Puts environment variables into all that will be read.
fn expand(root: &mut Table, environment: &mut Environment<'_>, mistakes: &mut Diagnostics) {
    for entry in &mut root.entries {
        if !ROOT.later.contains(&entry.key.value.as_str()) {
            environment.expand(&mut entry.node, mistakes);
        }
    }
}

/// A line of a file.
type Line = (FileId, usize);

fn line(sources: &SourceMap, span: Span) -> Line {
    (span.file, sources.line_column(span.file, span.start).0)
}

/// The lines of damaged files that have mistakes.
fn lines(
    sources: &SourceMap,
    damaged: &BTreeSet<FileId>,
    mistakes: &Diagnostics,
) -> Vec<(Line, Diagnostic)> {
    let in_damaged = |d: &&Diagnostic| d.span.is_some_and(|s| damaged.contains(&s.file));
    let with_line = |d: &Diagnostic| Some((line(sources, d.span?), d.clone()));
    mistakes
        .0
        .iter()
        .filter(in_damaged)
        .filter_map(with_line)
        .collect()
}

/// Takes out mistakes on lines that TOML cannot read: they are made of what it guessed.
fn drop_consequences(
    sources: &SourceMap,
    broken: &[(Line, Diagnostic)],
    diagnostics: &mut Diagnostics,
) {
    diagnostics.0.retain(|d| {
        let Some(span) = d.span else { return true };
        let here = line(sources, span);
        broken
            .iter()
            .all(|(line, syntax)| *line != here || syntax == d)
    });
}
