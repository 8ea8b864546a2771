//! The parts of times and dates: what [`super::time`] and [`super::pattern`] read them from.

/// A time as it was written: UTC, or in a zone still to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Microseconds since the epoch.
    pub(super) micros: i64,
    /// Whether an offset was written (and is taken off).
    pub(super) utc: bool,
}

/// A number of digits only.
pub(super) fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'))
    })
}

/// Most digits of a fraction of a second.
const FRACTION_DIGITS_MAX: usize = 9;

/// Microseconds of `.123456789`, cut, and its width; nothing is zero.
pub(super) fn fraction(text: &[u8]) -> Option<(i64, usize)> {
    let Some((b'.' | b',', rest)) = text.split_first() else {
        return Some((0, 0));
    };
    let width = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if width == 0 || width > FRACTION_DIGITS_MAX {
        return None;
    }
    let micros = (0..6).fold(0, |n, i| {
        n * 10 + rest[..width].get(i).map_or(0, |b| i64::from(b - b'0'))
    });
    Some((micros, width + 1))
}

/// Days since the epoch of a date that exists, counted in years that begin in March, so that the
/// leap day is a year's last (the reverse of `zaraba_core::time::iso8601`).
pub(super) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468)
}
