//! Rows on their way: Arrow columns and, beside them, what the engine keeps of every row whether
//! it was selected or not: event time, sequence, and on upsert streams whether it is a deletion.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, PrimitiveArray, RecordBatch, RecordBatchOptions, UInt32Array,
};
use arrow::buffer::{BooleanBuffer, ScalarBuffer};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{Int64Type, SchemaRef, UInt64Type};

use crate::error::{Error, Result};

/// So many rows of columns, of which there may be none: Arrow asks the columns how many rows there are
/// if it is not told.
///
/// # Errors
/// When a column has another length, or is not what the schema says.
pub fn of_columns(schema: SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        schema, columns, &options,
    )?)
}

/// Rows of one stream. All parts have one length.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The columns that SQL sees.
    pub rows: RecordBatch,
    /// Event time of each row, microseconds UTC.
    pub time: ScalarBuffer<i64>,
    /// Sequence of each row (see [`crate::sequence`]).
    pub seq: ScalarBuffer<u64>,
    /// Which rows are deletions; none on append streams. A deletion carries its key columns and,
    /// where it has them, the last values.
    pub deleted: Option<BooleanBuffer>,
}

impl Batch {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When the lengths differ: a broken invariant of the caller.
    pub fn new(rows: RecordBatch, time: ScalarBuffer<i64>, seq: ScalarBuffer<u64>) -> Result<Self> {
        if rows.num_rows() != time.len() || time.len() != seq.len() {
            return Err(Error::internal(format!(
                "a batch of {} rows with {} times and {} sequences",
                rows.num_rows(),
                time.len(),
                seq.len()
            )));
        }
        Ok(Self {
            rows,
            time,
            seq,
            deleted: None,
        })
    }

    /// No rows of a schema.
    #[must_use]
    pub fn empty(schema: SchemaRef) -> Self {
        Self {
            rows: RecordBatch::new_empty(schema),
            time: ScalarBuffer::from(Vec::new()),
            seq: ScalarBuffer::from(Vec::new()),
            deleted: None,
        }
    }

    /// Number of rows, deletions included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Whether row `i` is a deletion.
    #[must_use]
    pub fn is_deleted(&self, i: usize) -> bool {
        self.deleted.as_ref().is_some_and(|d| d.value(i))
    }

    /// The same rows with other columns.
    ///
    /// # Errors
    /// When the number of rows differs.
    pub fn with_rows(&self, rows: RecordBatch) -> Result<Self> {
        let mut batch = Self::new(rows, self.time.clone(), self.seq.clone())?;
        batch.deleted = self.deleted.clone();
        Ok(batch)
    }

    /// Rows `offset .. offset + length`, without a copy.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            rows: self.rows.slice(offset, length),
            time: self.time.slice(offset, length),
            seq: self.seq.slice(offset, length),
            deleted: self.deleted.as_ref().map(|d| d.slice(offset, length)),
        }
    }

    /// The rows at `indices`, in that order.
    ///
    /// # Errors
    /// When Arrow refuses (an index out of range).
    pub fn take(&self, indices: &UInt32Array) -> Result<Self> {
        let at = |i: &u32| *i as usize;
        let rows = if self.rows.num_columns() == 0 {
            of_columns(self.rows.schema(), Vec::new(), indices.len())?
        } else {
            take_record_batch(&self.rows, indices)?
        };
        Ok(Self {
            rows,
            time: indices.values().iter().map(|i| self.time[at(i)]).collect(),
            seq: indices.values().iter().map(|i| self.seq[at(i)]).collect(),
            deleted: self
                .deleted
                .as_ref()
                .map(|d| indices.values().iter().map(|i| d.value(at(i))).collect()),
        })
    }

    /// The rows for which `mask` is true (null counts as false).
    ///
    /// # Errors
    /// When Arrow refuses (a mask of another length).
    pub fn filter(&self, mask: &BooleanArray) -> Result<Self> {
        if mask.true_count() == self.len() {
            return Ok(self.clone());
        }
        let keep = |i: &usize| mask.is_valid(*i) && mask.value(*i);
        let kept: Vec<usize> = (0..self.len()).filter(keep).collect();
        Ok(Self {
            rows: filter_record_batch(&self.rows, mask)?,
            time: kept.iter().map(|i| self.time[*i]).collect(),
            seq: kept.iter().map(|i| self.seq[*i]).collect(),
            deleted: self
                .deleted
                .as_ref()
                .map(|d| kept.iter().map(|i| d.value(*i)).collect()),
        })
    }

    /// Several batches of one schema as one.
    ///
    /// # Errors
    /// When the schemas differ.
    pub fn concat(schema: &SchemaRef, batches: &[Self]) -> Result<Self> {
        if let [one] = batches {
            return Ok(one.clone());
        }
        let deleted = batches.iter().any(|b| b.deleted.is_some()).then(|| {
            batches
                .iter()
                .flat_map(|b| (0..b.len()).map(|i| b.is_deleted(i)))
                .collect()
        });
        Ok(Self {
            rows: concat_batches(schema, batches.iter().map(|b| &b.rows))?,
            time: batches
                .iter()
                .flat_map(|b| b.time.iter().copied())
                .collect(),
            seq: batches.iter().flat_map(|b| b.seq.iter().copied()).collect(),
            deleted,
        })
    }

    /// Event times as an Arrow array (microseconds as plain integers).
    #[must_use]
    pub fn time_array(&self) -> Arc<PrimitiveArray<Int64Type>> {
        Arc::new(PrimitiveArray::new(self.time.clone(), None))
    }

    /// Sequences as an Arrow array.
    #[must_use]
    pub fn seq_array(&self) -> Arc<PrimitiveArray<UInt64Type>> {
        Arc::new(PrimitiveArray::new(self.seq.clone(), None))
    }

    /// Bytes held by the columns, shared buffers counted in full.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.rows.get_array_memory_size() + self.len() * 16
    }
}
