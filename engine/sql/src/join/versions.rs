//! A table's rows as of any time that a waiting or future row of the stream may ask for: of each
//! table key its versions, by time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, LargeBinaryArray, RecordBatch, UInt64Array,
};
use arrow::datatypes::{Int64Type, UInt64Type};
use hashbrown::HashMap;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::snapshot::{Segment, Snapshot};

use crate::join::key::Key;
use crate::join::store::Store;
use crate::table::ttl::{Expiry, Ttl};
use zaraba_core::packed;

/// A row of the table, or that it has none from then on.
struct Version {
    time: i64,
    seq: u64,
    /// When its row is gone.
    expires: i64,
    /// The row's number and what the stream's rows must equal; none: deleted, or not asked for.
    row: Option<(u64, Option<Key>)>,
}

/// A version, as it comes.
pub(crate) struct Coming {
    pub(crate) table_key: Key,
    pub(crate) time: i64,
    pub(crate) seq: u64,
    /// Its row, by its place in the batch that comes with it, and what the stream's rows must
    /// equal.
    pub(crate) row: Option<(usize, Option<Key>)>,
}

/// The versions.
pub(crate) struct Versions {
    pub(crate) store: Store,
    expiry: Expiry,
    by_table_key: HashMap<Key, VecDeque<Version>>,
    /// The table keys that have a version with a key of the join, in their order, and how many.
    by_key: HashMap<Key, BTreeMap<Key, usize>>,
    /// When a table key has versions that nobody asks for any more.
    due: BTreeSet<(i64, Key)>,
    versions: usize,
}

impl Versions {
    /// No rows yet.
    pub(crate) fn new(store: Store, ttl: Option<Ttl>) -> Self {
        Self {
            store,
            expiry: Expiry::new(ttl),
            by_table_key: HashMap::new(),
            by_key: HashMap::new(),
            due: BTreeSet::new(),
            versions: 0,
        }
    }

    /// Takes versions in; `rows` are those of them that have one.
    pub(crate) fn push(&mut self, rows: Batch, coming: Vec<Coming>) -> Result<()> {
        let first = self.store.push(rows)?;
        for one in coming {
            let row = one.row.map(|(at, key)| (first + at as u64, key));
            self.insert(one.table_key, one.time, one.seq, row);
        }
        Ok(())
    }

    fn insert(&mut self, of: Key, time: i64, seq: u64, row: Option<(u64, Option<Key>)>) {
        if let Some((_, Some(key))) = &row {
            let keys = self.by_key.entry(Arc::clone(key)).or_default();
            *keys.entry(Arc::clone(&of)).or_default() += 1;
        }
        let expires = self.expiry.of(time);
        if self.expiry.is_some() && row.is_some() {
            self.due.insert((expires, Arc::clone(&of)));
        }
        let (versions, last) = (self.by_table_key.entry(Arc::clone(&of)).or_default(), &row);
        let behind = versions.partition_point(|v| (v.time, v.seq) <= (time, seq));
        if last.is_none() || behind > 0 {
            self.due.insert((time, Arc::clone(&of)));
        }
        if let Some(next) = versions.get(behind) {
            self.due.insert((next.time, of));
        }
        let version = Version {
            time,
            seq,
            expires,
            row,
        };
        versions.insert(behind, version);
        self.versions += 1;
    }

    /// The rows of the table at a time that equal a key, in the order of the table's key.
    pub(crate) fn at(&self, key: &Key, time: i64, found: &mut Vec<u64>) {
        for of in self.by_key.get(key).into_iter().flat_map(BTreeMap::keys) {
            let Some(versions) = self.by_table_key.get(of) else {
                continue;
            };
            let behind = versions.partition_point(|v| v.time <= time);
            let newest = behind.checked_sub(1).and_then(|i| versions.get(i));
            if let Some(version) = newest
                && time < version.expires
                && let Some((number, Some(of))) = &version.row
                && of == key
            {
                found.push(*number);
            }
        }
    }

    /// Lets go what nobody at this time or later asks for; at most so many table keys. Whether
    /// there is more.
    pub(crate) fn forget(&mut self, time: i64, most: usize) -> Result<bool> {
        for _ in 0..most {
            let Some((_, of)) = self.due.first().filter(|(due, _)| *due <= time) else {
                return Ok(false);
            };
            let of = Arc::clone(of);
            self.due.pop_first();
            self.trim(&of, time)?;
        }
        Ok(true)
    }

    fn trim(&mut self, of: &Key, time: i64) -> Result<()> {
        let Some(versions) = self.by_table_key.get(of) else {
            return Ok(());
        };
        let behind = versions.partition_point(|v| v.time <= time);
        let Some(newest) = behind.checked_sub(1).and_then(|i| versions.get(i)) else {
            return Ok(());
        };
        let absent = newest.row.is_none() || newest.expires <= time;
        let n = if absent { behind } else { behind - 1 };
        let Some(versions) = self.by_table_key.get_mut(of) else {
            return Ok(());
        };
        let gone: Vec<Version> = versions.drain(..n).collect();
        if versions.is_empty() {
            self.by_table_key.remove(of);
        }
        self.versions -= gone.len();
        for (number, key) in gone.into_iter().filter_map(|v| v.row) {
            self.store.remove(number)?;
            if let Some(key) = key {
                self.forget_key(&key, of);
            }
        }
        Ok(())
    }

    fn forget_key(&mut self, key: &Key, of: &Key) {
        let Some(keys) = self.by_key.get_mut(key) else {
            return;
        };
        if let Some(n) = keys.get_mut(of) {
            *n -= 1;
            if *n == 0 {
                keys.remove(of);
            }
        }
        if keys.is_empty() {
            self.by_key.remove(key);
        }
    }

    /// Adds the state to a snapshot.
    pub(crate) fn save(&mut self, snapshot: &mut Snapshot) -> Result<()> {
        snapshot.push("rows", Vec::new(), self.store.seal()?);
        let places: HashMap<u64, u64> = self.store.numbers().zip(0u64..).collect();
        let all = || {
            let each = self.by_table_key.iter();
            each.flat_map(|(of, versions)| versions.iter().map(move |v| (of, v)))
        };
        let row = |v: &Version| v.row.as_ref().and_then(|(n, _)| places.get(n)).copied();
        let key = |v: &'_ Version| v.row.as_ref().and_then(|(_, key)| key.clone());
        let keys: Vec<Option<Key>> = all().map(|(_, v)| key(v)).collect();
        let table_keys: Vec<&Key> = all().map(|(of, _)| of).collect();
        let times: Vec<i64> = all().map(|(_, v)| v.time).collect();
        let seqs: Vec<u64> = all().map(|(_, v)| v.seq).collect();
        let columns: [(&str, ArrayRef); 5] = [
            (
                "table_key",
                Arc::new(LargeBinaryArray::from_iter_values(table_keys)),
            ),
            ("time", Arc::new(Int64Array::from(times))),
            ("seq", Arc::new(UInt64Array::from(seqs))),
            (
                "row",
                Arc::new(all().map(|(_, v)| row(v)).collect::<UInt64Array>()),
            ),
            (
                "key",
                Arc::new(
                    keys.iter()
                        .map(|k| k.as_deref())
                        .collect::<LargeBinaryArray>(),
                ),
            ),
        ];
        let columns = columns.into_iter().map(|(name, c)| (name, c, true));
        let versions = RecordBatch::try_from_iter_with_nullable(columns)?;
        snapshot.push("versions", Vec::new(), vec![Segment::new(versions)]);
        Ok(())
    }

    /// Takes the state back.
    pub(crate) fn load(&mut self, snapshot: &Snapshot) -> Result<()> {
        for segment in &snapshot.part("rows")?.segments {
            // Numbers begin at 0 again, so that a row's number is its place.
            self.store.push(packed::unpack(&segment.rows)?)?;
        }
        for segment in &snapshot.part("versions")?.segments {
            let column = |i| segment.rows.column(i);
            let (of, keys) = (column(0).as_binary::<i64>(), column(4).as_binary::<i64>());
            let times = column(1).as_primitive::<Int64Type>();
            let seqs = column(2).as_primitive::<UInt64Type>();
            let rows = column(3).as_primitive::<UInt64Type>();
            for i in 0..segment.rows.num_rows() {
                let key = keys.is_valid(i).then(|| Key::from(keys.value(i)));
                let row = rows.is_valid(i).then(|| (rows.value(i), key));
                self.insert(Key::from(of.value(i)), times.value(i), seqs.value(i), row);
            }
        }
        Ok(())
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        let each = size_of::<(Key, Version)>() + 2 * size_of::<(Key, usize)>();
        self.store.size() + self.versions * each
    }
}
