//! Quiet hours: by the clock on the wall, whatever the rows' own times are, for it is people who
//! sleep.

use chrono::{DateTime, Timelike as _};
use chrono_tz::Tz;
use zaraba_core::time::{ClockTime, SECOND};

/// Minutes of a day.
const DAY_MINUTES: u32 = 24 * 60;

/// When rows wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet {
    /// First minute of the day that is quiet, and the first that is not.
    pub(super) hours: (u32, u32),
    pub(super) zone: Tz,
}

impl Quiet {
    /// When it will be over, if it is quiet now. Where clocks are changed meanwhile, this is too
    /// early or too late by as much: whoever waits asks again.
    pub(super) fn until(&self, now: ClockTime) -> Option<ClockTime> {
        let local = DateTime::from_timestamp_micros(now.0)?.with_timezone(&self.zone);
        let minute = local.hour() * 60 + local.minute();
        let (from, until) = self.hours;
        let passed = (minute + DAY_MINUTES - from) % DAY_MINUTES;
        let length = (until + DAY_MINUTES - from) % DAY_MINUTES;
        if passed >= length {
            return None;
        }
        let left = i64::from(length - passed) * 60 * SECOND;
        Some(ClockTime(now.0 - now.0.rem_euclid(60 * SECOND) + left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights() {
        let at = |text: &str| {
            let time = DateTime::parse_from_rfc3339(&format!("2025-11-14T{text}+09:00"));
            ClockTime(time.unwrap().timestamp_micros())
        };
        let quiet = |hours| Quiet {
            hours,
            zone: Tz::Asia__Tokyo,
        };
        let night = quiet((23 * 60, 7 * 60));
        assert_eq!(night.until(at("22:59:59.9")), None);
        assert_eq!(
            night.until(at("23:00:00")).map(|t| t.0),
            Some(at("07:00:00").0 + 86_400 * SECOND)
        );
        assert_eq!(night.until(at("06:59:30.5")), Some(at("07:00:00")));
        assert_eq!(night.until(at("07:00:00")), None);
        let noon = quiet((11 * 60 + 30, 12 * 60 + 30));
        assert_eq!(noon.until(at("11:29:59")), None);
        assert_eq!(noon.until(at("12:00:01")), Some(at("12:30:00")));
        assert_eq!(noon.until(at("12:30:00")), None);
        let until_midnight = quiet((23 * 60, 0));
        assert!(until_midnight.until(at("23:59:59")).is_some());
        assert_eq!(until_midnight.until(at("00:00:00")), None);
    }
}
