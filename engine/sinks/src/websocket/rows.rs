//! Rows picked from several batches, and how a topic writes them as JSON or Arrow. What a message says
//! around them is `protocol`'s.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use chrono_tz::Tz;
use zaraba_core::error::Result;
use zaraba_formats::encode::json::{Int64, JsonEncoder};

use crate::websocket::answer;
use crate::websocket::binary::Part;
use crate::websocket::voice::Voice;

/// Ways in which rows are written: JSON with 64-bit integers as numbers or as texts, Arrow.
pub(crate) const ENCODINGS: usize = 3;
/// The last of them.
pub(crate) const ARROW: usize = 2;

/// A row: which batch, which row of it.
pub(crate) type Pick = (u32, u32);

/// Rows to be sent: references into batches that are shared, never copied.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) batches: Vec<Arc<RecordBatch>>,
    /// Rows that are, in the order in which they are sent.
    pub(crate) live: Vec<Pick>,
    /// Rows that are no more.
    pub(crate) deleted: Vec<Pick>,
}

/// Rows copied out of their batches, in the order of the picks.
pub(crate) fn picked(
    batches: &[Arc<RecordBatch>],
    picks: &[Pick],
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let batches: Vec<&RecordBatch> = batches.iter().map(AsRef::as_ref).collect();
    let picks: Vec<(usize, usize)> = picks
        .iter()
        .map(|(batch, row)| (*batch as usize, *row as usize))
        .collect();
    if picks.is_empty() {
        return Ok(RecordBatch::new_empty(Arc::clone(schema)));
    }
    let rows = interleave_record_batch(&batches, &picks)?;
    // Batches may know that a column has no nulls where the stream does not say so.
    let columns = rows.columns().to_vec();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Writes the rows of one topic in each encoding.
#[derive(Debug)]
pub(crate) struct RowWriter {
    /// By [`RowWriter::encoding`].
    rows: Vec<JsonEncoder>,
    columns: SchemaRef,
    key_columns: SchemaRef,
    /// The same for the key columns alone.
    keys: Vec<JsonEncoder>,
    key: Vec<usize>,
}

impl RowWriter {
    pub(crate) fn new(schema: &Schema, key: &[usize], zone: Tz) -> Result<Self> {
        let key_schema = schema.project(key)?;
        let wide = schema.fields().iter().any(|f| has_64_bits(f.data_type()));
        let encodings = if wide {
            vec![Int64::Number, Int64::Text]
        } else {
            vec![Int64::Number]
        };
        let of = |schema: &Schema| {
            encodings
                .iter()
                .map(|e| JsonEncoder::new(schema, zone, *e))
                .collect::<Result<_>>()
        };
        Ok(Self {
            columns: Arc::new(schema.clone()),
            key_columns: Arc::new(key_schema.clone()),
            rows: of(schema)?,
            keys: of(&key_schema)?,
            key: key.to_vec(),
        })
    }

    /// Which encoding serves a client: without 64-bit integers all look alike.
    pub(crate) fn encoding(&self, voice: Voice) -> usize {
        match voice {
            Voice::Json(int64) => usize::from(int64 == Int64::Text).min(self.rows.len() - 1),
            Voice::Arrow => ARROW,
        }
    }

    /// The live rows as an Arrow IPC stream.
    pub(crate) fn live_stream(&self, rows: &Rows) -> Result<Part> {
        let batch = picked(&rows.batches, &rows.live, &self.columns)?;
        Ok(Part {
            count: batch.num_rows(),
            stream: answer::ipc(&self.columns, &[batch])?,
        })
    }

    /// The keys of the deleted rows as an Arrow IPC stream; nothing where there are none.
    pub(crate) fn deleted_stream(&self, rows: &Rows) -> Result<Part> {
        let mut stream = Vec::new();
        if !rows.deleted.is_empty() {
            let keys = |b: &Arc<RecordBatch>| Ok(Arc::new(b.project(&self.key)?));
            let batches = rows.batches.iter().map(keys).collect::<Result<Vec<_>>>()?;
            let batch = picked(&batches, &rows.deleted, &self.key_columns)?;
            stream = answer::ipc(&self.key_columns, &[batch])?;
        }
        Ok(Part {
            count: rows.deleted.len(),
            stream,
        })
    }

    /// Appends `[{…},…]` of the live rows.
    pub(crate) fn live(&self, encoding: usize, rows: &Rows, out: &mut Vec<u8>) -> Result<()> {
        let encoder = &self.rows[encoding];
        let bound = rows
            .batches
            .iter()
            .map(|b| encoder.rows(b))
            .collect::<Result<Vec<_>>>()?;
        list(&rows.live, out, |batch, row, out| {
            bound[batch].write(row, out)
        });
        Ok(())
    }

    /// Appends `[{key columns},…]` of the deleted rows.
    pub(crate) fn deleted(&self, encoding: usize, rows: &Rows, out: &mut Vec<u8>) -> Result<()> {
        if rows.deleted.is_empty() {
            out.extend(b"[]");
            return Ok(());
        }
        let encoder = &self.keys[encoding];
        let keys = |b: &Arc<RecordBatch>| encoder.rows(&b.project(&self.key)?);
        let bound = rows.batches.iter().map(keys).collect::<Result<Vec<_>>>()?;
        list(&rows.deleted, out, |batch, row, out| {
            bound[batch].write(row, out)
        });
        Ok(())
    }
}

fn list(picks: &[Pick], out: &mut Vec<u8>, write: impl Fn(usize, usize, &mut Vec<u8>)) {
    out.push(b'[');
    for (i, (batch, row)) in picks.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(*batch as usize, *row as usize, out);
    }
    out.push(b']');
}

fn has_64_bits(kind: &DataType) -> bool {
    match kind {
        DataType::Int64 | DataType::UInt64 => true,
        DataType::Dictionary(_, values) => has_64_bits(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            has_64_bits(item.data_type())
        }
        DataType::Struct(fields) => fields.iter().any(|f| has_64_bits(f.data_type())),
        _ => false,
    }
}
