//! Arguments as values of their kinds, row by row.

use std::fmt::Display;
use std::str::FromStr;

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, StringArray};
use arrow::datatypes::{Date32Type, Float64Type, TimestampMicrosecondType};
use chrono::NaiveDate;
use datafusion_common::{DataFusionError, Result, exec_datafusion_err};
use datafusion_expr::ColumnarValue;

use crate::calendar::date::{from_unix_days, unix_days};

/// Words that stand for values, row by row.
pub(crate) enum Words<T> {
    /// The same in each row.
    Same(Option<T>),
    /// One a row.
    Each(Vec<Option<T>>),
}

impl<T: Copy> Words<T> {
    /// Reads the words of a text argument; nulls are none.
    ///
    /// # Errors
    /// At the first word that cannot be read.
    fn read(argument: &ColumnarValue, read: impl Fn(&str) -> Result<T>) -> Result<Self> {
        let texts = |array: &ArrayRef| -> Result<Vec<Option<T>>> {
            let texts = array.as_string_opt::<i32>();
            let texts = texts.ok_or_else(|| missing("a text"))?;
            texts
                .iter()
                .map(|text| text.map(&read).transpose())
                .collect()
        };
        match argument {
            ColumnarValue::Scalar(scalar) => {
                let one = texts(&scalar.to_array()?)?;
                Ok(Self::Same(one.first().copied().flatten()))
            }
            ColumnarValue::Array(array) => Ok(Self::Each(texts(array)?)),
        }
    }

    /// The words of an argument called `name`, of which `read` knows those that are `expected`.
    ///
    /// # Errors
    /// At one that it does not know.
    pub(crate) fn known(
        argument: &ColumnarValue,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Self> {
        Self::read(argument, |text| {
            read(text)
                .ok_or_else(|| exec_datafusion_err!("{name}: expected {expected}, found '{text}'"))
        })
    }

    /// A row's value; none where it is null.
    pub(crate) fn row(&self, row: usize) -> Option<T> {
        match self {
            Self::Same(value) => *value,
            Self::Each(values) => values[row],
        }
    }
}

impl<T: Copy + FromStr> Words<T>
where
    T::Err: Display,
{
    /// The names at `place`; `default` where the argument was left out.
    ///
    /// # Errors
    /// At one that names nothing.
    pub(crate) fn names(args: &[ColumnarValue], place: usize, default: Option<T>) -> Result<Self> {
        let name = |text: &str| {
            text.parse()
                .map_err(|error: T::Err| exec_datafusion_err!("{error}"))
        };
        let argument = args.get(place);
        argument.map_or(Ok(Self::Same(default)), |argument| {
            Self::read(argument, name)
        })
    }
}

fn missing(what: &str) -> DataFusionError {
    exec_datafusion_err!("expected {what}")
}

/// A column of times.
pub(crate) fn times(
    args: &[ColumnarValue],
    place: usize,
    rows: usize,
) -> Result<TimestampMicrosecondArray> {
    let argument = args.get(place).ok_or_else(|| missing("a time"))?;
    let array = argument.to_array(rows)?;
    let times = array.as_primitive_opt::<TimestampMicrosecondType>();
    times.cloned().ok_or_else(|| missing("a time"))
}

/// A column of dates.
pub(crate) fn dates(args: &[ColumnarValue], place: usize, rows: usize) -> Result<Dates> {
    let argument = args.get(place).ok_or_else(|| missing("a date"))?;
    let array = argument.to_array(rows)?;
    let dates = array.as_primitive_opt::<Date32Type>();
    dates.cloned().map(Dates).ok_or_else(|| missing("a date"))
}

/// A column of numbers.
pub(crate) fn numbers(args: &[ColumnarValue], place: usize, rows: usize) -> Result<Float64Array> {
    let argument = args.get(place).ok_or_else(|| missing("a number"))?;
    let array = argument.to_array(rows)?;
    let numbers = array.as_primitive_opt::<Float64Type>();
    numbers.cloned().ok_or_else(|| missing("a number"))
}

/// A column of texts.
pub(crate) fn texts(args: &[ColumnarValue], place: usize, rows: usize) -> Result<StringArray> {
    let argument = args.get(place).ok_or_else(|| missing("a text"))?;
    let array = argument.to_array(rows)?;
    let texts = array.as_string_opt::<i32>();
    texts.cloned().ok_or_else(|| missing("a text"))
}

/// A column of dates, read as dates.
pub(crate) struct Dates(Date32Array);

impl Dates {
    /// A row's date; none where it is null or beyond all calendars.
    pub(crate) fn row(&self, row: usize) -> Option<NaiveDate> {
        let days = (!self.0.is_null(row)).then(|| self.0.value(row))?;
        from_unix_days(i64::from(days))
    }
}

/// A date as Arrow counts it.
pub(crate) fn date32(date: NaiveDate) -> Option<i32> {
    i32::try_from(unix_days(date)).ok()
}
