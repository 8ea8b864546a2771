//! What a run shows of itself: a line of progress on a terminal, warnings of late and bad rows,
//! and a summary at the end. All of it is read from the counters of the nodes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use indicatif::{HumanCount, HumanDuration, ProgressDrawTarget, ProgressStyle};
use zaraba::{EventTime, Meter, Stopwatch};

use crate::voice::Voice;

/// Least time between two warnings of one node.
const WARN_EVERY: Duration = Duration::from_secs(1);
/// Share of the newest measurement in the rows/s that are shown.
const SMOOTHING: f64 = 0.2;
/// Seconds too short to tell rows/s from.
const MEASURED_LEAST: f64 = 0.1;
/// Less than this share done says nothing about the time left.
const DONE_LEAST: f64 = 0.001;

/// A node and what was said of it.
struct Node {
    name: Arc<str>,
    meter: Arc<Meter>,
    source: bool,
    late_told: u64,
    bad_told: u64,
    told: Option<Duration>,
}

/// Looks at a run.
pub(crate) struct Monitor<'a> {
    voice: &'a Voice,
    watch: Stopwatch,
    nodes: Vec<Node>,
    /// When it was looked at last, and the rows by then.
    last: (Duration, u64),
    rate: Option<f64>,
}

impl<'a> Monitor<'a> {
    /// Begins to measure.
    pub(crate) fn new(
        sources: &[String],
        meters: &[(Arc<str>, Arc<Meter>)],
        voice: &'a Voice,
    ) -> Self {
        let node = |(name, meter): &(Arc<str>, Arc<Meter>)| Node {
            name: Arc::clone(name),
            meter: Arc::clone(meter),
            source: sources.iter().any(|s| **s == **name),
            late_told: 0,
            bad_told: 0,
            told: None,
        };
        if voice.terminal {
            // A constant template, so it cannot be refused.
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                voice.bar.set_style(style);
            }
            voice.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        let nodes = meters.iter().map(node).collect();
        Self {
            voice,
            watch: Stopwatch::start(),
            nodes,
            last: (Duration::ZERO, 0),
            rate: None,
        }
    }

    /// Shows how far the run has come.
    pub(crate) fn look(&mut self, stopping: bool) {
        let now = self.watch.elapsed();
        self.warn(now, false);
        if self.voice.terminal {
            self.measure(now);
            self.voice.bar.set_message(self.progress(now, stopping));
        }
    }

    /// The run has ended.
    pub(crate) fn end(&mut self, well: bool) {
        let now = self.watch.elapsed();
        self.warn(now, true);
        self.voice.bar.finish_and_clear();
        if well {
            let rows = HumanCount(self.rows());
            let late = HumanCount(self.sum(|m| &m.late));
            let bad = HumanCount(self.sum(|m| &m.errors));
            let seconds = now.as_secs_f64();
            self.voice.say(&format!(
                "done: {rows} rows in, {late} late, {bad} bad, {seconds:.1} s"
            ));
        }
    }

    /// Says of each node what it had to put aside since the last time.
    fn warn(&mut self, now: Duration, last: bool) {
        for node in &mut self.nodes {
            let (late, bad) = (Meter::get(&node.meter.late), Meter::get(&node.meter.errors));
            let new = late > node.late_told || bad > node.bad_told;
            let soon = node.told.is_some_and(|told| now - told < WARN_EVERY);
            if !new || (soon && !last) {
                continue;
            }
            if late > node.late_told {
                let new = late - node.late_told;
                tracing::warn!(node = %node.name, new, in_all = late, "late rows");
            }
            if bad > node.bad_told {
                let new = bad - node.bad_told;
                // One is enough to see what is wrong; all are in the node's errors stream.
                let first = node.meter.first_reason.get().filter(|_| node.bad_told == 0);
                tracing::warn!(node = %node.name, new, in_all = bad, first, "bad rows");
            }
            (node.late_told, node.bad_told) = (late, bad);
            node.told = Some(now);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for eyes")]
    fn measure(&mut self, now: Duration) {
        let rows = self.rows();
        let seconds = (now - self.last.0).as_secs_f64();
        if seconds < MEASURED_LEAST {
            return;
        }
        let newest = (rows - self.last.1) as f64 / seconds;
        let rate = (self.rate).map_or(newest, |old| old + SMOOTHING * (newest - old));
        self.rate = Some(rate);
        self.last = (now, rows);
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for eyes"
    )]
    fn progress(&self, now: Duration, stopping: bool) -> String {
        let mut text = format!("{} rows", HumanCount(self.rows()));
        if let Some(rate) = self.rate {
            text += &format!(", {} rows/s", HumanCount(rate as u64));
        }
        if let Some(reached) = self.reached() {
            text += &format!(", at {reached}");
        }
        if stopping {
            text += ", stopping (Ctrl-C again ends at once)";
        } else if let Some(left) = self.left(now) {
            text += &format!(", {} left", HumanDuration(left));
        }
        text
    }

    fn sources(&self) -> impl Iterator<Item = &Meter> {
        self.nodes
            .iter()
            .filter(|n| n.source)
            .map(|n| n.meter.as_ref())
    }

    fn rows(&self) -> u64 {
        self.sources().map(|m| Meter::get(&m.rows_in)).sum()
    }

    fn sum(&self, of: fn(&Meter) -> &AtomicU64) -> u64 {
        self.nodes.iter().map(|n| Meter::get(of(&n.meter))).sum()
    }

    /// The event time that every source has reached.
    fn reached(&self) -> Option<EventTime> {
        let least = self.sources().map(Meter::watermark).min()?;
        // Some source has no row yet, or all have ended.
        (least > EventTime::MIN && least < EventTime::MAX).then_some(least)
    }

    /// Time left, where every source knows how much it has still to read.
    #[expect(clippy::cast_precision_loss, reason = "a guess for eyes")]
    fn left(&self, now: Duration) -> Option<Duration> {
        let mut least_done: Option<f64> = None;
        for meter in self.sources() {
            let (done, total) = meter.progress()?;
            let share = if total == 0 {
                1.0
            } else {
                done as f64 / total as f64
            };
            least_done = Some(least_done.map_or(share, |least| least.min(share)));
        }
        let done = least_done.filter(|done| *done >= DONE_LEAST)?;
        Some(now.mul_f64(((1.0 - done) / done).max(0.0)))
    }
}
