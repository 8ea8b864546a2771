//! What a node counts while it runs: plain atomics that the node's thread adds to and anyone
//! reads (progress, metrics, tests).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::time::{ClockTime, EventTime};

/// Counters of one node.
#[derive(Debug)]
pub struct Meter {
    /// Rows taken in.
    pub rows_in: AtomicU64,
    /// Rows emitted on its stream.
    pub rows_out: AtomicU64,
    /// Rows that were late.
    pub late: AtomicU64,
    /// Rows outside any session of the exchange.
    pub unassigned: AtomicU64,
    /// Rows that could not be read or computed.
    pub errors: AtomicU64,
    /// Times that a live source failed and was tried again.
    pub failures: AtomicU64,
    /// Times that a source was held because it was too far ahead of another.
    pub pauses: AtomicU64,
    /// Alerts left out: repeats and members of storms.
    pub suppressed: AtomicU64,
    /// Messages waiting before it.
    pub queued: AtomicU64,
    /// Bytes of state.
    pub state_bytes: AtomicU64,
    /// Most bytes of state at any time.
    pub state_bytes_max: AtomicU64,
    /// Nanoseconds spent working.
    pub busy_ns: AtomicU64,
    /// Why the first row was put aside.
    pub first_reason: OnceLock<String>,
    /// Which source this one waits for.
    waits_for: Mutex<Option<Arc<str>>>,
    watermark: AtomicI64,
    /// Of a source: when its last rows came, microseconds of the clock.
    heard: AtomicI64,
    /// Of a source: rows or bytes done, and in all (0: not known).
    done: AtomicU64,
    total: AtomicU64,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            rows_in: AtomicU64::new(0),
            rows_out: AtomicU64::new(0),
            late: AtomicU64::new(0),
            unassigned: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            pauses: AtomicU64::new(0),
            suppressed: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            state_bytes: AtomicU64::new(0),
            state_bytes_max: AtomicU64::new(0),
            busy_ns: AtomicU64::new(0),
            first_reason: OnceLock::new(),
            waits_for: Mutex::default(),
            watermark: AtomicI64::new(EventTime::MIN.0),
            heard: AtomicI64::new(i64::MAX),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
        }
    }
}

impl Meter {
    /// Adds to a counter.
    pub fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Reads a counter.
    #[must_use]
    pub fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }

    /// States the bytes of state held now.
    pub fn state(&self, bytes: usize) {
        self.state_bytes.store(bytes as u64, Ordering::Relaxed);
        self.state_bytes_max
            .fetch_max(bytes as u64, Ordering::Relaxed);
    }

    /// States the watermark reached.
    pub fn reached(&self, watermark: EventTime) {
        self.watermark.fetch_max(watermark.0, Ordering::Relaxed);
    }

    /// The watermark reached.
    #[must_use]
    pub fn watermark(&self) -> EventTime {
        EventTime(self.watermark.load(Ordering::Relaxed))
    }

    /// States that a source has rows now, or begins; at the end of time: that it has ended.
    pub fn hears(&self, now: ClockTime) {
        self.heard.store(now.0, Ordering::Relaxed);
    }

    /// When a source had rows last, or began; the end of time if it has ended.
    #[must_use]
    pub fn heard(&self) -> ClockTime {
        ClockTime(self.heard.load(Ordering::Relaxed))
    }

    /// States which source this one waits for, being too far ahead of it.
    pub fn waits_for(&self, other: Option<Arc<str>>) {
        *self
            .waits_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = other;
    }

    /// Which source this one waits for.
    #[must_use]
    pub fn waited_for(&self) -> Option<Arc<str>> {
        let waits_for = self.waits_for.lock();
        waits_for.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// States how much of a source is done, and how much there is.
    pub fn progressed(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// How much of a source is done, and how much there is; none where that is not known.
    #[must_use]
    pub fn progress(&self) -> Option<(u64, u64)> {
        let total = Self::get(&self.total);
        (total > 0).then(|| (Self::get(&self.done), total))
    }
}
