//! Days in a path: `{date}` of the pipeline's zone and `{trading_day}` of the exchange. Which day a
//! time is of, and until when the next times are, so that most rows need no look at a calendar.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use zaraba_core::time::DAY;

/// A day, and the times that are of it: `from <= t < until`, microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its date.
    pub date: NaiveDate,
    /// Its first time.
    pub from: i64,
    /// The first time of the next.
    pub until: i64,
}

/// Which day a time is of.
#[derive(Clone)]
pub struct DayOf(Arc<dyn Fn(i64) -> Day + Send + Sync>);

impl DayOf {
    /// By a function of times in microseconds.
    pub fn new(of: impl Fn(i64) -> Day + Send + Sync + 'static) -> Self {
        Self(Arc::new(of))
    }

    /// Days as clocks on the wall of a zone show them.
    #[must_use]
    pub fn of_zone(zone: Tz) -> Self {
        Self::new(move |time| {
            let local = DateTime::from_timestamp_micros(time).map(|t| t.with_timezone(&zone));
            let date = local.map_or(NaiveDate::MIN, |t| t.date_naive());
            let begins = |date: Option<NaiveDate>| {
                let midnight = date?.and_time(NaiveTime::MIN);
                // Where clocks leave midnight out, the day begins with what follows.
                let first = (0..24).find_map(|hour| {
                    let time = midnight + chrono::TimeDelta::hours(hour);
                    zone.from_local_datetime(&time).earliest()
                });
                Some(first?.timestamp_micros())
            };
            Day {
                date,
                from: begins(Some(date)).unwrap_or(time),
                until: begins(date.checked_add_days(Days::new(1))).unwrap_or(time + DAY),
            }
        })
    }

    /// The day of a time.
    pub(super) fn of(&self, time: i64) -> Day {
        (self.0)(time)
    }
}

impl fmt::Debug for DayOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DayOf")
    }
}

/// The days that a path may name.
#[derive(Clone, Debug)]
pub struct Calendars {
    /// `{date}`
    pub date: DayOf,
    /// `{trading_day}`
    pub trading_day: DayOf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_zones() {
        let at = |text: &str| {
            DateTime::parse_from_rfc3339(text)
                .unwrap()
                .timestamp_micros()
        };
        for (zone, time, date, from, until) in [
            (
                Tz::Asia__Tokyo,
                "2025-11-14T00:30:00+09:00",
                "2025-11-14",
                "2025-11-14T00:00:00+09:00",
                "2025-11-15T00:00:00+09:00",
            ),
            // A day of 23 hours, and one whose midnight the clocks leave out.
            (
                Tz::Europe__Berlin,
                "2025-03-30T12:00:00+02:00",
                "2025-03-30",
                "2025-03-30T00:00:00+01:00",
                "2025-03-31T00:00:00+02:00",
            ),
            (
                Tz::Africa__Cairo,
                "2025-04-25T12:00:00+03:00",
                "2025-04-25",
                "2025-04-25T01:00:00+03:00",
                "2025-04-26T00:00:00+03:00",
            ),
        ] {
            let day = Day {
                date: date.parse().unwrap(),
                from: at(from),
                until: at(until),
            };
            assert_eq!(DayOf::of_zone(zone).of(at(time)), day, "{zone}");
        }
    }
}
