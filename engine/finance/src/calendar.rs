//! The calendar: which days are trading days, which sessions they have, which phase a market is
//! in at a time, when contracts end.
//!
//! A trading day (計算区域) of derivatives in Osaka begins with the night before and ends with its
//! own day session. Where derivatives trade on a holiday, that day's sessions belong to the next
//! business day too: Friday's night, Monday the holiday by day and by night, and Tuesday's day
//! session are one trading day, Tuesday's.
//!
//! Everything is built in, from 1990 to 2100, but for what only the exchange decides year by year:
//! [`Calendar::with`] takes what users know, and [`Calendar::basis`] says what an answer rests on.

use std::sync::{Arc, OnceLock};

use chrono::{Datelike, NaiveDate, Weekday};
use zaraba_core::time::EventTime;

/// What users add.
pub mod additions;
/// Sessions for many times.
pub mod cursor;
pub(crate) mod date;
mod days;
mod era;
/// National holidays of Japan.
pub mod holiday;
/// On which of them derivatives trade.
pub mod holiday_trading;
mod phase;
mod sessions;
/// Holidays of New York.
pub mod us_holiday;
/// Names of markets, sessions and phases.
pub mod venue;

pub use crate::calendar::additions::Additions;
pub use crate::calendar::days::{UnknownYear, covers, known};
pub use crate::calendar::holiday_trading::Basis;
pub use crate::calendar::venue::{Phase, Session, SessionKind, UnknownVenue, Venue};

use crate::calendar::days::Days;
use crate::calendar::sessions::Sessions;

/// The calendar of every venue. Cloning shares it.
#[derive(Clone)]
pub struct Calendar(Arc<Inner>);

struct Inner {
    additions: Additions,
    days: Days,
    /// By the place of the venue in [`Venue::ALL`]; each is made when it is first asked for.
    sessions: [OnceLock<Sessions>; 4],
}

impl std::fmt::Debug for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Calendar").field(&self.0.additions).finish()
    }
}

impl Calendar {
    /// What is built in. Made once, then shared.
    #[must_use]
    pub fn built_in() -> Self {
        static BUILT_IN: OnceLock<Calendar> = OnceLock::new();
        let made = BUILT_IN.get_or_init(|| Self::made(Additions::default()));
        made.clone()
    }

    /// This calendar with more facts.
    #[must_use]
    pub fn with(&self, more: &Additions) -> Self {
        let mut additions = self.0.additions.clone();
        additions.extend(more);
        Self::made(additions)
    }

    fn made(additions: Additions) -> Self {
        let days = Days::new(&additions);
        let sessions = Default::default();
        Self(Arc::new(Inner {
            additions,
            days,
            sessions,
        }))
    }

    fn sessions(&self, venue: Venue) -> &Sessions {
        let place = match venue {
            Venue::OseFuture => &self.0.sessions[0],
            Venue::OseOption => &self.0.sessions[1],
            Venue::TseCash => &self.0.sessions[2],
            Venue::UsCash => &self.0.sessions[3],
        };
        place.get_or_init(|| Sessions::new(venue, &self.0.days))
    }

    /// The session that a time lies in, the minute after the close included.
    #[must_use]
    pub fn session_at(&self, venue: Venue, time: EventTime) -> Option<Session> {
        self.sessions(venue).at(time)
    }

    /// The first session that opens after a time. None after the last session of 2100.
    #[must_use]
    pub fn session_after(&self, venue: Venue, time: EventTime) -> Option<Session> {
        self.sessions(venue).after(time)
    }

    /// The sessions of a trading day, in order; none where the date is not a trading day.
    #[must_use]
    pub fn sessions_of(&self, venue: Venue, trading_day: NaiveDate) -> Vec<Session> {
        self.sessions(venue).of(trading_day).to_vec()
    }

    /// The trading day of the session that a time lies in, else of the next one: at 15:50 it is
    /// the next day already. Outside 1990 to 2100 the date in the venue's own time.
    #[must_use]
    pub fn trading_day(&self, venue: Venue, time: EventTime) -> NaiveDate {
        let found = self.session_at(venue, time);
        let found = found.or_else(|| self.session_after(venue, time));
        let local = || sessions::local_date(venue, time).unwrap_or(NaiveDate::MAX);
        match found {
            Some(session) if local() >= days::FIRST => session.trading_day,
            _ => local(),
        }
    }

    /// When a trading day begins, as [`Calendar::trading_day`] counts: with the end of the last
    /// session of the one before. The end of time where the calendar knows no sessions.
    #[must_use]
    pub fn trading_day_begins(&self, venue: Venue, date: NaiveDate) -> EventTime {
        let before = self.sessions_of(venue, self.prev_trading_day(venue, date));
        before.last().map_or(EventTime::MAX, |session| session.end)
    }

    /// The trading day that a time is of, its beginning and its end.
    #[must_use]
    pub fn trading_day_span(
        &self,
        venue: Venue,
        time: EventTime,
    ) -> (NaiveDate, EventTime, EventTime) {
        let day = self.trading_day(venue, time);
        let next = self.next_trading_day(venue, day);
        let from = self.trading_day_begins(venue, day).min(time);
        (day, from, self.trading_day_begins(venue, next))
    }

    /// Whether a date is a trading day: in Osaka a business day, for a holiday on which
    /// derivatives trade belongs to the next one. Outside 1990 to 2100 every weekday is.
    #[must_use]
    pub fn is_trading_day(&self, venue: Venue, date: NaiveDate) -> bool {
        self.0.days.is_trading_day(venue, date)
    }

    /// Whether derivatives trade in Osaka on a date that is not a trading day of its own.
    #[must_use]
    pub fn is_holiday_trading(&self, date: NaiveDate) -> bool {
        self.0.days.is_holiday_trading(date)
    }

    /// Whether a date is a national holiday of Japan, by law (year ends are not).
    #[must_use]
    pub fn is_holiday(&self, date: NaiveDate) -> bool {
        self.0.days.is_holiday(date)
    }

    /// The last trading day before a date.
    #[must_use]
    pub fn prev_trading_day(&self, venue: Venue, date: NaiveDate) -> NaiveDate {
        self.0.days.previous(venue, date)
    }

    /// The first trading day after a date.
    #[must_use]
    pub fn next_trading_day(&self, venue: Venue, date: NaiveDate) -> NaiveDate {
        self.0.days.next(venue, date)
    }

    /// How many trading days lie after `from` up to `to`, `to` included: from Friday to Monday it
    /// is one. Negative where `to` is the earlier. Days outside 1990 to 2100 do not count.
    #[must_use]
    pub fn trading_days_between(&self, venue: Venue, from: NaiveDate, to: NaiveDate) -> i64 {
        let sessions = self.sessions(venue);
        sessions.count(to) - sessions.count(from)
    }

    /// What a market does at a time. A halt that was added comes before all else.
    #[must_use]
    pub fn phase(&self, venue: Venue, time: EventTime) -> Phase {
        if self.is_halted(venue, time) {
            return Phase::Halted;
        }
        let current = self.session_at(venue, time);
        let next = self.session_after(venue, time);
        phase::of(current.as_ref(), next.as_ref(), time)
    }

    /// The date at a time, in the venue's own time; none beyond all calendars.
    #[must_use]
    pub fn local_date(&self, venue: Venue, time: EventTime) -> Option<NaiveDate> {
        sessions::local_date(venue, time)
    }

    /// Whether it is this very calendar, shared.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn is_halted(&self, venue: Venue, time: EventTime) -> bool {
        let mut halts = self.0.additions.halts.iter();
        halts.any(|(at, from, to)| *at == venue && *from <= time && time < *to)
    }

    /// Whether the date at a time, in the venue's own time, is one that the calendar knows.
    pub(crate) fn covers_time(&self, venue: Venue, time: EventTime) -> bool {
        sessions::covers(venue, time)
    }

    /// What answers about a date rest on: what the exchange published, or its rule.
    #[must_use]
    pub fn basis(&self, date: NaiveDate) -> Basis {
        let year = date.year();
        let published =
            holiday_trading::is_published(year) || self.0.additions.published_years.contains(&year);
        match published && era::is_known(date) && covers(date) {
            true => Basis::Published,
            false => Basis::ByRule,
        }
    }

    /// The day of the special quotation of a month: its second Friday, or the business day before
    /// where that is a holiday. Month 13 is the next January.
    #[must_use]
    pub fn sq_date(&self, year: i32, month: u32) -> NaiveDate {
        let month = i32::try_from(month).unwrap_or(i32::MAX);
        let (year, month) = date::month_of(year, month);
        self.on_or_before(date::nth(year, month, Weekday::Fri, 2))
    }

    /// The date itself where derivatives have their trading day, else the last one before.
    pub(crate) fn on_or_before(&self, date: NaiveDate) -> NaiveDate {
        if self.is_trading_day(Venue::OseFuture, date) {
            date
        } else {
            self.prev_trading_day(Venue::OseFuture, date)
        }
    }
}

#[cfg(test)]
mod tests;
