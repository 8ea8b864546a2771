//! An answer to rows, and what it says of the next page.

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, HttpClientDoc};
use zaraba_core::error::Result;
use zaraba_core::source::SourceRows;
use zaraba_formats::decode::memory::{Layout, open_bytes, text_at};
use zaraba_formats::decode::{DecodeOptions, Decoded};

use super::ask::shown;

/// Rows decoded at once.
const BATCH_ROWS: usize = 65_536;

/// How answers are read.
pub(super) struct Pages {
    name: String,
    schema: Vec<ColumnDoc>,
    options: DecodeOptions,
    /// Where the rows are, and where the next page is named.
    rows: Option<String>,
    next: Option<String>,
}

impl Pages {
    pub(super) fn new(doc: &HttpClientDoc, schema: &[ColumnDoc], zone: Tz) -> Self {
        Self {
            name: shown(&doc.url.value).to_owned(),
            schema: schema.to_vec(),
            options: DecodeOptions {
                sheet: doc.sheet.clone(),
                ..DecodeOptions::new(doc.format, zone)
            },
            rows: doc.rows.clone(),
            next: doc.next.as_ref().map(|next| next.from.clone()),
        }
    }

    /// The rows of an answer, and what to say to get the next page, if there is one.
    pub(super) fn read(&self, body: Vec<u8>) -> Result<(Vec<SourceRows>, Option<String>)> {
        let mut batches = Vec::new();
        if body.trim_ascii().is_empty() {
            return Ok((batches, None));
        }
        let next = match &self.next {
            Some(path) => text_at(&self.name, &body, path)?,
            None => None,
        };
        let layout = self.rows.as_deref().map_or(Layout::Any, Layout::At);
        let mut decoder = open_bytes(&self.name, body, &self.schema, &self.options, layout)?;
        while let Some(Decoded { rows, bad }) = decoder.next(BATCH_ROWS)? {
            batches.push(SourceRows {
                rows,
                partition: 0,
                bad,
            });
        }
        Ok((batches, next))
    }
}
