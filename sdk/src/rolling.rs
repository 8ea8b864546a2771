//! Statistics of a window that moves: numbers by key, of the last so many microseconds or the last n.

use crate::input::Timestamp;
use crate::series::Series;

/// Numbers by key. What is not a finite number is left out.
///
/// ```
/// use zaraba_sdk::input::Timestamp;
/// use zaraba_sdk::rolling::Rolling;
///
/// let volumes = Rolling::last("volumes", 4);
/// for (second, volume) in [30.0, 10.0, f64::NAN, 20.0, 50.0, 40.0].into_iter().enumerate() {
///     volumes.push("52000 C", volume, Timestamp(second as i64 * 1_000_000));
/// }
/// let window = volumes.window("52000 C", Timestamp(5_000_000)); // 10, 20, 50, 40
/// assert_eq!((window.len(), window.sum()), (4, 120.0));
/// assert_eq!(window.mean(), Some(30.0));
/// assert_eq!(window.median(), Some(30.0));
/// assert_eq!(window.quantile(0.25), Some(17.5));
/// assert_eq!((window.min(), window.max()), (Some(10.0), Some(50.0)));
/// assert!((window.deviation().unwrap() - 250.0_f64.sqrt()).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rolling(Series<f64>);

/// The numbers of a window, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Window(Vec<f64>);

impl Rolling {
    /// The numbers of the last so many microseconds: at a time t those of `(t − span, t]`.
    #[must_use]
    pub const fn within(name: &'static str, span: i64) -> Self {
        Self(Series::within(name, span))
    }

    /// The last n numbers, kept for good.
    #[must_use]
    pub const fn last(name: &'static str, n: u32) -> Self {
        Self(Series::last(name, n))
    }

    /// As [`Series::looking_back`].
    #[must_use]
    pub const fn looking_back(self, micros: i64) -> Self {
        Self(self.0.looking_back(micros))
    }

    /// One more number, at the time of a row.
    pub fn push(&self, key: &str, number: f64, at: Timestamp) {
        if number.is_finite() {
            self.0.push(key, &number, at);
        }
    }

    /// The window at the time of a row.
    #[must_use]
    pub fn window(&self, key: &str, at: Timestamp) -> Window {
        let numbers = self.0.window(key, at).into_iter();
        Window(numbers.map(|(_, number)| number).collect())
    }

    /// As [`Series::before`].
    #[must_use]
    pub fn before(&self, key: &str, at: Timestamp) -> Option<(Timestamp, f64)> {
        self.0.before(key, at)
    }
}

impl Window {
    /// Numbers of one's own.
    #[must_use]
    pub const fn new(numbers: Vec<f64>) -> Self {
        Self(numbers)
    }

    /// The numbers.
    #[must_use]
    pub fn numbers(&self) -> &[f64] {
        &self.0
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their sum.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Their mean; none of none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum() / self.len() as f64)
    }

    /// The standard deviation of the population (÷ n), as the engine's indicators have it.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        let mean = self.mean()?;
        let squares: f64 = self.0.iter().map(|number| (number - mean).powi(2)).sum();
        Some((squares / self.len() as f64).sqrt())
    }

    /// The least.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.0.iter().copied().reduce(f64::min)
    }

    /// The greatest.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.0.iter().copied().reduce(f64::max)
    }

    /// The number in the middle; of an even count the mean of the two.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The number below which a share (0 to 1) of them lies, interpolated between the two at either
    /// side as SQL's `percentile_cont` does.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let place = share.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
        let (below, above) = (
            sorted[place.floor() as usize],
            sorted[place.ceil() as usize],
        );
        Some(below + (above - below) * place.fract())
    }
}
