//! Which topics are stale: a source behind them has brought nothing for as long as its
//! `stale_after` says. It is looked at by the clock, whether there are clients or not, so that one
//! who comes late is told too.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::interval;
use zaraba_core::clock::Clock;
use zaraba_core::meter::Meter;
use zaraba_core::time::ClockTime;

/// How often sources are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A source, how long it may be silent, and what is made from it.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// What the source counts.
    pub meter: Arc<Meter>,
    /// How long it may bring nothing, microseconds.
    pub after: i64,
    /// The inputs of the sink that are made from it.
    pub inputs: Vec<usize>,
}

/// What is known of a source: what it had counted when that last changed.
#[derive(Debug)]
struct Seen {
    pulse: Pulse,
    rows: u64,
    since: ClockTime,
}

/// The silence of the sources behind a sink's topics.
pub(crate) struct Silence {
    sources: Mutex<Vec<Seen>>,
    stale: Vec<AtomicBool>,
    clock: Arc<dyn Clock>,
}

impl Silence {
    pub(crate) fn new(pulses: Vec<Pulse>, topics: usize, clock: Arc<dyn Clock>) -> Self {
        let since = clock.now();
        let seen = |pulse: Pulse| Seen {
            rows: brought(&pulse.meter),
            pulse,
            since,
        };
        Self {
            sources: Mutex::new(pulses.into_iter().map(seen).collect()),
            stale: (0..topics).map(|_| AtomicBool::new(false)).collect(),
            clock,
        }
    }

    /// Whether a source behind a topic is silent, by the topic's place in the sink.
    pub(crate) fn is_stale(&self, topic: usize) -> bool {
        self.stale
            .get(topic)
            .is_some_and(|stale| stale.load(Ordering::Relaxed))
    }

    /// Looks at the sources each second, as long as somebody wants to know.
    pub(crate) async fn watch(silence: Weak<Self>) {
        let mut tick = interval(LOOK);
        loop {
            tick.tick().await;
            let Some(silence) = silence.upgrade() else {
                return;
            };
            silence.look();
        }
    }

    fn look(&self) {
        let now = self.clock.now();
        let mut silent = vec![false; self.stale.len()];
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        for source in sources.iter_mut() {
            let rows = brought(&source.pulse.meter);
            if rows != source.rows {
                (source.rows, source.since) = (rows, now);
            }
            if now.0.saturating_sub(source.since.0) >= source.pulse.after {
                for input in &source.pulse.inputs {
                    silent[*input] = true;
                }
            }
        }
        for (stale, silent) in self.stale.iter().zip(silent) {
            stale.store(silent, Ordering::Relaxed);
        }
    }
}

/// All that a source has brought, whatever became of it.
fn brought(meter: &Meter) -> u64 {
    [&meter.rows_out, &meter.late, &meter.errors]
        .into_iter()
        .map(Meter::get)
        .sum()
}

impl std::fmt::Debug for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Silence")
            .field("stale", &self.stale)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaraba_core::clock::ManualClock;

    #[test]
    fn silent_sources_make_their_topics_stale() {
        let clock = ManualClock::new(ClockTime(0));
        let meters = [(); 2].map(|()| Arc::new(Meter::default()));
        let pulse = |source: usize, after, inputs: &[usize]| Pulse {
            meter: Arc::clone(&meters[source]),
            after,
            inputs: inputs.to_vec(),
        };
        let pulses = vec![pulse(0, 10, &[0, 1]), pulse(1, 30, &[1])];
        let silence = Silence::new(pulses, 3, Arc::new(clock.clone()));
        let check = |now: i64, brings: Option<usize>, expected: [bool; 3]| {
            if let Some(source) = brings {
                Meter::add(&meters[source].rows_out, 1);
            }
            clock.set(ClockTime(now));
            silence.look();
            let stale = [0, 1, 2].map(|topic| silence.is_stale(topic));
            assert_eq!(stale, expected, "at {now}");
        };
        check(9, None, [false, false, false]);
        check(10, None, [true, true, false]);
        check(20, Some(0), [false, false, false]);
        check(29, Some(0), [false, false, false]);
        check(30, None, [false, true, false]);
        check(31, Some(1), [false, false, false]);
        check(45, None, [true, true, false]);
    }
}
