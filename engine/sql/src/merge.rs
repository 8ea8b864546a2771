//! Several streams of one shape as one, in order of (time, sequence): what copies of a stage, each
//! with its share of the keys, found between them, or the failed rows of all stages of a node. What
//! ties comes from the first of them first (branches of a union, or a join's row, whose matches are
//! all in one copy), or by what it says, failed rows too: which of the copies met it must not show.

use arrow::datatypes::SchemaRef;
use zaraba_core::bad_rows;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};

use zaraba_core::in_order::{InOrder, Ties, in_order};

/// The operator.
pub struct Merge {
    schema: SchemaRef,
    ties: Ties,
    inputs: Vec<InOrder>,
}

impl Merge {
    /// Of so many streams with these columns.
    #[must_use]
    pub fn new(schema: SchemaRef, ties: Ties, inputs: usize) -> Self {
        let input = || InOrder::new(SchemaRef::clone(&schema), ties);
        Self {
            inputs: std::iter::repeat_with(input).take(inputs).collect(),
            ties,
            schema,
        }
    }

    /// Of the failed rows of so many stages.
    #[must_use]
    pub fn of_errors(inputs: usize) -> Self {
        Self::new(bad_rows::stream().columns, Ties::ByContent, inputs)
    }

    /// Emits the rows before `time` (none: all).
    fn pass(&mut self, time: Option<i64>, out: &mut Output) -> Result<()> {
        let mut parts = Vec::with_capacity(self.inputs.len());
        for input in &mut self.inputs {
            parts.extend(input.before(time)?);
        }
        if !parts.is_empty() {
            out.rows(in_order(&self.schema, self.ties, &parts)?);
        }
        Ok(())
    }
}

impl Operator for Merge {
    fn process(&mut self, port: Port, rows: Batch, _out: &mut Output) -> Result<Progress> {
        self.inputs[port.0].push(rows)?;
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.pass(Some(watermark.0), out)?;
        out.watermark(watermark);
        Ok(Progress::Done)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.pass(None, out)?;
        Ok(Progress::Done)
    }

    fn stop(&mut self, out: &mut Output) -> Result<()> {
        self.pass(None, out)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        for (port, input) in self.inputs.iter().enumerate() {
            input.save(&port.to_string(), &mut snapshot)?;
        }
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        for (port, input) in self.inputs.iter_mut().enumerate() {
            input.load(&port.to_string(), snapshot)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.inputs.iter().map(InOrder::size).sum()
    }
}
