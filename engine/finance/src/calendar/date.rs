//! Small arithmetic on dates that the calendar needs everywhere. Dates are of the proleptic
//! Gregorian calendar, without a zone: which place they belong to, the caller knows.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// A date of the tables in these sources; the end of time where there is no such date, which the
/// tests of the tables would notice.
pub(crate) const fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => NaiveDate::MAX,
    }
}

/// Whether it is a Saturday or a Sunday.
pub(crate) fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// `days` later, or earlier where negative; the date itself at the ends of time.
pub(crate) fn shift(date: NaiveDate, days: i64) -> NaiveDate {
    let length = Days::new(days.unsigned_abs());
    let moved = if days < 0 {
        date.checked_sub_days(length)
    } else {
        date.checked_add_days(length)
    };
    moved.unwrap_or(date)
}

/// The `nth` `weekday` of a month, counted from 1.
pub(crate) fn nth(year: i32, month: u32, weekday: Weekday, nth: u8) -> NaiveDate {
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, nth).unwrap_or(NaiveDate::MAX)
}

/// Days since 1970-01-01.
pub(crate) fn unix_days(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_days()
}

/// The date so many days after 1970-01-01; none where chrono has no such date.
pub(crate) fn from_unix_days(days: i64) -> Option<NaiveDate> {
    let length = Days::new(days.unsigned_abs());
    let start = NaiveDate::default();
    if days < 0 {
        start.checked_sub_days(length)
    } else {
        start.checked_add_days(length)
    }
}

/// A year and a month of it, where `month` may lie outside 1 to 12: the thirteenth month of a year
/// is the next January.
pub(crate) fn month_of(year: i32, month: i32) -> (i32, u32) {
    let months = month.saturating_sub(1);
    let within = months.rem_euclid(12).unsigned_abs();
    (year.saturating_add(months.div_euclid(12)), within + 1)
}
