//! Changes in percent, and how much they matter.

use crate::alert::Severity;

/// By how many percent `now` is above `base` (below: negative); none where the base is not above
/// zero, or either is not a number.
///
/// `(now − base) · 100 / base`, in this order: the change of prices and counts is exact, and so a
/// move of exactly 5 % is not 4.999…
///
/// ```
/// use zaraba_sdk::percent::change;
///
/// assert_eq!(change(50_250.0, 50_000.0), Some(0.5)); // (50_250 / 50_000 − 1) · 100 is less
/// assert_eq!(change(1.0, 0.0), None);
/// assert_eq!(change(f64::NAN, 1.0), None);
/// ```
#[must_use]
pub fn change(now: f64, base: f64) -> Option<f64> {
    let percent = (now - base) * 100.0 / base;
    (base > 0.0 && percent.is_finite()).then_some(percent)
}

/// Whether a figure is at a threshold or above it, but for a hair: of prices in decimals binary floats
/// lose the last digits, and from 2.85 to 3 is three ticks of 0.05.
///
/// ```
/// use zaraba_sdk::percent::reaches;
///
/// assert!((3.0 - 2.85) / 0.05 < 3.0);
/// assert!(reaches((3.0 - 2.85) / 0.05, 3.0));
/// assert!(!reaches(2.999, 3.0));
/// ```
#[must_use]
pub fn reaches(figure: f64, threshold: f64) -> bool {
    figure >= threshold - 1e-9 * threshold.abs().max(1.0)
}

/// How much a change matters, up or down: it is high from `high` on, else to be watched from `watch`
/// on, else good to know.
#[must_use]
pub fn severity(change: f64, watch: f64, high: f64) -> Severity {
    match change.abs() {
        size if reaches(size, high) => Severity::High,
        size if reaches(size, watch) => Severity::Watch,
        _ => Severity::Info,
    }
}
