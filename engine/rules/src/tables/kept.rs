//! Tables kept for one rule, from the changelogs that the rule's node reads: of each key its versions
//! by time, as far back as a row that is still to come may ask.

mod saved;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::time::EventTime;

use crate::bind::{Misfit, bind};
use crate::manifest::{self, Manifest};
use crate::plugin::Plugin;
use crate::tables::Tables;
use crate::tables::key::{self, encoded};
use crate::value::{DataType, Value, arrow_type, column, values};

/// Says of a table's row whether it is gone by a time, although no deletion came.
pub trait Gone: Send + Sync {
    /// When a row of this time is gone, whatever it says; the end of time if never.
    fn expires(&self, time: EventTime) -> EventTime;

    /// Whether [`Gone::gone`] is to be asked.
    fn asks(&self) -> bool;

    /// Whether the only row of this batch, with the table's own columns, is gone at a time.
    ///
    /// # Errors
    /// When that cannot be told.
    fn gone(&self, row: &RecordBatch, at: EventTime) -> Result<bool>;
}

/// A table of the pipeline.
#[derive(Clone)]
pub struct Given {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// Its key columns.
    pub key: Vec<usize>,
    /// What makes rows vanish with time alone.
    pub gone: Option<Arc<dyn Gone>>,
}

/// Whether a plugin can look into a table as the one of this place in its manifest; everything that
/// does not fit.
///
/// # Errors
/// What does not fit.
pub fn check_table(plugin: &Plugin, table: usize, given: &Given) -> Result<(), Vec<Misfit>> {
    match plugin.manifest().tables.get(table) {
        Some(wanted) => One::new(wanted, given).map(drop),
        None => Ok(()),
    }
}

/// The tables of a rule.
pub struct Kept(Vec<Option<Mutex<One>>>);

struct Version {
    time: i64,
    seq: u64,
    /// When its row is gone.
    expires: i64,
    /// None: deleted.
    row: Option<Row>,
}

struct Row {
    /// The manifest's fields.
    fields: Vec<Value>,
    /// The table's own columns, where they say whether it is gone.
    whole: Option<RecordBatch>,
}

struct Entry {
    key: Vec<Value>,
    /// By time and sequence.
    versions: VecDeque<Version>,
}

/// Where a column is, and as what it is wanted.
type Place = (Option<usize>, DataType);

struct One {
    name: String,
    key: Vec<Place>,
    fields: Vec<Place>,
    /// The columns of what `scan` gives.
    shown: SchemaRef,
    gone: Option<Arc<dyn Gone>>,
    columns: SchemaRef,
    by_key: BTreeMap<Vec<u8>, Entry>,
    /// From when on a key has versions that nobody asks for.
    due: BTreeSet<(i64, Vec<u8>)>,
    bytes: usize,
}

fn schema(fields: &[manifest::Field]) -> SchemaRef {
    let field = |f: &manifest::Field| Field::new(&f.name, arrow_type(f.data_type), true);
    Arc::new(Schema::new(fields.iter().map(field).collect::<Vec<_>>()))
}

/// What the key columns of a table are called.
fn key_names(given: &Given) -> Vec<&str> {
    let name = |place: &usize| given.columns.field(*place).name().as_str();
    given.key.iter().map(name).collect()
}

fn ticked(names: &[&str]) -> String {
    let ticked: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    ticked.join(", ")
}

impl One {
    fn new(wanted: &manifest::Table, given: &Given) -> Result<Self, Vec<Misfit>> {
        let places = |fields: &[manifest::Field]| {
            let stream = manifest::Stream {
                name: wanted.name.clone(),
                fields: fields.to_vec(),
            };
            bind(&stream, &given.name, &given.columns).map(|bound| bound.places().to_vec())
        };
        let (mut has, key) = (key_names(given), &wanted.key);
        let mut asked: Vec<&str> = key.iter().map(|field| field.name.as_str()).collect();
        has.sort_unstable();
        asked.sort_unstable();
        if has != asked {
            let wants: Vec<&str> = key.iter().map(|field| field.name.as_str()).collect();
            return Err(vec![Misfit {
                column: wants.first().map_or_else(String::new, |n| (*n).to_owned()),
                what: format!(
                    "the rule looks into `{}` by the key {}, and it has the key {}",
                    given.name,
                    ticked(&wants),
                    ticked(&key_names(given))
                ),
            }]);
        }
        let (key, fields) = match (places(key), places(&wanted.fields)) {
            (Ok(key), Ok(fields)) => (key, fields),
            (key, fields) => {
                let wrong = [key.err(), fields.err()];
                return Err(wrong.into_iter().flatten().flatten().collect());
            }
        };
        Ok(Self {
            name: given.name.clone(),
            key,
            fields,
            shown: schema(&wanted.fields),
            gone: given.gone.clone(),
            columns: Arc::clone(&given.columns),
            by_key: BTreeMap::new(),
            due: BTreeSet::new(),
            bytes: 0,
        })
    }

    /// Columns as values, a row each.
    fn rows(places: &[Place], rows: &RecordBatch) -> Result<Vec<Vec<Value>>> {
        let columns = places.iter().map(|(place, of)| match place {
            Some(place) => values(rows.column(*place), *of),
            None => Ok(vec![Value::Null; rows.num_rows()]),
        });
        let mut columns: Vec<_> = columns
            .map(|column| column.map(Vec::into_iter))
            .collect::<Result<_>>()?;
        let row = |_| columns.iter_mut().filter_map(Iterator::next).collect();
        Ok((0..rows.num_rows()).map(row).collect())
    }

    fn push(&mut self, batch: &Batch) -> Result<()> {
        let keys = Self::rows(&self.key, &batch.rows)?;
        let fields = Self::rows(&self.fields, &batch.rows)?;
        for (i, (key, fields)) in keys.into_iter().zip(fields).enumerate() {
            let row = (!batch.is_deleted(i)).then(|| Row {
                fields,
                // A slice would keep the whole batch.
                whole: self.asked().and_then(|_| {
                    let only = arrow::array::UInt32Array::from(vec![u32::try_from(i).ok()?]);
                    arrow::compute::take_record_batch(&batch.rows, &only).ok()
                }),
            });
            self.insert(key, batch.time[i], batch.seq[i], row);
        }
        Ok(())
    }

    /// Who must be asked whether a row is gone.
    fn asked(&self) -> Option<&Arc<dyn Gone>> {
        self.gone.as_ref().filter(|gone| gone.asks())
    }

    fn insert(&mut self, key: Vec<Value>, time: i64, seq: u64, row: Option<Row>) {
        let name = encoded(&key);
        let expires = match &self.gone {
            Some(gone) if row.is_some() => gone.expires(EventTime(time)).0,
            _ => i64::MAX,
        };
        if expires < i64::MAX {
            self.due.insert((expires, name.clone()));
        }
        self.bytes += name.len() + key::bytes(&key) + size(row.as_ref());
        let entry = self.by_key.entry(name.clone()).or_insert_with(|| Entry {
            key,
            versions: VecDeque::new(),
        });
        let behind = entry
            .versions
            .partition_point(|v| (v.time, v.seq) <= (time, seq));
        if row.is_none() || behind > 0 {
            self.due.insert((time, name.clone()));
        }
        if let Some(next) = entry.versions.get(behind) {
            self.due.insert((next.time, name));
        }
        entry.versions.insert(
            behind,
            Version {
                time,
                seq,
                expires,
                row,
            },
        );
    }

    /// The row of an entry at a time.
    fn row<'a>(&self, entry: &'a Entry, at: EventTime) -> Result<Option<(i64, &'a Row)>> {
        let behind = entry.versions.partition_point(|v| v.time <= at.0);
        let newest = behind.checked_sub(1).and_then(|i| entry.versions.get(i));
        let Some((time, row)) = newest
            .filter(|v| at.0 < v.expires)
            .and_then(|v| Some((v.time, v.row.as_ref()?)))
        else {
            return Ok(None);
        };
        match (self.asked(), &row.whole) {
            (Some(gone), Some(whole)) if gone.gone(whole, at)? => Ok(None),
            _ => Ok(Some((time, row))),
        }
    }

    /// The guest's key values are of the key's types.
    fn check(&self, key: &[Value], whole: bool) -> Result<()> {
        let n = self.key.len();
        if key.len() > n || (whole && key.len() < n) {
            return Err(Error::user(format!(
                "it asked `{}` for a key of {} values; its key has {n}",
                self.name,
                key.len()
            )));
        }
        for (value, (_, of)) in key.iter().zip(&self.key) {
            key::check(value, *of).map_err(|what| {
                Error::user(format!("it asked `{}` for a key of {what}", self.name))
            })?;
        }
        Ok(())
    }

    fn scan(&self, prefix: &[Value], at: EventTime) -> Result<Batch> {
        let prefix = encoded(prefix);
        let (mut times, mut found) = (Vec::new(), Vec::new());
        let from = self.by_key.range(prefix.clone()..);
        for (_, entry) in from.take_while(|(key, _)| key.starts_with(&prefix)) {
            if let Some((time, row)) = self.row(entry, at)? {
                times.push(time);
                found.push(&row.fields);
            }
        }
        let columns = self.fields.iter().enumerate();
        let columns = columns.map(|(i, (_, of))| column(*of, found.iter().map(|row| &row[i])));
        let rows = RecordBatch::try_new_with_options(
            Arc::clone(&self.shown),
            columns.collect(),
            &arrow::array::RecordBatchOptions::new().with_row_count(Some(times.len())),
        )?;
        let seqs: Vec<u64> = (0..times.len() as u64).collect();
        Batch::new(rows, times.into(), seqs.into())
    }

    /// Lets go what nobody asks for at this time or later.
    fn forget(&mut self, time: i64) {
        while let Some((_, name)) = self.due.first().filter(|(due, _)| *due <= time) {
            let name = name.clone();
            self.due.pop_first();
            let Some(entry) = self.by_key.get_mut(&name) else {
                continue;
            };
            let behind = entry.versions.partition_point(|v| v.time <= time);
            let Some(newest) = behind.checked_sub(1) else {
                continue;
            };
            let last = &entry.versions[newest];
            let n = if last.row.is_none() || last.expires <= time {
                behind
            } else {
                newest
            };
            let key = name.len() + key::bytes(&entry.key);
            for gone in entry.versions.drain(..n) {
                self.bytes = self.bytes.saturating_sub(key + size(gone.row.as_ref()));
            }
            if entry.versions.is_empty() {
                self.by_key.remove(&name);
            }
        }
    }

    /// Every version, in the order of keys and times.
    fn all(&self) -> impl Iterator<Item = (&Entry, &Version)> {
        let entries = self.by_key.values();
        entries.flat_map(|entry| entry.versions.iter().map(move |version| (entry, version)))
    }
}

fn size(row: Option<&Row>) -> usize {
    let row = row.map_or(0, |row| {
        let whole = row
            .whole
            .as_ref()
            .map_or(0, RecordBatch::get_array_memory_size);
        key::bytes(&row.fields) + whole
    });
    size_of::<Version>() + row
}

impl Kept {
    /// Nothing in them yet. `given` are the tables of the pipeline, in the order of the manifest,
    /// which may have more that are optional.
    ///
    /// # Errors
    /// The user's, when a table does not fit.
    pub fn new(manifest: &Manifest, given: &[Given]) -> Result<Self> {
        let one = |(wanted, given): (&manifest::Table, Option<&Given>)| {
            let Some(given) = given else {
                return Ok(None);
            };
            let made = One::new(wanted, given).map_err(|wrong| {
                let what: Vec<String> = wrong.into_iter().map(|misfit| misfit.what).collect();
                Error::user(what.join("; "))
            });
            made.map(|one| Some(Mutex::new(one)))
        };
        let given = given.iter().map(Some).chain(std::iter::repeat(None));
        let tables = manifest.tables.iter().zip(given).map(one);
        tables.collect::<Result<_>>().map(Self)
    }

    fn one(&self, table: usize) -> Option<MutexGuard<'_, One>> {
        let one = self.0.get(table)?.as_ref()?;
        Some(one.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ones(&self) -> impl Iterator<Item = MutexGuard<'_, One>> {
        (0..self.0.len()).filter_map(|table| self.one(table))
    }

    /// Takes rows of a table's stream.
    ///
    /// # Errors
    /// When they are not what was checked: a broken invariant.
    pub(crate) fn push(&self, table: usize, rows: &Batch) -> Result<()> {
        match self.one(table) {
            Some(mut one) => one.push(rows),
            None => Err(Error::internal("rows of a table that no rule looks into")),
        }
    }

    /// No row before this time is still to come.
    pub(crate) fn forget(&self, time: EventTime) {
        self.ones().for_each(|mut one| one.forget(time.0));
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.ones().map(|one| one.bytes).sum()
    }

    /// The tables for a checkpoint, each with its number.
    pub(crate) fn saved(&self) -> Result<Vec<(i64, RecordBatch)>> {
        let mut saved = Vec::new();
        for table in 0..self.0.len() {
            if let Some(one) = self.one(table) {
                saved.push((table as i64, one.save()?));
            }
        }
        Ok(saved)
    }

    /// Takes one back.
    pub(crate) fn load(&self, table: i64, rows: &RecordBatch) -> Result<()> {
        let table = usize::try_from(table).unwrap_or(usize::MAX);
        match self.one(table) {
            Some(mut one) => one.load(rows),
            None => Err(Error::internal("a snapshot of a table that no rule reads")),
        }
    }
}

impl Tables for Kept {
    fn lookup(&self, table: usize, key: &[Value], at: EventTime) -> Result<Option<Vec<Value>>> {
        let Some(one) = self.one(table) else {
            return Ok(None);
        };
        one.check(key, true)?;
        let Some(entry) = one.by_key.get(&encoded(key)) else {
            return Ok(None);
        };
        let found = one.row(entry, at)?;
        Ok(found.map(|(_, row)| row.fields.clone()))
    }

    fn scan(&self, table: usize, prefix: &[Value], at: EventTime) -> Result<Option<Batch>> {
        let Some(one) = self.one(table) else {
            return Ok(None);
        };
        one.check(prefix, false)?;
        one.scan(prefix, at).map(Some)
    }
}
