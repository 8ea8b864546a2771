//! Runs a rule natively, for tests: `cargo test`, without wasm and without an engine. It does what the
//! engine does with a rule: hands it the columns it asked for, leaves out rows without a value it
//! needs, keeps its state from call to call, and forgets the writes of a call that fails.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use crate::bindings::{Alert, Batch, Column, DataType, Field, Texts, Value, Values};
use crate::glue::{Slot, describe};
use crate::log::Level;
use crate::rule::Rule;

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
}

std::thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

pub(crate) fn with_world<T>(work: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(work)
}

/// Rows for a call, written down in a test.
#[derive(Clone, Debug)]
pub struct Table {
    names: Vec<&'static str>,
    rows: Vec<(i64, Vec<Value>)>,
}

/// A row of a [`Table`]: a tuple of values.
pub trait Cells {
    /// The values.
    fn cells(self) -> Vec<Value>;
}

macro_rules! cells_of_tuple {
    ($($name:ident)+) => {
        impl<$($name: Into<Value>),+> Cells for ($($name,)+) {
            #[expect(non_snake_case, reason = "types and values go by one name")]
            fn cells(self) -> Vec<Value> {
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    };
}

cells_of_tuple!(A);
cells_of_tuple!(A B);
cells_of_tuple!(A B C);
cells_of_tuple!(A B C D);
cells_of_tuple!(A B C D E);
cells_of_tuple!(A B C D E F);
cells_of_tuple!(A B C D E F G);
cells_of_tuple!(A B C D E F G H);

impl Table {
    /// No rows, with these columns.
    #[must_use]
    pub fn new(names: &[&'static str]) -> Self {
        Self {
            names: names.to_vec(),
            rows: Vec::new(),
        }
    }

    /// One more row, of a time. Write `None::<f64>` for a value that is not there.
    ///
    /// # Panics
    /// When it has not one value a column.
    pub fn push(&mut self, time: i64, row: impl Cells) -> &mut Self {
        let row = row.cells();
        assert_eq!(row.len(), self.names.len(), "a value a column");
        self.rows.push((time, row));
        self
    }

    /// The columns that a rule asked for, and the places of the rows that it gets.
    fn batch(&self, fields: &[Field]) -> Result<(Batch, Vec<u32>), String> {
        let place = |field: &Field| self.names.iter().position(|name| *name == field.name);
        let mut places = Vec::new();
        for field in fields {
            match place(field) {
                None if !field.optional => return Err(format!("no column `{}`", field.name)),
                found => places.push(found),
            }
        }
        let wanted = |(_, row): &&(i64, Vec<Value>)| {
            let mut needed = fields
                .iter()
                .zip(&places)
                .filter(|(field, _)| !field.nullable);
            needed.all(|(_, at)| at.is_none_or(|at| row[at] != Value::Null))
        };
        let rows: Vec<&(i64, Vec<Value>)> = self.rows.iter().filter(wanted).collect();
        let kept = (0u32..).zip(&self.rows).filter(|(_, row)| wanted(row));
        let kept = kept.map(|(i, _)| i).collect();
        let columns: Result<_, String> = fields
            .iter()
            .zip(&places)
            .map(|(field, at)| match at {
                Some(at) => column(field, &rows, *at),
                None => Ok(Column {
                    values: Values::Absent,
                    valid: None,
                }),
            })
            .collect();
        let batch = Batch {
            time: rows.iter().map(|(time, _)| *time).collect(),
            columns: columns?,
        };
        Ok((batch, kept))
    }
}

fn bitmap(bits: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (i, bit) in bits.enumerate() {
        if i % 8 == 0 {
            bytes.push(0);
        }
        bytes[i / 8] |= u8::from(bit) << (i % 8);
    }
    bytes
}

/// A column from values; nulls become a bitmap.
fn column(field: &Field, rows: &[&(i64, Vec<Value>)], at: usize) -> Result<Column, String> {
    let cells = || rows.iter().map(|(_, row)| &row[at]);
    macro_rules! take {
        ($variant:ident, $zero:expr) => {
            cells()
                .map(|cell| match cell {
                    Value::$variant(value) => Ok(value.clone()),
                    Value::Null => Ok($zero),
                    other => Err(format!(
                        "`{}`: {other:?} is not {:?}",
                        field.name, field.type_
                    )),
                })
                .collect::<Result<Vec<_>, String>>()?
        };
    }
    let values = match field.type_ {
        DataType::Boolean => Values::Boolean(bitmap(take!(Boolean, false).into_iter())),
        DataType::Int64 => Values::Int64(take!(Int64, 0)),
        DataType::Float64 => Values::Float64(take!(Float64, 0.0)),
        DataType::Timestamp => Values::Timestamp(take!(Timestamp, 0)),
        DataType::Date => Values::Date(take!(Date, 0)),
        DataType::Text => {
            let (mut offsets, mut bytes) = (vec![0], Vec::new());
            for text in take!(Text, String::new()) {
                bytes.extend_from_slice(text.as_bytes());
                offsets.push(bytes.len() as u32);
            }
            Values::Text(Texts { offsets, bytes })
        }
    };
    let nulls = cells().any(|cell| *cell == Value::Null);
    let valid = nulls.then(|| bitmap(cells().map(|cell| *cell != Value::Null)));
    Ok(Column { values, valid })
}

/// A rule that runs natively. One at a time on a thread: its state is the thread's.
#[derive(Debug)]
pub struct Harness<R> {
    params: String,
    slot: Slot<R>,
}

impl<R: Rule> Harness<R> {
    /// A rule with these parameters, an empty state and no tables.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    pub fn new(params: &str) -> Result<Self, String> {
        with_world(|world| *world = World::default());
        let slot = Slot::new();
        slot.configure(params)?;
        Ok(Self {
            params: params.to_owned(),
            slot,
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
        let manifest = describe::<R>();
        let fields = &manifest
            .streams
            .get(stream as usize)
            .ok_or("no such stream")?
            .fields;
        let (batch, kept) = rows.batch(fields)?;
        let mut alerts = Self::whole(|| self.slot.evaluate(stream, batch))?;
        for alert in &mut alerts {
            alert.row = kept[alert.row as usize];
        }
        Ok(alerts)
    }

    /// The same, each row in a call and in an instance of its own. A rule answers the same.
    ///
    /// # Errors
    /// As [`Harness::evaluate`].
    pub fn evaluate_by_row(&mut self, stream: u32, rows: &Table) -> Result<Vec<Alert>, String> {
        let mut found = Vec::new();
        for (i, row) in (0u32..).zip(&rows.rows) {
            self.replace()?;
            let one = Table {
                names: rows.names.clone(),
                rows: vec![row.clone()],
            };
            let alerts = self.evaluate(stream, &one)?;
            found.extend(alerts.into_iter().map(|alert| Alert { row: i, ..alert }));
        }
        Ok(found)
    }

    /// Tells it the time.
    ///
    /// # Errors
    /// As the rule.
    pub fn tick(&mut self, at: i64) -> Result<Vec<Alert>, String> {
        Self::whole(|| self.slot.tick(at))
    }

    /// The lines it wrote so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        with_world(|world| world.log.iter().map(|(_, line)| line.clone()).collect())
    }

    /// A call takes effect as a whole or not at all.
    fn whole<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        let before = with_world(|world| world.state.clone());
        call().inspect_err(|_| with_world(|world| world.state = before))
    }
}
