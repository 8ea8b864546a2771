//! A source whose rows are changed on their way; all else is the inner source's. Whoever wraps a
//! connector writes the change alone, and forgets none of [`Source`]'s questions.

use crate::error::Result;
use crate::source::{Polled, Position, Source, SourceRows};
use crate::time::{ClockTime, Epoch};

/// A source behind a change of its rows.
#[derive(Debug)]
pub struct Mapped<S, F> {
    inner: S,
    change: F,
}

impl<S: Source, F: FnMut(SourceRows) -> Result<SourceRows> + Send> Mapped<S, F> {
    /// Around a source.
    pub const fn new(inner: S, change: F) -> Self {
        Self { inner, change }
    }
}

impl<S: Source, F: FnMut(SourceRows) -> Result<SourceRows> + Send> Source for Mapped<S, F> {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        match self.inner.poll(limit)? {
            Polled::Rows(rows) => (self.change)(rows).map(Polled::Rows),
            other => Ok(other),
        }
    }

    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    fn replayable(&self) -> bool {
        self.inner.replayable()
    }

    fn live(&self) -> bool {
        self.inner.live()
    }

    fn answered(&mut self) -> bool {
        self.inner.answered()
    }

    fn not_before(&self) -> Option<ClockTime> {
        self.inner.not_before()
    }

    fn of_the_past(&self) -> bool {
        self.inner.of_the_past()
    }

    fn position(&self) -> Position {
        self.inner.position()
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        self.inner.seek(position)
    }

    fn close(&mut self) -> bool {
        self.inner.close()
    }

    fn ack(&mut self, epoch: Epoch) {
        self.inner.ack(epoch);
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        self.inner.done_of_total()
    }
}
