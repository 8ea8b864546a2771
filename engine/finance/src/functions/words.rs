//! Arguments as values of their kinds, row by row.

use std::fmt::Display;
use std::str::FromStr;

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{Array, AsArray, Date32Array, Float64Array, StringArray};
use arrow::datatypes::{Date32Type, Float64Type, TimestampMicrosecondType};
use chrono::NaiveDate;
use datafusion_common::{DataFusionError, Result, exec_datafusion_err, exec_err};
use datafusion_expr::ColumnarValue;

use crate::calendar::date::{from_unix_days, unix_days};

/// A word that names something: the same in each row, or one a row.
pub(crate) enum Words<T> {
    Same(Option<T>),
    Each(StringArray),
}

impl<T: Copy + FromStr> Words<T>
where
    T::Err: Display,
{
    /// The argument at `place`; `default` where it was left out.
    pub(crate) fn new(args: &[ColumnarValue], place: usize, default: Option<T>) -> Result<Self> {
        match args.get(place) {
            None => Ok(Self::Same(default)),
            Some(ColumnarValue::Scalar(scalar)) => {
                let text = scalar.try_as_str().flatten();
                Ok(Self::Same(text.map(read).transpose()?))
            }
            Some(ColumnarValue::Array(array)) => match array.as_string_opt::<i32>() {
                Some(texts) => Ok(Self::Each(texts.clone())),
                None => exec_err!("expected a text"),
            },
        }
    }

    /// A row's; none where it is null.
    ///
    /// # Errors
    /// At a word that names nothing.
    pub(crate) fn row(&self, row: usize) -> Result<Option<T>> {
        match self {
            Self::Same(value) => Ok(*value),
            Self::Each(texts) if texts.is_null(row) => Ok(None),
            Self::Each(texts) => read(texts.value(row)).map(Some),
        }
    }
}

fn read<T: FromStr>(text: &str) -> Result<T>
where
    T::Err: Display,
{
    text.parse()
        .map_err(|error: T::Err| exec_datafusion_err!("{error}"))
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
