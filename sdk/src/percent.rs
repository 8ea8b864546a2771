//! Changes in percent.

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
