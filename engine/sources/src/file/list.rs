//! Which files a path or a pattern names.

use std::path::{Path, PathBuf};

use zaraba_config::document::FileSourceDoc;
use zaraba_core::error::{Error, Result};

/// The files that were said, or those that the path names, sorted by name; at least one.
pub(super) fn files(doc: &FileSourceDoc) -> Result<Vec<PathBuf>> {
    if !doc.files.is_empty() {
        return Ok(doc.files.clone());
    }
    let path = &doc.path.value;
    let files = files_now(path)?;
    if files.is_empty() {
        let folder = folder(path);
        let what = if folder.is_dir() {
            "looked in"
        } else {
            "there is no folder"
        };
        return Err(Error::user(format!(
            "no file matches `{}`; {what} `{}`",
            path.display(),
            folder.display()
        )));
    }
    Ok(files)
}

/// The files that a path or a pattern names, sorted by name; perhaps none.
///
/// # Errors
/// When it is no pattern, or a folder cannot be read.
pub fn files_now(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let shown = path.display();
    let pattern = path.to_str().ok_or_else(|| {
        Error::user(format!(
            "`{shown}`: expected a path in UTF-8, got other bytes"
        ))
    })?;
    let found = glob::glob(pattern).map_err(|e| {
        Error::user(format!(
            "`{shown}`: expected a pattern of file names: {}",
            e.msg
        ))
    })?;
    let mut files = Vec::new();
    for file in found {
        let file =
            file.map_err(|e| Error::outside(format!("{}: {}", e.path().display(), e.error())))?;
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file is one that a path or a pattern names.
pub(super) fn names(path: &Path, file: &Path) -> bool {
    let (path, file) = (settled(path), settled(file));
    let pattern = path.to_str().and_then(|p| glob::Pattern::new(p).ok());
    path == file || pattern.is_some_and(|p| p.matches_path(&file))
}

/// The path with its folder's links and dots resolved, where that is there.
fn settled(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new(".")).canonicalize();
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// The part of a pattern before its first wildcard: where a search begins.
fn folder(pattern: &Path) -> PathBuf {
    let plain = |part: &&std::ffi::OsStr| !part.to_string_lossy().contains(['*', '?', '[']);
    let parent = pattern.parent().unwrap_or(Path::new(""));
    let folder: PathBuf = parent.iter().take_while(plain).collect();
    if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder
    }
}

/// A number that changes with the names of the files, which are taken without their folders, so
/// that a moved folder is the same.
pub(super) fn fingerprint(files: &[PathBuf]) -> i64 {
    let name = |file: &PathBuf| {
        let name = file.file_name().unwrap_or(file.as_os_str());
        [name.as_encoded_bytes(), b"/"].concat()
    };
    hashed(&files.iter().flat_map(name).collect::<Vec<u8>>())
}

/// A number that changes with the bytes (FNV-1a).
pub(crate) fn hashed(bytes: &[u8]) -> i64 {
    let next = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, next).cast_signed()
}
