//! Times that rows do not have: the moment at which a live source got them (`received = true`). It
//! wraps the connector, so that connectors know nothing of it.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use zaraba_config::document::ColumnDoc;
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::source::{Polled, Position, Source, SourceRows};
use zaraba_core::time::Epoch;

/// Puts the time of receipt into columns where a row has none.
pub struct Received<S> {
    inner: S,
    columns: Vec<String>,
    clock: Arc<dyn Clock>,
}

impl<S: Source> Received<S> {
    /// Around a connector with these columns.
    pub fn new(inner: S, schema: &[ColumnDoc], clock: Arc<dyn Clock>) -> Self {
        let received = schema.iter().filter(|column| column.received);
        Self {
            inner,
            columns: received.map(|column| column.name.value.clone()).collect(),
            clock,
        }
    }

    fn fill(&self, rows: SourceRows) -> Result<SourceRows> {
        let schema = rows.rows.schema();
        let mut columns = rows.rows.columns().to_vec();
        let now = self.clock.now().0;
        for name in &self.columns {
            let at = schema.index_of(name)?;
            let times = columns[at].as_primitive::<TimestampMicrosecondType>();
            let filled = times.iter().map(|time| time.unwrap_or(now));
            let filled = TimestampMicrosecondArray::from_iter_values(filled);
            columns[at] = Arc::new(filled.with_timezone("UTC")) as ArrayRef;
        }
        Ok(SourceRows {
            rows: arrow::array::RecordBatch::try_new(schema, columns)?,
            ..rows
        })
    }
}

impl<S: Source> Source for Received<S> {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        match self.inner.poll(limit)? {
            Polled::Rows(rows) if !self.columns.is_empty() => Ok(Polled::Rows(self.fill(rows)?)),
            other => Ok(other),
        }
    }

    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    fn replayable(&self) -> bool {
        self.inner.replayable()
    }

    fn live(&self) -> bool {
        self.inner.live()
    }

    fn answered(&mut self) -> bool {
        self.inner.answered()
    }

    fn of_the_past(&self) -> bool {
        self.inner.of_the_past()
    }

    fn position(&self) -> Position {
        self.inner.position()
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        self.inner.seek(position)
    }

    fn close(&mut self) -> bool {
        self.inner.close()
    }

    fn ack(&mut self, epoch: Epoch) {
        self.inner.ack(epoch);
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        self.inner.done_of_total()
    }
}
