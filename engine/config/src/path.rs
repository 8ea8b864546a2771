//! Paths in a pipeline are relative to the file that says them, so that a pipeline runs the same
//! from wherever it is started.

use std::path::{Path, PathBuf};

use zaraba_core::diagnostic::{Diagnostic, SourceMap};

use crate::document::Text;
use crate::params;
use crate::read::{Context, Typed};

/// The folder of a file; `.` for a bare name.
pub(crate) fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("."),
    }
}

/// `path` seen from the file that `text` stands in.
pub(crate) fn resolve(sources: &SourceMap, text: &Text) -> PathBuf {
    let path = Path::new(&text.value);
    match sources
        .file(text.span.file)
        .and_then(|(file, _)| file.parent())
    {
        Some(folder) => folder.join(path),
        None => path.to_owned(),
    }
}

/// Reads a path, with the parameters put in.
pub(crate) fn read(cx: &mut Context<'_>, text: &Text) -> Option<Typed> {
    let text = params::substitute(cx, text)?;
    if text.value.is_empty() {
        cx.mistake(Diagnostic::at(
            text.span,
            "expected a path, found an empty text",
        ));
        return None;
    }
    Some(Typed::Text(text))
}
