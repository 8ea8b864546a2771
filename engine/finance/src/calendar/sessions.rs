//! All sessions of a venue from 1990 to 2100, in order: made once, at the first question, and
//! searched by bisection.

use chrono::{LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::America::New_York;
use zaraba_core::time::{DAY, EventTime, SECOND};

use crate::calendar::date::{shift, unix_days};
use crate::calendar::days::{self, Days};
use crate::calendar::era::{self, Hours};
use crate::calendar::venue::{AFTER_CLOSE, Session, Venue};

/// Japan is nine hours ahead of UTC and has no summer time (since 1951).
const JAPAN: i64 = 9 * 60 * MINUTE;
const MINUTE: i64 = 60 * SECOND;

/// A venue's sessions, and how many trading days there are up to each day.
pub(crate) struct Sessions {
    list: Vec<Session>,
    /// For each day from [`days::FIRST`]: the trading days up to it, itself included.
    counts: Vec<u32>,
}

impl Sessions {
    pub(crate) fn new(venue: Venue, days: &Days) -> Self {
        let (mut list, mut counts, mut count) = (Vec::new(), Vec::new(), 0);
        let mut date = days::FIRST;
        while date <= days::LAST {
            let own = days.is_trading_day(venue, date);
            count += u32::from(own);
            counts.push(count);
            if own || (venue.is_derivatives() && days.is_holiday_trading(date)) {
                list.extend(opening_on(venue, date, own, days));
            }
            date = shift(date, 1);
        }
        Self { list, counts }
    }

    /// The session that a time lies in.
    pub(crate) fn at(&self, time: EventTime) -> Option<Session> {
        let after = self.list.partition_point(|session| session.start <= time);
        let session = self.list.get(after.checked_sub(1)?)?;
        session.contains(time).then_some(*session)
    }

    /// The first session that opens after a time; none before the first and after the last one.
    pub(crate) fn after(&self, time: EventTime) -> Option<Session> {
        let after = self.list.partition_point(|session| session.start <= time);
        self.list.get(after).copied()
    }

    /// The sessions of a trading day, in order.
    pub(crate) fn of(&self, day: NaiveDate) -> &[Session] {
        let start = self.list.partition_point(|s| s.trading_day < day);
        let end = self.list.partition_point(|s| s.trading_day <= day);
        &self.list[start..end]
    }

    /// How many trading days there are from the first day of the calendar up to a date.
    pub(crate) fn count(&self, date: NaiveDate) -> i64 {
        let clamped = date.clamp(days::FIRST, days::LAST);
        let count = days::place(clamped).and_then(|place| self.counts.get(place));
        let before = date < days::FIRST;
        count.map_or(0, |count| if before { 0 } else { i64::from(*count) })
    }
}

/// The sessions that open on a date on which the venue trades. `own`: the date is a trading day
/// itself; else its sessions are the next one's.
fn opening_on(
    venue: Venue,
    date: NaiveDate,
    own: bool,
    days: &Days,
) -> impl Iterator<Item = Session> {
    use crate::calendar::venue::SessionKind::Night;
    let next = days.next(venue, date);
    let early = venue == Venue::UsCash && days.closes_early(date);
    let session = move |hours: &Hours| {
        let trading_day = if own && hours.kind != Night {
            date
        } else {
            next
        };
        let close = if early {
            era::US_EARLY_CLOSE
        } else {
            hours.close
        };
        Some(Session {
            venue,
            kind: hours.kind,
            trading_day,
            start: time(venue, date, hours.open)?,
            end: time(venue, date, close)?.plus(AFTER_CLOSE),
        })
    };
    let known = move |session: &Session| days::covers(session.trading_day);
    era::sessions(venue, date)
        .iter()
        .filter_map(session)
        .filter(known)
}

/// The time of a minute of a venue's date. New York has its openings and closes at hours that
/// exist once each day.
fn time(venue: Venue, date: NaiveDate, minute: u16) -> Option<EventTime> {
    if venue != Venue::UsCash {
        let of_day = i64::from(minute) * MINUTE;
        return Some(EventTime(unix_days(date) * DAY + of_day - JAPAN));
    }
    let local = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute));
    match New_York.from_local_datetime(&local) {
        LocalResult::Single(time) => Some(EventTime(time.timestamp_micros())),
        _ => None,
    }
}

/// Whether a time is in the years that are known, to within the hours between zones.
pub(crate) fn covers(venue: Venue, time: EventTime) -> bool {
    let zone = if venue == Venue::UsCash { 0 } else { JAPAN };
    let first = unix_days(days::FIRST) * DAY - zone;
    let end = (unix_days(days::LAST) + 1) * DAY - zone;
    (first..end).contains(&time.0)
}

/// The date in a venue's own time.
pub(crate) fn local_date(venue: Venue, time: EventTime) -> Option<NaiveDate> {
    if venue == Venue::UsCash {
        let utc = chrono::DateTime::from_timestamp_micros(time.0)?;
        // The zone has no rules for the ends of time.
        let known = covers(venue, time);
        let local = known.then(|| utc.with_timezone(&New_York).date_naive());
        return Some(local.unwrap_or_else(|| utc.date_naive()));
    }
    let local = time.0.checked_add(JAPAN)?;
    crate::calendar::date::from_unix_days(local.div_euclid(DAY))
}

/// The hours that a session was made from.
pub(crate) fn hours_of(session: &Session) -> Option<&'static Hours> {
    let date = local_date(session.venue, session.start)?;
    let of_date = era::sessions(session.venue, date);
    if session.venue == Venue::UsCash {
        return of_date.first();
    }
    let minute = (session.start.0 + JAPAN).rem_euclid(DAY) / MINUTE;
    let mut found = of_date.iter();
    found.find(|hours| i64::from(hours.open) == minute)
}
