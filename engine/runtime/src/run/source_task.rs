//! A source as an executor drives it: polls the connector, paces a replay, hands rows to the
//! intake, notices silence, and puts barriers between rows.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use zaraba_core::clock::Clock;
use zaraba_core::error::{Error, Result};
use zaraba_core::message::Message;
use zaraba_core::meter::Meter;
use zaraba_core::output::{OutPort, Output};
use zaraba_core::past::Past;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::source::{Polled, Position, Source, SourceRows, Wake};
use zaraba_core::time::{ClockTime, Epoch, EventTime, SECOND};
use zaraba_sources::intake::Intake;

use crate::run::pacer::Pacer;
use crate::run::pause::Pause;
use crate::run::retry::Retry;
use crate::run::timekeeper::Timekeeper;
use crate::run::waiting;

/// How often an idle source looks at the others, microseconds.
const FOLLOW_EVERY: i64 = SECOND / 10;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// Something happened; step again.
    Worked,
    /// Nothing to do before this time, or before the source is woken.
    Wait(Option<ClockTime>),
    /// The source has ended.
    Ended,
}

/// How a source is driven.
#[derive(Clone, Debug)]
pub struct SourceOptions {
    /// Its ordinal among the sources.
    pub ordinal: usize,
    /// Which column is the event time.
    pub time: usize,
    /// `replay.speed`
    pub speed: Option<f64>,
    /// `idle_timeout`, of live sources.
    pub idle_timeout: Option<i64>,
    /// `out_of_order`
    pub out_of_order: i64,
    /// Most rows in a batch.
    pub batch_rows: usize,
    /// `limits.max_drift`
    pub max_drift: i64,
    /// Where the past ends, of a source with `bootstrap`.
    pub past: Option<Arc<Past>>,
}

/// What a source shares with the others.
#[derive(Clone)]
pub struct Company {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What the sources know of each other.
    pub timekeeper: Arc<Timekeeper>,
    /// What wakes this one when it waits.
    pub wake: Wake,
}

/// The source.
pub struct SourceTask {
    /// The node's name.
    pub name: Arc<str>,
    /// What it counts.
    pub meter: Arc<Meter>,
    source: Box<dyn Source>,
    intake: Intake,
    options: SourceOptions,
    pacer: Option<Pacer>,
    clock: Arc<dyn Clock>,
    timekeeper: Arc<Timekeeper>,
    wake: Wake,
    out: Output,
    /// Rows that are not due yet.
    waiting: Option<SourceRows>,
    /// What was done before the last batch was polled, and its rows.
    polled: (u64, usize),
    last_row: Option<ClockTime>,
    retry: Retry,
    pause: Pause,
    idle: bool,
    /// Whether it was said where the past ends.
    past_over: bool,
    ended: bool,
    snapshots: Vec<(Epoch, Snapshot)>,
}

impl SourceTask {
    /// Ready to be stepped.
    #[must_use]
    pub fn new(
        name: Arc<str>,
        source: Box<dyn Source>,
        intake: Intake,
        options: SourceOptions,
        meter: Arc<Meter>,
        company: Company,
    ) -> Self {
        let Company {
            clock,
            timekeeper,
            wake,
        } = company;
        timekeeper.add(&name, source.live());
        meter.hears(clock.now());
        Self {
            name,
            meter,
            source,
            intake,
            pacer: options.speed.map(Pacer::new),
            options,
            clock,
            timekeeper,
            wake,
            out: Output::default(),
            waiting: None,
            polled: (0, 0),
            last_row: None,
            retry: Retry::default(),
            pause: Pause::default(),
            idle: false,
            past_over: false,
            ended: false,
            snapshots: Vec::new(),
        }
    }

    /// The same with another source around its own: tests plant bugs so.
    #[must_use]
    pub fn wrapped(self, wrap: impl FnOnce(Box<dyn Source>) -> Box<dyn Source>) -> Self {
        Self {
            source: wrap(self.source),
            ..self
        }
    }

    /// Whether it has sent its end.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// What it wrote since the last call.
    pub fn written(&mut self) -> Vec<(OutPort, Message)> {
        self.out.take()
    }

    /// Snapshots taken since the last call.
    pub fn snapshots(&mut self) -> Vec<(Epoch, Snapshot)> {
        std::mem::take(&mut self.snapshots)
    }

    /// Done and in all, for a progress bar.
    #[must_use]
    pub fn done_of_total(&self) -> Option<(u64, u64)> {
        self.source.done_of_total()
    }

    /// Ends the epoch here.
    ///
    /// # Errors
    /// When Arrow refuses: a broken invariant.
    pub fn barrier(&mut self, epoch: Epoch) -> Result<()> {
        let Position { rows, own } = self.source.position();
        let mut snapshot = Snapshot::default();
        let rows = rows
            .into_iter()
            .map(|r| i64::try_from(r).unwrap_or(i64::MAX))
            .collect();
        snapshot.push("rows", rows, Vec::new());
        snapshot.push("own", own, Vec::new());
        snapshot.push("intake", self.intake.save(), Vec::new());
        if let Some(past) = self.options.past.as_ref().filter(|_| self.past_over) {
            snapshot.push("past", vec![past.end().0], Vec::new());
        }
        // The connector stands behind rows that wait for their time: they are state, too.
        if let Some(waiting) = &self.waiting {
            waiting::save(waiting, &mut snapshot)?;
        }
        self.snapshots.push((epoch, snapshot));
        self.out.control(&Message::Barrier(epoch));
        Ok(())
    }

    /// Goes on from a snapshot, before the first step.
    ///
    /// # Errors
    /// When the connector cannot go there.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let rows = snapshot.part("rows")?.numbers.iter();
        let rows = rows.map(|r| u64::try_from(*r).unwrap_or(0)).collect();
        let own = snapshot.part("own")?.numbers.clone();
        self.source.seek(&Position { rows, own })?;
        self.intake.load(&snapshot.part("intake")?.numbers);
        self.waiting = waiting::load(snapshot);
        let end = snapshot.parts("past").find_map(|part| part.numbers.first());
        if let (Some(past), Some(end)) = (&self.options.past, end) {
            past.ends(EventTime(*end));
            self.past_over = true;
        }
        // Said again: what is behind it was restored too, but not what it had heard.
        self.advance();
        Ok(())
    }

    /// Reads no further, though there may be more; only what the connector has promised to take
    /// is still taken.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn stop(&mut self) -> Result<()> {
        if !self.ended && self.source.close() {
            let now = self.clock.now();
            if let Some(rows) = self.waiting.take() {
                self.take(rows, now)?;
            }
            while let Polled::Rows(rows) = self.source.poll(self.options.batch_rows)? {
                self.take(rows, now)?;
            }
        }
        self.leave(&Message::Stop);
        Ok(())
    }

    /// Says where the past ends, before the first row behind it is sent.
    fn note_past(&mut self) {
        if let Some(past) = &self.options.past
            && !self.past_over
            && !self.source.of_the_past()
        {
            past.ends(self.intake.newest());
            self.past_over = true;
        }
    }

    fn leave(&mut self, last: &Message) {
        if !self.ended {
            self.ended = true;
            self.pause.over(&self.name, &self.meter);
            self.meter.hears(ClockTime(i64::MAX));
            self.timekeeper
                .state(self.options.ordinal, EventTime::MAX, false);
            self.out.control(last);
        }
    }

    /// Does one thing.
    ///
    /// # Errors
    /// When the connector fails, or a row is bad and the policy is to fail.
    pub fn step(&mut self) -> Result<Stepped> {
        let now = self.clock.now();
        let (task, reached) = (self.options.ordinal, self.intake.watermark());
        let drift = self.options.max_drift;
        if let Some(slowest) = self.timekeeper.pause(task, reached, drift, &self.wake) {
            // Not silent, only held.
            self.last_row = Some(now);
            self.meter.hears(now);
            return Ok(self.pause.held(&self.name, slowest, &self.meter, now));
        }
        self.pause.over(&self.name, &self.meter);
        if let Some(rows) = self.waiting.take() {
            return self.pace(rows, now);
        }
        if let Some(at) = self.retry.waits(now) {
            return Ok(self.silent(now, Some(at)));
        }
        let before = self.source.done_of_total().map_or(0, |(done, _)| done);
        let polled = self.source.poll(self.options.batch_rows);
        let answered = self.source.answered() || matches!(polled, Ok(Polled::Rows(_)));
        if answered && self.retry.works() {
            tracing::info!(source = %self.name, "back");
        }
        self.note_past();
        let polled = match polled {
            Ok(polled) => polled,
            Err(error) => return self.failed(error.at(&self.name), now),
        };
        match polled {
            Polled::Rows(rows) => {
                self.last_row = Some(now);
                self.idle = false;
                self.polled = (before, rows.rows.num_rows());
                if self.pacer.is_some() && !self.source.of_the_past() {
                    self.pace(rows, now)
                } else {
                    self.take(rows, now)
                }
            }
            Polled::PartitionEnd(partition) => {
                self.intake.partition_end(partition);
                self.advance();
                Ok(Stepped::Worked)
            }
            Polled::Pending(wake) => Ok(self.silent(now, wake)),
            Polled::End => {
                self.leave(&Message::End);
                Ok(Stepped::Ended)
            }
        }
    }

    /// A live source comes back, so it is tried again; meanwhile it is silent. Of what is bounded
    /// the rest would be missing: the run ends.
    fn failed(&mut self, error: Error, now: ClockTime) -> Result<Stepped> {
        if !self.source.live() || matches!(error, Error::Internal(_)) {
            return Err(error);
        }
        Meter::add(&self.meter.failures, 1);
        let at = self.retry.failed(now, &self.name);
        let asks = self.source.not_before().map_or(at, |due| at.max(due));
        let seconds = (asks.0 - now.0) as f64 / SECOND as f64;
        tracing::warn!("{error}; tried again in {seconds} s");
        Ok(self.silent(now, Some(at)))
    }

    fn take(&mut self, rows: SourceRows, now: ClockTime) -> Result<Stepped> {
        self.meter.hears(now);
        self.intake.take(rows, now, &self.meter, &mut self.out)?;
        self.show_progress();
        self.advance();
        Ok(Stepped::Worked)
    }

    /// Of a batch some of whose rows still wait, only a part is done.
    fn show_progress(&self) {
        let Some((done, total)) = self.source.done_of_total() else {
            return;
        };
        let (before, rows) = self.polled;
        let waiting = self.waiting.as_ref().map_or(0, |w| w.rows.num_rows());
        let left = done.saturating_sub(before) * waiting as u64 / rows.max(1) as u64;
        self.meter.progressed(done - left, total);
    }

    fn advance(&mut self) {
        let watermark = self.intake.watermark();
        self.out.watermark(watermark);
        self.meter.reached(watermark);
        self.timekeeper
            .state(self.options.ordinal, watermark, !self.idle);
    }

    /// Takes the rows that are due; the rest waits.
    fn pace(&mut self, rows: SourceRows, now: ClockTime) -> Result<Stepped> {
        let Some(pacer) = &mut self.pacer else {
            return self.take(rows, now);
        };
        let column = rows.rows.column(self.options.time);
        let times = column.as_primitive::<TimestampMicrosecondType>();
        let due_of = |i: usize, pacer: &mut Pacer| {
            if times.is_null(i) {
                now
            } else {
                pacer.due(times.value(i), now)
            }
        };
        let n = rows.rows.num_rows();
        let due = (0..n).take_while(|i| due_of(*i, pacer) <= now).count();
        if due == n {
            return self.take(rows, now);
        }
        let next = due_of(due, pacer);
        let held = EventTime(times.value(due));
        // A bad row goes with the row before it.
        let split = rows.bad.partition_point(|(before, _)| *before <= due);
        let mut bad = rows.bad;
        let later = bad.split_off(split).into_iter();
        self.waiting = Some(SourceRows {
            rows: rows.rows.slice(due, n - due),
            partition: rows.partition,
            bad: later.map(|(before, row)| (before - due, row)).collect(),
        });
        if due == 0 && bad.is_empty() {
            self.timekeeper.holds(self.options.ordinal, held);
            return Ok(Stepped::Wait(Some(next)));
        }
        let first = SourceRows {
            rows: rows.rows.slice(0, due),
            partition: rows.partition,
            bad,
        };
        self.take(first, now)
    }

    /// Nothing came. A live source that is silent for long enough follows the others.
    fn silent(&mut self, now: ClockTime, wake: Option<ClockTime>) -> Stepped {
        let Some(timeout) = self.options.idle_timeout.filter(|_| self.source.live()) else {
            return Stepped::Wait(wake);
        };
        let since = *self.last_row.get_or_insert(now);
        let idle_at = ClockTime(since.0.saturating_add(timeout));
        if now < idle_at {
            return Stepped::Wait(Some(wake.map_or(idle_at, |w| w.min(idle_at))));
        }
        self.idle = true;
        self.timekeeper
            .state(self.options.ordinal, self.intake.watermark(), false);
        self.intake
            .follow(self.timekeeper.follow(now, self.options.out_of_order));
        let before = self.out.current();
        self.advance();
        if self.out.current() > before {
            return Stepped::Worked;
        }
        Stepped::Wait(Some(ClockTime(now.0 + FOLLOW_EVERY)))
    }
}
