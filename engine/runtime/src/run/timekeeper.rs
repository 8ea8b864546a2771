//! What the sources of one pipeline know of each other: who is silent, and how far the rest is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zaraba_core::source::Wake;
use zaraba_core::time::{ClockTime, EventTime};

/// One source, as the others see it.
#[derive(Clone, Debug)]
struct Known {
    name: Arc<str>,
    watermark: EventTime,
    /// It holds the watermark of the pipeline back: neither idle nor ended.
    counts: bool,
    /// It is fed from outside: before its first row nobody waits for it.
    live: bool,
    /// The time of the row that it holds until that is due, if it replays: it is not slow.
    holds: Option<EventTime>,
    /// It waits until the slowest has come so far.
    paused: Option<(EventTime, Wake)>,
}

/// Shared by the sources of a pipeline.
#[derive(Debug, Default)]
pub struct Timekeeper {
    sources: Mutex<Vec<Known>>,
    /// How many there are: one alone has nobody to tell or to wait for, and takes no lock.
    count: AtomicUsize,
}

impl Timekeeper {
    fn alone(&self) -> bool {
        self.count.load(Ordering::Relaxed) < 2
    }

    fn sources(&self) -> MutexGuard<'_, Vec<Known>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the next source, before any of them starts.
    pub fn add(&self, name: &Arc<str>, live: bool) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sources().push(Known {
            name: Arc::clone(name),
            watermark: EventTime::MIN,
            counts: true,
            live,
            holds: None,
            paused: None,
        });
    }

    /// A source states its watermark and whether it counts. Those that waited for it go on.
    pub fn state(&self, source: usize, watermark: EventTime, counts: bool) {
        self.change(source, |known| {
            (known.watermark, known.counts, known.holds) = (watermark, counts, None);
        });
    }

    /// A source has read on, to a row of this time, and holds it until it is due: nobody waits for
    /// it up to there. Without that a file of a row a day would stop the others for most of it.
    pub fn holds(&self, source: usize, time: EventTime) {
        self.change(source, |known| known.holds = Some(time));
    }

    fn change(&self, source: usize, change: impl FnOnce(&mut Known)) {
        if self.alone() {
            return;
        }
        let mut sources = self.sources();
        if let Some(known) = sources.get_mut(source) {
            change(known);
        }
        for i in 0..sources.len() {
            let waits = sources[i].paused.as_ref().map(|(until, _)| *until);
            if waits.is_some_and(|until| slowest(&sources, i).is_none_or(|(s, _)| s >= until))
                && let Some((_, wake)) = sources[i].paused.take()
            {
                wake.wake();
            }
        }
    }

    /// The slowest other source, if a source is more than `drift` ahead of it; then it will be
    /// woken when that has caught up.
    pub fn pause(
        &self,
        source: usize,
        watermark: EventTime,
        drift: i64,
        wake: &Wake,
    ) -> Option<Arc<str>> {
        if self.alone() {
            return None;
        }
        let mut sources = self.sources();
        let until = EventTime(watermark.0.saturating_sub(drift));
        let (slowest, name) = slowest(&sources, source)?;
        if slowest >= until {
            return None;
        }
        let name = Arc::clone(name);
        if let Some(known) = sources.get_mut(source) {
            known.paused = Some((until, wake.clone()));
        }
        Some(name)
    }

    /// What an idle source follows: the least watermark of those that count; where none does, the
    /// clock, less how far its own rows may be out of order.
    #[must_use]
    pub fn follow(&self, now: ClockTime, out_of_order: i64) -> EventTime {
        let clock = EventTime(now.0.saturating_sub(out_of_order));
        if self.alone() {
            return clock;
        }
        let sources = self.sources();
        let counting = sources
            .iter()
            .filter(|s| s.counts)
            .map(|s| s.watermark)
            .min();
        counting.unwrap_or(clock)
    }
}

/// How far the slowest of the others that count is, and its name.
fn slowest(sources: &[Known], but: usize) -> Option<(EventTime, &Arc<str>)> {
    let others = sources.iter().enumerate().filter(|(i, _)| *i != but);
    others
        .map(|(_, s)| s)
        .filter(|s| s.counts && !(s.live && s.watermark == EventTime::MIN))
        .map(|s| {
            let reached = s.holds.map_or(s.watermark, |held| held.max(s.watermark));
            (reached, &s.name)
        })
        .min_by_key(|(reached, _)| *reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_wait_for_the_slow() {
        let keeper = Timekeeper::default();
        for (name, live) in [("a", false), ("b", false), ("c", true)] {
            keeper.add(&name.into(), live);
        }
        let wake = Wake::default();
        let waits = |source, time| keeper.pause(source, EventTime(time), 10, &wake);
        let pause = |source, time| waits(source, time).is_some();
        keeper.state(0, EventTime(100), true);
        keeper.state(1, EventTime(95), true);
        assert!(!pause(0, 100), "the live source has sent nothing yet");
        assert_eq!(waits(0, 106).as_deref(), Some("b"));
        keeper.state(1, EventTime(96), true);
        assert!(!pause(0, 106), "exactly so far is allowed");
        keeper.state(2, EventTime(50), true);
        assert!(pause(0, 106) && pause(1, 96) && !pause(2, 50));
        keeper.state(2, EventTime(50), false);
        assert!(!pause(0, 106), "an idle or ended source holds nobody");
    }

    #[test]
    fn a_row_that_is_not_due_holds_nobody() {
        let keeper = Timekeeper::default();
        keeper.add(&"a".into(), false);
        keeper.add(&"b".into(), false);
        let wake = Wake::default();
        let pause = |time| keeper.pause(0, EventTime(time), 10, &wake).is_some();
        keeper.state(0, EventTime(50), true);
        keeper.state(1, EventTime(20), true);
        assert!(pause(50));
        keeper.holds(1, EventTime(100));
        assert!(!pause(50) && !pause(110) && pause(111));
        assert_eq!(
            keeper.follow(ClockTime(500), 0),
            EventTime(20),
            "it is no watermark"
        );
        keeper.state(1, EventTime(100), true);
        assert!(!pause(110));
    }

    #[test]
    fn one_alone_waits_for_nobody_and_takes_no_lock() {
        let keeper = Timekeeper::default();
        keeper.add(&"a".into(), true);
        // Whoever takes the lock waits for ever.
        let held = keeper.sources();
        keeper.state(0, EventTime(100), true);
        let wake = Wake::default();
        assert_eq!(keeper.pause(0, EventTime(1 << 50), 10, &wake), None);
        keeper.state(0, EventTime(100), false);
        assert_eq!(keeper.follow(ClockTime(500), 20), EventTime(480));
        drop(held);
    }
}
