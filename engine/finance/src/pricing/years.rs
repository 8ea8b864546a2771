//! Time to the special quotation (SQ): minutes to 09:00 in Tokyo on its day, of 525,600 a year.

use chrono::{DateTime, NaiveDate, Utc};

/// Microseconds in a year of 525,600 minutes.
pub const YEAR_MICROS: f64 = 525_600.0 * 60e6;

/// Days from the epoch to a date, as Arrow counts them, to the microsecond of 09:00 in Tokyo:
/// Tokyo is nine hours ahead of UTC all year, so that is the date's midnight in UTC.
#[must_use]
pub const fn sq_micros(date_days: i32) -> i64 {
    date_days as i64 * 86_400_000_000
}

/// Years from a time, in microseconds of the epoch, to 09:00 in Tokyo on the SQ day, in days of
/// the epoch: fractions of minutes count, and past the SQ it is negative.
#[must_use]
pub fn years_between(micros: i64, sq_days: i32) -> f64 {
    sq_micros(sq_days).saturating_sub(micros) as f64 / YEAR_MICROS
}

/// [`years_between`] for chrono's types.
#[must_use]
pub fn years_to_sq(at: DateTime<Utc>, sq: NaiveDate) -> f64 {
    let sq = sq.and_time(chrono::NaiveTime::MIN).and_utc();
    years_between(at.timestamp_micros(), (sq.timestamp() / 86_400) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_to_nine_in_tokyo() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let sq = "2026-09-11".parse().unwrap();
        for (time, minutes) in [
            ("2026-09-11T08:59:00+09:00", 1.0),
            ("2026-09-11T09:00:00+09:00", 0.0),
            ("2026-09-11T09:30:00+09:00", -30.0),
            ("2026-09-10T15:45:00+09:00", 17.25 * 60.0),
            ("2026-07-31T15:45:00+09:00", 41.0 * 1440.0 + 17.25 * 60.0),
            ("2026-09-11T08:59:30+09:00", 0.5),
        ] {
            assert_eq!(years_to_sq(at(time), sq), minutes / 525_600.0, "{time}");
        }
    }
}
