//! What is kept of a session's rows until it closes: its aggregates or the rows themselves.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;

use crate::rows::FailedRow;
use crate::session::open::Closed;

/// Takes rows into a head; the head becomes a run, runs are merged, closed sessions evaluated.
pub(super) trait Kept: Send {
    /// Takes rows in, in the order of time, each into the session of its number. Rows on which an
    /// expression fails are handed over.
    fn take(&mut self, rows: &Batch, ids: &[u64], failed: &mut Vec<FailedRow>) -> Result<()>;

    /// The head as a run, sorted by session, whose number is the first column; none where it is
    /// empty. It is empty then.
    fn seal(&mut self) -> Result<Option<RecordBatch>>;

    /// Several runs, the oldest first, as one.
    fn merge(&self, runs: &[RecordBatch]) -> Result<RecordBatch>;

    /// The result rows of closed sessions, whose rows in the runs are `parts`, the oldest run
    /// first. Ordered by `window_end`, so that it does not matter which sessions close together.
    fn close(&self, parts: &[RecordBatch], closed: &BTreeMap<u64, Closed>) -> Result<Batch>;

    /// Bytes held.
    fn size(&self) -> usize;
}
