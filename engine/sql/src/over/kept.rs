//! The rows that are kept of one key, by their number in its order.

use std::collections::VecDeque;

use datafusion::common::ScalarValue;

/// What is kept of a row.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) time: i64,
    /// The columns that frames look at.
    pub(crate) values: Box<[ScalarValue]>,
}

impl Kept {
    fn size(&self) -> usize {
        self.values.iter().map(ScalarValue::size).sum::<usize>() + size_of::<Self>()
    }
}

/// Rows by their number in the partition, from 0 on; older ones are gone.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) base: u64,
    pub(crate) held: VecDeque<Kept>,
    pub(crate) bytes: usize,
}

impl Rows {
    pub(crate) fn push(&mut self, row: Kept) {
        self.bytes += row.size();
        self.held.push_back(row);
    }

    /// Lets go of the rows before a number.
    pub(crate) fn drop_before(&mut self, number: u64) {
        while self.base < number
            && let Some(row) = self.held.pop_front()
        {
            self.bytes -= row.size();
            self.base += 1;
        }
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Kept> {
        let at = usize::try_from(number.checked_sub(self.base)?).ok()?;
        self.held.get(at)
    }

    /// Behind the last.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.held.len() as u64
    }

    /// Rows `low .. high`.
    pub(crate) fn between(&self, low: u64, high: u64) -> impl DoubleEndedIterator<Item = &Kept> {
        let at = |n: u64| usize::try_from(n.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let to = at(high).min(self.held.len());
        self.held.range(at(low).min(to)..to)
    }
}
