//! Columns from numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, TimestampMicrosecondArray};
use chrono::NaiveDate;

/// Event times, microseconds.
pub(super) fn times(times: impl Iterator<Item = i64>) -> ArrayRef {
    let times = TimestampMicrosecondArray::from_iter_values(times);
    Arc::new(times.with_timezone("UTC"))
}

/// Dates, some unknown.
pub(super) fn dates(dates: impl Iterator<Item = Option<NaiveDate>>) -> ArrayRef {
    let days = |date: NaiveDate| (date - NaiveDate::default()).num_days() as i32;
    Arc::new(dates.map(|d| d.map(days)).collect::<Date32Array>())
}

/// A price or quantity, where 0 stands for none.
pub(super) fn filled(number: i32) -> Option<i32> {
    Some(number).filter(|n| *n != 0)
}
