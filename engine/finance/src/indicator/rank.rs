//! Indicators of the last n rows that look at their order only, or at their middle.

use std::collections::VecDeque;

use crate::indicator::Reading;

/// What makes a median absolute deviation the standard deviation where numbers are normally
/// distributed: 1 / Φ⁻¹(3/4), to four places as it is commonly written.
const MAD_TO_SD: f64 = 1.4826;

/// `rci(x, n)`: Spearman's rank correlation of the numbers with their age, as Japanese charts have
/// it: `(1 − 6Σd²/(n(n²−1)))·100`. Equal numbers share the mean of their ranks.
pub(super) fn rci(held: &[VecDeque<f64>], _: f64) -> Reading {
    let n = held[0].len();
    // The newest first: the place is the rank by age less one.
    let mut by_price: Vec<(usize, f64)> = held[0].iter().rev().copied().enumerate().collect();
    by_price.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mut squares = 0.0;
    let mut from = 0;
    for equal in by_price.chunk_by(|(_, a), (_, b)| a == b) {
        // Twice the mean of the ranks from + 1 ..= from + len: a whole number.
        let twice = (2 * from + equal.len() + 1) as f64;
        for (place, _) in equal {
            let apart = twice - 2.0 * (place + 1) as f64;
            squares += apart * apart;
        }
        from += equal.len();
    }
    let n = n as f64;
    // One division at the end: all before it is whole.
    let most = n * (n * n - 1.0);
    Reading::of(100.0 * (most - 1.5 * squares) / most)
}

/// `percentile_rank(x, n)`: how many in a hundred of the last n numbers, the newest among them, are
/// not above the newest.
pub(super) fn percentile_rank(held: &[VecDeque<f64>], _: f64) -> Reading {
    let Some(newest) = held[0].back() else {
        return Reading::Unknown;
    };
    let not_above = held[0].iter().filter(|x| *x <= newest).count();
    Reading::of(not_above as f64 * 100.0 / held[0].len() as f64)
}

/// `zscore_mad(x, n)`: how far the newest is above the median, in median absolute deviations times
/// 1.4826.
pub(super) fn zscore_mad(held: &[VecDeque<f64>], _: f64) -> Reading {
    let Some(newest) = held[0].back() else {
        return Reading::Unknown;
    };
    let mut numbers: Vec<f64> = held[0].iter().copied().collect();
    let middle = median(&mut numbers);
    for number in &mut numbers {
        *number = (*number - middle).abs();
    }
    let deviation = median(&mut numbers) * MAD_TO_SD;
    if deviation > 0.0 {
        Reading::of((newest - middle) / deviation)
    } else {
        Reading::Unknown
    }
}

/// The middle number, or the mean of the two; the numbers are put in another order.
fn median(numbers: &mut [f64]) -> f64 {
    let half = numbers.len() / 2;
    let even = numbers.len().is_multiple_of(2);
    let (below, upper, _) = numbers.select_nth_unstable_by(half, f64::total_cmp);
    if even {
        let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        f64::midpoint(lower, *upper)
    } else {
        *upper
    }
}
