//! Event time and its relatives, one newtype each, so that a watermark is never taken for a row's
//! time. All are microseconds since the Unix epoch in UTC. Durations as users write them (`5s`)
//! are read by [`parse_duration`].

use std::fmt;

/// The time in the data: microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime(pub i64);

impl EventTime {
    /// Before every row.
    pub const MIN: Self = Self(i64::MIN);
    /// After every row: the watermark of an input that has ended.
    pub const MAX: Self = Self(i64::MAX);

    /// This time moved back by `micros`, stopping at the ends of time.
    #[must_use]
    pub const fn minus(self, micros: i64) -> Self {
        Self(self.0.saturating_sub(micros))
    }

    /// This time moved forward by `micros`, stopping at the ends of time.
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MIN => f.write_str("the beginning"),
            Self::MAX => f.write_str("the end"),
            Self(micros) => f.write_str(&iso8601(micros)),
        }
    }
}

/// The end of one checkpoint and the start of the next, numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// The time of the machine (or of a test's manual clock): microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(pub i64);

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const DAY: i64 = 86_400 * SECOND;

/// Microseconds as ISO 8601 in UTC, with a fraction only where there is one.
#[must_use]
pub fn iso8601(micros: i64) -> String {
    let (date, of_day) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (year, month, day) = civil(date);
    let (seconds, fraction) = (of_day / SECOND, of_day % SECOND);
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}");
    if fraction % 1000 != 0 {
        text.push_str(&format!(".{fraction:06}"));
    } else if fraction != 0 {
        text.push_str(&format!(".{:03}", fraction / 1000));
    }
    text.push('Z');
    text
}

/// Year, month and day of a number of days since the Unix epoch, in the proleptic Gregorian
/// calendar: 400 years are 146,097 days, and a year is counted from March so that the leap day is
/// its last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468; // days since 0000-03-01
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Units that [`parse_duration`] reads, each with its microseconds.
const UNITS: [(&str, i64); 8] = [
    ("us", 1),
    ("µs", 1),
    ("ms", 1_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("min", 60 * SECOND),
    ("h", 3600 * SECOND),
    ("d", DAY),
];

/// Reads `5s`, `1m30s`, `250ms`, `2h`, `1d` as microseconds; none if it is not a duration.
#[must_use]
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total: i64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == ' ')
            .unwrap_or(rest.len());
        let (_, micros) = UNITS.iter().find(|(unit, _)| *unit == &rest[..end])?;
        total = total.checked_add(number.checked_mul(*micros)?)?;
        rest = rest[end..].trim_start();
    }
    Some(total)
}

/// A length of time as [`parse_duration`] reads it: `1m30s`.
#[must_use]
pub fn duration_text(micros: i64) -> String {
    let (mut rest, mut text) = (micros.unsigned_abs(), String::new());
    for unit in ["d", "h", "m", "s", "ms", "us"] {
        let found = UNITS.iter().find(|(name, _)| *name == unit);
        let length = found.map_or(1, |(_, length)| length.unsigned_abs());
        if rest >= length {
            text += &format!("{}{unit}", rest / length);
            rest %= length;
        }
    }
    match (text.is_empty(), micros < 0) {
        (true, _) => "0s".to_owned(),
        (_, true) => format!("-{text}"),
        (_, false) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, micros) in [
            ("5s", Some(5 * SECOND)),
            ("1m30s", Some(90 * SECOND)),
            ("250ms", Some(250_000)),
            ("1 d", Some(DAY)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("5 parsecs", None),
            ("9223372036854775807d", None),
        ] {
            assert_eq!(parse_duration(text), micros, "{text}");
        }
    }

    #[test]
    fn dates() {
        // Published by `date -u -d @N`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_763_078_400, "2025-11-14T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(iso8601(seconds * SECOND), text);
        }
        assert_eq!(iso8601(1_500), "1970-01-01T00:00:00.001500Z");
    }

    #[test]
    fn lengths_read_as_they_are_written() {
        for (micros, text) in [
            (0, "0s"),
            (5 * SECOND, "5s"),
            (90 * SECOND, "1m30s"),
            (DAY + 1_500, "1d1ms500us"),
            (-3600 * SECOND, "-1h"),
        ] {
            assert_eq!(duration_text(micros), text);
            assert!(micros < 0 || parse_duration(text) == Some(micros), "{text}");
        }
    }
}
