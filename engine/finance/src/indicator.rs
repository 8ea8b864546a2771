//! Indicators on a series: small machines that take a row's numbers one by one, in the order of the
//! rows, and answer each. They know no SQL, no columns and no time, so that what they say depends
//! on the rows alone; their state is plain numbers that can be saved and put back to the bit.
//!
//! [`table`] says which there are. Those that look at the last n rows keep these and reckon each
//! answer anew ([`window`]): nothing is added and later subtracted, so that nothing drifts.

pub mod table;

pub mod window;

pub mod smooth;

pub mod total;

mod mean;

mod pair;

mod rank;

#[cfg(test)]
mod tests;

/// What an indicator says of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// Nothing: too few rows have come, or what it would divide by is zero.
    Unknown,
    /// One number.
    Number(f64),
    /// A band around a mean.
    Band {
        /// The mean less some deviations.
        lower: f64,
        /// The mean.
        middle: f64,
        /// The mean and some deviations.
        upper: f64,
    },
}

impl Reading {
    /// A number, if it is one: what is too large for a float is not known.
    #[must_use]
    pub const fn of(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::Unknown
        }
    }
}

/// The largest number, above or below zero, that an indicator takes: its square is still a float, so
/// that nothing becomes infinite and stays so.
pub const NUMBER_MAX: f64 = 1e150;

/// An indicator of one series.
pub trait Indicator: Send + Sync + std::fmt::Debug {
    /// Takes the next row's numbers in, none beyond ±[`NUMBER_MAX`], and answers.
    fn push(&mut self, values: &[f64]) -> Reading;

    /// All that it knows, as numbers; none before the first row.
    fn save(&self) -> Vec<f64>;

    /// Takes back what [`Indicator::save`] gave to one that was made alike. Whether it can be that.
    #[must_use]
    fn restore(&mut self, state: &[f64]) -> bool;

    /// About how many bytes it holds.
    fn bytes(&self) -> usize;
}

/// What an indicator is made with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How many rows it looks at: n. 0 where it takes none.
    pub length: usize,
    /// How many deviations a band is wide on each side: k. 0 where it takes none.
    pub width: f64,
}
