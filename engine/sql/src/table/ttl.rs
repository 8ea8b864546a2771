//! When a table's row is gone: so long after its time, or when so many trading days have passed,
//! which a weekend does not count for.

use std::fmt;

use zaraba_core::time::{EventTime, duration_text};
use zaraba_finance::calendar::{Calendar, Venue};

/// How long rows are kept.
#[derive(Clone, Debug)]
pub enum Ttl {
    /// A length of time, microseconds.
    Span(i64),
    /// A row of a trading day is gone when the `days`th trading day after it begins, which is when
    /// the last session before has ended.
    TradingDays {
        /// How many.
        days: u32,
        /// Whose.
        calendar: Calendar,
    },
}

/// Whose trading days a table counts.
const VENUE: Venue = Venue::OseFuture;

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(micros) => f.write_str(&duration_text(*micros)),
            Self::TradingDays { days: 1, .. } => f.write_str("a trading day"),
            Self::TradingDays { days, .. } => write!(f, "{days} trading days"),
        }
    }
}

/// When rows are gone, with the trading day asked for last.
#[derive(Debug)]
pub(crate) struct Expiry {
    ttl: Option<Ttl>,
    /// A stretch of time, from its start to its end, and when its rows are gone.
    day: (i64, i64, i64),
}

impl Expiry {
    /// By this ttl; none: never.
    pub(crate) const fn new(ttl: Option<Ttl>) -> Self {
        Self {
            ttl,
            day: (0, 0, 0),
        }
    }

    /// Whether rows are ever gone.
    pub(crate) const fn is_some(&self) -> bool {
        self.ttl.is_some()
    }

    /// When a row of `time` is gone; the end of time if never.
    pub(crate) fn of(&mut self, time: i64) -> i64 {
        match &self.ttl {
            None => i64::MAX,
            Some(Ttl::Span(micros)) => time.saturating_add(*micros),
            Some(Ttl::TradingDays { days, calendar }) => {
                if !(self.day.0..self.day.1).contains(&time) {
                    self.day = trading_day(calendar, *days, time);
                }
                self.day.2
            }
        }
    }
}

/// The trading day that holds a time, from its beginning to its end, and when its rows are gone.
fn trading_day(calendar: &Calendar, days: u32, time: i64) -> (i64, i64, i64) {
    let (day, from, until) = calendar.trading_day_span(VENUE, EventTime(time));
    let gone = (0..days).fold(day, |d, _| calendar.next_trading_day(VENUE, d));
    let gone = calendar.trading_day_begins(VENUE, gone);
    (from.0, until.0, gone.0)
}
