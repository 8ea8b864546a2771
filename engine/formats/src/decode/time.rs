//! Times and dates from bytes. ISO 8601 is read by hand, since that is what most feeds write;
//! [`super::pattern`] reads the rest. A time without a zone is put into its column's.

use chrono_tz::Tz;
use zaraba_core::time::{DAY, SECOND};

use super::calendar::{Moment, days, digits, fraction};
use super::number::{Rest, decimal};
use super::pattern::Pattern;
use super::zone::Zone;

/// How times are written.
#[derive(Clone, Debug)]
enum Shape {
    Iso,
    /// A number; microseconds are that times ten to this power.
    Epoch(i32),
    Pattern(Pattern),
}

impl Shape {
    fn new(format: Option<&str>) -> Result<Self, String> {
        Ok(match format {
            None => Self::Iso,
            Some("epoch_s") => Self::Epoch(6),
            Some("epoch_ms") => Self::Epoch(3),
            Some("epoch_us") => Self::Epoch(0),
            Some("epoch_ns") => Self::Epoch(-3),
            Some(format) => Self::Pattern(Pattern::new(format)?),
        })
    }

    fn moment(&self, text: &[u8]) -> Option<Moment> {
        match self {
            Self::Iso => iso(text),
            Self::Epoch(scale) => {
                let micros = decimal(text, *scale, Rest::Cut).ok()?;
                Some(Moment {
                    micros: i64::try_from(micros).ok()?,
                    utc: true,
                })
            }
            Self::Pattern(pattern) => pattern.moment(text),
        }
    }
}

/// Reads the times of a column.
#[derive(Clone, Debug)]
pub(super) struct TimeReader {
    shape: Shape,
    zone: Zone,
    /// When on its day, where only dates are written.
    at: Option<i64>,
}

impl TimeReader {
    pub(super) fn new(format: Option<&str>, zone: Tz, at: Option<i64>) -> Result<Self, String> {
        Ok(Self {
            shape: Shape::new(format)?,
            zone: Zone::new(zone),
            at,
        })
    }

    /// Microseconds since the epoch, UTC, or what to add to "expected …, got …".
    pub(super) fn micros(&mut self, text: &[u8]) -> Result<i64, &'static str> {
        let moment = self.shape.moment(text).ok_or("")?;
        if moment.utc && self.at.is_none() {
            return Ok(moment.micros);
        }
        self.local(moment.micros)
    }

    /// The same of a time that is known already, on the clocks of the column's zone.
    pub(super) fn local(&mut self, micros: i64) -> Result<i64, &'static str> {
        let micros = match self.at {
            Some(at) if micros.rem_euclid(DAY) == 0 => micros + at,
            Some(_) => return Err(", which has a time of day beside the column's `at`"),
            None => micros,
        };
        self.zone
            .utc(micros)
            .ok_or(", which does not exist in its zone")
    }

    /// Whether numbers are read in a way of their own.
    pub(super) fn has_format(&self) -> bool {
        !matches!(self.shape, Shape::Iso)
    }
}

/// Reads the dates of a column.
#[derive(Clone, Debug)]
pub(super) struct DateReader(Shape);

impl DateReader {
    pub(super) fn new(format: Option<&str>) -> Result<Self, String> {
        Shape::new(format).map(Self)
    }

    /// Whether numbers are read in a way of their own.
    pub(super) fn has_format(&self) -> bool {
        !matches!(self.0, Shape::Iso)
    }

    /// Days since the epoch.
    pub(super) fn days(&self, text: &[u8]) -> Option<i32> {
        let days = match &self.0 {
            Shape::Iso => {
                let (days, rest) = iso_date(text)?;
                rest.is_empty().then_some(days)?
            }
            shape => shape.moment(text)?.micros.div_euclid(DAY),
        };
        i32::try_from(days).ok()
    }
}

/// `2025-11-14` and what follows it.
fn iso_date(text: &[u8]) -> Option<(i64, &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    Some((
        days(
            digits(&date[..4])?,
            digits(&date[5..7])?,
            digits(&date[8..])?,
        )?,
        rest,
    ))
}

/// `2025-11-14`, `2025-11-14T09:00`, `2025-11-14 09:00:00.123+09:00` and the like.
fn iso(text: &[u8]) -> Option<Moment> {
    let (date, rest) = iso_date(text)?;
    let Some((b'T' | b't' | b' ', rest)) = rest.split_first() else {
        return rest.is_empty().then_some(Moment {
            micros: date * DAY,
            utc: false,
        });
    };
    let (clock, mut rest) = rest.split_at_checked(5)?;
    if clock[2] != b':' {
        return None;
    }
    let (hour, minute) = (digits(&clock[..2])?, digits(&clock[3..])?);
    let (mut second, mut micros) = (0, 0);
    if let Some((b':', after)) = rest.split_first() {
        second = digits(after.get(..2)?)?;
        let (value, width) = fraction(&after[2..])?;
        micros = value;
        rest = &after[2 + width..];
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = date * DAY + (hour * 3_600 + minute * 60 + second) * SECOND + micros;
    Some(match offset(rest)? {
        Some(offset) => Moment {
            micros: local - offset,
            utc: true,
        },
        None => Moment {
            micros: local,
            utc: false,
        },
    })
}

/// Microseconds of `Z`, `+09:00`, `+0900` or `+09`, perhaps after a blank; nothing is none.
fn offset(text: &[u8]) -> Option<Option<i64>> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, rest) = match text.split_first() {
        None => return Some(None),
        Some((b'Z' | b'z', [])) => return Some(Some(0)),
        Some((b'+', rest)) => (1, rest),
        Some((b'-', rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hour, minute) = match rest {
        [_, _] => (digits(rest)?, 0),
        [_, _, b':', _, _] => (digits(&rest[..2])?, digits(&rest[3..])?),
        [_, _, _, _] => (digits(&rest[..2])?, digits(&rest[2..])?),
        _ => return None,
    };
    (hour <= 23 && minute <= 59).then_some(Some(sign * (hour * 60 + minute) * 60 * SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaraba_core::time::iso8601;

    fn check(format: Option<&str>, zone: Tz, text: &str, expected: Option<&str>) {
        let mut reader = TimeReader::new(format, zone, None).unwrap();
        let read = reader.micros(text.as_bytes()).ok().map(iso8601);
        assert_eq!(read.as_deref(), expected, "{text} as {format:?}");
    }

    #[test]
    fn iso_8601() {
        for (text, expected) in [
            ("2025-11-14T00:00:00Z", Some("2025-11-14T00:00:00Z")),
            ("2025-11-14T09:00:00+09:00", Some("2025-11-14T00:00:00Z")),
            (
                "2025-11-14t09:00:00.5+0900",
                Some("2025-11-14T00:00:00.500Z"),
            ),
            ("2025-11-14 09:00:00 +09", Some("2025-11-14T00:00:00Z")),
            ("2025-11-13T19:00:00-05:00", Some("2025-11-14T00:00:00Z")),
            ("2025-11-14T09:00", Some("2025-11-14T00:00:00Z")),
            ("2025-11-14 09:00:00", Some("2025-11-14T00:00:00Z")),
            (
                "2025-11-14 09:00:00.123456789",
                Some("2025-11-14T00:00:00.123456Z"),
            ),
            ("2025-11-14T09:00:00,1Z", Some("2025-11-14T09:00:00.100Z")),
            ("2025-11-14", Some("2025-11-13T15:00:00Z")),
            ("2024-02-29", Some("2024-02-28T15:00:00Z")),
            ("2025-02-29", None),
            ("2025-13-01", None),
            ("2025-11-14T", None),
            ("2025-11-14T24:00", None),
            ("2025-11-14T09:60", None),
            ("2025-11-14T09:00:60", None),
            ("2025-11-14T09:00:00.", None),
            ("2025-11-14T09:00:00.1234567890", None),
            ("2025-11-14T09:00:00+9", None),
            ("2025-11-14T09:00:00Zulu", None),
            ("14/11/2025", None),
            ("２０２５-11-14", None),
            ("", None),
        ] {
            check(None, Tz::Asia__Tokyo, text, expected);
        }
    }

    #[test]
    fn formats() {
        for (format, text, expected) in [
            ("%Y%m%d%H%M", "202511140900", Some("2025-11-14T00:00:00Z")),
            ("%Y%m%d%H%M", "20251114090", None),
            ("%Y%m%d%H%M", "202511149900", None),
            (
                "%Y/%m/%d %H:%M:%S",
                "2025/11/14 09:00:01",
                Some("2025-11-14T00:00:01Z"),
            ),
            (
                "%Y/%m/%d %H:%M:%S",
                "2025/1/4 9:00:01",
                Some("2025-01-04T00:00:01Z"),
            ),
            (
                "%Y-%m-%d %H:%M:%S%.f",
                "2025-11-14 09:00:01.25",
                Some("2025-11-14T00:00:01.250Z"),
            ),
            (
                "%Y-%m-%dT%H:%M:%S%z",
                "2025-11-14T09:00:00+0100",
                Some("2025-11-14T08:00:00Z"),
            ),
            (
                "%d-%b-%Y %H:%M",
                "25-Aug-2026 09:00",
                Some("2026-08-25T00:00:00Z"),
            ),
            (
                "%d-%b-%Y %I:%M %p",
                "25-Aug-2026 01:30 PM",
                Some("2026-08-25T04:30:00Z"),
            ),
            ("%Y%m%d", "20251114", Some("2025-11-13T15:00:00Z")),
            ("%s", "1763078400", Some("2025-11-14T00:00:00Z")),
            ("epoch_s", "1763078400", Some("2025-11-14T00:00:00Z")),
            ("epoch_s", "1763078400.25", Some("2025-11-14T00:00:00.250Z")),
            (
                "epoch_ms",
                "1763078400001",
                Some("2025-11-14T00:00:00.001Z"),
            ),
            (
                "epoch_us",
                "1763078400000001",
                Some("2025-11-14T00:00:00.000001Z"),
            ),
            (
                "epoch_ns",
                "1763078400000001999",
                Some("2025-11-14T00:00:00.000001Z"),
            ),
            ("epoch_s", "soon", None),
            ("epoch_s", "99999999999999999", None),
        ] {
            check(Some(format), Tz::Asia__Tokyo, text, expected);
        }
    }

    #[test]
    fn a_date_with_a_time_of_its_column() {
        let at = Some((27 * 60 + 30) * 60 * SECOND);
        for (format, text, expected) in [
            (None, "2025-11-14", Ok("2025-11-14T18:30:00Z")),
            (Some("%Y%m%d"), "20251114", Ok("2025-11-14T18:30:00Z")),
            (None, "2025-11-14T09:00", Err("beside the column's `at`")),
            (
                None,
                "2025-11-14T09:00:00Z",
                Err("beside the column's `at`"),
            ),
        ] {
            let mut reader = TimeReader::new(format, Tz::Asia__Tokyo, at).unwrap();
            match (reader.micros(text.as_bytes()), expected) {
                (Ok(micros), Ok(expected)) => assert_eq!(iso8601(micros), expected, "{text}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{text}: {why}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn wrong_formats_are_refused() {
        for (format, part) in [
            ("%Q", "strftime"),
            ("%H:%M", "no year"),
            ("epoch", "no year"),
        ] {
            let error = TimeReader::new(Some(format), Tz::UTC, None).unwrap_err();
            assert!(error.contains(part), "{format}: {error}");
        }
    }

    #[test]
    fn dates_agree_with_chrono() {
        use chrono::NaiveDate;
        let epoch = NaiveDate::default();
        for n in (-800_000..800_000).step_by(97) {
            let date = epoch + chrono::TimeDelta::days(n);
            if !(0..=9_999).contains(&chrono::Datelike::year(&date)) {
                continue;
            }
            let read = |format: Option<&str>, text: String| {
                DateReader::new(format)
                    .unwrap()
                    .days(text.as_bytes())
                    .map(i64::from)
            };
            for format in ["%Y-%m-%d", "%d-%b-%Y", "%Y%m%d"] {
                let written = date.format(format).to_string();
                assert_eq!(read(Some(format), written.clone()), Some(n), "{written}");
            }
            assert_eq!(read(None, date.format("%Y-%m-%d").to_string()), Some(n));
        }
    }
}
