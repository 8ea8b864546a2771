//! Rows numbered as they come, in an order that is the same on every run: the number is their new
//! sequence. Behind what makes several rows of one, or of one row in two branches: whoever reads
//! such rows tells them apart like a source's, and never sees a tie.

use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};

/// The operator.
#[derive(Default)]
pub struct Number {
    next: u64,
}

impl Number {
    /// Begins at 0.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: 0 }
    }
}

impl Operator for Number {
    fn process(&mut self, _port: Port, mut rows: Batch, out: &mut Output) -> Result<Progress> {
        let first = self.next;
        self.next += rows.len() as u64;
        rows.seq = (first..self.next).collect();
        out.rows(rows);
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        out.watermark(watermark);
        Ok(Progress::Done)
    }

    fn end(&mut self, _out: &mut Output) -> Result<Progress> {
        Ok(Progress::Done)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        snapshot.push("next", vec![self.next.cast_signed()], Vec::new());
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.next = snapshot.part("next")?.numbers[0].cast_unsigned();
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        0
    }
}
