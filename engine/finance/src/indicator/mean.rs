//! Means and deviations of the last n rows.

use std::collections::VecDeque;

use crate::indicator::Reading;

/// The mean, in two passes: the second takes back what rounding did in the first, so that the mean
/// of equal numbers is that number.
pub(super) fn mean(held: &VecDeque<f64>) -> f64 {
    let n = held.len() as f64;
    let mean = held.iter().sum::<f64>() / n;
    mean + held.iter().map(|x| x - mean).sum::<f64>() / n
}

/// The mean and the population's standard deviation.
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
