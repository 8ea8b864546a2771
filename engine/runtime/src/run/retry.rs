//! When a live source that failed is tried again: soon the first time, then later and later, and
//! never all sources of a server at the same moment.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

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
    /// The source of this name failed; when to try again. The wait is between a half and the whole
    /// of one that doubles each time; where in between, the name and the moment decide, so that
    /// one run under one clock is like another.
    pub(super) fn failed(&mut self, now: ClockTime, name: &str) -> ClockTime {
        let longest = LONGEST.min((SECOND / 2).saturating_mul(1 << self.failures.min(16)));
        let mut hasher = DefaultHasher::new();
        (name, now.0, self.failures).hash(&mut hasher);
        let share = (hasher.finish() % 1_000).cast_signed();
        let wait = longest / 2 + longest / 2 * share / 1_000;
        self.failures += 1;
        let at = ClockTime(now.0.saturating_add(wait));
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
        let waits: Vec<i64> = (0..10)
            .map(|_| retry.failed(ClockTime(0), "ticks").0)
            .collect();
        let longest = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0];
        for (wait, longest) in waits.iter().zip(longest) {
            let longest = (longest * 1e6) as i64;
            assert!((longest / 2..=longest).contains(wait), "{waits:?}");
        }
        let end = ClockTime(waits[9]);
        assert_eq!(retry.waits(ClockTime(0)), Some(end));
        assert_eq!(retry.waits(end), None);
        let mut other = Retry::default();
        let others: Vec<i64> = (0..10)
            .map(|_| other.failed(ClockTime(0), "quotes").0)
            .collect();
        assert!(waits.iter().zip(&others).all(|(a, b)| a != b), "{others:?}");
        assert!(retry.works() && !retry.works());
    }
}
