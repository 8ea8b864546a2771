//! `connector = "simulate"`: rows made up from a seed, the same ones each time and for any size of
//! batch: each row draws its numbers in a fixed order. Prices walk and counters grow per key, the
//! key being the columns that take `one_of` several values.

/// A market instead of made-up columns.
pub mod market;

mod make;

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::SchemaRef;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use zaraba_config::document::{ColumnDoc, ColumnType, SimulateDoc};
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{Polled, Position, Source, SourceRows};
use zaraba_core::suggest;
use zaraba_formats::decode::arrow_schema;

use self::make::Maker;

/// Rows made at once only to be passed over.
const SEEK_ROWS: usize = 8192;

/// Makes rows up.
pub struct SimulateSource {
    doc: SimulateDoc,
    columns: SchemaRef,
    /// One per column, in the schema's order; none for the event time.
    makers: Vec<Option<Maker>>,
    random: ChaCha8Rng,
    /// Event time of the last row made.
    time: i64,
    /// Rows made.
    made: u64,
    /// Rows made and not handed over, and when each arrives: disorder is delay, so that what the
    /// rows say stays in the order of their times.
    held: RecordBatch,
    arrivals: Vec<i64>,
    /// Rows handed over.
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
        let columns = arrow_schema(schema);
        Ok(Self {
            doc: doc.clone(),
            held: RecordBatch::new_empty(Arc::clone(&columns)),
            arrivals: Vec::new(),
            columns,
            makers: schema.iter().map(maker).collect::<Result<_>>()?,
            random: ChaCha8Rng::seed_from_u64(doc.seed),
            time: doc.start,
            made: 0,
            row: 0,
        })
    }

    /// The columns that it hands over.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.columns)
    }

    /// Draws one row: its event time, the rest is with the makers.
    fn draw(&mut self) -> i64 {
        let first = self.made == 0;
        if !first {
            // Uniform from 0 to twice the interval, so that the interval is the mean.
            let step = self
                .random
                .random_range(0..=self.doc.interval.max(0).saturating_mul(2));
            self.time = self.time.saturating_add(step);
        }
        let delay = self.random.random_range(0..=self.doc.disorder.max(0));
        let mut key = Vec::new();
        for maker in self.makers.iter_mut().flatten() {
            maker.choose(&mut self.random, &mut key);
        }
        for maker in self.makers.iter_mut().flatten() {
            maker.draw(&mut self.random, &key);
        }
        self.made += 1;
        let delay = if first { 0 } else { delay };
        self.arrivals.push(self.time.saturating_add(delay));
        self.time
    }

    /// Makes up to so many rows and holds them; whether there were any left to make.
    fn make(&mut self, rows: usize) -> Result<bool> {
        let left = self
            .doc
            .rows
            .map_or(u64::MAX, |rows| rows.saturating_sub(self.made));
        let rows = usize::try_from(left).unwrap_or(usize::MAX).min(rows);
        if rows == 0 {
            return Ok(false);
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
        let made = RecordBatch::try_new(Arc::clone(&self.columns), columns)?;
        self.held = concat_batches(&self.columns, [&self.held, &made])?;
        Ok(true)
    }

    /// At most so many of the rows held, in the order of their arrival; those that may still be
    /// overtaken by rows not made yet stay, unless there are none.
    fn arrived(&mut self, limit: usize, all: bool) -> Result<RecordBatch> {
        let due = |i: &u32| all || self.arrivals[*i as usize] <= self.time;
        let rows = u32::try_from(self.arrivals.len()).unwrap_or(u32::MAX);
        let mut order: Vec<u32> = (0..rows).filter(due).collect();
        order.sort_by_key(|i| self.arrivals[*i as usize]);
        order.truncate(limit);
        let mut stays = vec![true; self.arrivals.len()];
        order.iter().for_each(|i| stays[*i as usize] = false);
        let rows = take_record_batch(&self.held, &UInt32Array::from(order))?;
        self.held = filter_record_batch(&self.held, &BooleanArray::from(stays.clone()))?;
        let mut stays = stays.into_iter();
        self.arrivals.retain(|_| stays.next().unwrap_or(true));
        self.row += rows.num_rows() as u64;
        Ok(rows)
    }
}

impl Source for SimulateSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        loop {
            let more = self.make(limit)?;
            let rows = self.arrived(limit, !more)?;
            if rows.num_rows() > 0 {
                return Ok(Polled::Rows(SourceRows {
                    rows,
                    partition: 0,
                    bad: Vec::new(),
                }));
            }
            if !more {
                return Ok(Polled::End);
            }
        }
    }

    fn replayable(&self) -> bool {
        true
    }

    fn live(&self) -> bool {
        false
    }

    fn position(&self) -> Position {
        Position::of_rows(self.row)
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        let to = position.first_rows();
        while self.row < to {
            let left = usize::try_from(to - self.row).unwrap_or(usize::MAX);
            if matches!(self.poll(left.min(SEEK_ROWS))?, Polled::End) {
                break;
            }
        }
        Ok(())
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        self.doc.rows.map(|rows| (self.row, rows))
    }
}
