//! A figure against rising levels, with a distance that it must fall back by before it counts as
//! gone: what flickers around a threshold is one alert, not many.

use crate::alert::{AlertState, Severity};
use crate::input::Timestamp;
use crate::state::Keyed;

/// Levels, the lowest first, and how far below one a figure must fall to leave it.
#[derive(Clone, Debug)]
pub struct Levels {
    levels: Vec<(f64, Severity)>,
    back: f64,
    held: Keyed<u8>,
}

/// What a figure changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Where its alert stands now.
    pub state: AlertState,
    /// How much it matters: of the level it is at, or of the one that it left.
    pub severity: Severity,
    /// The level.
    pub threshold: f64,
}

impl Levels {
    /// Levels under a name of the rule's state; `back` is a distance, in the figure's unit.
    #[must_use]
    pub fn new(name: &'static str, levels: &[(f64, Severity)], back: f64) -> Self {
        let mut levels = levels.to_vec();
        levels.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self {
            levels,
            back,
            held: Keyed::new(name),
        }
    }

    /// How many levels a figure is at or above, if so many were held before.
    fn reached(&self, figure: f64, held: usize) -> usize {
        let above = |(i, level): &(usize, &(f64, Severity))| {
            let distance = if *i < held { self.back } else { 0.0 };
            figure >= level.0 - distance
        };
        self.levels.iter().enumerate().take_while(above).count()
    }

    /// Takes a key's figure at the time of a row. None: nothing changed. A figure that is not a
    /// number changes nothing.
    pub fn step(&self, key: &str, figure: f64, at: Timestamp) -> Option<Change> {
        // Below the lowest level nothing can begin, which is where most figures are: the state must
        // be asked all the same, for the alert that may be open.
        let held = usize::from(self.held.get(key, at).unwrap_or(0)).min(self.levels.len());
        if figure.is_nan() {
            return None;
        }
        let reached = self.reached(figure, held);
        if reached == held {
            return None;
        }
        let state = match (held, reached) {
            (_, 0) => {
                self.held.delete(key);
                AlertState::Clear
            }
            (0, _) => AlertState::Open,
            _ => AlertState::Update,
        };
        if reached > 0 {
            self.held.set(key, &(reached as u8));
        }
        let (threshold, severity) = self.levels[reached.max(1) - 1];
        Some(Change {
            state,
            severity,
            threshold,
        })
    }
}
