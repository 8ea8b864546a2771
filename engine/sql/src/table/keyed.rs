//! Rows by key: the newest of each, in key order, with expiry. Rows stay in the batches in which
//! they came until most of those are stale.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, Rows, SortField};
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;

use crate::one_form::all_in_one_form;
use crate::table::ttl::{Expiry, Ttl};

/// Stale rows that are kept before the live ones are copied together.
const STALE_ROWS_MAX: usize = 65_536;
/// Batches that are kept, or one for 64 live rows where that is more.
const BATCHES_MAX: usize = 1024;

/// A key as bytes that order like its columns.
pub(crate) type Key = Box<[u8]>;

/// Encodes key columns.
pub(crate) struct KeyEncoder {
    columns: Vec<usize>,
    converter: RowConverter,
}

impl KeyEncoder {
    /// For these columns of a schema.
    ///
    /// # Errors
    /// When a column's type has no order.
    pub(crate) fn new(schema: &SchemaRef, columns: Vec<usize>) -> Result<Self> {
        let sort = |c: &usize| SortField::new(schema.field(*c).data_type().clone());
        let converter = RowConverter::new(columns.iter().map(sort).collect())?;
        Ok(Self { columns, converter })
    }

    /// The keys of a batch's rows; none if there are no key columns: one row in all.
    pub(crate) fn encode(&self, rows: &RecordBatch) -> Result<Option<Rows>> {
        if self.columns.is_empty() {
            return Ok(None);
        }
        let columns = all_in_one_form(self.columns.iter().map(|c| rows.column(*c)));
        Ok(Some(self.converter.convert_columns(&columns)?))
    }
}

/// The key of one row.
pub(crate) fn key_at(keys: Option<&Rows>, row: usize) -> Key {
    keys.map_or_else(Key::default, |keys| keys.row(row).as_ref().into())
}

/// Where a row is, and when it is from.
#[derive(Clone, Copy, Debug)]
struct At {
    batch: usize,
    row: usize,
    time: i64,
    seq: u64,
    /// When it is gone.
    expires: i64,
}

/// The newest row of each key.
pub(crate) struct KeyedRows {
    schema: SchemaRef,
    encoder: KeyEncoder,
    expiry: Expiry,
    rows: BTreeMap<Key, At>,
    expiries: BTreeSet<(i64, Key)>,
    batches: Vec<RecordBatch>,
    held: usize,
    key_bytes: usize,
}

impl KeyedRows {
    /// No rows yet.
    ///
    /// # Errors
    /// When a key column's type has no order.
    pub(crate) fn new(schema: SchemaRef, key: Vec<usize>, ttl: Option<Ttl>) -> Result<Self> {
        Ok(Self {
            encoder: KeyEncoder::new(&schema, key)?,
            schema,
            expiry: Expiry::new(ttl),
            rows: BTreeMap::new(),
            expiries: BTreeSet::new(),
            batches: Vec::new(),
            held: 0,
            key_bytes: 0,
        })
    }

    /// Takes rows in, in the order given; each replaces or deletes the one with its key.
    pub(crate) fn apply(&mut self, batch: &Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let keys = self.encoder.encode(&batch.rows)?;
        let index = self.batches.len();
        self.batches.push(batch.rows.clone());
        self.held += batch.len();
        for row in 0..batch.len() {
            let key = key_at(keys.as_ref(), row);
            if batch.is_deleted(row) {
                self.remove(&key);
                continue;
            }
            let at = At {
                batch: index,
                row,
                time: batch.time[row],
                seq: batch.seq[row],
                expires: self.expiry.of(batch.time[row]),
            };
            if self.expiry.is_some() {
                self.expiries.insert((at.expires, key.clone()));
            }
            self.key_bytes += key.len();
            if let Some(old) = self.rows.insert(key.clone(), at) {
                self.key_bytes -= key.len();
                self.forget(&key, old);
            }
        }
        self.compact()
    }

    fn remove(&mut self, key: &Key) {
        if let Some(old) = self.rows.remove(key) {
            self.key_bytes -= key.len();
            self.forget(key, old);
        }
    }

    /// Drops the expiry of a row that is gone, unless its successor has the same.
    fn forget(&mut self, key: &Key, old: At) {
        let same = |new: &At| new.expires == old.expires;
        if self.expiry.is_some() && !self.rows.get(key).is_some_and(same) {
            self.expiries.remove(&(old.expires, key.clone()));
        }
    }

    /// When the next row expires.
    pub(crate) fn next_expiry(&self) -> Option<i64> {
        self.expiries.first().map(|(time, _)| *time)
    }

    /// Removes the rows that are gone at `time`, and hands them over with the times at which they
    /// expired, in that order.
    pub(crate) fn expire(&mut self, time: i64) -> Result<Option<Batch>> {
        let mut picks = Vec::new();
        let (mut times, mut seqs) = (Vec::new(), Vec::new());
        while let Some((at, _)) = self.expiries.first()
            && *at <= time
        {
            let Some((at, key)) = self.expiries.pop_first() else {
                break;
            };
            if let Some(row) = self.rows.remove(&key) {
                self.key_bytes -= key.len();
                picks.push((row.batch, row.row));
                times.push(at);
                // Before any row of that time, which may bring the key back.
                seqs.push(0);
            }
        }
        if picks.is_empty() {
            return Ok(None);
        }
        let deleted = std::iter::repeat_n(true, picks.len()).collect();
        let mut batch = Batch::new(self.gather(&picks)?, times.into(), seqs.into())?;
        batch.deleted = Some(deleted);
        Ok(Some(batch))
    }

    fn gather(&self, picks: &[(usize, usize)]) -> Result<RecordBatch> {
        if picks.is_empty() {
            return Ok(RecordBatch::new_empty(Arc::clone(&self.schema)));
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        Ok(interleave_record_batch(&batches, picks)?)
    }

    /// All rows in key order, with their times and sequences.
    pub(crate) fn all(&self) -> Result<Batch> {
        let picks: Vec<_> = self.rows.values().map(|at| (at.batch, at.row)).collect();
        let times: Vec<i64> = self.rows.values().map(|at| at.time).collect();
        let seqs: Vec<u64> = self.rows.values().map(|at| at.seq).collect();
        Batch::new(self.gather(&picks)?, times.into(), seqs.into())
    }

    /// Copies the live rows together when too many are stale or their batches too small.
    fn compact(&mut self) -> Result<()> {
        let live = self.rows.len();
        let small = self.batches.len() > BATCHES_MAX.max(live / 64);
        if self.held <= 2 * live + STALE_ROWS_MAX && !small {
            return Ok(());
        }
        let all = self.all()?;
        for (row, at) in self.rows.values_mut().enumerate() {
            (at.batch, at.row) = (0, row);
        }
        self.held = live;
        self.batches = vec![all.rows];
        Ok(())
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        let batches: usize = self
            .batches
            .iter()
            .map(RecordBatch::get_array_memory_size)
            .sum();
        let per_row = size_of::<(Key, At)>();
        batches
            + self.rows.len() * per_row
            + self.key_bytes * if self.expiry.is_some() { 2 } else { 1 }
    }
}
