//! Hours, phases and tick sizes as the brief has them (REQUIREMENTS 003-4, 003-5, 003-6, F6), told
//! again without the engine: sessions are lists written by hand.

use chrono::{NaiveDate, NaiveDateTime};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// Tokyo is ahead of UTC by so much.
const AHEAD: i64 = 9 * 60 * MINUTE;

/// A time in Tokyo, such as `2025-11-14 15:45`, in microseconds UTC.
pub(super) fn tokyo(text: &str) -> i64 {
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    time.and_utc().timestamp_micros() - AHEAD
}

/// A date as days since the Unix epoch.
pub(super) fn days(text: &str) -> i32 {
    let date: NaiveDate = text.parse().unwrap();
    let midnight = date.and_hms_opt(0, 0, 0).unwrap().and_utc();
    i32::try_from(midnight.timestamp() / 86_400).unwrap()
}

/// The days from the date in Tokyo to another.
pub(super) fn days_to(time: i64, date: i32) -> i64 {
    i64::from(date) - (time + AHEAD).div_euclid(DAY)
}

/// A session of one list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) night: bool,
    pub(super) open: i64,
    pub(super) close: i64,
    /// The trading day it belongs to.
    pub(super) day: i32,
}

impl Session {
    /// The closing auction's minute belongs to it.
    pub(super) const fn end(&self) -> i64 {
        self.close + MINUTE
    }

    const fn contains(&self, time: i64) -> bool {
        self.open <= time && time < self.end()
    }
}

/// The sessions of a market, in order.
#[derive(Clone, Debug)]
pub(super) struct Hours {
    pub(super) sessions: Vec<Session>,
    /// Whether it is that of futures, which know the minute without cancellations.
    futures: bool,
}

impl Hours {
    /// From lines of `day|night`, the date of the opening, opening, close, trading day.
    pub(super) fn of(text: &str, futures: bool) -> Self {
        let session = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [kind, date, open, close, day] = words[..] else {
                panic!("{line}")
            };
            let night = kind == "night";
            Session {
                night,
                open: tokyo(&format!("{date} {open}")),
                close: tokyo(&format!("{date} {close}")) + i64::from(night) * DAY,
                day: days(day),
            }
        };
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let sessions = lines.map(session).collect();
        Self { sessions, futures }
    }

    /// The session that a time lies in.
    pub(super) fn session(&self, time: i64) -> Option<&Session> {
        self.sessions.iter().find(|s| s.contains(time))
    }

    /// The trading day of a time: that of its session, or of the next one.
    pub(super) fn day(&self, time: i64) -> i32 {
        let ends_after = |s: &&Session| s.end() > time;
        self.sessions.iter().find(ends_after).unwrap().day
    }

    /// How many trading days of the list are before a day.
    pub(super) fn number(&self, day: i32) -> usize {
        let mut days: Vec<i32> = self.sessions.iter().map(|s| s.day).collect();
        days.dedup();
        days.iter().position(|d| *d == day).unwrap()
    }

    /// When each trading day's last day session is over.
    pub(super) fn day_closes(&self) -> Vec<i64> {
        let last_of_day = |s: &&Session| {
            let later = |o: &Session| !o.night && o.day == s.day && o.open > s.open;
            !s.night && !self.sessions.iter().any(later)
        };
        let of_day = self.sessions.iter().filter(last_of_day);
        of_day.map(Session::end).collect()
    }

    pub(super) fn phase(&self, time: i64) -> &'static str {
        for session in &self.sessions {
            let Session {
                night, open, close, ..
            } = *session;
            let pre_open = if night {
                open - 15 * MINUTE
            } else {
                (open + AHEAD).div_euclid(DAY) * DAY + 8 * 60 * MINUTE - AHEAD
            };
            if !(pre_open..session.end()).contains(&time) {
                continue;
            }
            let fixed = |until: i64| self.futures && time >= until - MINUTE;
            return match time {
                t if t < open => ["pre_open", "ncp"][usize::from(fixed(open))],
                t if t < open + SECOND => "itayose_open",
                t if t < close - 5 * MINUTE => "zaraba",
                t if t < close => ["pre_close", "ncp"][usize::from(night && fixed(close))],
                _ => "itayose_close",
            };
        }
        "closed"
    }
}

/// The tick of a large future, 10 yen; of an option of a price on a trading day.
pub(super) fn tick_size(product: &str, price: f64, day: i32) -> Option<f64> {
    if product == "NK225.future" {
        return Some(10.0);
    }
    let most = match day {
        day if day < days("2021-09-21") => return None,
        day if day < days("2025-11-17") => 100.0,
        _ => 300.0,
    };
    Some(if price <= most { 1.0 } else { 5.0 })
}
