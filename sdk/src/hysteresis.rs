//! A figure against rising levels, with a distance that it must fall back by before it counts as
//! gone: what flickers around a threshold is one alert, not many.
//!
//! ```
//! use zaraba_sdk::alert::{AlertState, Severity};
//! use zaraba_sdk::hysteresis::Levels;
//! use zaraba_sdk::input::Timestamp;
//!
//! let levels = Levels::new("ratio", &[(3.0, Severity::Info), (10.0, Severity::High)], 0.5);
//! let step = |figure| levels.step("52000 C", figure, Timestamp(0)).map(|change| change.state);
//! assert_eq!(step(3.0), Some(AlertState::Open));
//! assert_eq!(step(2.6), None); // not far enough below three
//! assert_eq!(step(12.0), Some(AlertState::Update));
//! assert_eq!(step(2.4), Some(AlertState::Clear));
//! ```

use crate::alert::{AlertState, Severity};
use crate::input::Timestamp;
use crate::state::Keyed;

/// How many of these rising edges a figure is at or above, if it was above so many before: those it
/// leaves only when it falls more than `back` below. A figure that is not a number is above none.
#[must_use]
pub fn reached(edges: impl IntoIterator<Item = f64>, figure: f64, held: usize, back: f64) -> usize {
    let edges = edges.into_iter().enumerate();
    edges
        .take_while(|(i, edge)| figure >= edge - if *i < held { back } else { 0.0 })
        .count()
}

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

    /// The keys that are at a level, in order.
    #[must_use]
    pub fn open(&self, at: Timestamp) -> Vec<String> {
        let held = self.held.scan("", at).into_iter();
        held.map(|(key, _)| key).collect()
    }

    /// Takes a key's figure at the time of a row. None: nothing changed. A figure that is not a
    /// number changes nothing.
    pub fn step(&self, key: &str, figure: f64, at: Timestamp) -> Option<Change> {
        let held = usize::from(self.held.get(key, at).unwrap_or(0)).min(self.levels.len());
        if figure.is_nan() {
            return None;
        }
        let edges = self.levels.iter().map(|level| level.0);
        let reached = reached(edges, figure, held, self.back);
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
