//! Rows on their way out: made a day at a time, delayed at random where that is asked for, handed
//! over in batches. No batch holds rows of two days, and no row is delayed past the end of its day,
//! so that a run can go on from the beginning of the day that it was in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use arrow::array::ArrayRef;
use zaraba_core::error::Result;

use super::draw::Draw;

/// One stream of one day.
pub(super) trait Stream: Send {
    /// A row, without its time.
    type Row: Copy + Send;

    /// The next row and its time in microseconds; none at the end of the day.
    fn next(&mut self) -> Option<(i64, Self::Row)>;

    /// The columns of these rows.
    ///
    /// # Errors
    /// When they cannot be built.
    fn columns(&self, rows: &[(i64, Self::Row)]) -> Result<Vec<ArrayRef>>;
}

/// The rows of a stream's day, as they arrive.
pub(super) trait Rows: Send {
    /// At most so many rows, as columns, and how many they are: none at the end of the day.
    ///
    /// # Errors
    /// When columns cannot be built.
    fn take(&mut self, limit: usize) -> Result<(Vec<ArrayRef>, usize)>;

    /// Passes over so many rows.
    fn skip(&mut self, rows: u64);
}

/// A row that waits for its arrival: when it arrives, and its number.
struct Held<R> {
    due: Reverse<(i64, u64)>,
    time: i64,
    row: R,
}

impl<R> PartialEq for Held<R> {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl<R> Eq for Held<R> {}

impl<R> PartialOrd for Held<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> Ord for Held<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

/// A stream's day, with delays.
pub(super) struct Queue<S: Stream> {
    stream: S,
    /// The longest delay, microseconds.
    disorder: i64,
    draw: Draw,
    held: BinaryHeap<Held<S::Row>>,
    made: u64,
    /// The time of the last row made; rows that arrive by then are overtaken by none.
    newest: i64,
    ended: bool,
    rows: Vec<(i64, S::Row)>,
}

impl<S: Stream> Queue<S> {
    pub(super) fn new(stream: S, disorder: i64, draw: Draw) -> Self {
        Self {
            stream,
            disorder,
            draw,
            held: BinaryHeap::new(),
            made: 0,
            newest: i64::MIN,
            ended: false,
            rows: Vec::new(),
        }
    }

    fn next(&mut self) -> Option<(i64, S::Row)> {
        if self.disorder == 0 {
            return self.stream.next();
        }
        loop {
            let due = self.held.peek().map(|h| h.due.0.0);
            if due.is_some_and(|due| self.ended || due <= self.newest) {
                return self.held.pop().map(|h| (h.time, h.row));
            }
            if self.ended {
                return None;
            }
            match self.stream.next() {
                Some((time, row)) => {
                    let due = time + self.draw.up_to(self.disorder);
                    let due = Reverse((due, self.made));
                    self.held.push(Held { due, time, row });
                    self.made += 1;
                    self.newest = time;
                }
                None => self.ended = true,
            }
        }
    }
}

impl<S: Stream> Rows for Queue<S> {
    fn take(&mut self, limit: usize) -> Result<(Vec<ArrayRef>, usize)> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        while rows.len() < limit
            && let Some(row) = self.next()
        {
            rows.push(row);
        }
        let columns = self.stream.columns(&rows)?;
        let taken = rows.len();
        self.rows = rows;
        Ok((columns, taken))
    }

    fn skip(&mut self, rows: u64) {
        for _ in 0..rows {
            if self.next().is_none() {
                return;
            }
        }
    }
}
