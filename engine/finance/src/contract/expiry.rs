//! When a contract ends. A monthly one is known by its month, a weekly one by the date of its
//! special quotation.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use thiserror::Error;
use zaraba_core::time::EventTime;

use crate::calendar::date::month_of;
use crate::calendar::venue::{Session, SessionKind};
use crate::calendar::{Calendar, Venue};

/// A contract month (限月): a year and a month of it. Months of the calendar's years only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractMonth {
    year: i32,
    month: u32,
}

/// A text that names no month.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no contract month `{0}`; expected one such as 2026-09")]
pub struct NoMonth(pub String);

impl ContractMonth {
    /// The month; none outside January 1990 to December 2100.
    #[must_use]
    pub fn new(year: i32, month: u32) -> Option<Self> {
        ((1990..=2100).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The month that a date lies in.
    pub(crate) fn of(date: NaiveDate) -> Option<Self> {
        Self::new(date.year(), date.month())
    }

    /// The month after; none after the last.
    pub(crate) fn next(self) -> Option<Self> {
        let month = i32::try_from(self.month).ok()?;
        let (year, month) = month_of(self.year, month + 1);
        Self::new(year, month)
    }

    /// 1 to 12.
    #[must_use]
    pub const fn month(self) -> u32 {
        self.month
    }
}

impl fmt::Display for ContractMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for ContractMonth {
    type Err = NoMonth;

    /// Reads `2026-09`.
    fn from_str(text: &str) -> Result<Self, NoMonth> {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let read = || {
            let (year, month) = text.split_once('-')?;
            let whole = year.len() == 4 && month.len() == 2 && digits(year) && digits(month);
            let number = || Self::new(year.parse().ok()?, month.parse().ok()?);
            if whole { number() } else { None }
        };
        read().ok_or_else(|| NoMonth(text.to_owned()))
    }
}

/// What a contract ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expiry {
    /// The special quotation of a month, on its second Friday or before.
    Month(ContractMonth),
    /// A weekly special quotation, on this date.
    Week(NaiveDate),
}

impl Expiry {
    /// The day of its special quotation.
    #[must_use]
    pub fn sq_date(self, calendar: &Calendar) -> NaiveDate {
        match self {
            Self::Month(month) => calendar.sq_date(month.year, month.month),
            Self::Week(date) => date,
        }
    }

    /// The business day before that.
    #[must_use]
    pub fn last_trading_day(self, calendar: &Calendar) -> NaiveDate {
        calendar.prev_trading_day(Venue::OseFuture, self.sq_date(calendar))
    }

    /// Whether it still trades in a session. The night that opens on its last trading day belongs
    /// to the day of the special quotation: it has none.
    #[must_use]
    pub fn trades_in(self, calendar: &Calendar, session: &Session) -> bool {
        session.trading_day <= self.last_trading_day(calendar)
    }

    /// The close of its last day session: the time at which the desk rolls.
    #[must_use]
    pub fn last_close(self, calendar: &Calendar) -> Option<EventTime> {
        let last = self.last_trading_day(calendar);
        let sessions = calendar.sessions_of(Venue::OseFuture, last);
        let mut days = sessions.iter().rev();
        let day = days.find(|session| session.kind == SessionKind::Day)?;
        Some(day.close())
    }

    /// The expiry whose special quotation is on a date: the month's, else a weekly one.
    #[must_use]
    pub fn on(calendar: &Calendar, sq_date: NaiveDate) -> Self {
        let month = ContractMonth::of(sq_date);
        let monthly = month.filter(|m| calendar.sq_date(m.year, m.month) == sq_date);
        monthly.map_or(Self::Week(sq_date), Self::Month)
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month(month) => month.fmt(f),
            Self::Week(date) => date.fmt(f),
        }
    }
}
