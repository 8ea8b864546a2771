//! Indicators of the last n rows: the rows are kept, and each answer is made of them from the
//! oldest to the newest.

use std::collections::VecDeque;

use crate::indicator::{Indicator, Reading, Settings};

/// What is made of the last rows: their numbers by column, the oldest first, and k.
pub type Of = fn(&[VecDeque<f64>], f64) -> Reading;

/// The last n rows.
pub struct Window {
    /// By column; all are of the same length.
    held: Vec<VecDeque<f64>>,
    settings: Settings,
    of: Of,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

impl Window {
    /// No rows yet.
    #[must_use]
    pub fn new(columns: usize, settings: Settings, of: Of) -> Self {
        Self {
            held: vec![VecDeque::new(); columns],
            settings,
            of,
        }
    }

    /// The newest row comes, the oldest goes.
    fn keep(&mut self, values: &[f64]) {
        let length = self.settings.length;
        for (held, value) in self.held.iter_mut().zip(values) {
            if held.len() == length {
                held.pop_front();
            } else if held.len() == held.capacity() {
                // Twice as many, but no more than will ever be kept.
                let more = held.len().max(4).min(length - held.len());
                held.reserve_exact(more);
            }
            held.push_back(*value);
        }
    }
}

impl Indicator for Window {
    fn push(&mut self, values: &[f64]) -> Reading {
        self.keep(values);
        if self.held[0].len() < self.settings.length {
            return Reading::Unknown;
        }
        (self.of)(&self.held, self.settings.width)
    }

    fn save(&self) -> Vec<f64> {
        self.held.iter().flatten().copied().collect()
    }

    fn restore(&mut self, state: &[f64]) -> bool {
        let rows = state.len() / self.held.len();
        for (held, column) in self.held.iter_mut().zip(state.chunks(rows.max(1))) {
            *held = column.iter().copied().collect();
        }
        state.len() == rows * self.held.len() && rows <= self.settings.length
    }

    fn bytes(&self) -> usize {
        let held = self.held.iter().map(VecDeque::capacity).sum::<usize>();
        held * size_of::<f64>() + self.held.capacity() * size_of::<VecDeque<f64>>()
    }
}
