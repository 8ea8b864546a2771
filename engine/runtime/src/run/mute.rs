//! Alerts of history are not news: those of a node behind a source with `bootstrap` are left out, and
//! counted, up to the time at which the past of that source ends. What stands then is told, once, as
//! an opening with the time and the id that it had (`standing.rs`); until then the node's own watermark
//! waits at the earliest of them.

use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::not;
use arrow::datatypes::SchemaRef;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::message::Message;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::past::Past;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{ClockTime, Epoch, EventTime};

use crate::run::standing::Standing;

/// A node's last operator, muted.
pub struct Muted {
    inner: Box<dyn Operator>,
    pasts: Vec<Arc<Past>>,
    columns: SchemaRef,
    /// Whether what never ends is an event, not a state.
    events: bool,
    standing: Standing,
    /// What stood when history ended was told: from now on it does nothing.
    told: bool,
    ending: bool,
    /// What it writes.
    own: Output,
    /// Alerts of history, but for those that were told in the end.
    muted: usize,
}

impl Muted {
    /// Around the last operator of a node that emits rows of these columns. `pasts`: of the sources
    /// behind it. `events`: kinds of alerts of which nothing ever ended in history are events.
    #[must_use]
    pub fn new(
        inner: Box<dyn Operator>,
        pasts: Vec<Arc<Past>>,
        columns: SchemaRef,
        events: bool,
    ) -> Self {
        Self {
            inner,
            pasts,
            columns,
            events,
            standing: Standing::default(),
            told: false,
            ending: false,
            own: Output::default(),
            muted: 0,
        }
    }

    /// Hands on what it wrote, without what is of the past.
    fn hand_on(&mut self, progress: Result<Progress>, out: &mut Output) -> Result<Progress> {
        let end = self.pasts.iter().map(|past| past.end()).max();
        let end = end.unwrap_or(EventTime::MIN);
        for (port, message) in self.own.take() {
            match (port, message) {
                (OutPort::Main, Message::Rows(rows)) => self.rows(rows, end, out)?,
                (port, Message::Rows(rows)) => out.rows_to(port, rows),
                (OutPort::Main, Message::Watermark(watermark)) => {
                    if watermark > end {
                        self.tell(out)?;
                    }
                    let earliest = self.standing.earliest().map_or(watermark, EventTime);
                    out.watermark(watermark.min(earliest));
                }
                _ => {}
            }
        }
        let ended = self.ending && matches!(progress, Ok(Progress::Done));
        if ended && end < EventTime::MAX {
            self.tell(out)?;
        }
        progress
    }

    fn rows(&mut self, rows: Batch, end: EventTime, out: &mut Output) -> Result<()> {
        if self.told {
            out.rows(rows);
            return Ok(());
        }
        let past = |time: &i64| Some(*time <= end.0);
        let past: BooleanArray = rows.time.iter().map(past).collect();
        self.muted += past.true_count();
        self.standing.take(rows.filter(&past)?)?;
        let news = rows.filter(&not(&past)?)?;
        if !news.is_empty() {
            self.tell(out)?;
            out.rows(news);
        }
        Ok(())
    }

    /// History is over: tells what stands.
    fn tell(&mut self, out: &mut Output) -> Result<()> {
        if !self.told {
            self.told = true;
            if let Some(rows) = self.standing.told(self.events)? {
                self.muted = self.muted.saturating_sub(rows.len());
                out.rows(rows);
            }
        }
        Ok(())
    }
}

impl Operator for Muted {
    fn process(&mut self, port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let progress = self.inner.process(port, rows, &mut self.own);
        self.hand_on(progress, out)
    }

    fn advance_port(&mut self, port: Port, watermark: EventTime) -> Result<()> {
        self.inner.advance_port(port, watermark)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        let progress = self.inner.advance(watermark, &mut self.own);
        self.hand_on(progress, out)
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        let progress = self.inner.resume(&mut self.own);
        self.hand_on(progress, out)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.ending = true;
        let progress = self.inner.end(&mut self.own);
        self.hand_on(progress, out)
    }

    fn stop(&mut self, out: &mut Output) -> Result<()> {
        let stopped = self.inner.stop(&mut self.own);
        self.hand_on(stopped.map(|()| Progress::Done), out)
            .map(|_| ())
    }

    fn snapshot(&mut self, epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = self.inner.snapshot(epoch)?;
        if !self.told {
            self.standing.save(&mut snapshot)?;
        }
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.standing.load(&self.columns, snapshot)?;
        self.muted = self.standing.len();
        self.inner.restore(snapshot)
    }

    fn wake_at(&self) -> Option<ClockTime> {
        self.inner.wake_at()
    }

    fn failed(&self) -> u64 {
        self.inner.failed()
    }

    fn suppressed(&self) -> u64 {
        // What stands may be told yet.
        self.inner.suppressed() + self.muted.saturating_sub(self.standing.len()) as u64
    }

    fn state_bytes(&self) -> usize {
        self.inner.state_bytes() + self.standing.bytes()
    }
}
