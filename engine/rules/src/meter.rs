//! What a rule counts while it runs; anyone may read.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one rule.
#[derive(Debug, Default)]
pub struct Meter {
    /// Calls of `evaluate` and `tick`, the retried ones too.
    pub calls: AtomicU64,
    /// Nanoseconds in them.
    pub busy_ns: AtomicU64,
    /// Fuel used by those that succeeded.
    pub fuel: AtomicU64,
    /// Calls that failed, for whatever reason.
    pub failures: AtomicU64,
    /// Times that the rule was paused.
    pub pauses: AtomicU64,
    /// Alerts raised.
    pub alerts: AtomicU64,
    /// Rows evaluated.
    pub rows: AtomicU64,
    /// Rows skipped: their call failed twice, or the rule was paused.
    pub skipped: AtomicU64,
    /// Rows that the rule cannot take: without a value that it needs.
    pub without_value: AtomicU64,
    /// Bytes of keyed state.
    pub state_bytes: AtomicU64,
    /// Bytes of log lines that were dropped.
    pub log_dropped: AtomicU64,
    /// Times that it took another version of its plugin, or other parameters.
    pub changes: AtomicU64,
    /// New versions of its plugin that were refused.
    pub refused: AtomicU64,
    /// Instances made.
    pub instances: AtomicU64,
}

impl Meter {
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        if n > 0 {
            counter.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// Reads a counter.
    #[must_use]
    pub fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}
