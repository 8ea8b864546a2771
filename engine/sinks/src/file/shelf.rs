//! The files that a sink is writing at one time, each the only one of its stretch and values. There
//! is a bound: before one more is begun, the one that was not written to for longest gets its name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use zaraba_core::error::{Error, Result};

use crate::file::FileOptions;
use crate::file::partial::{Existing, numbered};
use crate::file::template::Stretch;
use crate::file::writing::Writing;
use crate::input::SinkInput;

/// Bytes that wait in memory in all files together.
const HELD_BYTES_MAX: usize = 256 << 20;
/// Numbers that are remembered, so that the next free one is found at once.
const NUMBERS_MAX: usize = 10_000;
/// Up to so many files each has a large buffer.
const FEW: usize = 16;

/// Which file rows are of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The stream's port.
    pub(super) port: usize,
    /// When its stretch begins.
    pub(super) from: i64,
    /// The values in its path, with a NUL behind each, which no value has.
    pub(super) values: String,
}

struct Shelved {
    writing: Writing,
    until: i64,
    used: u64,
}

/// The files.
pub(super) struct Shelf {
    options: Arc<FileOptions>,
    files: HashMap<Key, Shelved>,
    /// Counts uses.
    clock: u64,
    /// The number given last, by path.
    numbers: HashMap<PathBuf, usize>,
}

impl Shelf {
    pub(super) fn new(options: Arc<FileOptions>) -> Self {
        Self {
            options,
            files: HashMap::new(),
            clock: 0,
            numbers: HashMap::new(),
        }
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.values().map(|file| file.writing.path())
    }

    pub(super) fn clear(&mut self) {
        self.files.clear();
    }

    /// Begins the file of a key.
    pub(super) fn begin(
        &mut self,
        key: Key,
        until: i64,
        input: &SinkInput,
        path: PathBuf,
        existing: Existing,
    ) -> Result<()> {
        let full = self.files.len() >= self.options.open_files;
        let oldest = || self.files.iter().min_by_key(|(_, file)| file.used);
        if let Some(oldest) = oldest().filter(|_| full).map(|(key, _)| key.clone()) {
            self.publish(&oldest)?;
        }
        let path = match existing {
            Existing::Replaced => path,
            Existing::Kept => self.free(path),
        };
        let few = self.options.open_files <= FEW || self.files.len() < FEW;
        let writing = Writing::begin(input, path, existing, few, &self.options)?;
        let used = self.clock;
        self.files.insert(
            key,
            Shelved {
                writing,
                until,
                used,
            },
        );
        Ok(())
    }

    /// Writes rows of one key. `path`: of its next file.
    pub(super) fn write(
        &mut self,
        key: &Key,
        stretch: &Stretch,
        input: &SinkInput,
        path: impl Fn() -> PathBuf,
        rows: &RecordBatch,
    ) -> Result<()> {
        let mut at = 0;
        while at < rows.num_rows() {
            if !self.files.contains_key(key) {
                self.begin(key.clone(), stretch.until, input, path(), Existing::Kept)?;
            }
            self.clock += 1;
            let lost = || Error::internal("a file that was just begun is not there");
            let file = self.files.get_mut(key).ok_or_else(lost)?;
            file.used = self.clock;
            let left = rows.num_rows() - at;
            let n = self
                .options
                .roll
                .size
                .map_or(left, |_| left.min(file.writing.room()));
            file.writing.write(&rows.slice(at, n))?;
            at += n;
            if self
                .options
                .roll
                .size
                .is_some_and(|size| file.writing.is_full(size))
            {
                self.publish(key)?;
            }
        }
        self.relieve()
    }

    /// Gives their names to the files of a stream whose stretches are over.
    pub(super) fn publish_until(&mut self, port: usize, watermark: i64) -> Result<()> {
        let over = |(key, file): (&Key, &Shelved)| {
            (key.port == port && file.until <= watermark).then(|| key.clone())
        };
        let over: Vec<Key> = self.files.iter().filter_map(over).collect();
        over.iter().try_for_each(|key| self.publish(key))
    }

    /// All files are made durable first, then all get their names.
    pub(super) fn publish_all(&mut self) -> Result<()> {
        let mut files = self.files.values_mut();
        files.try_for_each(|file| file.writing.finish())?;
        let mut files = self.files.values_mut();
        files.try_for_each(|file| file.writing.publish())?;
        self.files.clear();
        Ok(())
    }

    fn publish(&mut self, key: &Key) -> Result<()> {
        if let Some(mut file) = self.files.remove(key) {
            file.writing.finish()?;
            file.writing.publish()?;
        }
        Ok(())
    }

    /// Bounds what waits in memory: whoever holds most writes it.
    fn relieve(&mut self) -> Result<()> {
        let held = || self.files.values().map(|file| file.writing.held());
        if held().sum::<usize>() <= HELD_BYTES_MAX {
            return Ok(());
        }
        let most = self
            .files
            .values_mut()
            .max_by_key(|file| file.writing.held());
        most.map_or(Ok(()), |file| file.writing.relieve())
    }

    /// The next name at which there is no file, and none is being written.
    fn free(&mut self, path: PathBuf) -> PathBuf {
        let from = self.numbers.get(&path).map_or(1, |n| n + 1);
        let free = |path: &PathBuf| !path.exists() && self.paths().all(|other| other != path);
        let found = (from..)
            .map(|n| (n, numbered(&path, n)))
            .find(|(_, path)| free(path));
        let Some((n, found)) = found else {
            return path;
        };
        if self.numbers.len() >= NUMBERS_MAX {
            self.numbers.clear();
        }
        self.numbers.insert(path, n);
        found
    }
}
