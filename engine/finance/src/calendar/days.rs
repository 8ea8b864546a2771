//! Which days each market is open, as one byte a day from 1990 to 2100.

use chrono::{Datelike, NaiveDate};
use thiserror::Error;

use crate::calendar::additions::Additions;
use crate::calendar::date::{date, is_weekend, shift};
use crate::calendar::venue::Venue;
use crate::calendar::{holiday, holiday_trading, us_holiday};

/// The first day that the calendar knows.
pub(crate) const FIRST: NaiveDate = date(1990, 1, 1);
/// The last day that the calendar knows.
pub(crate) const LAST: NaiveDate = date(2100, 12, 31);

/// A national holiday of Japan.
const HOLIDAY: u8 = 1;
/// Derivatives have their trading day in Osaka.
const OSE: u8 = 2;
/// Derivatives trade in Osaka, but the trading day is the next one's.
const OSE_HOLIDAY: u8 = 4;
/// Shares trade in Tokyo.
const TSE: u8 = 8;
/// Shares trade in New York.
const US: u8 = 16;
/// They stop at 13:00 there.
const US_EARLY: u8 = 32;

/// The days from [`FIRST`] to [`LAST`].
pub(crate) struct Days(Vec<u8>);

impl Days {
    /// The days by rule and table, then what was added.
    pub(crate) fn new(additions: &Additions) -> Self {
        let length = place(LAST).map_or(0, |last| last + 1);
        let mut days = Self(vec![0; length]);
        let mut day = FIRST;
        for flags in &mut days.0 {
            *flags = if is_weekend(day) { 0 } else { OSE | TSE | US };
            if holiday_trading::turn_of_year(day) {
                *flags &= !(OSE | TSE);
            }
            day = shift(day, 1);
        }
        for year in FIRST.year()..=LAST.year() {
            days.add_year(year);
        }
        for (venue, closed) in &additions.closed {
            let open = match venue {
                Venue::OseFuture | Venue::OseOption => OSE | OSE_HOLIDAY,
                Venue::TseCash => TSE,
                Venue::UsCash => US,
            };
            days.change(*closed, |flags| flags & !open);
        }
        for (holiday, held) in &additions.holiday_trading {
            days.change(*holiday, |flags| held_or_not(flags, *held));
        }
        days
    }

    fn add_year(&mut self, year: i32) {
        for holiday in holiday::holidays(year) {
            let held = !is_weekend(holiday) && holiday_trading::is_held(holiday);
            self.change(holiday, |flags| {
                held_or_not(flags & !(OSE | TSE) | HOLIDAY, held)
            });
        }
        if let Some(third) = NaiveDate::from_ymd_opt(year, 1, 3) {
            let held = !is_weekend(third) && holiday_trading::is_held(third);
            self.change(third, |flags| held_or_not(flags, held));
        }
        for closed in us_holiday::holidays(year) {
            self.change(closed, |flags| flags & !US);
        }
        for early in us_holiday::early_closes(year) {
            self.change(early, |flags| flags | US_EARLY);
        }
    }

    fn change(&mut self, date: NaiveDate, how: impl Fn(u8) -> u8) {
        if let Some(flags) = place(date).and_then(|place| self.0.get_mut(place)) {
            *flags = how(*flags);
        }
    }

    fn has(&self, date: NaiveDate, flag: u8) -> bool {
        let flags = place(date).and_then(|place| self.0.get(place));
        flags.is_some_and(|flags| flags & flag != 0)
    }

    pub(crate) fn is_holiday(&self, date: NaiveDate) -> bool {
        self.has(date, HOLIDAY)
    }

    /// Whether a date is a trading day of a venue. Of dates outside the table only weekends are
    /// known.
    pub(crate) fn is_trading_day(&self, venue: Venue, date: NaiveDate) -> bool {
        if !covers(date) {
            return !is_weekend(date);
        }
        match venue {
            Venue::OseFuture | Venue::OseOption => self.has(date, OSE),
            Venue::TseCash => self.has(date, TSE),
            Venue::UsCash => self.has(date, US),
        }
    }

    /// Whether derivatives trade in Osaka on a date that is no trading day of its own.
    pub(crate) fn is_holiday_trading(&self, date: NaiveDate) -> bool {
        self.has(date, OSE_HOLIDAY)
    }

    pub(crate) fn closes_early(&self, date: NaiveDate) -> bool {
        self.has(date, US_EARLY)
    }

    /// The first trading day of a venue after a date.
    pub(crate) fn next(&self, venue: Venue, date: NaiveDate) -> NaiveDate {
        self.find(venue, date, 1)
    }

    /// The last trading day of a venue before a date.
    pub(crate) fn previous(&self, venue: Venue, date: NaiveDate) -> NaiveDate {
        self.find(venue, date, -1)
    }

    fn find(&self, venue: Venue, date: NaiveDate, step: i64) -> NaiveDate {
        let mut day = shift(date, step);
        // It ends: weekdays outside the table are trading days, and the ends of time stay put.
        while !self.is_trading_day(venue, day) {
            let next = shift(day, step);
            if next == day {
                break;
            }
            day = next;
        }
        day
    }
}

/// A holiday, or a day stated to be open, with derivatives trading or without. A trading day of
/// its own stays one.
fn held_or_not(flags: u8, held: bool) -> u8 {
    match held && flags & OSE == 0 {
        true => flags | OSE_HOLIDAY,
        false => flags & !OSE_HOLIDAY,
    }
}

/// A date in years that the calendar does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the calendar knows 1990 to 2100, not {0}")]
pub struct UnknownYear(pub NaiveDate);

/// The date itself.
///
/// # Errors
/// When the calendar does not know its year: answers about it rest on weekends alone.
pub fn known(date: NaiveDate) -> Result<NaiveDate, UnknownYear> {
    covers(date).then_some(date).ok_or(UnknownYear(date))
}

/// Whether the calendar knows a date.
#[must_use]
pub fn covers(date: NaiveDate) -> bool {
    (FIRST..=LAST).contains(&date)
}

/// A date's place in the table.
pub(crate) fn place(date: NaiveDate) -> Option<usize> {
    let days = date.signed_duration_since(FIRST).num_days();
    covers(date).then(|| usize::try_from(days).ok()).flatten()
}
