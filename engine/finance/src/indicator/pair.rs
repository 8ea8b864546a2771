//! Indicators of two columns of the last n rows.

use std::collections::VecDeque;

use crate::indicator::Reading;
use crate::indicator::mean::mean;

/// Sums of products of deviations: of both columns, of the first with itself, of the second.
fn products(held: &[VecDeque<f64>]) -> (f64, f64, f64) {
    let (a, b) = (mean(&held[0]), mean(&held[1]));
    let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
    for (x, y) in held[0].iter().zip(&held[1]) {
        both += (x - a) * (y - b);
        first += (x - a) * (x - a);
        second += (y - b) * (y - b);
    }
    (both, first, second)
}

/// `rolling_corr(x, y, n)`: Pearson's. Unknown where a column does not move.
pub(super) fn rolling_corr(held: &[VecDeque<f64>], _: f64) -> Reading {
    let (both, first, second) = products(held);
    // Two roots: a product of squares could be too large or too small for a float.
    let scale = first.sqrt() * second.sqrt();
    if scale > 0.0 && scale.is_finite() {
        Reading::of((both / scale).clamp(-1.0, 1.0))
    } else {
        Reading::Unknown
    }
}

/// `ols_beta(y, x, n)`: the slope of y on x by least squares. Unknown where x does not move.
pub(super) fn ols_beta(held: &[VecDeque<f64>], _: f64) -> Reading {
    let (both, _, second) = products(held);
    if second > 0.0 {
        Reading::of(both / second)
    } else {
        Reading::Unknown
    }
}

/// `advance_decline_ratio(adv, dec, n)`: the sum of the advances in hundredths of that of the
/// declines.
pub(super) fn advance_decline_ratio(held: &[VecDeque<f64>], _: f64) -> Reading {
    let (advances, declines): (f64, f64) = (held[0].iter().sum(), held[1].iter().sum());
    if declines == 0.0 {
        return Reading::Unknown;
    }
    Reading::of(advances * 100.0 / declines)
}
