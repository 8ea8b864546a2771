//! What changed between two results of a query: upserts and deletions by key, in key order.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::buffer::{BooleanBuffer, ScalarBuffer};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, Rows, SortField};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

use crate::rows::FailedRow;
use crate::table::keyed::{Key, KeyEncoder, key_at};

/// The last result, by key.
pub(crate) struct Changes {
    schema: SchemaRef,
    encoder: KeyEncoder,
    /// Encodes whole rows, to compare them: NaN equals NaN.
    whole: RowConverter,
    last: RecordBatch,
    last_rows: Option<Rows>,
    by_key: BTreeMap<Key, usize>,
}

impl Changes {
    /// No result yet.
    pub(crate) fn new(schema: &SchemaRef, key: Vec<usize>) -> Result<Self> {
        let sort = |f: &Arc<arrow::datatypes::Field>| SortField::new(f.data_type().clone());
        Ok(Self {
            encoder: KeyEncoder::new(schema, key)?,
            whole: RowConverter::new(schema.fields().iter().map(sort).collect())?,
            last: RecordBatch::new_empty(Arc::clone(schema)),
            last_rows: None,
            by_key: BTreeMap::new(),
            schema: Arc::clone(schema),
        })
    }

    /// Takes the result at `time`; hands over what changed. Keys with several rows have none:
    /// their rows go to `failed`.
    pub(crate) fn take(
        &mut self,
        result: RecordBatch,
        time: i64,
        failed: &mut Vec<FailedRow>,
    ) -> Result<Batch> {
        let keys = self.encoder.encode(&result)?;
        let rows = self.whole.convert_columns(result.columns())?;
        let mut by_key: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for row in 0..result.num_rows() {
            by_key
                .entry(key_at(keys.as_ref(), row))
                .or_default()
                .push(row);
        }
        let mut unique = BTreeMap::new();
        for (key, found) in by_key {
            match found[..] {
                [row] => {
                    unique.insert(key, row);
                }
                _ => failed.extend(duplicates(&result, &found, time)?),
            }
        }
        let before = std::mem::replace(&mut self.by_key, unique);
        let mut picks: BTreeMap<&Key, (usize, usize)> = BTreeMap::new();
        for (key, row) in &self.by_key {
            let same = before.get(key).is_some_and(|old| {
                self.last_rows
                    .as_ref()
                    .is_some_and(|last| last.row(*old) == rows.row(*row))
            });
            if !same {
                picks.insert(key, (1, *row));
            }
        }
        for (key, row) in &before {
            if !self.by_key.contains_key(key) {
                picks.insert(key, (0, *row));
            }
        }
        let picks: Vec<(usize, usize)> = picks.into_values().collect();
        let emitted = self.emit(&result, &picks, time);
        (self.last, self.last_rows) = (result, Some(rows));
        emitted
    }

    fn emit(&self, result: &RecordBatch, picks: &[(usize, usize)], time: i64) -> Result<Batch> {
        if picks.is_empty() {
            return Ok(Batch::empty(Arc::clone(&self.schema)));
        }
        let rows = interleave_record_batch(&[&self.last, result], picks)?;
        let n = picks.len();
        let seq: ScalarBuffer<u64> = (0..n as u64).collect();
        let mut batch = Batch::new(rows, vec![time; n].into(), seq)?;
        let deleted: BooleanBuffer = picks.iter().map(|(from, _)| *from == 0).collect();
        batch.deleted = Some(deleted);
        Ok(batch)
    }

    /// The last result, for a snapshot.
    pub(crate) const fn last(&self) -> &RecordBatch {
        &self.last
    }

    /// Takes a snapshot's last result back.
    pub(crate) fn restore(&mut self, last: RecordBatch) -> Result<()> {
        self.take(last, 0, &mut Vec::new()).map(|_| ())
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        let keys: usize = self
            .by_key
            .keys()
            .map(|k| k.len() + size_of::<(Key, usize)>())
            .sum();
        let rows = self.last_rows.as_ref().map_or(0, Rows::size);
        keys + rows + self.last.get_array_memory_size()
    }
}

/// The rows of a key that has several.
fn duplicates(result: &RecordBatch, found: &[usize], time: i64) -> Result<Vec<FailedRow>> {
    let reason = format!("{} rows of one result have the same key", found.len());
    let mut failed = Vec::with_capacity(found.len());
    for (seq, row) in (0u64..).zip(found) {
        let index = u32::try_from(*row).map_err(|_| Error::internal("a result too large"))?;
        let rows = arrow::compute::take_record_batch(result, &UInt32Array::from(vec![index]))?;
        let row = Batch::new(rows, vec![time].into(), vec![seq].into())?;
        failed.push(FailedRow {
            row,
            reason: reason.clone(),
        });
    }
    Ok(failed)
}
