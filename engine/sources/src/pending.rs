//! Rows that a connector has and was not asked for yet: cut to what a poll asks for, bad rows
//! kept in their places.

use std::collections::VecDeque;

use zaraba_core::source::SourceRows;

/// Rows that wait for polls.
#[derive(Debug, Default)]
pub(crate) struct Pending(VecDeque<SourceRows>);

impl Pending {
    /// Adds rows behind the others.
    pub(crate) fn push(&mut self, rows: SourceRows) {
        if !rows.is_empty() {
            self.0.push_back(rows);
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first rows, at most `limit` good ones.
    pub(crate) fn take(&mut self, limit: usize) -> Option<SourceRows> {
        let mut rows = self.0.pop_front()?;
        let (now, all) = (rows.rows.num_rows().min(limit), rows.rows.num_rows());
        if now < all {
            // A bad row goes with the row before it.
            let split = rows.bad.partition_point(|(before, _)| *before <= now);
            let later = rows.bad.split_off(split).into_iter();
            self.0.push_front(SourceRows {
                rows: rows.rows.slice(now, all - now),
                partition: rows.partition,
                bad: later.map(|(before, row)| (before - now, row)).collect(),
            });
            rows.rows = rows.rows.slice(0, now);
        }
        Some(rows)
    }
}
