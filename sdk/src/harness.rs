//! Runs a rule natively, for tests: `cargo test`, without wasm and without an engine. It does what the
//! engine does with a rule: hands it the columns it asked for, leaves out rows without a value it
//! needs, keeps its state from call to call, forgets the writes of a call that fails, fires its timer
//! between the rows, and writes its messages.
//!
//! [`Harness::raised`] is what most tests want: all that a rule raises over its streams, seen to be
//! the same however the rows are split into calls, each in a fresh instance. [`Harness::new`] is for
//! the single call.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::bindings::{self, Alert, Batch, Value};
use crate::glue::{Slot, describe};
use crate::log::Level;
use crate::rule::Rule;

pub mod calendar;

mod messages;

mod random;

mod reading;

mod run;

mod table;

pub use self::messages::Text;
pub use self::random::Random;
pub use self::run::Raised;
pub use self::table::{Cells, Table};

/// A value in the state.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Vec<u8>,
    pub(crate) expires: Option<i64>,
}

/// A row of a table that a rule looks into.
#[derive(Clone, Debug)]
pub(crate) struct TableRow {
    pub(crate) time: i64,
    pub(crate) key: Vec<Value>,
    pub(crate) values: Vec<Value>,
}

/// What the engine is to a rule.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) state: BTreeMap<Vec<u8>, Entry>,
    pub(crate) log: Vec<(Level, String)>,
    pub(crate) tables: HashMap<u32, Vec<TableRow>>,
    pub(crate) holidays: BTreeSet<i32>,
    /// What the call's writes replaced, in order.
    replaced: Vec<(Vec<u8>, Option<Entry>)>,
    /// What the rule says of its tables.
    wanted: Vec<bindings::Table>,
    /// The first and the last time of the call's rows; none outside of calls.
    times: Option<(i64, i64)>,
}

std::thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

pub(crate) fn with_world<T>(work: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(work)
}

/// The order of values of one type.
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Int64(a), Value::Int64(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Float64(a), Value::Float64(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

impl World {
    /// The engine ends a rule that asks about another time than that of a row of the call: the answer
    /// would depend on how rows are split.
    pub(crate) fn check_time(&self, at: i64) {
        if let Some((first, last)) = self.times {
            assert!(
                (first..=last).contains(&at),
                "asked about {at}; the rows of the call are of {first} to {last}"
            );
        }
    }

    /// Writes an entry, or takes it out.
    pub(crate) fn write(&mut self, key: &[u8], entry: Option<Entry>) {
        let before = match entry {
            Some(entry) => self.state.insert(key.to_vec(), entry),
            None => self.state.remove(key),
        };
        self.replaced.push((key.to_vec(), before));
    }

    fn take_back(&mut self) {
        for (key, before) in std::mem::take(&mut self.replaced).into_iter().rev() {
            match before {
                Some(entry) => self.state.insert(key, entry),
                None => self.state.remove(&key),
            };
        }
    }

    /// The rows of a table whose keys begin so, in the order of their keys.
    pub(crate) fn scan(&self, table: u32, prefix: &[Value], at: i64) -> Batch {
        let rows = self.tables.get(&table).into_iter().flatten();
        let mut found: Vec<&TableRow> = Vec::new();
        for row in rows.filter(|row| row.time <= at && row.key.starts_with(prefix)) {
            match found.iter().position(|other| other.key == row.key) {
                Some(place) if found[place].time <= row.time => found[place] = row,
                Some(_) => {}
                None => found.push(row),
            }
        }
        found.sort_by(|a, b| {
            let pairs = a.key.iter().zip(&b.key).map(|(a, b)| order(a, b));
            pairs.fold(Ordering::Equal, Ordering::then)
        });
        let fields = self.wanted.get(table as usize).map(|table| &table.fields);
        let column = |(i, field)| {
            let cells: Vec<&Value> = found.iter().map(|row| &row.values[i]).collect();
            table::column(field, &cells).unwrap_or_else(|wrong| panic!("{wrong}"))
        };
        Batch {
            time: found.iter().map(|row| row.time).collect(),
            columns: fields
                .into_iter()
                .flatten()
                .enumerate()
                .map(column)
                .collect(),
        }
    }
}

/// A rule that runs natively. One at a time on a thread: its state is the thread's.
#[derive(Debug)]
pub struct Harness<R> {
    params: String,
    slot: Slot<R>,
    manifest: bindings::Manifest,
}

impl<R: Rule> Harness<R> {
    /// A rule with these parameters, an empty state and no tables.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    pub fn new(params: &str) -> Result<Self, String> {
        let manifest = describe::<R>();
        with_world(|world| {
            *world = World {
                wanted: manifest.tables.clone(),
                holidays: std::mem::take(&mut world.holidays),
                ..World::default()
            }
        });
        let slot = Slot::new();
        slot.configure(params)?;
        Ok(Self {
            params: params.to_owned(),
            slot,
            manifest,
        })
    }

    /// Goes on with a fresh instance, as the engine may between any two calls.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    pub fn replace(&mut self) -> Result<(), String> {
        self.slot.configure(&self.params)
    }

    /// Puts a row into a table of the manifest.
    pub fn put(&mut self, table: u32, time: i64, key: impl Cells, values: impl Cells) {
        let (key, values) = (key.cells(), values.cells());
        let row = TableRow { time, key, values };
        with_world(|world| world.tables.entry(table).or_default().push(row));
    }

    /// Hands it rows of a stream. The alerts' rows are places in the table.
    ///
    /// # Errors
    /// As the rule; and when the table has not the columns that the rule wants.
    pub fn evaluate(&mut self, stream: u32, rows: &Table) -> Result<Vec<Alert>, String> {
        let streams = &self.manifest.streams;
        let fields = &streams.get(stream as usize).ok_or("no such stream")?.fields;
        let (batch, kept) = rows.batch(fields)?;
        let times = batch.time.first().copied().zip(batch.time.last().copied());
        if times.is_none() {
            return Ok(Vec::new());
        }
        let mut alerts = Self::whole(times, || self.slot.evaluate(stream, batch))?;
        for alert in &mut alerts {
            alert.row = *kept.get(alert.row as usize).ok_or("an alert of no row")?;
        }
        alerts.sort_by_key(|alert| alert.row);
        Ok(alerts)
    }

    /// The same, each row in a call and in an instance of its own. A rule answers the same.
    ///
    /// # Errors
    /// As [`Harness::evaluate`].
    pub fn evaluate_by_row(&mut self, stream: u32, rows: &Table) -> Result<Vec<Alert>, String> {
        let mut found = Vec::new();
        for i in 0..rows.len() {
            self.replace()?;
            let alerts = self.evaluate(stream, &rows.part(i, i + 1))?;
            let row = i as u32;
            found.extend(alerts.into_iter().map(|alert| Alert { row, ..alert }));
        }
        Ok(found)
    }

    /// Tells it the time.
    ///
    /// # Errors
    /// As the rule.
    pub fn tick(&mut self, at: i64) -> Result<Vec<Alert>, String> {
        Self::whole(Some((at, at)), || self.slot.tick(at))
    }

    /// How an alert reads in a language of the manifest: `ja`, `en`. None if the manifest has no such
    /// message.
    ///
    /// # Errors
    /// When a template is wrong.
    pub fn text(&self, alert: &Alert, language: &str) -> Result<Option<Text>, String> {
        messages::text(&self.manifest, alert, language)
    }

    /// The lines it wrote so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        with_world(|world| world.log.iter().map(|(_, line)| line.clone()).collect())
    }

    /// A call takes effect as a whole or not at all.
    fn whole<T>(
        times: Option<(i64, i64)>,
        call: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, String> {
        with_world(|world| {
            world.times = times;
            world.replaced.clear();
        });
        let answer = call();
        with_world(|world| {
            world.times = None;
            if answer.is_err() {
                world.take_back();
            }
        });
        answer
    }
}
