//! How far the past of a source reaches that is read before its own rows (`bootstrap`): whoever must
//! not act on history asks here. The source says where the past ends before it sends the first row
//! behind it, so that the answer about a row is the same whoever asks, and whenever.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::time::EventTime;

/// The end of a source's past.
#[derive(Debug)]
pub struct Past(AtomicI64);

impl Default for Past {
    /// All is past, so far.
    fn default() -> Self {
        Self(AtomicI64::new(i64::MAX))
    }
}

impl Past {
    /// The past has ended with rows of this time.
    pub fn ends(&self, newest: EventTime) {
        self.0.store(newest.0, Ordering::Release);
    }

    /// Where it ended; the end of time while it has not.
    #[must_use]
    pub fn end(&self) -> EventTime {
        EventTime(self.0.load(Ordering::Acquire))
    }
}
