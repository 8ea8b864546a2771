//! A source of which only some columns are wanted, where the connector cannot leave them out.

use arrow::datatypes::SchemaRef;
use zaraba_core::error::Result;
use zaraba_core::source::{Polled, Position, Source, SourceRows};
use zaraba_core::time::Epoch;

/// Drops columns from another source's rows.
pub struct Picked<S> {
    inner: S,
    columns: SchemaRef,
}

impl<S: Source> Picked<S> {
    /// Keeps these columns, by name.
    pub const fn new(inner: S, columns: SchemaRef) -> Self {
        Self { inner, columns }
    }
}

impl<S: Source> Source for Picked<S> {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        let rows = match self.inner.poll(limit)? {
            Polled::Rows(rows) => rows,
            other => return Ok(other),
        };
        let schema = rows.rows.schema();
        let wanted = self
            .columns
            .fields()
            .iter()
            .map(|f| schema.index_of(f.name()));
        let indices = wanted.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Polled::Rows(SourceRows {
            rows: rows.rows.project(&indices)?,
            ..rows
        }))
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
