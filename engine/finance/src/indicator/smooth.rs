//! Indicators that go on from what they were: exponential means. Each begins with a plain mean of
//! its first n numbers, as TA-Lib does, and what it was weighs less with each row, so that errors
//! of rounding die out.

use crate::indicator::{Indicator, Reading};

/// A mean that begins with the plain mean of n numbers and is then pulled to each new one.
#[derive(Debug)]
struct Smoothed {
    /// How many of the first n numbers have come.
    seen: f64,
    /// Their sum; the mean once n have come.
    value: f64,
}

impl Smoothed {
    const NONE: Self = Self {
        seen: 0.0,
        value: 0.0,
    };

    /// Takes a number in: whether n have come. `next`: the mean of the one before and the number.
    fn push(&mut self, length: f64, number: f64, next: impl FnOnce(f64) -> f64) -> bool {
        if self.seen == length {
            self.value = next(self.value);
            return true;
        }
        self.seen += 1.0;
        self.value += number;
        if self.seen < length {
            return false;
        }
        self.value /= length;
        true
    }

    /// Wilder's: the new number weighs one in n.
    fn wilder(&mut self, length: f64, number: f64) -> bool {
        self.push(length, number, |before| {
            (before * (length - 1.0) + number) / length
        })
    }
}

/// `ema(x, n)`: the newest number weighs 2 / (n + 1).
#[derive(Debug)]
pub struct Ema {
    length: f64,
    mean: Smoothed,
}

impl Ema {
    /// Before the first row.
    #[must_use]
    pub const fn new(length: usize) -> Self {
        Self {
            length: length as f64,
            mean: Smoothed::NONE,
        }
    }
}

impl Indicator for Ema {
    fn push(&mut self, values: &[f64]) -> Reading {
        let (x, weight) = (values[0], 2.0 / (self.length + 1.0));
        let next = |before: f64| before + (x - before) * weight;
        if self.mean.push(self.length, x, next) {
            Reading::of(self.mean.value)
        } else {
            Reading::Unknown
        }
    }

    fn save(&self) -> Vec<f64> {
        vec![self.mean.seen, self.mean.value]
    }

    fn restore(&mut self, state: &[f64]) -> bool {
        let [seen, value] = *state else {
            return state.is_empty();
        };
        self.mean = Smoothed { seen, value };
        true
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// `rsi(x, n)`, Wilder's: of the mean rise and the mean fall, how many in a hundred the rise is. 0
/// where nothing moved.
#[derive(Debug)]
pub struct Rsi {
    length: f64,
    before: Option<f64>,
    rise: Smoothed,
    fall: Smoothed,
}

impl Rsi {
    /// Before the first row.
    #[must_use]
    pub const fn new(length: usize) -> Self {
        Self {
            length: length as f64,
            before: None,
            rise: Smoothed::NONE,
            fall: Smoothed::NONE,
        }
    }
}

impl Indicator for Rsi {
    fn push(&mut self, values: &[f64]) -> Reading {
        let x = values[0];
        let Some(before) = self.before.replace(x) else {
            return Reading::Unknown;
        };
        let moved = x - before;
        self.rise.wilder(self.length, moved.max(0.0));
        if !self.fall.wilder(self.length, (-moved).max(0.0)) {
            return Reading::Unknown;
        }
        let both = self.rise.value + self.fall.value;
        // What is left of old moves after thousands of rows without any is no number to divide by.
        if both.is_normal() {
            Reading::of(100.0 * (self.rise.value / both))
        } else if both.is_finite() {
            Reading::Number(0.0)
        } else {
            Reading::Unknown
        }
    }

    fn save(&self) -> Vec<f64> {
        let Some(before) = self.before else {
            return Vec::new();
        };
        let (rise, fall) = (&self.rise, &self.fall);
        vec![before, rise.seen, rise.value, fall.value]
    }

    fn restore(&mut self, state: &[f64]) -> bool {
        let [before, seen, rise, fall] = *state else {
            return state.is_empty();
        };
        self.before = Some(before);
        self.rise = Smoothed { seen, value: rise };
        self.fall = Smoothed { seen, value: fall };
        true
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// `atr(high, low, close, n)`, Wilder's: the mean of the true range
/// `max(high − low, |high − close before|, |low − close before|)`, from the second row on.
#[derive(Debug)]
pub struct Atr {
    length: f64,
    before: Option<f64>,
    range: Smoothed,
}

impl Atr {
    /// Before the first row.
    #[must_use]
    pub const fn new(length: usize) -> Self {
        Self {
            length: length as f64,
            before: None,
            range: Smoothed::NONE,
        }
    }
}

impl Indicator for Atr {
    fn push(&mut self, values: &[f64]) -> Reading {
        let (high, low, close) = (values[0], values[1], values[2]);
        let Some(before) = self.before.replace(close) else {
            return Reading::Unknown;
        };
        let range = (high - low)
            .max((high - before).abs())
            .max((low - before).abs());
        if self.range.wilder(self.length, range) {
            Reading::of(self.range.value)
        } else {
            Reading::Unknown
        }
    }

    fn save(&self) -> Vec<f64> {
        let Some(before) = self.before else {
            return Vec::new();
        };
        vec![before, self.range.seen, self.range.value]
    }

    fn restore(&mut self, state: &[f64]) -> bool {
        let [before, seen, value] = *state else {
            return state.is_empty();
        };
        self.before = Some(before);
        self.range = Smoothed { seen, value };
        true
    }

    fn bytes(&self) -> usize {
        size_of::<Self>()
    }
}
