//! Numbers of several rounds: the median, and between what they lie.

/// What was measured, round by round.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// This divided by another, round by round: what changes from round to round is in both.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect())
    }

    /// The middle one.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }

    pub(crate) fn line(&self) -> String {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let median = self.median();
        format!(
            "median {median:.3}  (min {least:.3}, max {most:.3}, {} rounds)",
            self.0.len()
        )
    }
}

/// A number of the environment.
pub(crate) fn number(name: &str, default: usize) -> usize {
    let said = std::env::var(name).ok();
    said.and_then(|v| v.parse().ok()).unwrap_or(default)
}
