//! Indicators of all rows so far.

use crate::indicator::{Indicator, Reading};

/// A sum and what rounding took from it (Neumaier's): over millions of rows it stays as exact as
/// over few.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, number: f64) {
        let sum = self.sum + number;
        self.lost += if self.sum.abs() >= number.abs() {
            (self.sum - sum) + number
        } else {
            (number - sum) + self.sum
        };
        self.sum = sum;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// `vwap(price, volume)`: the mean price of what was traded. Unknown while nothing was.
#[derive(Debug, Default)]
pub struct Vwap {
    turnover: Sum,
    volume: Sum,
}

impl Indicator for Vwap {
    fn push(&mut self, values: &[f64]) -> Reading {
        self.turnover.add(values[0] * values[1]);
        self.volume.add(values[1]);
        let volume = self.volume.value();
        if volume == 0.0 {
            return Reading::Unknown;
        }
        Reading::of(self.turnover.value() / volume)
    }

    fn save(&self) -> Vec<f64> {
        let Self { turnover, volume } = self;
        vec![turnover.sum, turnover.lost, volume.sum, volume.lost]
    }

    fn restore(&mut self, state: &[f64]) -> bool {
        let [sum, lost, volume, volume_lost] = *state else {
            return state.is_empty();
        };
        self.turnover = Sum { sum, lost };
        self.volume = Sum {
            sum: volume,
            lost: volume_lost,
        };
        true
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}
