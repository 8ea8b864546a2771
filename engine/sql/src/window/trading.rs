//! Windows that follow an exchange's calendar: each session is one, or grows by a step until it is
//! whole. A time in no session has no window; its row was sent to `NODE__unassigned` before.

use std::fmt;

use zaraba_core::time::{EventTime, duration_text};
use zaraba_finance::calendar::{Calendar, Session, Venue};

/// The sessions of a venue.
#[derive(Clone, Debug)]
pub struct TradingWindows {
    /// Whose holidays and hours.
    pub calendar: Calendar,
    /// Which market.
    pub venue: Venue,
    /// By how much windows grow within a session, microseconds; none: one window a session.
    pub step: Option<i64>,
}

impl PartialEq for TradingWindows {
    fn eq(&self, other: &Self) -> bool {
        (self.venue, self.step) == (other.venue, other.step)
    }
}

impl Eq for TradingWindows {}

impl std::hash::Hash for TradingWindows {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.venue, self.step).hash(state);
    }
}

impl PartialOrd for TradingWindows {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (self.venue == other.venue).then(|| self.step.cmp(&other.step))
    }
}

impl fmt::Display for TradingWindows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sessions of {}", self.venue)?;
        match self.step {
            Some(step) => write!(f, ", step {}", duration_text(step)),
            None => Ok(()),
        }
    }
}

impl TradingWindows {
    /// The session that holds a time.
    #[must_use]
    pub fn session_at(&self, time: i64) -> Option<Session> {
        self.calendar.session_at(self.venue, EventTime(time))
    }

    /// The end of the step that holds a time of a session.
    fn step_end(&self, session: &Session, time: i64) -> i64 {
        let (start, end) = (session.start.0, session.end.0);
        match self.step {
            Some(step) => (start + ((time - start) / step + 1) * step).min(end),
            None => end,
        }
    }

    /// The pane that holds `time`: a step of its session, or all of it.
    #[must_use]
    pub fn pane_of(&self, time: i64) -> (i64, i64) {
        let Some(session) = self.session_at(time) else {
            return (time, time + 1);
        };
        let end = self.step_end(&session, time);
        let start = match self.step {
            Some(step) => time - (time - session.start.0) % step,
            None => session.start.0,
        };
        (start, end)
    }

    /// The first end of a window after `time`; the end of time where the calendar has no more.
    #[must_use]
    pub fn next_end(&self, time: i64) -> i64 {
        if let Some(session) = self.session_at(time) {
            return self.step_end(&session, time);
        }
        let next = self.calendar.session_after(self.venue, EventTime(time));
        next.map_or(i64::MAX, |session| self.step_end(&session, session.start.0))
    }

    /// Start of the window that ends at `end`.
    #[must_use]
    pub fn start(&self, end: i64) -> i64 {
        self.session_at(end - 1).map_or(end, |s| s.start.0)
    }
}
