//! The exchanges' calendar: what `wit/rules.wit` says of it, in the SDK's types. Venues are
//! [`VENUES`]. The native harness has one of its own, see [`crate::harness::calendar`].
//!
//! ```
//! use zaraba_sdk::calendar::{Sessions, trading_day};
//! use zaraba_sdk::input::Timestamp;
//!
//! // Friday, 2025-11-14, 18:00 in Tokyo: the night session, which belongs to Monday.
//! let friday_night = Timestamp(1_763_110_800_000_000);
//! let mut sessions = Sessions::of("OSE.future");
//! let session = sessions.at(friday_night).unwrap();
//! assert_eq!(session.opens, 1_763_107_200_000_000); // 17:00
//! assert_eq!(trading_day("OSE.future", friday_night).to_string(), "2025-11-17");
//! ```

use crate::host::calendar as host;
use crate::input::{Date, Timestamp};

/// The venues that the calendar knows: what `one_of` of a parameter says.
pub const VENUES: [&str; 4] = ["OSE.future", "OSE.option", "TSE.cash", "US.cash"];

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

/// The sessions of a venue, for a rule that asks at each row: the engine is asked once a session.
#[derive(Debug)]
pub struct Sessions {
    venue: String,
    /// A memory of an answer that does not change: an instance may lose it.
    last: Option<Session>,
}

impl Sessions {
    /// Of a venue.
    #[must_use]
    pub fn of(venue: &str) -> Self {
        Self {
            venue: venue.to_owned(),
            last: None,
        }
    }

    /// The session that a moment lies in.
    pub fn at(&mut self, at: Timestamp) -> Option<Session> {
        let inside = |session: &Session| (session.opens..session.closes).contains(&at.0);
        if !self.last.as_ref().is_some_and(inside) {
            self.last = session_at(&self.venue, at);
        }
        self.last
    }
}
