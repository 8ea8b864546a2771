//! Days on which the New York Stock Exchange is closed, by its Rule 7.2 as it stood in each year,
//! the days it closed out of mourning or for disasters, and the afternoons it closes at 13:00.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::calendar::date::{date, nth, shift};

/// Closed for a day that no rule foresees.
const ONCE: [NaiveDate; 11] = [
    date(1994, 4, 27), // mourning for President Nixon
    date(2001, 9, 11), // the attacks, and the three days after
    date(2001, 9, 12),
    date(2001, 9, 13),
    date(2001, 9, 14),
    date(2004, 6, 11),  // mourning for President Reagan
    date(2007, 1, 2),   // mourning for President Ford
    date(2012, 10, 29), // Hurricane Sandy
    date(2012, 10, 30),
    date(2018, 12, 5), // mourning for President G. H. W. Bush
    date(2025, 1, 9),  // mourning for President Carter
];

/// The weekdays of a year on which the exchange is closed.
#[must_use]
pub fn holidays(year: i32) -> Vec<NaiveDate> {
    let monday = |month, week| nth(year, month, Weekday::Mon, week);
    let mut days = vec![
        monday(2, 3), // Washington's Birthday
        shift(easter(year), -2),
        last_monday_of_may(year),
        observed(date(year, 7, 4)),
        monday(9, 1), // Labor Day
        thanksgiving(year),
        observed(date(year, 12, 25)),
    ];
    // New Year's Day on a Saturday is not observed: the Friday would close the old year's books.
    let new_year = date(year, 1, 1);
    if new_year.weekday() != Weekday::Sat {
        days.push(observed(new_year));
    }
    if year >= 1998 {
        days.push(monday(1, 3)); // Martin Luther King Jr. Day
    }
    if year >= 2022 {
        days.push(observed(date(year, 6, 19))); // Juneteenth
    }
    days.extend(ONCE.into_iter().filter(|once| once.year() == year));
    days.sort_unstable();
    days.dedup();
    days
}

/// The days of a year that end at 13:00, if they are open at all: the eve of Independence Day from
/// Monday to Thursday, the day after Thanksgiving, Christmas Eve.
#[must_use]
pub fn early_closes(year: i32) -> [NaiveDate; 3] {
    [
        date(year, 7, 3),
        shift(thanksgiving(year), 1),
        date(year, 12, 24),
    ]
}

fn thanksgiving(year: i32) -> NaiveDate {
    nth(year, 11, Weekday::Thu, 4)
}

fn last_monday_of_may(year: i32) -> NaiveDate {
    let last = date(year, 5, 31);
    shift(last, -i64::from(last.weekday().num_days_from_monday()))
}

/// The day off for a holiday: Friday for a Saturday, Monday for a Sunday.
fn observed(holiday: NaiveDate) -> NaiveDate {
    match holiday.weekday() {
        Weekday::Sat => shift(holiday, -1),
        Weekday::Sun => shift(holiday, 1),
        _ => holiday,
    }
}

/// Easter Sunday of the Gregorian calendar, by the method of Meeus, Jones and Butcher (1876): the
/// Sunday after the first ecclesiastical full moon of spring.
fn easter(year: i32) -> NaiveDate {
    let (golden, century, of_century) = (year % 19, year / 100, year % 100);
    let correction = (8 * century + 13) / 25;
    let epact = (19 * golden + century - century / 4 - correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    let (month, day) = (days / 31, days % 31 + 1);
    date(year, month.unsigned_abs(), day.unsigned_abs())
}
