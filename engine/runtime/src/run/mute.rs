//! Alerts of history are not news: those of a node behind a source with `bootstrap` are left out, and
//! counted, up to the time at which the past of that source ends.

use std::sync::Arc;

use arrow::array::BooleanArray;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::message::Message;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::past::Past;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{ClockTime, Epoch, EventTime};

/// A node's last operator, muted.
pub struct Muted {
    inner: Box<dyn Operator>,
    pasts: Vec<Arc<Past>>,
    /// What it writes.
    own: Output,
    muted: u64,
}

impl Muted {
    /// `pasts`: of the sources behind it.
    #[must_use]
    pub fn new(inner: Box<dyn Operator>, pasts: Vec<Arc<Past>>) -> Self {
        Self {
            inner,
            pasts,
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
                (OutPort::Main, Message::Rows(rows)) => out.rows(self.news(&rows, end)?),
                (port, Message::Rows(rows)) => out.rows_to(port, rows),
                (OutPort::Main, Message::Watermark(watermark)) => out.watermark(watermark),
                _ => {}
            }
        }
        progress
    }

    fn news(&mut self, rows: &Batch, end: EventTime) -> Result<Batch> {
        let news: BooleanArray = rows.time.iter().map(|time| Some(*time > end.0)).collect();
        self.muted += (rows.len() - news.true_count()) as u64;
        rows.filter(&news)
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
        let progress = self.inner.end(&mut self.own);
        self.hand_on(progress, out)
    }

    fn stop(&mut self, out: &mut Output) -> Result<()> {
        let stopped = self.inner.stop(&mut self.own);
        self.hand_on(stopped.map(|()| Progress::Done), out)
            .map(|_| ())
    }

    fn snapshot(&mut self, epoch: Epoch) -> Result<Snapshot> {
        self.inner.snapshot(epoch)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.inner.restore(snapshot)
    }

    fn wake_at(&self) -> Option<ClockTime> {
        self.inner.wake_at()
    }

    fn failed(&self) -> u64 {
        self.inner.failed()
    }

    fn suppressed(&self) -> u64 {
        self.inner.suppressed() + self.muted
    }

    fn state_bytes(&self) -> usize {
        self.inner.state_bytes()
    }
}
