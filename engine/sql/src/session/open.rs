//! Which sessions are open: one a key. Rows come in the order of time, so that a row either is of
//! its key's open session or opens the next. What is due is found in a queue by time; a session
//! that was extended meanwhile goes back into it, at most once per gap of time, so that no row
//! looks at other keys' sessions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, UInt64Array};
use arrow::datatypes::{Field, Int64Type, Schema, SchemaRef, UInt64Type};
use arrow::row::{RowConverter, Rows, SortField};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

use crate::one_form::all_in_one_form;

/// A key as bytes, shared by the two maps.
type Key = Arc<[u8]>;

/// A session that is open.
struct Open {
    key: Key,
    /// Time of its first row.
    start: i64,
    /// Time of its last row.
    last: i64,
    /// The head of the runs in which its last row is.
    head: u64,
}

/// A session that is closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    /// Its number.
    pub(super) id: u64,
    /// Time of its first row.
    pub(super) start: i64,
    /// Time of its last row, and the gap.
    pub(super) end: i64,
    /// The head of the runs in which its last row is.
    pub(super) head: u64,
}

/// The open sessions.
pub(super) struct OpenSessions {
    gap: i64,
    columns: Vec<usize>,
    converter: RowConverter,
    by_key: HashMap<Key, u64>,
    open: BTreeMap<u64, Open>,
    /// Ends at which a session may be due, and the session; one entry for each that is open, and
    /// those of sessions that another row of their key has closed.
    due: BinaryHeap<Reverse<(i64, u64)>>,
    next: u64,
    key_bytes: usize,
}

impl OpenSessions {
    /// None yet. `columns`: the keys among the columns of `schema`.
    pub(super) fn new(gap: i64, schema: &SchemaRef, columns: Vec<usize>) -> Result<Self> {
        let sort = |c: &usize| SortField::new(schema.field(*c).data_type().clone());
        Ok(Self {
            gap,
            converter: RowConverter::new(columns.iter().map(sort).collect())?,
            columns,
            by_key: HashMap::new(),
            open: BTreeMap::new(),
            due: BinaryHeap::new(),
            next: 0,
            key_bytes: 0,
        })
    }

    /// Whether a session is open.
    pub(super) fn is_open(&self, id: u64) -> bool {
        self.open.contains_key(&id)
    }

    /// Puts rows, in the order of time, into sessions: the number of each row's, and the sessions
    /// that ended before a row of their key. `head`: where the rows will be.
    pub(super) fn assign(&mut self, rows: &Batch, head: u64) -> Result<(Vec<u64>, Vec<Closed>)> {
        let keys = self.encode(&rows.rows)?;
        let (mut ids, mut closed) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in 0..rows.len() {
            let key: &[u8] = keys.as_ref().map_or(&[], |keys| keys.row(row).data());
            let time = rows.time[row];
            let held = self.by_key.get(key).copied();
            if let Some(id) = held
                && let Some(open) = self.open.get_mut(&id)
                && time.saturating_sub(open.last) < self.gap
            {
                (open.last, open.head) = (time, head);
                ids.push(id);
                continue;
            }
            closed.extend(held.and_then(|id| self.close(id)));
            ids.push(self.next);
            let key = Key::from(key);
            self.insert(
                self.next,
                Open {
                    key,
                    start: time,
                    last: time,
                    head,
                },
            );
            self.next += 1;
        }
        Ok((ids, closed))
    }

    fn insert(&mut self, id: u64, open: Open) {
        self.key_bytes += open.key.len();
        self.by_key.insert(Arc::clone(&open.key), id);
        self.due
            .push(Reverse((open.last.saturating_add(self.gap), id)));
        self.open.insert(id, open);
    }

    fn close(&mut self, id: u64) -> Option<Closed> {
        let open = self.open.remove(&id)?;
        self.key_bytes -= open.key.len();
        self.by_key.remove(&open.key);
        Some(Closed {
            id,
            start: open.start,
            end: open.last.saturating_add(self.gap),
            head: open.head,
        })
    }

    /// Closes the sessions that end at `time` or before (none: all).
    pub(super) fn due(&mut self, time: Option<i64>, closed: &mut Vec<Closed>) {
        while let Some(Reverse((end, id))) = self.due.peek().copied()
            && time.is_none_or(|time| end <= time)
        {
            self.due.pop();
            let Some(open) = self.open.get(&id) else {
                continue;
            };
            let later = open.last.saturating_add(self.gap);
            if later > end {
                self.due.push(Reverse((later, id)));
            } else {
                closed.extend(self.close(id));
            }
        }
    }

    /// Keys as bytes; none without key columns: one key in all.
    fn encode(&self, rows: &RecordBatch) -> Result<Option<Rows>> {
        if self.columns.is_empty() {
            return Ok(None);
        }
        let columns = all_in_one_form(self.columns.iter().map(|c| rows.column(*c)));
        Ok(Some(self.converter.convert_columns(&columns)?))
    }

    /// All that is open, by number, and the next number.
    pub(super) fn seal(&self) -> Result<(u64, RecordBatch)> {
        let all = || self.open.values();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.open.keys().copied().collect::<UInt64Array>()),
            Arc::new(all().map(|o| o.start).collect::<Int64Array>()),
            Arc::new(all().map(|o| o.last).collect::<Int64Array>()),
            Arc::new(all().map(|o| Some(o.key.as_ref())).collect::<BinaryArray>()),
        ];
        let field = |c: &ArrayRef| Field::new("c", c.data_type().clone(), false);
        let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
        Ok((self.next, RecordBatch::try_new(Arc::new(schema), columns)?))
    }

    /// Takes back what [`Self::seal`] gave; every session's last row is in `head`.
    pub(super) fn restore(&mut self, next: u64, sealed: &RecordBatch, head: u64) -> Result<()> {
        if sealed.num_columns() != 4 {
            return Err(Error::internal("a segment that is no list of sessions"));
        }
        self.next = next;
        let ids = sealed.column(0).as_primitive::<UInt64Type>();
        let starts = sealed.column(1).as_primitive::<Int64Type>();
        let lasts = sealed.column(2).as_primitive::<Int64Type>();
        let keys = sealed.column(3).as_binary::<i32>();
        for row in 0..sealed.num_rows() {
            let open = Open {
                key: keys.value(row).into(),
                start: starts.value(row),
                last: lasts.value(row),
                head,
            };
            self.insert(ids.value(row), open);
        }
        Ok(())
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        let each = size_of::<(u64, Open)>() + size_of::<(Key, u64)>();
        self.open.len() * each + self.key_bytes + self.due.capacity() * size_of::<(i64, u64)>()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Float64Array;
    use arrow::datatypes::DataType;

    use super::*;

    fn rows(keys: &[Option<f64>], times: &[i64]) -> Batch {
        let schema = Schema::new(vec![Field::new("k", DataType::Float64, true)]);
        let column: ArrayRef = Arc::new(Float64Array::from(keys.to_vec()));
        let rows = RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap();
        let seq = (0..times.len() as u64).collect();
        Batch::new(rows, times.to_vec().into(), seq).unwrap()
    }

    #[test]
    fn a_session_a_key() {
        let batch = rows(
            &[
                Some(0.0),
                None,
                Some(f64::NAN),
                Some(-0.0),
                None,
                Some(-f64::NAN),
            ],
            &[0, 1, 2, 3, 5, 6],
        );
        let mut open = OpenSessions::new(4, &batch.rows.schema(), vec![0]).unwrap();
        let (ids, closed) = open.assign(&batch, 0).unwrap();
        // The null's second row is a gap behind its first; NaN's is too, and zeros are one key.
        assert_eq!(ids, [0, 1, 2, 0, 3, 4]);
        assert_eq!(closed.iter().map(|c| c.id).collect::<Vec<_>>(), [1, 2]);
        let mut due = Vec::new();
        open.due(Some(6), &mut due);
        assert!(due.is_empty());
        open.due(Some(9), &mut due);
        let bounds: Vec<_> = due.iter().map(|c| (c.id, c.start, c.end)).collect();
        assert_eq!(bounds, [(0, 0, 7), (3, 5, 9)]);
        open.due(None, &mut due);
        assert_eq!(due.len(), 3);
        assert_eq!(open.key_bytes, 0);
    }
}
