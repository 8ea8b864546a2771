//! A frame: which rows around a row a call sees, and how far their bounds have come.

use crate::over::kept::Rows;

/// What the bounds of a frame are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Rows of the partition.
    Rows,
    /// Microseconds of event time; rows of equal time are in or out together.
    Range,
}

/// A frame, relative to its row: below zero is before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What the bounds are counted in.
    pub unit: Unit,
    /// The first row; none: the partition's first.
    pub start: Option<i64>,
    /// The last row.
    pub end: i64,
}

impl Frame {
    /// The frame of row `number`, as the numbers of its first row and of the row behind its last.
    /// `from`: the frame of the row before, behind which it cannot fall.
    pub(crate) fn bounds(&self, rows: &Rows, number: u64, from: (u64, u64)) -> (u64, u64) {
        if self.unit == Unit::Rows {
            let low = self.start.map_or(0, |s| number.saturating_add_signed(s));
            let high = (number + 1).saturating_add_signed(self.end);
            return (low, high.min(rows.end()));
        }
        let Some(time) = rows.get(number).map(|r| r.time) else {
            return from;
        };
        let (mut low, mut high) = from;
        if let Some(start) = self.start {
            let first = time.saturating_add(start);
            while rows.get(low).is_some_and(|r| r.time < first) {
                low += 1;
            }
        }
        let last = time.saturating_add(self.end);
        high = high.max(low);
        while rows.get(high).is_some_and(|r| r.time <= last) {
            high += 1;
        }
        (low, high)
    }
}
