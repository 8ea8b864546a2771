//! What Parquet and Arrow files share: batches of the file's own making, brought to the wanted
//! columns and cut to the size asked for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use zaraba_core::error::{Error, Result};

use super::fit::Fit;
use super::{Decoded, Decoder};

/// The batches of a file.
pub(super) trait Batches: Send {
    /// The next batch, of at most `limit` rows where the format leaves a choice.
    fn read(&mut self, limit: usize) -> Result<Option<RecordBatch>, String>;

    /// Passes over rows without reading them, before the first `read`; answers how many.
    fn skip(&mut self, _rows: u64) -> u64 {
        0
    }

    /// Bytes done.
    fn done(&self) -> u64;
}

/// Runs a reader of somebody else's on bytes that may be damaged: should it panic, the file is at
/// fault, not the process.
pub(super) fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|_| "the file is damaged".to_owned())
}

/// Decodes a file that holds columns.
pub(super) struct Columnar<B> {
    pub(super) file: String,
    pub(super) batches: B,
    pub(super) fit: Fit,
    /// Read and not yet handed over.
    pub(super) pending: Option<RecordBatch>,
    /// Rows of the file handed over so far.
    pub(super) row: u64,
    /// Size of the file in bytes.
    pub(super) bytes: u64,
}

impl<B: Batches> Columnar<B> {
    pub(super) fn new(file: String, batches: B, fit: Fit, bytes: u64) -> Self {
        Self {
            file,
            batches,
            fit,
            pending: None,
            row: 0,
            bytes,
        }
    }

    /// The next batch of the file that has rows.
    fn read(&mut self, limit: usize) -> Result<Option<RecordBatch>> {
        loop {
            let read = guarded(|| self.batches.read(limit)).and_then(|read| read);
            match read.map_err(|e| Error::outside(format!("{}: {e}", self.file)))? {
                Some(rows) if rows.num_rows() == 0 => {}
                read => return Ok(read),
            }
        }
    }
}

impl<B: Batches> Decoder for Columnar<B> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.fit.schema)
    }

    fn next(&mut self, limit: usize) -> Result<Option<Decoded>> {
        let read = match self.pending.take() {
            Some(rows) => Some(rows),
            None => self.read(limit)?,
        };
        let Some(rows) = read else { return Ok(None) };
        let now = rows.num_rows().min(limit);
        if now < rows.num_rows() {
            self.pending = Some(rows.slice(now, rows.num_rows() - now));
        }
        let decoded = self.fit.apply(&rows.slice(0, now), &self.file, self.row)?;
        self.row += now as u64;
        Ok(Some(decoded))
    }

    fn skip(&mut self, rows: u64) -> Result<()> {
        let mut left = rows;
        if self.row == 0 {
            let skipped = self.batches.skip(left);
            self.row += skipped;
            left -= skipped.min(left);
        }
        while left > 0 {
            let rows = match self.pending.take() {
                Some(rows) => rows,
                None => match self.read(super::SKIP_ROWS)? {
                    Some(rows) => rows,
                    None => break,
                },
            };
            let all = rows.num_rows();
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(all);
            if now < all {
                self.pending = Some(rows.slice(now, all - now));
            }
            self.row += now as u64;
            left -= now as u64;
        }
        Ok(())
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        Some((self.batches.done().min(self.bytes), self.bytes))
    }
}
