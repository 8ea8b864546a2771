//! The only place that asks the machine for the time. Everything else is handed a [`Clock`], so
//! that a test moves time by hand and a failing seed replays exactly.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::time::ClockTime;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> ClockTime;

    /// How long a thread may really sleep for a wait that ends at `until`. A manual clock answers
    /// a short while, so that whoever waits looks at it again.
    fn patience(&self, until: ClockTime) -> Duration;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> ClockTime {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        ClockTime(since.map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX)))
    }

    fn patience(&self, until: ClockTime) -> Duration {
        let micros = until.0.saturating_sub(self.now().0).max(0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: ClockTime) -> Self {
        Self(Arc::new(AtomicI64::new(now.0)))
    }

    /// Moves it forward; it never goes back.
    pub fn set(&self, now: ClockTime) {
        self.0.fetch_max(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> ClockTime {
        ClockTime(self.0.load(Ordering::SeqCst))
    }

    fn patience(&self, _until: ClockTime) -> Duration {
        Duration::from_millis(1)
    }
}

/// Measures what this thread itself has worked: time in which the machine was busy with others does
/// not count.
#[derive(Clone, Copy, Debug)]
pub struct WorkWatch(Duration);

impl WorkWatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        Self(worked())
    }

    /// Since the start, on the same thread.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        worked().saturating_sub(self.0)
    }
}

/// Processor time of this thread.
fn worked() -> Duration {
    cpu_time::ThreadTime::now().as_duration()
}

/// Measures how long something took, for metrics and benchmarks only.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
