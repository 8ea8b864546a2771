//! A rule's keyed state: bytes by key, with the time at which an entry is gone. Writes of a call are
//! made at once and taken back if it fails, so that a call sees its own writes without a second map.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use arrow::array::{Array, BinaryArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use zaraba_core::error::{Error, Result};

/// What an entry costs beside its key and value.
const ENTRY: usize = 64;

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    value: Vec<u8>,
    expires: Option<i64>,
}

impl Entry {
    fn lives(&self, at: i64) -> bool {
        self.expires.is_none_or(|expires| at < expires)
    }
}

/// The state. Between calls `undo` is empty.
#[derive(Debug, Default)]
pub(crate) struct State {
    entries: BTreeMap<Vec<u8>, Entry>,
    /// Keys with an end, by it: what is forgotten once no row can ask for it.
    ends: BTreeSet<(i64, Vec<u8>)>,
    bytes: usize,
    undo: Vec<(Vec<u8>, Option<Entry>)>,
}

/// More than the limit was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Full;

impl State {
    /// Bytes held, as the limit counts them.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, key: &[u8], at: i64) -> Option<&[u8]> {
        let entry = self.entries.get(key).filter(|entry| entry.lives(at))?;
        Some(&entry.value)
    }

    /// Sets an entry, unless the state would grow past `limit`.
    pub(crate) fn set(
        &mut self,
        key: Vec<u8>,
        value: Vec<u8>,
        expires: Option<i64>,
        limit: usize,
    ) -> Result<(), Full> {
        let before = self.put(key.clone(), Some(Entry { value, expires }));
        self.undo.push((key, before));
        if self.bytes > limit {
            Err(Full)
        } else {
            Ok(())
        }
    }

    pub(crate) fn delete(&mut self, key: &[u8]) {
        if self.entries.contains_key(key) {
            let before = self.put(key.to_vec(), None);
            self.undo.push((key.to_vec(), before));
        }
    }

    /// Entries by prefix, in order, after a key.
    pub(crate) fn scan<'a>(
        &'a self,
        prefix: &'a [u8],
        after: Option<&[u8]>,
        at: i64,
    ) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.entries
            .range::<[u8], _>((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .filter(move |(_, entry)| entry.lives(at))
            .map(|(key, entry)| (key.as_slice(), entry.value.as_slice()))
    }

    /// The call succeeded.
    pub(crate) fn commit(&mut self) {
        self.undo.clear();
    }

    /// The call failed: everything is as before it.
    pub(crate) fn rollback(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            self.put(key, before);
        }
    }

    /// Forgets what nobody at or after `at` can see. Only between calls.
    pub(crate) fn forget(&mut self, at: i64) {
        while self.ends.first().is_some_and(|(end, _)| *end <= at)
            && let Some((_, key)) = self.ends.pop_first()
        {
            self.put(key, None);
        }
    }

    /// Puts or removes an entry and keeps the count; the one before.
    fn put(&mut self, key: Vec<u8>, entry: Option<Entry>) -> Option<Entry> {
        let size = |entry: &Entry| key.len() + entry.value.len() + ENTRY;
        let added = entry.as_ref().map_or(0, size);
        if let Some(end) = entry.as_ref().and_then(|entry| entry.expires) {
            self.ends.insert((end, key.clone()));
        }
        let before = match entry {
            Some(entry) => self.entries.insert(key.clone(), entry),
            None => self.entries.remove(&key),
        };
        let removed = before.as_ref().map_or(0, size);
        let still = self.entries.get(&key).and_then(|entry| entry.expires);
        if let Some(end) = before.as_ref().and_then(|entry| entry.expires)
            && still != Some(end)
        {
            self.ends.remove(&(end, key));
        }
        self.bytes = self.bytes + added - removed;
        before
    }

    /// The entries as rows, for a checkpoint.
    pub(crate) fn rows(&self) -> Result<RecordBatch> {
        let schema = Schema::new(vec![
            Field::new("key", DataType::Binary, false),
            Field::new("value", DataType::Binary, false),
            Field::new("expires", DataType::Int64, true),
        ]);
        let keys = BinaryArray::from_iter_values(self.entries.keys());
        let values = BinaryArray::from_iter_values(self.entries.values().map(|e| &e.value));
        let expires: Int64Array = self.entries.values().map(|e| e.expires).collect();
        let columns = vec![
            Arc::new(keys) as _,
            Arc::new(values) as _,
            Arc::new(expires) as _,
        ];
        Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
    }

    /// Takes them back.
    pub(crate) fn from_rows(rows: &RecordBatch) -> Result<Self> {
        let wrong = || Error::internal("a snapshot of a rule's state with other columns");
        let binary = |i: usize| {
            let column = rows.columns().get(i);
            column
                .and_then(|c| c.as_any().downcast_ref::<BinaryArray>())
                .ok_or_else(wrong)
        };
        let (keys, values) = (binary(0)?, binary(1)?);
        let expires = rows.columns().get(2);
        let expires = expires.and_then(|c| c.as_any().downcast_ref::<Int64Array>());
        let expires = expires.ok_or_else(wrong)?;
        let mut state = Self::default();
        for i in 0..rows.num_rows() {
            let entry = Entry {
                value: values.value(i).to_vec(),
                expires: expires.is_valid(i).then(|| expires.value(i)),
            };
            state.put(keys.value(i).to_vec(), Some(entry));
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(state: &State, at: i64) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entries = state.scan(b"", None, at);
        entries.map(|(k, v)| (k.to_vec(), v.to_vec())).collect()
    }

    fn set(state: &mut State, key: &[u8], value: &[u8], expires: Option<i64>) {
        state
            .set(key.to_vec(), value.to_vec(), expires, usize::MAX)
            .unwrap();
    }

    #[test]
    fn a_failed_call_leaves_no_trace() {
        let mut state = State::default();
        set(&mut state, b"a", b"1", Some(10));
        set(&mut state, b"b", b"2", None);
        state.commit();
        let (before, bytes) = (all(&state, 0), state.bytes());
        set(&mut state, b"a", b"other", Some(20));
        set(&mut state, b"a", b"again", None);
        set(&mut state, b"c", b"new", Some(5));
        state.delete(b"b");
        state.rollback();
        assert_eq!((all(&state, 0), state.bytes()), (before, bytes));
        state.forget(10);
        assert_eq!(all(&state, 0), [(b"b".to_vec(), b"2".to_vec())]);
    }

    #[test]
    fn an_entry_is_gone_at_its_end() {
        let mut state = State::default();
        set(&mut state, b"a", b"1", Some(10));
        assert_eq!(state.get(b"a", 9), Some(b"1".as_slice()));
        assert_eq!(state.get(b"a", 10), None);
        set(&mut state, b"a", b"2", Some(30)); // the earlier end no longer counts
        state.commit();
        state.forget(20);
        assert_eq!(state.get(b"a", 20), Some(b"2".as_slice()));
    }

    #[test]
    fn scans_go_by_prefix_and_page() {
        let mut state = State::default();
        for key in ["a1", "a2", "a3", "b1"] {
            set(&mut state, key.as_bytes(), b"", None);
        }
        let keys = |prefix: &str, after: Option<&str>| -> Vec<String> {
            let found = state.scan(prefix.as_bytes(), after.map(str::as_bytes), 0);
            found
                .map(|(key, _)| String::from_utf8(key.to_vec()).unwrap())
                .collect()
        };
        assert_eq!(keys("a", None), ["a1", "a2", "a3"]);
        assert_eq!(keys("a", Some("a2")), ["a3"]);
        assert_eq!(keys("", Some("a3")), ["b1"]);
        assert!(keys("c", None).is_empty());
    }

    #[test]
    fn a_checkpoint_gives_it_back() {
        let mut state = State::default();
        set(&mut state, b"a", b"1", Some(10));
        set(&mut state, b"b", b"", None);
        state.commit();
        let back = State::from_rows(&state.rows().unwrap()).unwrap();
        assert_eq!(
            (all(&back, 0), back.bytes()),
            (all(&state, 0), state.bytes())
        );
        assert_eq!(back.ends, state.ends);
    }
}
