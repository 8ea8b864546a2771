//! Rows of a join's first side, waiting in the order in which they will be answered.

use std::collections::BTreeMap;

use arrow::array::BooleanArray;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;

use crate::join::key::Key;
use crate::join::store::Store;

/// What orders rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The time at which it is joined.
    pub(crate) time: i64,
    /// Its event time.
    pub(crate) at: i64,
    /// Its sequence.
    pub(crate) seq: u64,
    /// Its number in the store.
    pub(crate) number: u64,
}

/// The rows of a batch that have a key, or all if `all`.
pub(crate) fn with_key(
    rows: Batch,
    keys: Vec<Option<Key>>,
    all: bool,
) -> Result<(Batch, Vec<Option<Key>>)> {
    if all || keys.iter().all(Option::is_some) {
        return Ok((rows, keys));
    }
    let mask: BooleanArray = keys.iter().map(|k| Some(k.is_some())).collect();
    let keys = keys.into_iter().filter(Option::is_some).collect();
    Ok((rows.filter(&mask)?, keys))
}

/// The rows that wait.
pub(crate) struct Waiting {
    pub(crate) store: Store,
    order: BTreeMap<Place, Option<Key>>,
}

impl Waiting {
    /// None yet.
    pub(crate) const fn new(store: Store) -> Self {
        Self {
            store,
            order: BTreeMap::new(),
        }
    }

    /// Takes rows in, each with the time at which it is joined, and its key.
    pub(crate) fn push(
        &mut self,
        rows: Batch,
        times: &[i64],
        keys: Vec<Option<Key>>,
    ) -> Result<()> {
        let (at, seq) = (rows.time.clone(), rows.seq.clone());
        let first = self.store.push(rows)?;
        for (i, key) in keys.into_iter().enumerate() {
            let place = Place {
                time: times[i],
                at: at[i],
                seq: seq[i],
                number: first + i as u64,
            };
            self.order.insert(place, key);
        }
        Ok(())
    }

    /// When the next row is joined.
    pub(crate) fn next(&self) -> Option<i64> {
        self.order.first_key_value().map(|(place, _)| place.time)
    }

    /// Takes the next row; it stays in the store.
    pub(crate) fn pop(&mut self) -> Option<(Place, Option<Key>)> {
        self.order.pop_first()
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.store.size() + self.order.len() * size_of::<(Place, Option<Key>)>()
    }
}
