//! When a live source that failed is tried again: soon the first time, then later and later.

use zaraba_core::time::{ClockTime, SECOND};

/// Longest wait, microseconds.
const LONGEST: i64 = 60 * SECOND;

/// The failures of one source since it last worked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retry {
    failures: u32,
    at: Option<ClockTime>,
}

impl Retry {
    /// It failed; when to try again.
    pub(super) fn failed(&mut self, now: ClockTime) -> ClockTime {
        let wait = (SECOND / 2).saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        let at = ClockTime(now.0.saturating_add(wait.min(LONGEST)));
        self.at = Some(at);
        at
    }

    /// When it may be tried again, if not yet.
    pub(super) fn waits(&self, now: ClockTime) -> Option<ClockTime> {
        self.at.filter(|at| now < *at)
    }

    /// It works; whether it had failed before.
    pub(super) fn works(&mut self) -> bool {
        std::mem::take(self).failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute() {
        let mut retry = Retry::default();
        assert_eq!(retry.waits(ClockTime(0)), None);
        let waits: Vec<i64> = (0..10).map(|_| retry.failed(ClockTime(0)).0).collect();
        let expected = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0];
        assert_eq!(waits, expected.map(|s| (s * 1e6) as i64));
        let end = ClockTime(LONGEST);
        assert_eq!(retry.waits(ClockTime(0)), Some(end));
        assert_eq!(retry.waits(end), None);
        assert!(retry.works() && !retry.works());
    }
}
