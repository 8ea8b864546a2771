//! The exchanges' calendar: what `wit/rules.wit` says of it, in the SDK's types. Venues are
//! `OSE.future`, `OSE.option`, `TSE.cash`, `US.cash`. There is none in the native harness.

use crate::bindings::zaraba::rules::calendar as host;
use crate::input::{Date, Timestamp};

pub use crate::bindings::zaraba::rules::calendar::{Phase, Session, SessionKind};

/// The trading day of a moment.
#[must_use]
pub fn trading_day(venue: &str, at: Timestamp) -> Date {
    Date(host::trading_day(venue, at.0))
}

/// The session that a moment lies in.
#[must_use]
pub fn session_at(venue: &str, at: Timestamp) -> Option<Session> {
    host::session_at(venue, at.0)
}

/// What the market does at a moment.
#[must_use]
pub fn phase_at(venue: &str, at: Timestamp) -> Phase {
    host::phase_at(venue, at.0)
}

/// How many trading days lie after `start` up to `end`, `end` included.
#[must_use]
pub fn trading_days_between(venue: &str, start: Date, end: Date) -> i64 {
    host::trading_days_between(venue, start.0, end.0)
}

/// The first day of a special quotation on or after a date, and the days to there.
#[must_use]
pub fn next_sq(day: Date) -> (Date, i64) {
    let (date, days) = host::next_sq(day.0);
    (Date(date), days)
}
