//! What sessions keep, as runs: immutable segments whose first column is the session's number, by
//! which they are sorted. A closing session's rows are found by binary search in each run. They
//! stay there, dead, until the run is merged with its neighbour, or until half of all is dead.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::UInt64Type;
use zaraba_core::error::{Error, Result};
use zaraba_core::snapshot::Segment;

use crate::session::open::Closed;

/// Merges runs.
pub(super) type Merge<'a> = &'a dyn Fn(&[RecordBatch]) -> Result<RecordBatch>;

/// The runs, the oldest first.
#[derive(Default)]
pub(super) struct Runs {
    runs: Vec<Arc<Segment>>,
    dead: usize,
}

impl Runs {
    /// Adds a run, sorted by session.
    pub(super) fn push(&mut self, run: RecordBatch) {
        self.runs.push(Segment::new(run));
    }

    /// Copies the rows of closed sessions out of the runs.
    pub(super) fn extract(&mut self, closed: &BTreeMap<u64, Closed>) -> Result<Vec<RecordBatch>> {
        let mut found = Vec::new();
        for run in &self.runs {
            let ids = run.rows.column(0).as_primitive::<UInt64Type>().values();
            let (mut rows, mut from) = (Vec::new(), 0);
            for id in closed.keys() {
                from = skipped(ids, from, *id);
                while ids.get(from) == Some(id) {
                    rows.push(u32::try_from(from).map_err(|_| too_many())?);
                    from += 1;
                }
            }
            if !rows.is_empty() {
                self.dead += rows.len();
                found.push(take_record_batch(&run.rows, &UInt32Array::from(rows))?);
            }
        }
        Ok(found)
    }

    /// Merges runs of like size, and all when most is dead.
    pub(super) fn tidy(&mut self, open: &dyn Fn(u64) -> bool, merge: Merge<'_>) -> Result<()> {
        while let [.., older, newer] = self.runs.as_slice()
            && older.rows.num_rows() <= 2 * newer.rows.num_rows()
        {
            self.merge_last(2, open, merge)?;
        }
        let all: usize = self.runs.iter().map(|r| r.rows.num_rows()).sum();
        if 2 * self.dead > all {
            self.merge_last(self.runs.len(), open, merge)?;
        }
        Ok(())
    }

    /// Makes one of the last `n` runs, without what is dead.
    fn merge_last(&mut self, n: usize, open: &dyn Fn(u64) -> bool, merge: Merge<'_>) -> Result<()> {
        let mut live = Vec::with_capacity(n);
        for run in self.runs.split_off(self.runs.len() - n) {
            let ids = run.rows.column(0).as_primitive::<UInt64Type>();
            let mask: BooleanArray = ids.values().iter().map(|id| Some(open(*id))).collect();
            self.dead = self.dead.saturating_sub(mask.false_count());
            if mask.true_count() > 0 {
                live.push(filter_record_batch(&run.rows, &mask)?);
            }
        }
        match live.len() {
            0 => {}
            1 => self.runs.extend(live.pop().map(Segment::new)),
            _ => self.push(merge(&live)?),
        }
        Ok(())
    }

    /// The runs and the number of dead rows, for a snapshot.
    pub(super) fn parts(&self) -> (&[Arc<Segment>], usize) {
        (&self.runs, self.dead)
    }

    /// What [`Self::parts`] gave.
    pub(super) const fn restored(runs: Vec<Arc<Segment>>, dead: usize) -> Self {
        Self { runs, dead }
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        let bytes = |r: &Arc<Segment>| r.rows.get_array_memory_size();
        self.runs.iter().map(bytes).sum()
    }
}

/// The first place from `from` on whose number is not below `id`, by steps that double: cheap where
/// it is near, as when much closes at once, and where it is far.
fn skipped(ids: &[u64], from: usize, id: u64) -> usize {
    let mut step = 1;
    while ids.get(from + step).is_some_and(|i| *i < id) {
        step *= 2;
    }
    let end = ids.len().min(from + step);
    from + ids[from..end].partition_point(|i| *i < id)
}

fn too_many() -> Error {
    Error::internal("more than 4 billion rows in one run")
}

/// Rows by their first column, the session; rows of one session stay in their order.
pub(super) fn by_session(rows: RecordBatch) -> Result<RecordBatch> {
    let ids = rows.column(0).as_primitive::<UInt64Type>();
    if ids.values().is_sorted() {
        return Ok(rows);
    }
    let count = u32::try_from(ids.len()).map_err(|_| too_many())?;
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_by_key(|i| ids.value(*i as usize));
    Ok(take_record_batch(&rows, &UInt32Array::from(order))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipping_finds_the_first_not_below() {
        let ids = [1, 1, 3, 5, 5, 5, 8, 13, 21];
        for from in 0..=ids.len() {
            for id in 0..23 {
                let sought = from + ids[from..].partition_point(|i| *i < id);
                assert_eq!(skipped(&ids, from, id), sought, "{id} from {from}");
            }
        }
    }
}
