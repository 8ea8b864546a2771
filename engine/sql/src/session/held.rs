//! Sessions' rows themselves: where the query asks for more than aggregates by both bounds and all
//! keys, a row's bounds are known only when its session closes.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

use crate::rows::{FailedRow, bound, record};
use crate::session::kept::Kept;
use crate::session::open::Closed;
use crate::session::runs::by_session;
use zaraba_core::packed;

/// The rows of open sessions.
pub(super) struct Held {
    /// The rows' columns, `window_start` and `window_end`.
    schema: SchemaRef,
    head: Vec<RecordBatch>,
}

impl Held {
    /// None yet.
    pub(super) const fn new(schema: SchemaRef) -> Self {
        let head = Vec::new();
        Self { schema, head }
    }
}

/// Rows and, before their columns, the numbers of their sessions.
fn numbered(rows: &Batch, ids: &[u64]) -> Result<RecordBatch> {
    let ids: ArrayRef = Arc::new(UInt64Array::from(ids.to_vec()));
    let packed = packed::pack(rows)?;
    let mut fields = vec![Arc::new(Field::new("__session", DataType::UInt64, false))];
    fields.extend(packed.schema().fields().iter().cloned());
    let columns = std::iter::once(ids).chain(packed.columns().iter().cloned());
    let schema = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new(schema, columns.collect())?)
}

/// Batches as one.
fn joined(parts: &[RecordBatch]) -> Result<Option<RecordBatch>> {
    Ok(match parts {
        [] => None,
        [one] => Some(one.clone()),
        [first, ..] => Some(concat_batches(first.schema_ref(), parts)?),
    })
}

impl Kept for Held {
    fn take(&mut self, rows: &Batch, ids: &[u64], _failed: &mut Vec<FailedRow>) -> Result<()> {
        self.head.push(numbered(rows, ids)?);
        Ok(())
    }

    fn seal(&mut self) -> Result<Option<RecordBatch>> {
        let head = joined(&std::mem::take(&mut self.head))?;
        head.map(by_session).transpose()
    }

    fn merge(&self, runs: &[RecordBatch]) -> Result<RecordBatch> {
        let all = joined(runs)?.ok_or_else(|| Error::internal("no runs to merge"))?;
        by_session(all)
    }

    fn close(&self, parts: &[RecordBatch], closed: &BTreeMap<u64, Closed>) -> Result<Batch> {
        let Some(all) = joined(parts)? else {
            return Ok(Batch::empty(Arc::clone(&self.schema)));
        };
        let ids = all.column(0).as_primitive::<UInt64Type>();
        let mut rows: Vec<(&Closed, u32)> = Vec::with_capacity(all.num_rows());
        for (row, id) in (0u32..).zip(ids.values()) {
            let session = closed.get(id);
            let unknown = || Error::internal("a row of a session that is not closed");
            rows.push((session.ok_or_else(unknown)?, row));
        }
        let own: Vec<usize> = (1..all.num_columns()).collect();
        let held = packed::unpack(&all.project(&own)?)?;
        rows.sort_by_key(|(session, row)| (session.end, held.seq[*row as usize]));
        let order: UInt32Array = rows.iter().map(|(_, row)| Some(*row)).collect();
        let mut batch = held.take(&order)?;
        let mut columns = batch.rows.columns().to_vec();
        for of in [|s: &Closed| s.start, |s: &Closed| s.end] {
            columns.push(bound(rows.iter().map(|(s, _)| of(s)).collect::<Vec<_>>()));
        }
        batch.rows = record(&self.schema, columns, rows.len())
            .map_err(|e| Error::internal(e.to_string()))?;
        batch.time = rows.iter().map(|(s, _)| s.end - 1).collect();
        Ok(batch)
    }

    fn size(&self) -> usize {
        let bytes = self.head.iter().map(RecordBatch::get_array_memory_size);
        bytes.sum()
    }
}
