//! To which trading day and session a time belongs: by the exchange's calendar, or, where no venue
//! is known, by the day of the pipeline's zone.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use zaraba_core::time::{DAY, EventTime};
use zaraba_finance::calendar::{Calendar, Venue};

/// By what days and sessions are told apart.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// The venue; none: days of the zone.
    pub venue: Option<Venue>,
    pub(super) calendar: Calendar,
    pub(super) zone: Tz,
}

/// A stretch of trading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) name: &'static str,
    pub(super) start: EventTime,
    pub(super) end: EventTime,
}

impl Sessions {
    /// What a pipeline in this zone is most likely about.
    pub(super) fn usual(zone: Tz) -> Option<Venue> {
        match zone {
            Tz::Asia__Tokyo | Tz::Japan => Some(Venue::OseOption),
            Tz::America__New_York => Some(Venue::UsCash),
            _ => None,
        }
    }

    fn local(&self, time: EventTime) -> Option<NaiveDate> {
        let utc = DateTime::from_timestamp_micros(time.0)?;
        Some(utc.with_timezone(&self.zone).date_naive())
    }

    /// The trading day.
    pub(super) fn day(&self, time: EventTime) -> Option<NaiveDate> {
        match self.venue {
            Some(venue) => Some(self.calendar.trading_day(venue, time)),
            None => self.local(time),
        }
    }

    /// The session; none outside of all.
    pub(super) fn at(&self, time: EventTime) -> Option<Stretch> {
        if let Some(venue) = self.venue {
            let session = self.calendar.session_at(venue, time)?;
            return Some(Stretch {
                name: session.kind.name(),
                start: session.start,
                end: session.end,
            });
        }
        let date = self.local(time)?;
        let midnight = |date: NaiveDate| {
            let local = date.and_time(NaiveTime::MIN);
            let first = self.zone.from_local_datetime(&local).earliest()?;
            Some(EventTime(first.timestamp_micros()))
        };
        let start = midnight(date).unwrap_or(time);
        Some(Stretch {
            name: "day",
            start,
            end: date
                .checked_add_days(Days::new(1))
                .and_then(midnight)
                .unwrap_or(start.plus(DAY)),
        })
    }
}
