//! The moments at which `snapshot_at` takes a table: the close of a market's day or night session.

use std::fmt;

use zaraba_config::document::MomentDoc;
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::{Calendar, SessionKind, Venue};

/// Which moment of a trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    name: &'static str,
    venue: Venue,
    kind: SessionKind,
}

impl From<MomentDoc> for Moment {
    fn from(doc: MomentDoc) -> Self {
        use SessionKind::{Day, Night};
        let (name, venue, kind) = match doc {
            MomentDoc::OseDayClose => ("OSE.day_close", Venue::OseFuture, Day),
            MomentDoc::OseNightClose => ("OSE.night_close", Venue::OseFuture, Night),
            MomentDoc::TseClose => ("TSE.close", Venue::TseCash, Day),
            MomentDoc::UsClose => ("US.close", Venue::UsCash, Day),
        };
        Self { name, venue, kind }
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
