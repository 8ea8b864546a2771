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

/// The operator.
pub struct PassThrough {
    node: Arc<str>,
    steps: Vec<Vec<Step>>,
}

impl PassThrough {
    /// `steps`: those of each input.
    #[must_use]
    pub fn new(node: &str, steps: Vec<Vec<Step>>) -> Self {
        Self {
            node: node.into(),
            steps,
        }
    }
}

impl Operator for PassThrough {
    fn process(&mut self, port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let mut bad = Vec::new();
        let steps = &self.steps[port.0];
        for good in sift(&rows, &mut bad, &mut |rows| run(steps, rows)) {
            out.rows(good);
        }
        failed::send(&self.node, &mut bad, out)?;
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
        Ok(Snapshot::default())
    }

    fn restore(&mut self, _snapshot: &Snapshot) -> Result<()> {
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        0
    }
}
