//! `connector = "simulate"`: rows made up from a seed, the same ones each time and for any size of
//! batch: each row draws its numbers in a fixed order. Prices walk and counters grow per key, the
//! key being the columns that take `one_of` several values.

mod make;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use zaraba_config::document::{ColumnDoc, ColumnType, SimulateDoc};
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{Polled, Position, Source, SourceRows};
use zaraba_core::suggest;
use zaraba_formats::decode::arrow_schema;

use self::make::Maker;

/// Makes rows up.
pub struct SimulateSource {
    doc: SimulateDoc,
    columns: SchemaRef,
    /// One per column, in the schema's order; none for the event time.
    makers: Vec<Option<Maker>>,
    random: ChaCha8Rng,
    /// Event time of the next row before disorder.
    time: i64,
    /// Rows made.
    row: u64,
}

impl SimulateSource {
    /// Prepares it: `time` names the event-time column.
    ///
    /// # Errors
    /// When a column does not say how it is made, or says what its type cannot be.
    pub fn new(doc: &SimulateDoc, schema: &[ColumnDoc], time: &str) -> Result<Self> {
        let names = || schema.iter().map(|c| c.name.value.as_str());
        match schema.iter().find(|c| c.name.value == time) {
            None => {
                let hint = suggest::hint(time, names());
                return Err(Error::user(format!("no column `{time}`{hint}")));
            }
            Some(c) if c.kind != ColumnType::Timestamp => {
                return Err(Error::user(format!(
                    "column `{time}`: expected a timestamp, as it is the event time"
                )));
            }
            Some(_) => {}
        }
        let maker = |c: &ColumnDoc| {
            if c.name.value == time {
                Ok(None)
            } else {
                Maker::new(c).map(Some)
            }
        };
        Ok(Self {
            doc: doc.clone(),
            columns: arrow_schema(schema),
            makers: schema.iter().map(maker).collect::<Result<_>>()?,
            random: ChaCha8Rng::seed_from_u64(doc.seed),
            time: doc.start,
            row: 0,
        })
    }

    /// The columns that it hands over.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.columns)
    }

    /// How many of `limit` rows are still to come.
    fn left(&self, limit: usize) -> usize {
        let left = self
            .doc
            .rows
            .map_or(u64::MAX, |rows| rows.saturating_sub(self.row));
        usize::try_from(left).unwrap_or(usize::MAX).min(limit)
    }

    /// Draws one row; its event time is the answer, the rest is with the makers.
    fn draw(&mut self) -> i64 {
        let first = self.row == 0;
        if !first {
            // Uniform from 0 to twice the interval, so that the interval is the mean.
            let step = self
                .random
                .random_range(0..=self.doc.interval.max(0).saturating_mul(2));
            self.time = self.time.saturating_add(step);
        }
        let back = self.random.random_range(0..=self.doc.disorder.max(0));
        let mut key = Vec::new();
        for maker in self.makers.iter_mut().flatten() {
            maker.choose(&mut self.random, &mut key);
        }
        for maker in self.makers.iter_mut().flatten() {
            maker.draw(&mut self.random, &key);
        }
        self.row += 1;
        if first {
            self.time
        } else {
            self.time.saturating_sub(back)
        }
    }
}

impl Source for SimulateSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        let rows = self.left(limit);
        if rows == 0 {
            return Ok(Polled::End);
        }
        let times: Vec<i64> = (0..rows).map(|_| self.draw()).collect();
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"));
        let column = |maker: &mut Option<Maker>| match maker {
            Some(maker) => maker.finish(),
            None => Ok(Arc::clone(&times)),
        };
        let columns = self
            .makers
            .iter_mut()
            .map(column)
            .collect::<Result<Vec<_>>>()?;
        let rows = RecordBatch::try_new(Arc::clone(&self.columns), columns)?;
        Ok(Polled::Rows(SourceRows {
            rows,
            partition: 0,
            bad: Vec::new(),
        }))
    }

    fn replayable(&self) -> bool {
        true
    }

    fn live(&self) -> bool {
        false
    }

    fn position(&self) -> Position {
        Position {
            rows: vec![self.row],
            own: Vec::new(),
        }
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        let to = position.rows.first().copied().unwrap_or(0);
        while self.row < to {
            self.draw();
            self.makers.iter_mut().flatten().for_each(Maker::forget);
        }
        Ok(())
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        self.doc.rows.map(|rows| (self.row, rows))
    }
}
