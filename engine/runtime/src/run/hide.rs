//! The failed rows of a node's stages with secrets hidden: an error's text shows values, and a
//! value may be one of the environment's.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use zaraba_config::env::redact;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};
use zaraba_sql::merge::Merge;

/// Hides the secrets in what another operator, which makes one stream of them, is handed.
pub(crate) struct HideSecrets {
    pub(crate) secrets: Vec<String>,
    pub(crate) merge: Merge,
}

impl HideSecrets {
    fn shown(&self, column: &ArrayRef) -> ArrayRef {
        let Some(texts) = column.as_string_opt::<i32>() else {
            return Arc::clone(column);
        };
        let hidden = texts.iter().map(|t| t.map(|t| redact(t, &self.secrets)));
        Arc::new(hidden.collect::<StringArray>())
    }
}

impl Operator for HideSecrets {
    fn process(&mut self, port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let columns = rows.rows.columns().iter().map(|c| self.shown(c));
        let shown = RecordBatch::try_new(rows.rows.schema(), columns.collect())?;
        self.merge.process(port, rows.with_rows(shown)?, out)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.merge.advance(watermark, out)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.merge.end(out)
    }

    fn stop(&mut self, out: &mut Output) -> Result<()> {
        self.merge.stop(out)
    }

    fn snapshot(&mut self, epoch: Epoch) -> Result<Snapshot> {
        self.merge.snapshot(epoch)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.merge.restore(snapshot)
    }

    fn state_bytes(&self) -> usize {
        self.merge.state_bytes()
    }
}
