//! Means and deviations of the last n rows.

use std::collections::VecDeque;

use crate::indicator::Reading;

/// The mean. Counted from the oldest number, so that the mean of equal numbers is that number, and
/// of large ones that differ little is exact.
pub(super) fn mean(held: &VecDeque<f64>) -> f64 {
    let first = held.front().copied().unwrap_or(0.0);
    let above: f64 = held.iter().map(|x| x - first).sum();
    first + above / held.len() as f64
}

/// The mean and the population's standard deviation, in two passes.
fn deviation(held: &VecDeque<f64>) -> (f64, f64) {
    let mean = mean(held);
    let squares: f64 = held.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / held.len() as f64).sqrt())
}

/// `sma(x, n)`
pub(super) fn sma(held: &[VecDeque<f64>], _: f64) -> Reading {
    Reading::of(mean(&held[0]))
}

/// `bollinger(x, n, k)`: the mean, and k deviations of the population around it.
pub(super) fn bollinger(held: &[VecDeque<f64>], width: f64) -> Reading {
    let (middle, deviation) = deviation(&held[0]);
    let (lower, upper) = (middle - width * deviation, middle + width * deviation);
    if !(lower.is_finite() && upper.is_finite()) {
        return Reading::Unknown;
    }
    Reading::Band {
        lower,
        middle,
        upper,
    }
}

/// `zscore(x, n)`: how many deviations of the population the newest is above the mean.
pub(super) fn zscore(held: &[VecDeque<f64>], _: f64) -> Reading {
    let (mean, deviation) = deviation(&held[0]);
    match held[0].back() {
        Some(newest) if deviation > 0.0 => Reading::of((newest - mean) / deviation),
        _ => Reading::Unknown,
    }
}
