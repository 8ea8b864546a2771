//! Bytes that came over the network to rows: an answer, a message.

use arrow::array::RecordBatch;
use zaraba_config::document::ColumnDoc;
use zaraba_core::error::Result;
use zaraba_core::source::{BadRow, SourceRows};
use zaraba_formats::decode::memory::{Layout, open_bytes, shown_row};
use zaraba_formats::decode::{DecodeOptions, Decoded, arrow_schema};

/// Rows decoded at once.
const BATCH_ROWS: usize = 65_536;

/// How bytes are read.
pub(crate) struct Bodies {
    schema: Vec<ColumnDoc>,
    options: DecodeOptions,
    /// The JSON path of the rows.
    rows: Option<String>,
}

impl Bodies {
    pub(crate) fn new(schema: &[ColumnDoc], options: DecodeOptions, rows: Option<String>) -> Self {
        Self {
            schema: schema.to_vec(),
            options,
            rows,
        }
    }

    /// The rows; `name` is what messages call the bytes.
    pub(crate) fn read(&self, name: &str, body: Vec<u8>) -> Result<Vec<SourceRows>> {
        let mut batches = Vec::new();
        self.read_into(name, body, &mut batches)?;
        Ok(batches)
    }

    /// The same, where bytes that cannot be read are a bad row behind what could be.
    pub(crate) fn read_or_bad(&self, name: &str, body: Vec<u8>) -> Vec<SourceRows> {
        let mut batches = Vec::new();
        let row = shown_row(&body);
        if let Err(error) = self.read_into(name, body, &mut batches) {
            batches.push(self.bad(name, &error.to_string(), row));
        }
        batches
    }

    /// No row but a bad one.
    pub(crate) fn bad(&self, name: &str, reason: &str, row: String) -> SourceRows {
        let prefix = format!("{name}: ");
        let reason = reason.strip_prefix(&prefix).unwrap_or(reason).to_owned();
        let place = name.to_owned();
        SourceRows {
            rows: RecordBatch::new_empty(arrow_schema(&self.schema)),
            partition: 0,
            bad: vec![(0, BadRow { reason, place, row })],
        }
    }

    fn read_into(&self, name: &str, body: Vec<u8>, batches: &mut Vec<SourceRows>) -> Result<()> {
        if body.trim_ascii().is_empty() {
            return Ok(());
        }
        let layout = self.rows.as_deref().map_or(Layout::Any, Layout::At);
        let mut decoder = open_bytes(name, body, &self.schema, &self.options, layout)?;
        while let Some(Decoded { rows, bad }) = decoder.next(BATCH_ROWS)? {
            batches.push(SourceRows {
                rows,
                partition: 0,
                bad,
            });
        }
        Ok(())
    }
}
