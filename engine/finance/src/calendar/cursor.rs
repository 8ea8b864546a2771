//! Sessions for rows that come nearly in order: the one found last is kept, and the calendar is
//! asked again only when a time leaves it.

use chrono::NaiveDate;
use zaraba_core::time::EventTime;

use crate::calendar::venue::{Phase, Session, Venue};
use crate::calendar::{Calendar, phase};

/// A stretch of time that lies in one session, or between two.
#[derive(Clone, Copy)]
struct Stretch {
    from: EventTime,
    /// The first time after it.
    until: EventTime,
    current: Option<Session>,
    /// The session that opens after the stretch's times.
    next: Option<Session>,
}

/// A place in the calendar of one venue.
pub struct Cursor<'a> {
    calendar: &'a Calendar,
    venue: Venue,
    stretch: Option<Stretch>,
}

impl<'a> Cursor<'a> {
    /// At no time yet.
    #[must_use]
    pub const fn new(calendar: &'a Calendar, venue: Venue) -> Self {
        Self {
            calendar,
            venue,
            stretch: None,
        }
    }

    /// Whose calendar it is in.
    #[must_use]
    pub const fn venue(&self) -> Venue {
        self.venue
    }

    fn stretch(&mut self, time: EventTime) -> Stretch {
        match self.stretch {
            Some(stretch) if stretch.from <= time && time < stretch.until => stretch,
            _ => {
                let found = self.find(time);
                self.stretch = Some(found);
                found
            }
        }
    }

    fn find(&self, time: EventTime) -> Stretch {
        let current = self.calendar.session_at(self.venue, time);
        let next = self.calendar.session_after(self.venue, time);
        let (from, until) = match (&current, &next) {
            (Some(session), _) => (session.start, session.end),
            (None, Some(next)) => (time, next.start),
            (None, None) => (time, EventTime::MAX),
        };
        Stretch {
            from,
            until,
            current,
            next,
        }
    }

    /// The session that a time lies in.
    pub fn session(&mut self, time: EventTime) -> Option<Session> {
        self.stretch(time).current
    }

    /// As [`Calendar::trading_day`]; none outside 1990 to 2100.
    pub fn trading_day(&mut self, time: EventTime) -> Option<NaiveDate> {
        if !self.calendar.covers_time(self.venue, time) {
            return None;
        }
        let stretch = self.stretch(time);
        let session = stretch.current.or(stretch.next)?;
        Some(session.trading_day)
    }

    /// As [`Calendar::phase`]; none outside 1990 to 2100.
    pub fn phase(&mut self, time: EventTime) -> Option<Phase> {
        if !self.calendar.covers_time(self.venue, time) {
            return None;
        }
        if self.calendar.is_halted(self.venue, time) {
            return Some(Phase::Halted);
        }
        let stretch = self.stretch(time);
        Some(phase::of(
            stretch.current.as_ref(),
            stretch.next.as_ref(),
            time,
        ))
    }
}
