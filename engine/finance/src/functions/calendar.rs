//! `trading_day`, `session`, `session_phase`, `is_trading_day`, `prev_trading_day`,
//! `next_trading_day`, `calendar_basis`: the calendar in SQL. Nulls go through; times and dates
//! outside 1990 to 2100 give null. The venue may be left out: it is then `'OSE.future'`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Date32Array, StringArray};
use arrow::datatypes::DataType;
use chrono::NaiveDate;
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, ScalarUDF};
use zaraba_core::time::EventTime;

use crate::calendar::cursor::Cursor;
use crate::calendar::{Calendar, Venue, covers};
use crate::functions::arguments::Kind;
use crate::functions::call::Function;
use crate::functions::words::{Words, date32, dates, times};

const OF_TIME: &[(&str, Kind)] = &[("ts", Kind::Time), ("venue", Kind::Venue)];
const OF_DATE: &[(&str, Kind)] = &[("date", Kind::Date), ("venue", Kind::Venue)];

const FUNCTIONS: [Function; 7] = [
    Function {
        name: "trading_day",
        arguments: OF_TIME,
        optional: 1,
        result: || DataType::Date32,
        work: |calendar, args, rows| {
            let found = by_time(calendar, args, rows, |cursor, time| {
                cursor.trading_day(time).and_then(date32)
            })?;
            Ok(Arc::new(Date32Array::from(found)))
        },
    },
    Function {
        name: "session",
        arguments: OF_TIME,
        optional: 1,
        result: || DataType::Utf8,
        work: |calendar, args, rows| {
            let found = by_time(calendar, args, rows, |cursor, time| {
                cursor.session(time).map(|session| session.kind.name())
            })?;
            Ok(Arc::new(StringArray::from(found)))
        },
    },
    Function {
        name: "session_phase",
        arguments: OF_TIME,
        optional: 1,
        result: || DataType::Utf8,
        work: |calendar, args, rows| {
            let found = by_time(calendar, args, rows, |cursor, time| {
                cursor.phase(time).map(|phase| phase.name())
            })?;
            Ok(Arc::new(StringArray::from(found)))
        },
    },
    Function {
        name: "is_trading_day",
        arguments: OF_DATE,
        optional: 1,
        result: || DataType::Boolean,
        work: |calendar, args, rows| {
            let found = by_date(args, rows, |venue, date| {
                Some(calendar.is_trading_day(venue, date))
            })?;
            Ok(Arc::new(BooleanArray::from(found)))
        },
    },
    Function {
        name: "prev_trading_day",
        arguments: OF_DATE,
        optional: 1,
        result: || DataType::Date32,
        work: |calendar, args, rows| {
            let found = by_date(args, rows, |venue, date| {
                let day = calendar.prev_trading_day(venue, date);
                covers(day).then(|| date32(day)).flatten()
            })?;
            Ok(Arc::new(Date32Array::from(found)))
        },
    },
    Function {
        name: "next_trading_day",
        arguments: OF_DATE,
        optional: 1,
        result: || DataType::Date32,
        work: |calendar, args, rows| {
            let found = by_date(args, rows, |venue, date| {
                let day = calendar.next_trading_day(venue, date);
                covers(day).then(|| date32(day)).flatten()
            })?;
            Ok(Arc::new(Date32Array::from(found)))
        },
    },
    Function {
        name: "calendar_basis",
        arguments: &[("date", Kind::Date)],
        optional: 0,
        result: || DataType::Utf8,
        work: |calendar, args, rows| {
            let dates = dates(args, 0, rows)?;
            let known = |row| dates.row(row).filter(|date| covers(*date));
            let basis = |row| known(row).map(|date| calendar.basis(date).name());
            Ok(Arc::new((0..rows).map(basis).collect::<StringArray>()) as ArrayRef)
        },
    },
];

/// The functions of this file.
pub(crate) fn functions(calendar: &Calendar) -> Vec<Arc<ScalarUDF>> {
    let over = |function: &Function| function.over(calendar);
    FUNCTIONS.iter().map(over).collect()
}

/// Looks each time up at its venue, with a cursor for each venue.
fn by_time<T>(
    calendar: &Calendar,
    args: &[ColumnarValue],
    rows: usize,
    look: impl Fn(&mut Cursor<'_>, EventTime) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let times = times(args, 0, rows)?;
    let venues = Words::names(args, 1, Some(Venue::OseFuture))?;
    let mut cursors = Venue::ALL.map(|venue| Cursor::new(calendar, venue));
    let one = |row| {
        let venue = venues.row(row).filter(|_| !times.is_null(row))?;
        let cursor = cursors.iter_mut().find(|cursor| cursor.venue() == venue)?;
        look(cursor, EventTime(times.value(row)))
    };
    Ok((0..rows).map(one).collect())
}

/// Looks each date up at its venue.
fn by_date<T>(
    args: &[ColumnarValue],
    rows: usize,
    look: impl Fn(Venue, NaiveDate) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let dates = dates(args, 0, rows)?;
    let venues = Words::names(args, 1, Some(Venue::OseFuture))?;
    let one = |row| {
        let date = dates.row(row).filter(|date| covers(*date))?;
        look(venues.row(row)?, date)
    };
    Ok((0..rows).map(one).collect())
}
