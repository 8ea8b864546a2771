//! How a day goes: how much prices move and how much trades in each hour, with bursts at the opens
//! and before the closes, quiet while Tokyo is at lunch, and New York's open at night. The shapes
//! are those of hourly bars of the mini future in 2025, rounded.

use super::hours::Minute;

/// The usual range of an hour, in percent; of the quarter of an hour before 9:00 scaled up,
/// and of the half hour from 16:30, when nights began until 2024, that of the hour after it.
const RANGE: [f64; 24] = [
    0.41, 0.34, 0.37, 0.31, 0.33, 0.25, 0.0, 0.0, 0.60, 0.74, 0.47, 0.34, 0.37, 0.33, 0.32, 0.34,
    0.37, 0.37, 0.26, 0.26, 0.26, 0.31, 0.43, 0.48,
];

/// What trades in an hour, in thousands.
const VOLUME: [f64; 24] = [
    26.0, 16.0, 13.0, 11.0, 12.0, 6.0, 0.0, 0.0, 70.0, 93.0, 50.0, 32.0, 35.0, 32.0, 35.0, 50.0,
    26.0, 26.0, 14.0, 14.0, 14.0, 18.0, 29.0, 32.0,
];

/// The squares of the ranges, summed over a day of 20 hours.
const RANGES_SQUARED: f64 = 2.9;

/// How much of the usual there is while Tokyo's shares pause; the two hours that share the pause are
/// higher above for it.
const LUNCH: f64 = 0.7;

/// A burst that fades: its height at once and the seconds after which a third of it is left.
fn burst(seconds: i64, height: f64, fades: f64) -> f64 {
    height * (-(seconds as f64) / fades).exp()
}

fn bursts(minute: &Minute, second: i64, since_new_york: Option<i64>) -> f64 {
    let Some(session) = minute.session else {
        return 0.0;
    };
    let now = minute.start + second;
    let new_york = since_new_york.map_or(0.0, |s| burst(s, 0.8, 1200.0));
    let lunch = !session.night && !minute.tokyo && minute.hour > 9 && minute.hour < 15;
    let quiet = if lunch { LUNCH } else { 1.0 };
    let open = burst(now - session.start, 1.5, 240.0);
    quiet * (1.0 + open + burst(session.end - now, 0.8, 120.0) + new_york)
}

/// The share of a usual day's variance that falls into a second.
pub(super) fn variance(minute: &Minute, second: i64, since_new_york: Option<i64>) -> f64 {
    let range = RANGE.get(minute.hour).copied().unwrap_or(0.0);
    range * range / 3600.0 / RANGES_SQUARED * bursts(minute, second, since_new_york)
}

/// How much trades in a second, beside others.
pub(super) fn activity(minute: &Minute, second: i64, since_new_york: Option<i64>) -> f64 {
    let volume = VOLUME.get(minute.hour).copied().unwrap_or(0.0);
    volume * bursts(minute, second, since_new_york)
}
