//! Rows that keys stand on: each is a place in a batch that it shares with others. Batches of which
//! little is still needed are copied together now and then, so that what is held stays in
//! proportion to the keys.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{SchemaRef, UInt8Type};
use zaraba_core::alert::Severity;
use zaraba_core::error::Result;

use crate::machine::Kept;

/// Bytes that may be held in vain before rows are copied together.
const SLACK: usize = 1 << 20;

/// A row; its batch has [`crate::declared::working`]'s columns.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) rows: Arc<RecordBatch>,
    pub(crate) row: usize,
}

/// As a number in a column: 0 is none.
pub(crate) fn severity_of(number: u8) -> Option<Severity> {
    let index = usize::from(number).checked_sub(1)?;
    Severity::ALL.get(index).copied()
}

/// The number of a severity.
pub(crate) fn number_of(severity: Severity) -> u8 {
    let place = Severity::ALL.iter().position(|of| *of == severity);
    place.and_then(|i| u8::try_from(i + 1).ok()).unwrap_or(0)
}

impl Kept for Held {
    fn severity(&self) -> Option<Severity> {
        let column = self.rows.num_columns().checked_sub(3)?;
        let numbers = self.rows.column(column).as_primitive_opt::<UInt8Type>()?;
        severity_of(numbers.value(self.row))
    }
}

/// How much is held.
#[derive(Default)]
pub(crate) struct Pinned {
    /// Bytes of batches since rows were copied together, and of that copy.
    since: usize,
    copy: usize,
}

impl Pinned {
    /// A batch of so many bytes was kept.
    pub(crate) const fn add(&mut self, bytes: usize) {
        self.since += bytes;
    }

    /// Whether too much is held in vain.
    pub(crate) const fn is_much(&self) -> bool {
        self.since > SLACK + 3 * self.copy
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.since + self.copy
    }

    /// Copies all rows held into one batch, in their order, and gives it.
    pub(crate) fn together(
        &mut self,
        schema: &SchemaRef,
        held: &mut [&mut Held],
    ) -> Result<Arc<RecordBatch>> {
        let mut batches: Vec<Arc<RecordBatch>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        let mut rows = Vec::with_capacity(held.len());
        for one in held.iter() {
            let batch = *places.entry(Arc::as_ptr(&one.rows)).or_insert_with(|| {
                batches.push(Arc::clone(&one.rows));
                batches.len() - 1
            });
            rows.push((batch, one.row));
        }
        let shared: Vec<&RecordBatch> = batches.iter().map(AsRef::as_ref).collect();
        let all = match rows.is_empty() {
            true => RecordBatch::new_empty(Arc::clone(schema)),
            false => interleave_record_batch(&shared, &rows)?,
        };
        let all = Arc::new(all);
        for (row, one) in held.iter_mut().enumerate() {
            one.rows = Arc::clone(&all);
            one.row = row;
        }
        (self.since, self.copy) = (0, all.get_array_memory_size());
        Ok(all)
    }
}
