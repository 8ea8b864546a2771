//! Files of a run that was killed: hidden, unfinished, nobody's. The next run finds them by what
//! all paths of a sink have in common, and removes those that no other program is writing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::file::partial::hidden_name;

/// One part of a path: what stands before and behind what differs; none differs: the name itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Is(String),
    Between(String, String),
}

/// What the paths of all files of a stream have in common.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    root: PathBuf,
    folders: Vec<Name>,
    file: Name,
}

impl Pattern {
    /// Of the pieces of a path; none stands for what differs.
    pub(super) fn new(pieces: impl Iterator<Item = Option<String>>) -> Self {
        // No path has a NUL.
        let text: String = pieces
            .map(|piece| piece.unwrap_or_else(|| "\0".to_owned()))
            .collect();
        let (folders, file) = text.rsplit_once('/').unwrap_or(("", &text));
        let root = if text.starts_with('/') { "/" } else { "" };
        let folders = folders.split('/').filter(|folder| !folder.is_empty());
        Self {
            root: root.into(),
            folders: folders.map(name).collect(),
            file: name(file),
        }
    }

    /// Removes what was left behind; how many files it was.
    pub(super) fn clean(&self) -> usize {
        let mut folders = vec![self.root.clone()];
        for name in &self.folders {
            folders = match name {
                Name::Is(name) => folders.into_iter().map(|f| f.join(name)).collect(),
                Name::Between(..) => {
                    let inner = folders.iter().flat_map(|folder| entries(folder));
                    let folder = |(name_, path): (String, PathBuf)| {
                        (name.fits(&name_) && path.is_dir()).then_some(path)
                    };
                    inner.filter_map(folder).collect()
                }
            };
        }
        let files = folders.iter().flat_map(|folder| entries(folder));
        let ours = files.filter(|(name, _)| hidden_name(name).is_some_and(|n| self.is_ours(n)));
        ours.filter(|(_, path)| remove(path)).count()
    }

    fn is_ours(&self, name: &str) -> bool {
        self.file.fits(name) || self.file.fits(&unnumbered(name))
    }
}

fn name(text: &str) -> Name {
    match (text.split_once('\0'), text.rsplit_once('\0')) {
        (Some((before, _)), Some((_, behind))) => {
            Name::Between(before.to_owned(), behind.to_owned())
        }
        _ => Name::Is(text.to_owned()),
    }
}

impl Name {
    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Is(own) => own == name,
            Self::Between(before, behind) => {
                let long = name.len() >= before.len() + behind.len();
                long && name.starts_with(before) && name.ends_with(behind)
            }
        }
    }
}

/// `ticks.csv` of `ticks.2.csv`.
fn unnumbered(name: &str) -> String {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    match stem.rsplit_once('.') {
        Some((stem, number)) if digits(number) => format!("{stem}.{end}"),
        _ if digits(end) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// What is in a folder, by name; nothing where there is none, or it may not be read.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    found
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .collect()
}

/// Removes a file, unless it is none, or somebody is writing it.
fn remove(path: &Path) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let free = || File::open(path).is_ok_and(|file| file.try_lock().is_ok());
    is_file && free() && fs::remove_file(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_sink_left_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        let ours = [
            "a/x-1/.2025.csv.partial",
            "a/x-2/.2025.3.csv.partial",
            "a/x-/..csv.partial",
        ];
        let others = [
            "a/x-1/2025.csv",
            "a/x-1/.2025.json.partial",
            "a/x-1/.2025.csv",
            "a/y-1/.2025.csv.partial",
            "a/x-1/deeper/.2025.csv.partial",
            "b/x-1/.2025.csv.partial",
            "a/x-1/.busy.csv.partial",
        ];
        ours.iter().chain(&others).for_each(|name| make(name));
        let busy = File::open(dir.path().join(others[6])).unwrap();
        busy.lock().unwrap();
        let path = dir.path().join("a/x-").to_str().unwrap().to_owned();
        let pieces = [
            Some(path),
            None,
            Some("/".to_owned()),
            None,
            Some(".csv".to_owned()),
        ];
        assert_eq!(Pattern::new(pieces.into_iter()).clean(), ours.len());
        assert!(ours.iter().all(|name| !dir.path().join(name).exists()));
        assert!(others.iter().all(|name| dir.path().join(name).exists()));
    }

    #[test]
    fn names_without_anything_that_differs() {
        let pattern = Pattern::new([Some("out/all.csv".to_owned())].into_iter());
        for (name, expected) in [
            ("all.csv", true),
            ("all.2.csv", true),
            ("all.b.csv", false),
            ("all-2.csv", false),
            ("all.csv.2", true),
        ] {
            assert_eq!(pattern.is_ours(name), expected, "{name}");
        }
        let none = Pattern::new([Some("/no/such/folder/".to_owned()), None].into_iter());
        assert_eq!(none.clean(), 0);
    }
}
