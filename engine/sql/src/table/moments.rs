//! The moments at which `snapshot_at` takes a table: the close of a market's day or night session.

use std::fmt;
use std::str::FromStr;

use zaraba_core::time::EventTime;
use zaraba_finance::calendar::{Calendar, SessionKind, Venue};

/// A moment's name, venue and kind of session.
const NAMES: [(&str, Venue, SessionKind); 4] = [
    ("OSE.day_close", Venue::OseFuture, SessionKind::Day),
    ("OSE.night_close", Venue::OseFuture, SessionKind::Night),
    ("TSE.close", Venue::TseCash, SessionKind::Day),
    ("US.close", Venue::UsCash, SessionKind::Day),
];

/// Which moment of a trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    name: &'static str,
    venue: Venue,
    kind: SessionKind,
}

impl Moment {
    /// Every name, in the order of messages.
    #[must_use]
    pub fn names() -> [&'static str; 4] {
        NAMES.map(|(name, ..)| name)
    }
}

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = NAMES.into_iter().find(|(name, ..)| *name == text);
        let of = |(name, venue, kind)| Self { name, venue, kind };
        found.map(of).ok_or(())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The moments, one a trading day.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Whose trading days.
    pub calendar: Calendar,
    /// Which moment.
    pub moment: Moment,
}

impl Moments {
    /// The first moment after `time`: the end of the last session of its kind of a trading day, the
    /// closing auction included. The end of time where the calendar has no more.
    #[must_use]
    pub fn after(&self, time: i64) -> i64 {
        let Moment { venue, kind, .. } = self.moment;
        let mut day = self.calendar.trading_day(venue, EventTime(time));
        loop {
            let sessions = self.calendar.sessions_of(venue, day);
            let of_kind = sessions.iter().rfind(|s| s.kind == kind);
            match of_kind.map(|s| s.end.0) {
                Some(end) if end > time => return end,
                None if sessions.is_empty() => return i64::MAX,
                _ => day = self.calendar.next_trading_day(venue, day),
            }
        }
    }
}
