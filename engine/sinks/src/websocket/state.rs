//! The whole state of an upsert topic: the newest row of each key and which keys were deleted
//! lately, each with the seq of its last change. That is what makes both a snapshot and a
//! conflated message: the state, or what of it changed after a seq.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, SortField};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

use crate::websocket::rows::{Pick, Rows};

/// Deletions remembered for clients that are behind; one further behind gets a snapshot.
const DELETIONS_MAX: usize = 65_536;
/// Rows that batches may hold beyond twice the rows that are used, before they are copied out.
const SLACK_ROWS: usize = 8_192;

/// A key's newest row or deletion.
#[derive(Clone, Copy, Debug)]
struct Entry {
    seq: u64,
    batch: u32,
    row: u32,
}

/// A batch that entries point into.
#[derive(Debug)]
struct Held {
    rows: Arc<RecordBatch>,
    used: usize,
}

/// The state of one topic.
#[derive(Debug)]
pub(crate) struct State {
    key: Vec<usize>,
    /// None: there is one row.
    converter: Option<RowConverter>,
    /// In the order of the key columns.
    live: BTreeMap<Box<[u8]>, Entry>,
    deleted: HashMap<Box<[u8]>, Entry>,
    /// Deletions up to this seq may have been forgotten.
    forgotten: u64,
    held: HashMap<u32, Held>,
    held_rows: usize,
    next_batch: u32,
}

impl State {
    pub(crate) fn new(schema: &Schema, key: &[usize]) -> Result<Self> {
        let fields = key
            .iter()
            .map(|i| SortField::new(schema.field(*i).data_type().clone()));
        let fields: Vec<SortField> = fields.collect();
        let converter = (!fields.is_empty())
            .then(|| RowConverter::new(fields))
            .transpose()?;
        Ok(Self {
            key: key.to_vec(),
            converter,
            live: BTreeMap::new(),
            deleted: HashMap::new(),
            forgotten: 0,
            held: HashMap::new(),
            held_rows: 0,
            next_batch: 0,
        })
    }

    /// Takes rows that are numbered from `first`. Answers which of them were replaced by a later
    /// one of the same batch.
    pub(crate) fn apply(&mut self, batch: &Batch, first: u64) -> Result<Vec<bool>> {
        let columns: Vec<_> = self
            .key
            .iter()
            .map(|i| batch.rows.column(*i).clone())
            .collect();
        let keys = self
            .converter
            .as_ref()
            .map(|c| c.convert_columns(&columns))
            .transpose()?;
        let id = self.next_batch;
        self.next_batch = self.next_batch.wrapping_add(1);
        self.held_rows += batch.len();
        self.held.insert(
            id,
            Held {
                rows: Arc::new(batch.rows.clone()),
                used: batch.len(),
            },
        );
        let mut replaced = vec![false; batch.len()];
        for i in 0..batch.len() {
            let row = u32::try_from(i).map_err(|_| Error::internal("a batch of 2^32 rows"))?;
            let entry = Entry {
                seq: first + u64::from(row),
                batch: id,
                row,
            };
            let key = keys
                .as_ref()
                .map_or(&[] as &[u8], |keys| keys.row(i).data());
            let before = if batch.is_deleted(i) {
                let before = self.live.remove(key);
                before.or(self.deleted.insert(key.into(), entry))
            } else if let Some(known) = self.live.get_mut(key) {
                Some(std::mem::replace(known, entry))
            } else {
                self.live.insert(key.into(), entry);
                self.deleted.remove(key)
            };
            if let Some(before) = before {
                self.release(before);
                if before.seq >= first {
                    replaced[usize::try_from(before.seq - first).unwrap_or(0)] = true;
                }
            }
        }
        self.forget();
        self.compact()?;
        Ok(replaced)
    }

    /// All rows, in key order.
    pub(crate) fn snapshot(&self) -> Rows {
        self.pick(|_| true, false)
    }

    /// What changed after `seq`, in key order; none if deletions since then may be forgotten.
    pub(crate) fn since(&self, seq: u64) -> Option<Rows> {
        self.remembers(seq)
            .then(|| self.pick(|entry| entry.seq > seq, true))
    }

    /// Whether all that changed after `seq` is known.
    pub(crate) fn remembers(&self, seq: u64) -> bool {
        seq >= self.forgotten
    }

    fn pick(&self, wanted: impl Fn(&Entry) -> bool, deletions: bool) -> Rows {
        let mut rows = Rows::default();
        let mut places: HashMap<u32, u32> = HashMap::new();
        let mut place = |entry: &Entry, batches: &mut Vec<Arc<RecordBatch>>| -> Option<Pick> {
            let held = self.held.get(&entry.batch)?;
            let next = u32::try_from(batches.len()).unwrap_or(u32::MAX);
            let at = *places.entry(entry.batch).or_insert(next);
            if at == next {
                batches.push(Arc::clone(&held.rows));
            }
            Some((at, entry.row))
        };
        for entry in self.live.values().filter(|e| wanted(e)) {
            rows.live.extend(place(entry, &mut rows.batches));
        }
        if deletions {
            let mut gone: Vec<_> = self.deleted.iter().filter(|(_, e)| wanted(e)).collect();
            gone.sort_unstable_by_key(|(key, _)| *key);
            for (_, entry) in gone {
                rows.deleted.extend(place(entry, &mut rows.batches));
            }
        }
        rows
    }

    /// An entry no longer points into its batch.
    fn release(&mut self, entry: Entry) {
        if let Some(held) = self.held.get_mut(&entry.batch) {
            held.used -= 1;
            if held.used == 0 {
                self.held_rows -= held.rows.num_rows();
                self.held.remove(&entry.batch);
            }
        }
    }

    /// Forgets the older half of the deletions when they are too many.
    fn forget(&mut self) {
        if self.deleted.len() <= DELETIONS_MAX {
            return;
        }
        let mut seqs: Vec<u64> = self.deleted.values().map(|e| e.seq).collect();
        let middle = seqs.len() / 2;
        let (_, limit, _) = seqs.select_nth_unstable(middle);
        self.forgotten = *limit;
        let old: Vec<_> = self
            .deleted
            .extract_if(|_, e| e.seq <= self.forgotten)
            .collect();
        for (_, entry) in old {
            self.release(entry);
        }
    }

    /// Copies the rows in use out of batches that are mostly unused.
    fn compact(&mut self) -> Result<()> {
        let used = self.live.len() + self.deleted.len();
        if self.held_rows <= 2 * used + SLACK_ROWS {
            return Ok(());
        }
        let mut rows = self.pick(|_| true, true);
        // Deletions come out of `pick` by key, as they are numbered again below.
        rows.live.append(&mut rows.deleted);
        let mut gone: Vec<_> = self.deleted.iter_mut().collect();
        gone.sort_unstable_by_key(|(key, _)| *key);
        let entries = self
            .live
            .values_mut()
            .chain(gone.into_iter().map(|(_, entry)| entry));
        let id = self.next_batch;
        self.next_batch = self.next_batch.wrapping_add(1);
        for (row, entry) in (0..).zip(entries) {
            (entry.batch, entry.row) = (id, row);
        }
        let batches: Vec<&RecordBatch> = rows.batches.iter().map(AsRef::as_ref).collect();
        let picks: Vec<(usize, usize)> = rows
            .live
            .iter()
            .map(|(b, r)| (*b as usize, *r as usize))
            .collect();
        self.held.clear();
        self.held_rows = used;
        if used > 0 {
            let copied = Arc::new(interleave_record_batch(&batches, &picks)?);
            self.held.insert(id, Held { rows: copied, used });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
