//! The failed rows of a node's stages as one stream, secrets hidden: an error's text shows values,
//! and a value may be one of the environment's.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use zaraba_config::env::redact;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};

/// The operator.
pub(crate) struct HideSecrets(pub(crate) Vec<String>);

impl HideSecrets {
    fn shown(&self, column: &ArrayRef) -> ArrayRef {
        let Some(texts) = column.as_string_opt::<i32>() else {
            return Arc::clone(column);
        };
        let hidden = texts.iter().map(|t| t.map(|t| redact(t, &self.0)));
        Arc::new(hidden.collect::<StringArray>())
    }
}

impl Operator for HideSecrets {
    fn process(&mut self, _port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let columns = rows.rows.columns().iter().map(|c| self.shown(c));
        let shown = RecordBatch::try_new(rows.rows.schema(), columns.collect())?;
        out.rows(rows.with_rows(shown)?);
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
