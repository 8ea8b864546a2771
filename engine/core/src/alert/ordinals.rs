//! Numbers for alerts of one time: among those of one kind and key (for their ids), and among all
//! (for their order). Times never fall, so only the newest is remembered, and how rows were split
//! into calls leaves no trace.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::time::EventTime;
use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};

/// The numbers of the newest time.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordinals {
    time: EventTime,
    all: u64,
    by_key: HashMap<(String, String), u64>,
}

impl Default for Ordinals {
    fn default() -> Self {
        Self {
            time: EventTime::MIN,
            all: 0,
            by_key: HashMap::new(),
        }
    }
}

impl Ordinals {
    /// The numbers of the next alert: among its kind and key, and among all.
    pub fn next(&mut self, time: EventTime, kind: &str, key: &str) -> (u64, u64) {
        if time > self.time {
            *self = Self {
                time,
                ..Self::default()
            };
        }
        let place = (kind.to_owned(), key.to_owned());
        let count = self.by_key.entry(place).or_default();
        let numbers = (*count, self.all);
        *count += 1;
        self.all += 1;
        numbers
    }

    /// Time and count, and a row a kind and key.
    ///
    /// # Errors
    /// When Arrow refuses: a broken invariant.
    pub fn rows(&self) -> Result<(Vec<i64>, RecordBatch)> {
        let schema = Schema::new(vec![
            Field::new("kind", DataType::Utf8, false),
            Field::new("key", DataType::Utf8, false),
            Field::new("count", DataType::Int64, false),
        ]);
        let mut rows: Vec<_> = self.by_key.iter().collect();
        rows.sort();
        let kinds = StringArray::from_iter_values(rows.iter().map(|((kind, _), _)| kind));
        let keys = StringArray::from_iter_values(rows.iter().map(|((_, key), _)| key));
        let counts: Int64Array = rows.iter().map(|(_, count)| count.cast_signed()).collect();
        let columns = vec![
            Arc::new(kinds) as _,
            Arc::new(keys) as _,
            Arc::new(counts) as _,
        ];
        let rows = RecordBatch::try_new(Arc::new(schema), columns)?;
        Ok((vec![self.time.0, self.all.cast_signed()], rows))
    }

    /// Takes them back.
    ///
    /// # Errors
    /// When the rows are of something else.
    pub fn from_rows(numbers: &[i64], rows: &RecordBatch) -> Result<Self> {
        let wrong = || Error::internal("a snapshot of ordinals in another form");
        let ([time, all], 3) = (numbers, rows.num_columns()) else {
            return Err(wrong());
        };
        let text = |i: usize| rows.column(i).as_string_opt::<i32>().ok_or_else(wrong);
        let (kinds, keys) = (text(0)?, text(1)?);
        let counts = rows
            .column(2)
            .as_primitive_opt::<Int64Type>()
            .ok_or_else(wrong)?;
        let place = |i: usize| (kinds.value(i).to_owned(), keys.value(i).to_owned());
        Ok(Self {
            time: EventTime(*time),
            all: all.cast_unsigned(),
            by_key: (0..counts.len())
                .map(|i| (place(i), counts.value(i).cast_unsigned()))
                .collect(),
        })
    }
}
