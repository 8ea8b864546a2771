//! The trait of connectors in. A source is polled by a plain thread; one that waits for the
//! network keeps its own task behind a bounded queue and wakes the poller through [`Wake`].

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;

use crate::error::Result;
use crate::time::{ClockTime, Epoch};

/// A row that could not be read, as it goes to `SOURCE__errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// What was expected and what came.
    pub reason: String,
    /// Where: file and line, or the like.
    pub place: String,
    /// The row as it came, shortened.
    pub row: String,
}

/// Rows as a connector hands them over: decoded, not yet judged by time.
#[derive(Clone, Debug)]
pub struct SourceRows {
    /// The columns of the source's schema.
    pub rows: RecordBatch,
    /// Which partition they are of; a partition keeps its order.
    pub partition: u16,
    /// Rows that could not be read, each with the number of `rows` before it.
    pub bad: Vec<(usize, BadRow)>,
}

impl SourceRows {
    /// Rows and bad rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.num_rows() + self.bad.len()
    }

    /// Whether there is neither.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a source answers when polled.
#[derive(Debug)]
pub enum Polled {
    /// Rows.
    Rows(SourceRows),
    /// Nothing now; poll again when woken or at this time.
    Pending(Option<ClockTime>),
    /// Nothing more from this partition: it no longer holds the watermark back.
    PartitionEnd(u16),
    /// Nothing more, ever.
    End,
}

/// A place to go on from: per partition how many rows were handed over, bad ones counted, and what
/// the connector needs to find the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Rows handed over, bad ones counted, per partition.
    pub rows: Vec<u64>,
    /// The connector's own numbers.
    pub own: Vec<i64>,
}

impl Position {
    /// Of a source of one partition that has no numbers of its own.
    #[must_use]
    pub fn of_rows(rows: u64) -> Self {
        Self {
            rows: vec![rows],
            own: Vec::new(),
        }
    }

    /// Rows handed over of a source of one partition. Where what was sent before is gone, only
    /// this goes on, so that sequences do not repeat.
    #[must_use]
    pub fn first_rows(&self) -> u64 {
        self.rows.first().copied().unwrap_or(0)
    }
}

/// A connector in.
pub trait Source: Send {
    /// Hands over at most `limit` rows.
    ///
    /// # Errors
    /// When the source cannot go on and its policy is to fail.
    fn poll(&mut self, limit: usize) -> Result<Polled>;

    /// How many partitions there are now; each holds the watermark back until its first row or
    /// its end.
    fn partitions(&self) -> u16 {
        1
    }

    /// Whether rows can be had again from a position.
    fn replayable(&self) -> bool;

    /// Whether it is fed from outside as time goes by, so that silence means something.
    fn live(&self) -> bool;

    /// Whether outside has answered since this was last asked, with rows or without: what failed
    /// before is over.
    fn answered(&mut self) -> bool {
        false
    }

    /// When a source that has failed asks again at the soonest, where outside said so or it knows.
    fn not_before(&self) -> Option<ClockTime> {
        None
    }

    /// Whether it still hands over what was before its own rows: such rows are not paced, and
    /// alerts made from them are not sent.
    fn of_the_past(&self) -> bool {
        false
    }

    /// Where it stands: behind the rows handed over so far.
    fn position(&self) -> Position;

    /// Goes to a position, before the first poll.
    ///
    /// # Errors
    /// When it cannot: the file is gone, or the source is not replayable.
    fn seek(&mut self, position: &Position) -> Result<()>;

    /// The run is stopped: nothing more is taken from outside. Answers whether there are rows that
    /// outside was promised to be taken, which the next polls hand over.
    fn close(&mut self) -> bool {
        false
    }

    /// Everything up to the epoch is safe: a broker may forget it.
    fn ack(&mut self, _epoch: Epoch) {}

    /// Rows or bytes done and in all, for a progress bar, where known.
    fn done_of_total(&self) -> Option<(u64, u64)> {
        None
    }
}

/// Wakes a poller that waits.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<(Mutex<bool>, Condvar)>);

impl Wake {
    /// Wakes the poller, now or at its next wait.
    pub fn wake(&self) {
        let (flag, condvar) = &*self.0;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        condvar.notify_all();
    }

    /// Waits until woken, or at most `limit`.
    pub fn wait(&self, limit: Duration) {
        let (flag, condvar) = &*self.0;
        let guard = flag.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = condvar.wait_timeout_while(guard, limit, |woken| !*woken);
        let (mut guard, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *guard = false;
    }
}
