//! A file that is being written: an encoder over a hidden file, and how much it has taken.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use zaraba_core::error::{Error, Result};
use zaraba_formats::encode::{Encoder, encoder};

use crate::file::FileOptions;
use crate::file::partial::{Existing, Partial};
use crate::input::SinkInput;

/// Bytes collected before the system is asked to write.
const BUFFER_BYTES: usize = 256 << 10;
/// The same where files are many.
const SMALL_BUFFER_BYTES: usize = 16 << 10;
/// Rows after which a file is looked at whether it is full: by its own rows, so that it does not
/// depend on how they came.
const LOOK_ROWS: usize = 1_024;

/// Counts what is written.
struct Counted<W> {
    out: W,
    bytes: Arc<AtomicU64>,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.bytes.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A file that is being written.
pub(super) struct Writing {
    encoder: Box<dyn Encoder>,
    partial: Partial,
    bytes: Arc<AtomicU64>,
    rows: usize,
}

impl Writing {
    /// Begins a file; `few`: it is one of a few.
    pub(super) fn begin(
        input: &SinkInput,
        path: PathBuf,
        existing: Existing,
        few: bool,
        options: &FileOptions,
    ) -> Result<Self> {
        let partial = Partial::create(path, existing)?;
        let bytes = Arc::new(AtomicU64::new(0));
        let buffer = if few {
            BUFFER_BYTES
        } else {
            SMALL_BUFFER_BYTES
        };
        let out = Counted {
            out: BufWriter::with_capacity(buffer, partial.writer()?),
            bytes: Arc::clone(&bytes),
        };
        let encoder = encoder(options.format, &input.written_schema(), options.zone, out)
            .map_err(|e| cannot_write(e, partial.path()).at(&input.name))?;
        Ok(Self {
            encoder,
            partial,
            bytes,
            rows: 0,
        })
    }

    /// The final name.
    pub(super) fn path(&self) -> &Path {
        self.partial.path()
    }

    /// About how many bytes wait in memory.
    pub(super) fn held(&self) -> usize {
        self.encoder.held()
    }

    /// Writes what waits in memory.
    pub(super) fn relieve(&mut self) -> Result<()> {
        let relieved = self.encoder.relieve();
        relieved.map_err(|e| cannot_write(e, self.partial.path()))
    }

    /// How many more rows it takes before it is looked at.
    pub(super) fn room(&self) -> usize {
        LOOK_ROWS - self.rows % LOOK_ROWS
    }

    /// Whether it is full, if this is where it is looked at.
    pub(super) fn is_full(&self, size: u64) -> bool {
        let written = || self.bytes.load(Ordering::Relaxed) + self.held() as u64;
        self.rows.is_multiple_of(LOOK_ROWS) && written() >= size
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.rows += rows.num_rows();
        let written = self.encoder.write(rows);
        written.map_err(|e| cannot_write(e, self.partial.path()))
    }

    /// Everything is on the disk, not yet under its name.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.encoder
            .finish()
            .map_err(|e| cannot_write(e, self.partial.path()))?;
        self.partial.sync()
    }

    /// Gives it its name. May be called again.
    pub(super) fn publish(&mut self) -> Result<()> {
        self.partial.publish()
    }
}

fn cannot_write(error: Error, path: &Path) -> Error {
    error.at(&format!("cannot write {}", path.display()))
}
