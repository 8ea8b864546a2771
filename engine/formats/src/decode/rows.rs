//! The rows of a text file while they are decoded: all columns, and the rows that were refused.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use zaraba_config::document::{ColumnDoc, Encoding};
use zaraba_core::error::Result;
use zaraba_core::source::BadRow;

use super::builder::Builder;
use super::encoding;
use super::types::arrow_type;
use super::{DecodeOptions, Decoded, Wanted};

/// Most bytes of one column's text in a batch; a batch ends early when it is reached, so that
/// offsets of 32 bits reach everywhere.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// Most bytes of one row of a text file.
pub const ROW_BYTES_MAX: usize = 16 << 20;

/// What a text is decoded from, in messages.
const UTF8: &str = encoding::name(Encoding::Utf8);

/// Most characters of a bad row that are kept.
pub(super) const BAD_ROW_CHARS: usize = 200;

/// Columns that grow together.
pub(super) struct Rows {
    /// The columns that are handed over.
    pub(super) schema: SchemaRef,
    /// Their numbers among all.
    wanted: Vec<usize>,
    pub(super) columns: Vec<Builder>,
    /// Whole rows.
    len: usize,
    bad: Vec<(usize, BadRow)>,
    encoding: &'static str,
}

impl Rows {
    pub(super) fn new(
        schema: &[ColumnDoc],
        wanted: &Wanted<'_>,
        options: &DecodeOptions,
    ) -> Result<Self> {
        let columns = schema.iter().map(|c| Builder::new(c, options.zone));
        let field = |c: &ColumnDoc| Field::new(&c.name.value, arrow_type(c.kind), true);
        Ok(Self {
            schema: Arc::new(Schema::new(
                wanted.iter().map(|(_, c)| field(c)).collect::<Vec<_>>(),
            )),
            wanted: wanted.iter().map(|(i, _)| *i).collect(),
            columns: columns.collect::<Result<_>>()?,
            len: 0,
            bad: Vec::new(),
            encoding: encoding::name(options.encoding),
        })
    }

    /// Whole rows so far.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Rows so far, bad ones counted.
    pub(super) fn taken(&self) -> usize {
        self.len + self.bad.len()
    }

    /// Whether the batch has to end here.
    pub(super) fn full(&self, limit: usize) -> bool {
        self.taken() >= limit || self.columns.iter().any(|c| c.text_bytes() > TEXT_BYTES_MAX)
    }

    /// The row is whole.
    pub(super) fn commit(&mut self) {
        self.len += 1;
    }

    /// The row is bad: what was appended of it is taken back.
    pub(super) fn refuse(&mut self, reason: String, place: String, row: &[u8]) {
        let len = self.len;
        self.columns.iter_mut().for_each(|c| c.truncate(len));
        // What is no character of the file's encoding is none of UTF-8.
        let reason = reason.replace(UTF8, self.encoding);
        let row = shortened(row, BAD_ROW_CHARS);
        self.bad.push((len, BadRow { reason, place, row }));
    }

    /// Hands over what there is; none if there is nothing.
    pub(super) fn finish(&mut self) -> Result<Option<Decoded>> {
        if self.taken() == 0 {
            return Ok(None);
        }
        let columns = self
            .columns
            .iter_mut()
            .map(Builder::finish)
            .collect::<Result<Vec<_>>>()?;
        let columns = self.wanted.iter().map(|i| Arc::clone(&columns[*i]));
        let columns = columns.collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.len));
        self.len = 0;
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        Ok(Some(Decoded {
            rows,
            bad: std::mem::take(&mut self.bad),
        }))
    }
}

/// The first `chars` characters of a text, which need not be UTF-8, without the line's end.
pub(super) fn shortened(text: &[u8], chars: usize) -> String {
    let text = text.trim_ascii_end();
    let head = &text[..text.len().min(chars * 4)];
    let shown = String::from_utf8_lossy(head);
    match shown.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None if head.len() < text.len() => format!("{shown}…"),
        None => shown.into_owned(),
    }
}
