//! Times, dates and times of day as ISO 8601, written digit by digit: a formatter that reads a
//! pattern for every value costs more than all else in a row.

use std::io::Write as _;

use chrono::{DateTime, Datelike as _, NaiveDate, Offset as _, TimeZone as _, Timelike as _};
use chrono_tz::Tz;
use zaraba_core::time::{EventTime, SECOND};

/// Days from 0001-01-01 (day 1 of chrono's count) to the Unix epoch.
const EPOCH_DAY: i32 = 719_163;
const NANOS: i64 = 1_000_000_000;

/// Appends an event time as ISO 8601 with the zone's offset (`2025-11-14T09:00:00+09:00`), the
/// fraction only where there is one. False, and nothing appended, for a time that no calendar
/// holds, such as the watermark before the first row.
pub fn write_time(out: &mut Vec<u8>, time: EventTime, zone: Tz) -> bool {
    timestamp(out, time.0, SECOND, Some(zone))
}

/// Appends a timestamp of `per_second` units; without a zone it is a local time without offset.
pub(crate) fn timestamp(out: &mut Vec<u8>, value: i64, per_second: i64, zone: Option<Tz>) -> bool {
    let (seconds, fraction) = (value.div_euclid(per_second), value.rem_euclid(per_second));
    let Some(utc) = DateTime::from_timestamp(seconds, 0) else {
        return false;
    };
    let offset = zone.map_or(0, |zone| offset_seconds(zone, utc));
    let Some(local) = DateTime::from_timestamp(seconds + i64::from(offset), 0) else {
        return false;
    };
    year_month_day(out, local.date_naive());
    out.push(b'T');
    of_day(
        out,
        i64::from(local.num_seconds_from_midnight()),
        fraction * (NANOS / per_second),
    );
    if zone.is_some() {
        let minutes = offset.unsigned_abs() / 60;
        out.push(if offset < 0 { b'-' } else { b'+' });
        two(out, minutes / 60);
        out.push(b':');
        two(out, minutes % 60);
    }
    true
}

/// Appends a date of days since the Unix epoch; false if no calendar holds it.
pub(crate) fn date(out: &mut Vec<u8>, days: i32) -> bool {
    let day = days
        .checked_add(EPOCH_DAY)
        .and_then(NaiveDate::from_num_days_from_ce_opt);
    if let Some(day) = day {
        year_month_day(out, day);
    }
    day.is_some()
}

/// Appends a time of day of nanoseconds since midnight.
pub(crate) fn time_of_day(out: &mut Vec<u8>, nanos: i64) {
    of_day(out, nanos.div_euclid(NANOS), nanos.rem_euclid(NANOS));
}

/// Seconds east of UTC. Local mean times of the nineteenth century have odd seconds, which ISO
/// 8601 cannot say: they are shown in UTC, which keeps the instant exact.
fn offset_seconds(zone: Tz, utc: DateTime<chrono::Utc>) -> i32 {
    if zone == Tz::UTC {
        return 0;
    }
    let offset = zone
        .offset_from_utc_datetime(&utc.naive_utc())
        .fix()
        .local_minus_utc();
    if offset % 60 == 0 { offset } else { 0 }
}

fn year_month_day(out: &mut Vec<u8>, day: NaiveDate) {
    match u32::try_from(day.year()) {
        Ok(year) if year <= 9999 => {
            two(out, year / 100);
            two(out, year % 100);
        }
        // Expanded years carry a sign. Writing to memory cannot fail.
        _ => drop(write!(out, "{:+07}", day.year())),
    }
    out.push(b'-');
    two(out, day.month());
    out.push(b'-');
    two(out, day.day());
}

fn of_day(out: &mut Vec<u8>, seconds: i64, nanos: i64) {
    let seconds = u32::try_from(seconds).unwrap_or(0);
    two(out, seconds / 3600);
    out.push(b':');
    two(out, seconds / 60 % 60);
    out.push(b':');
    two(out, seconds % 60);
    if nanos == 0 {
        return;
    }
    let written = match (nanos % 1_000_000, nanos % 1_000) {
        (0, _) => write!(out, ".{:03}", nanos / 1_000_000),
        (_, 0) => write!(out, ".{:06}", nanos / 1_000),
        _ => write!(out, ".{nanos:09}"),
    };
    drop(written); // writing to memory cannot fail
}

/// Appends a number below 100 as two digits.
fn two(out: &mut Vec<u8>, number: u32) {
    let digit = |n: u32| b'0' + u8::try_from(n % 10).unwrap_or(0);
    out.extend([digit(number / 10), digit(number)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(micros: i64, zone: Option<Tz>, expected: &str) {
        let mut out = Vec::new();
        assert!(timestamp(&mut out, micros, SECOND, zone));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn zones_and_fractions() {
        // Published by `TZ=… date -d @N --iso-8601=seconds`.
        let seconds = 1_763_078_400;
        for (zone, expected) in [
            (Tz::UTC, "2025-11-14T00:00:00+00:00"),
            (Tz::Asia__Tokyo, "2025-11-14T09:00:00+09:00"),
            (Tz::America__New_York, "2025-11-13T19:00:00-05:00"),
            (Tz::Asia__Kathmandu, "2025-11-14T05:45:00+05:45"),
            (Tz::America__St_Johns, "2025-11-13T20:30:00-03:30"),
        ] {
            check(seconds * SECOND, Some(zone), expected);
        }
        check(seconds * SECOND + 500_000, None, "2025-11-14T00:00:00.500");
        check(seconds * SECOND + 1, None, "2025-11-14T00:00:00.000001");
        check(-1, None, "1969-12-31T23:59:59.999999");
        check(-62_135_596_800 * SECOND, None, "0001-01-01T00:00:00");
        // Tokyo before 1888 was 9:18:59 east of Greenwich.
        check(
            -3_000_000_000 * SECOND,
            Some(Tz::Asia__Tokyo),
            "1874-12-07T18:40:00+00:00",
        );
    }

    #[test]
    fn agrees_with_chrono() {
        for step in 0..5_000_i64 {
            let micros = step * 7_654_321_098_765 - 9_000_000_000_000_000;
            for zone in [
                Tz::Europe__London,
                Tz::America__New_York,
                Tz::Australia__Lord_Howe,
            ] {
                let mut out = Vec::new();
                assert!(write_time(&mut out, EventTime(micros), zone));
                let text = String::from_utf8(out).unwrap();
                let back = DateTime::parse_from_rfc3339(&text).unwrap();
                assert_eq!(back.timestamp_micros(), micros, "{text}");
                let local = DateTime::from_timestamp_micros(micros)
                    .unwrap()
                    .with_timezone(&zone);
                if local.offset().fix().local_minus_utc() % 60 == 0 {
                    assert_eq!(back.naive_local(), local.naive_local(), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_no_calendar_holds() {
        let mut out = Vec::new();
        assert!(!write_time(&mut out, EventTime::MIN, Tz::UTC));
        assert!(!write_time(&mut out, EventTime::MAX, Tz::UTC));
        assert!(!date(&mut out, i32::MAX));
        assert!(out.is_empty());
        assert!(date(&mut out, 20_434));
        time_of_day(&mut out, 32_400 * NANOS + 5_000_000);
        assert_eq!(out, b"2025-12-1209:00:00.005");
    }
}
