//! Rows of several streams that wait until the watermark has passed them, and come out in the order
//! of (time, sequence, stream), as stretches of one stream each: however they arrived, a rule sees
//! the same.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt64Type};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

/// So many stretches of a stream become one.
const RUNS: usize = 64;

/// The rows of one stream that wait, in sorted runs.
pub(crate) struct Waiting {
    schema: SchemaRef,
    runs: Vec<Batch>,
}

/// Batches as one, in order.
fn in_order(schema: &SchemaRef, parts: &[Batch]) -> Result<Batch> {
    let all = Batch::concat(schema, parts)?;
    let key = |i: usize| (all.time[i], all.seq[i]);
    if (1..all.len()).all(|i| key(i - 1) <= key(i)) {
        return Ok(all);
    }
    let rows = u32::try_from(all.len())
        .map_err(|_| Error::internal("more than 4 billion rows waited before a rule"))?;
    let mut order: Vec<u32> = (0..rows).collect();
    order.sort_by_key(|i| key(*i as usize));
    all.take(&UInt32Array::from(order))
}

impl Waiting {
    pub(crate) const fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            runs: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, rows: Batch) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.runs.push(in_order(&self.schema, &[rows])?);
        if self.runs.len() >= RUNS {
            let all = in_order(&self.schema, &self.runs)?;
            self.runs = vec![all];
        }
        Ok(())
    }

    /// Takes out the rows before a time (none: all).
    pub(crate) fn before(&mut self, time: Option<i64>) -> Result<Batch> {
        let mut passed = Vec::new();
        for run in &mut self.runs {
            let n = time.map_or(run.len(), |time| run.time.partition_point(|t| *t < time));
            if n > 0 {
                passed.push(run.slice(0, n));
                *run = run.slice(n, run.len() - n);
            }
        }
        self.runs.retain(|run| !run.is_empty());
        in_order(&self.schema, &passed)
    }

    /// All that waits, with what stands beside its columns as columns, for a checkpoint.
    pub(crate) fn rows(&self) -> Result<RecordBatch> {
        let all = in_order(&self.schema, &self.runs)?;
        let mut fields: Vec<_> = self.schema.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new("__time", DataType::Int64, false)));
        fields.push(Arc::new(Field::new("__seq", DataType::UInt64, false)));
        fields.push(Arc::new(Field::new("__deleted", DataType::Boolean, false)));
        let deleted: BooleanBuffer = (0..all.len()).map(|i| all.is_deleted(i)).collect();
        let mut columns = all.rows.columns().to_vec();
        columns.push(all.time_array());
        columns.push(all.seq_array());
        columns.push(Arc::new(BooleanArray::new(deleted, None)));
        Ok(RecordBatch::try_new(
            Arc::new(Schema::new(fields)),
            columns,
        )?)
    }

    /// Takes them back.
    pub(crate) fn load(&mut self, rows: &RecordBatch) -> Result<()> {
        let wrong = || Error::internal("a snapshot of rows before a rule with other columns");
        let n = self.schema.fields().len();
        if rows.num_columns() != n + 3 {
            return Err(wrong());
        }
        let own: Vec<usize> = (0..n).collect();
        let time = rows
            .column(n)
            .as_primitive_opt::<Int64Type>()
            .ok_or_else(wrong)?;
        let seq = rows
            .column(n + 1)
            .as_primitive_opt::<UInt64Type>()
            .ok_or_else(wrong)?;
        let deleted = rows.column(n + 2).as_boolean_opt().ok_or_else(wrong)?;
        let times = (time.values().clone(), seq.values().clone());
        let mut batch = Batch::new(rows.project(&own)?, times.0, times.1)?;
        batch.deleted = (deleted.true_count() > 0).then(|| deleted.values().clone());
        self.push(batch)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.runs.iter().map(Batch::bytes).sum()
    }
}

/// Sorted rows of several streams as stretches of one stream each, in order over all.
pub(crate) fn stretches(streams: &[Batch]) -> Vec<(usize, Batch)> {
    let mut at = vec![0; streams.len()];
    let mut found = Vec::new();
    loop {
        let key = |stream: usize| {
            let (rows, row) = (&streams[stream], at[stream]);
            (row < rows.len()).then(|| (rows.time[row], rows.seq[row], stream))
        };
        let mut keys: Vec<_> = (0..streams.len()).filter_map(key).collect();
        keys.sort_unstable();
        let Some((_, _, first)) = keys.first().copied() else {
            return found;
        };
        let rows = &streams[first];
        let end = match keys.get(1) {
            None => rows.len(),
            Some(next) => {
                let before = |row: &usize| (rows.time[*row], rows.seq[*row], first) < *next;
                (at[first]..rows.len())
                    .take_while(before)
                    .last()
                    .map_or(at[first], |row| row + 1)
            }
        };
        found.push((first, rows.slice(at[first], end - at[first])));
        at[first] = end;
    }
}
