//! The roll: how much of the open interest has gone into the next contract month as the SQ comes
//! near, and whether it is late.

/// How many rolls before this one are its measure.
pub const ROLLS_COMPARED: usize = 4;

/// How late a roll is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not late.
    None,
    /// Late: watch.
    Watch,
    /// Very late: short-term trades swell and prices may jump.
    High,
}

impl Level {
    /// The word for it in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Watch => "WATCH",
            Self::High => "HIGH",
        }
    }
}

/// When a roll is late. Open interest in percent, distance to the SQ in business days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// From this distance on …
    pub watch_days: i64,
    /// … less than this is late.
    pub watch_below: f64,
    /// From this distance on …
    pub high_days: i64,
    /// … less than this is very late.
    pub high_below: f64,
}

impl Default for Rule {
    /// Less than 40 % at four days, less than 60 % at two.
    fn default() -> Self {
        Self {
            watch_days: 4,
            watch_below: 40.0,
            high_days: 2,
            high_below: 60.0,
        }
    }
}

/// `next/(front + next)·100`, the open interest of the next month in percent; none where there is
/// none at all.
#[must_use]
pub fn progress(front: f64, next: f64) -> Option<f64> {
    let usable = front >= 0.0 && next >= 0.0 && front + next > 0.0;
    let percent = next / (front + next) * 100.0;
    (usable && percent.is_finite()).then_some(percent)
}

impl Rule {
    /// How late a roll is at a distance to the SQ. Before the first distance of the rule, and
    /// after the SQ, it never is.
    #[must_use]
    pub fn level(&self, progress: f64, days_to_sq: i64) -> Level {
        if days_to_sq < 0 {
            Level::None
        } else if days_to_sq <= self.high_days && progress < self.high_below {
            Level::High
        } else if days_to_sq <= self.watch_days && progress < self.watch_below {
            Level::Watch
        } else {
            Level::None
        }
    }
}

/// By how many points a roll is ahead of the mean of the last [`ROLLS_COMPARED`] rolls at the same
/// distance (`past`, the latest last); none unless there are that many.
#[must_use]
pub fn ahead_of_usual(progress: f64, past: &[f64]) -> Option<f64> {
    let (_, last) = past.split_at_checked(past.len().checked_sub(ROLLS_COMPARED)?)?;
    let ahead = progress - last.iter().sum::<f64>() / ROLLS_COMPARED as f64;
    ahead.is_finite().then_some(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Brief 003, row 12.
    #[test]
    fn progress_is_the_next_months_share() {
        assert_eq!(progress(300_000.0, 100_000.0), Some(25.0));
        assert_eq!(progress(0.0, 5.0), Some(100.0));
        assert_eq!(progress(0.0, 0.0), None);
        assert_eq!(progress(-1.0, 5.0), None);
        assert_eq!(progress(f64::NAN, 5.0), None);
    }

    #[test]
    fn late_at_four_days_and_very_late_at_two() {
        let level = |progress, days| Rule::default().level(progress, days);
        assert_eq!(level(10.0, 5), Level::None);
        assert_eq!(level(39.9, 4), Level::Watch);
        assert_eq!(level(40.0, 4), Level::None);
        assert_eq!(level(39.9, 3), Level::Watch);
        assert_eq!(level(59.9, 3), Level::None);
        assert_eq!(level(59.9, 2), Level::High);
        assert_eq!(level(60.0, 2), Level::None);
        assert_eq!(level(10.0, 0), Level::High);
        assert_eq!(level(10.0, -1), Level::None);
    }

    #[test]
    fn beside_the_last_four_rolls() {
        assert_eq!(
            ahead_of_usual(50.0, &[99.0, 40.0, 50.0, 60.0, 70.0]),
            Some(-5.0)
        );
        assert_eq!(ahead_of_usual(50.0, &[40.0, 50.0, 60.0]), None);
    }
}
