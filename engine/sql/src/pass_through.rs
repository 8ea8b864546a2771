//! Rows that need no state: one or several streams (UNION ALL), each through its own steps.

use std::sync::Arc;

use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};

use crate::failed;
use crate::rows::{Step, run, sift};

/// Rows made in one call, give or take those of one row: behind them, backpressure and a stop get
/// their turn.
const MADE_ROWS: usize = 65_536;

/// The operator.
pub struct PassThrough {
    node: Arc<str>,
    steps: Vec<Vec<Step>>,
    /// Rows that were taken in and are not done yet, of this port.
    waiting: Option<(Port, Batch)>,
}

impl PassThrough {
    /// `steps`: those of each input.
    #[must_use]
    pub fn new(node: &str, steps: Vec<Vec<Step>>) -> Self {
        Self {
            node: node.into(),
            steps,
            waiting: None,
        }
    }
}

/// Most rows that the steps make of one.
fn made_of_one(steps: &[Step]) -> usize {
    let made = steps.iter().map(|step| match step {
        Step::Window(spec, _) => spec.windows_of_a_row(),
        _ => 1,
    });
    made.fold(1, usize::saturating_mul)
}

impl Operator for PassThrough {
    fn process(&mut self, port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let mut bad = Vec::new();
        let steps = &self.steps[port.0];
        let n = (MADE_ROWS / made_of_one(steps)).max(1).min(rows.len());
        for good in sift(&rows.slice(0, n), &mut bad, &mut |rows| run(steps, rows)) {
            out.rows(good);
        }
        failed::send(&self.node, &mut bad, out)?;
        if n == rows.len() {
            return Ok(Progress::Done);
        }
        self.waiting = Some((port, rows.slice(n, rows.len() - n)));
        Ok(Progress::More)
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        match self.waiting.take() {
            Some((port, rows)) => self.process(port, rows, out),
            None => Ok(Progress::Done),
        }
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        out.watermark(watermark);
        Ok(Progress::Done)
    }

    fn end(&mut self, _out: &mut Output) -> Result<Progress> {
        Ok(Progress::Done)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        Ok(Snapshot::default())
    }

    fn restore(&mut self, _snapshot: &Snapshot) -> Result<()> {
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.waiting.as_ref().map_or(0, |(_, rows)| rows.bytes())
    }
}
