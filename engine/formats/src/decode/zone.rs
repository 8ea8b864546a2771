//! Times without a zone: local microseconds to UTC. Rows come nearly in order, so the offset of the
//! last hour is kept; an hour in which clocks change is looked up each time.

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use zaraba_core::time::SECOND;

/// Microseconds in an hour.
const HOUR: i64 = 3_600 * SECOND;

/// A time zone and the offset it had last.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    tz: Tz,
    /// The hour (local, since the epoch) and its offset in microseconds.
    last: Option<(i64, i64)>,
}

impl Zone {
    pub(super) fn new(tz: Tz) -> Self {
        Self { tz, last: None }
    }

    /// UTC of a local time; none if clocks skipped it. Of two, the earlier.
    pub(super) fn utc(&mut self, local: i64) -> Option<i64> {
        if self.tz == Tz::UTC {
            return Some(local);
        }
        let hour = local.div_euclid(HOUR);
        match self.last {
            Some((last, offset)) if last == hour => local.checked_sub(offset),
            _ => self.look_up(local, hour),
        }
    }

    fn look_up(&mut self, local: i64, hour: i64) -> Option<i64> {
        let (first, last) = (
            hour.checked_mul(HOUR)?,
            hour.checked_mul(HOUR)?.checked_add(HOUR - 1)?,
        );
        if let (Some([a, None]), Some([b, None])) = (self.offsets(first), self.offsets(last))
            && a == b
        {
            self.last = a.map(|offset| (hour, offset));
        }
        let [earlier, _] = self.offsets(local)?;
        local.checked_sub(earlier?)
    }

    /// The offsets that a local time may have, the one that makes it earlier first.
    fn offsets(&self, local: i64) -> Option<[Option<i64>; 2]> {
        let naive = DateTime::from_timestamp_micros(local)?.naive_utc();
        let found = self.tz.offset_from_local_datetime(&naive);
        let micros = |o: chrono_tz::TzOffset| i64::from(o.fix().local_minus_utc()) * SECOND;
        let later = if found.single().is_some() {
            None
        } else {
            found.latest()
        };
        Some([found.earliest().map(micros), later.map(micros)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tz: Tz, local: &str, utc: Option<&str>) {
        let micros = |t: &str| {
            chrono::NaiveDateTime::parse_from_str(t, "%Y-%m-%d %H:%M")
                .unwrap()
                .and_utc()
                .timestamp_micros()
        };
        let mut zone = Zone::new(tz);
        for _ in 0..2 {
            assert_eq!(zone.utc(micros(local)), utc.map(micros), "{tz} {local}");
        }
    }

    #[test]
    fn offsets_of_zones() {
        // Dates of clock changes as published by the IANA time zone database.
        check(
            Tz::Asia__Tokyo,
            "2025-11-14 09:00",
            Some("2025-11-14 00:00"),
        );
        check(
            Tz::America__New_York,
            "2025-03-09 01:59",
            Some("2025-03-09 06:59"),
        );
        check(Tz::America__New_York, "2025-03-09 02:30", None);
        check(
            Tz::America__New_York,
            "2025-03-09 03:00",
            Some("2025-03-09 07:00"),
        );
        check(
            Tz::America__New_York,
            "2025-11-02 01:30",
            Some("2025-11-02 05:30"),
        );
        check(
            Tz::Australia__Lord_Howe,
            "2025-04-06 01:20",
            Some("2025-04-05 14:20"),
        );
        check(
            Tz::Australia__Lord_Howe,
            "2025-04-06 01:40",
            Some("2025-04-05 14:40"),
        );
        check(Tz::Australia__Lord_Howe, "2025-10-05 02:10", None);
        check(Tz::UTC, "2025-03-09 02:30", Some("2025-03-09 02:30"));
    }

    #[test]
    fn an_hour_with_a_change_is_not_kept() {
        let minute = |m: i64| 1_743_904_800 * SECOND + m * 60 * SECOND; // 2025-04-06T02:00 local
        let mut zone = Zone::new(Tz::Australia__Lord_Howe);
        let kept: Vec<_> = (-60..60).map(|m| zone.utc(minute(m))).collect();
        let fresh: Vec<_> = (-60..60)
            .map(|m| Zone::new(Tz::Australia__Lord_Howe).utc(minute(m)))
            .collect();
        assert_eq!(kept, fresh);
    }
}
