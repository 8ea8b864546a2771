//! `connector = "clock"`: a row at each multiple of `every`, with nothing but its time. Between
//! its first row and its last no multiple is left out, whatever held the process up meanwhile and
//! however often it was restored: the rows are those of a file in which they were recorded.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::source::{Polled, Position, Source, SourceRows};
use zaraba_core::time::ClockTime;

/// Ticks.
pub struct ClockSource {
    clock: Arc<dyn Clock>,
    /// Microseconds from row to row.
    every: i64,
    columns: SchemaRef,
    /// The tick that comes next; none before the first poll.
    next: Option<i64>,
    rows: u64,
}

impl ClockSource {
    /// `columns`: one, the time.
    #[must_use]
    pub fn new(every: i64, columns: SchemaRef, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            every: every.max(1),
            columns,
            next: None,
            rows: 0,
        }
    }
}

impl Source for ClockSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        let now = self.clock.now().0;
        let every = self.every;
        // The first tick is one that comes, not one that was.
        let first = || now.saturating_sub(1).div_euclid(every).saturating_add(1);
        let next = *self
            .next
            .get_or_insert_with(|| first().saturating_mul(every));
        let due = now.saturating_sub(next).div_euclid(every).saturating_add(1);
        let due = usize::try_from(due).unwrap_or(0).min(limit);
        if due == 0 {
            return Ok(Polled::Pending(Some(ClockTime(next))));
        }
        let ticks = (0..).map(|n: i64| next + n * every).take(due);
        let times = TimestampMicrosecondArray::from_iter_values(ticks).with_timezone("UTC");
        let times: Vec<ArrayRef> = vec![Arc::new(times)];
        self.next = Some(next + i64::try_from(due).unwrap_or(0) * every);
        self.rows += due as u64;
        Ok(Polled::Rows(SourceRows {
            rows: RecordBatch::try_new(Arc::clone(&self.columns), times)?,
            partition: 0,
            bad: Vec::new(),
        }))
    }

    fn replayable(&self) -> bool {
        true
    }

    fn live(&self) -> bool {
        true
    }

    fn position(&self) -> Position {
        Position {
            rows: vec![self.rows],
            own: self.next.into_iter().collect(),
        }
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        self.rows = position.first_rows();
        self.next = position.own.first().copied();
        Ok(())
    }
}
