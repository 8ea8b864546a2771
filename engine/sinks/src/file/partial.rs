//! A file that is being written: hidden beside its final name, and renamed when it is whole and on
//! the disk. Whoever reads the final name sees the file of an earlier run or the new one, never
//! half of it. A run that was killed leaves the hidden file; the next one removes it
//! ([`super::leftovers`]).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use zaraba_core::error::{Error, Result};

/// What becomes of a file that has the final name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// The new one takes its place.
    Replaced,
    /// It stays, and the new one gets a number.
    Kept,
}

/// The name of a file while it is written.
fn hidden(name: &str) -> String {
    format!(".{name}.partial")
}

/// What a file that is written under this name will be called; none: it is no such name.
pub(crate) fn hidden_name(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix(".partial")
}

/// The n-th name beside a path: `2025-11-14.2.csv` beside `2025-11-14.csv`.
pub(crate) fn numbered(path: &Path, n: usize) -> PathBuf {
    if n < 2 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    match path.extension() {
        Some(end) => path.with_file_name(format!("{stem}.{n}.{}", end.to_string_lossy())),
        None => path.with_file_name(format!("{stem}.{n}")),
    }
}

/// An unfinished file. Dropped before [`Partial::publish`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    hidden: PathBuf,
    file: File,
    existing: Existing,
    published: bool,
}

/// What stands at a path will be replaced, so it must be a file: of a link, what it points to.
fn target(path: PathBuf) -> Result<PathBuf> {
    let Ok(found) = fs::symlink_metadata(&path) else {
        return Ok(path);
    };
    if found.is_symlink() {
        return fs::canonicalize(&path)
            .map_err(|e| Error::outside(format!("cannot follow {}: {e}", path.display())))
            .and_then(target);
    }
    if found.is_file() || found.is_dir() {
        return Ok(path);
    }
    Err(Error::user(format!(
        "expected a file at {}, found a device, a pipe or a socket",
        path.display()
    )))
}

impl Partial {
    /// Makes the hidden file, and the folders on the way.
    pub(crate) fn create(path: PathBuf, existing: Existing) -> Result<Self> {
        let path = target(path)?;
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|_| !path.is_dir());
        let Some(name) = name else {
            return Err(Error::user(format!(
                "expected a file's path, got {}",
                path.display()
            )));
        };
        let folder = folder(&path);
        let failed = |doing: String| move |e: io::Error| Error::outside(format!("{doing}: {e}"));
        fs::create_dir_all(folder).map_err(failed(format!(
            "cannot make the folder {}",
            folder.display()
        )))?;
        let hidden = folder.join(hidden(name));
        let cannot_create = || failed(format!("cannot create {}", path.display()));
        // Not truncated before it is known to be nobody else's.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&hidden)
            .map_err(cannot_create())?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::outside(format!(
                "cannot create {}: another program is writing it",
                path.display()
            )));
        }
        let partial = Self {
            path,
            hidden,
            file,
            existing,
            published: false,
        };
        partial
            .file
            .set_len(0)
            .map_err(|e| partial.error("create", &e))?;
        Ok(partial)
    }

    /// The final name.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where to write.
    pub(crate) fn writer(&self) -> Result<File> {
        self.file.try_clone().map_err(|e| self.error("write", &e))
    }

    /// Everything written is on the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|e| self.error("write", &e))
    }

    /// Gives the file its name. May be called again.
    pub(crate) fn publish(&mut self) -> Result<()> {
        if self.published {
            return Ok(());
        }
        let renamed = match self.existing {
            Existing::Replaced => fs::rename(&self.hidden, &self.path),
            Existing::Kept => self.link(),
        };
        renamed.map_err(|e| self.error("rename the new", &e))?;
        self.published = true;
        // The name is in the folder: only this makes it outlive a power cut.
        let synced = File::open(folder(&self.path)).and_then(|folder| folder.sync_all());
        synced.map_err(|e| self.error("write the folder of", &e))
    }

    /// Renames without writing over a file that came there since this one was begun, which a plain
    /// rename would do.
    fn link(&mut self) -> io::Result<()> {
        let wanted = self.path.clone();
        for n in 1.. {
            self.path = numbered(&wanted, n);
            match fs::hard_link(&self.hidden, &self.path) {
                Ok(()) => return fs::remove_file(&self.hidden),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // A file system without links.
                Err(_) if !self.path.exists() => return fs::rename(&self.hidden, &self.path),
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn error(&self, doing: &str, error: &io::Error) -> Error {
        Error::outside(format!("cannot {doing} {}: {error}", self.path.display()))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published
            && let Err(error) = fs::remove_file(&self.hidden)
        {
            tracing::warn!(path = %self.hidden.display(), %error, "a partial file stays behind");
        }
    }
}

/// The folder of a file; the current one for a bare name.
fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
