//! When the ticks of a day come: as many as asked for, spread by how much is going on.

use super::draw::Draw;
use super::path::Day;

/// Ticks of a day on their way.
#[derive(Default)]
pub(super) struct Pace {
    /// Ticks of the day.
    ticks: u64,
    /// What is going on, summed over the day, and up to here.
    total: f64,
    so_far: f64,
    /// The second that it is in, as a place in the day, and those after which nothing goes on.
    at: usize,
    end: usize,
    made: u64,
    /// Ticks of this second, and how many of them are made.
    here: u64,
    of_here: u64,
}

impl Pace {
    pub(super) fn new(day: &Day, ticks: u64) -> Self {
        let last = day.activity.iter().rposition(|a| *a > 0.0);
        let mut pace = Self {
            ticks,
            total: day.activity.iter().map(|a| f64::from(*a)).sum(),
            end: last.map_or(0, |l| l + 1),
            ..Self::default()
        };
        pace.count(day);
        pace
    }

    /// How many ticks come in this second.
    fn count(&mut self, day: &Day) {
        self.so_far += day.activity.get(self.at).copied().map_or(0.0, f64::from);
        let due = match self.at + 1 >= self.end {
            true => self.ticks,
            false => (self.ticks as f64 * self.so_far / self.total) as u64,
        };
        self.of_here = due.min(self.ticks).saturating_sub(self.made);
        self.here = 0;
    }

    /// The share of the day's ticks that were made.
    pub(super) fn done(&self) -> f64 {
        self.made as f64 / self.ticks.max(1) as f64
    }

    /// The next tick: the place of its second, and its time in microseconds.
    pub(super) fn next(&mut self, day: &Day, draw: &mut Draw) -> Option<(usize, i64)> {
        while self.here == self.of_here {
            self.at += 1;
            if self.at >= self.end {
                return None;
            }
            self.count(day);
        }
        let part = (self.here as f64 + draw.uniform()) / self.of_here as f64;
        self.here += 1;
        self.made += 1;
        Some((
            self.at,
            day.second(self.at) * 1_000_000 + (part * 1e6) as i64,
        ))
    }
}
