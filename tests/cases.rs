//! Corpora: folders of cases with the exact answer beside them, and what the engine does with bad
//! input, silence and size. `ZARABA_BLESS=1` writes the answers anew; read them before you keep
//! them.

/// Pipelines with mistakes, and the exact text that users see.
mod wrong;

/// Pipelines with rows and the exact rows that come out.
mod sql;

/// An aggregate of the embedding program's own.
mod weighted_mean;

/// Files and rows that are not what they should be, while a pipeline runs.
mod bad_input;

/// Live sources that fall silent and come back, by a clock that is moved by hand.
mod silence;

/// What queries keep.
mod states;

/// Many keys and many rows: time and memory.
mod scale;

/// What is kept is no more than the reference says.
mod scale_bounds;

/// Many sessions: time and memory.
mod open_sessions;

/// Size, of OVER.
mod scale_over;

/// A pipeline in a folder of its own, built with the library.
pub(crate) mod folder;

use std::path::{Path, PathBuf};

/// The folders of a corpus, by name. The path is relative to this crate, where tests run.
pub(crate) fn folders(corpus: &str) -> Vec<PathBuf> {
    let root = Path::new("cases").join(corpus);
    let entries = std::fs::read_dir(&root).expect("the corpus is there");
    let mut folders: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    folders.sort();
    folders
}

/// Compares with a file, or writes it when asked to; a complaint where they differ.
fn compare(file: &Path, found: &str) -> Option<String> {
    if std::env::var_os("ZARABA_BLESS").is_some() {
        std::fs::write(file, found).expect("a case can be written");
        return None;
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    (found != expected).then(|| format!("{}:\n{found}\nexpected:\n{expected}", file.display()))
}
