//! Rows that are written down in a test, and the columns that a rule gets of them.

use crate::bindings::{Batch, Column, DataType, Field, Texts, Value, Values};

/// Rows of a stream, written down in a test, in the order of their times.
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
cells_of_tuple!(A B C D E F G H I);
cells_of_tuple!(A B C D E F G H I J);
cells_of_tuple!(A B C D E F G H I J K);
cells_of_tuple!(A B C D E F G H I J K L);

/// A row of no columns, as a clock's.
impl Cells for () {
    fn cells(self) -> Vec<Value> {
        Vec::new()
    }
}

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

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn times(&self) -> impl Iterator<Item = i64> {
        self.rows.iter().map(|(time, _)| *time)
    }

    /// Rows `from..to`.
    pub(super) fn part(&self, from: usize, to: usize) -> Self {
        Self {
            names: self.names.clone(),
            rows: self.rows[from..to].to_vec(),
        }
    }

    /// The columns that a rule asked for, and the places of the rows that it gets.
    pub(super) fn batch(&self, fields: &[Field]) -> Result<(Batch, Vec<u32>), String> {
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
                Some(at) => {
                    let cells: Vec<&Value> = rows.iter().map(|(_, row)| &row[*at]).collect();
                    column(field, &cells)
                }
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
pub(super) fn column(field: &Field, cells: &[&Value]) -> Result<Column, String> {
    let cells = || cells.iter().copied();
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
