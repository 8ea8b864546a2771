//! Several streams of one shape as one, in order of (time, sequence): what copies of a stage, each
//! with its share of the keys, found between them.

use arrow::datatypes::SchemaRef;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};

use crate::in_order::{InOrder, Ties};

/// The operator.
pub struct Merge {
    rows: InOrder,
}

impl Merge {
    /// Of streams with these columns.
    #[must_use]
    pub const fn new(schema: SchemaRef) -> Self {
        Self {
            rows: InOrder::new(schema, Ties::AsTheyCame),
        }
    }
}

impl Operator for Merge {
    fn process(&mut self, _port: Port, rows: Batch, _out: &mut Output) -> Result<Progress> {
        self.rows.push(rows)?;
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        if let Some(rows) = self.rows.before(Some(watermark.0))? {
            out.rows(rows);
        }
        out.watermark(watermark);
        Ok(Progress::Done)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        if let Some(rows) = self.rows.before(None)? {
            out.rows(rows);
        }
        Ok(Progress::Done)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        self.rows.save(&mut snapshot)?;
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.rows.load(snapshot)
    }

    fn state_bytes(&self) -> usize {
        self.rows.size()
    }
}
