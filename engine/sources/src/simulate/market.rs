//! `connector = "simulate"` with `kind = "nikkei225-options"`: a market made up from a seed, one of
//! its streams per source. `path` is what the market does; each stream reads it and adds its own
//! choices, so that sources of one seed agree with each other.

mod columns;
mod draw;
mod flow;
mod futures;
mod hours;
mod indices;
mod listing;
mod open_interest;
mod options;
mod pace;
mod pages;
mod path;
mod queue;
mod season;
mod surface;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use zaraba_config::document::{ColumnType, MarketDoc, MarketStream};
use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{Polled, Position, Source, SourceRows};
use zaraba_core::time::SECOND;
use zaraba_finance::calendar::Calendar;
use zaraba_formats::decode::arrow_type;

use self::draw::{Draw, Purpose};
use self::futures::Futures;
use self::hours::Hours;
use self::indices::Indices;
use self::open_interest::OpenInterest;
use self::options::Options;
use self::pages::Pages;
use self::path::{Day, Market};
use self::queue::{Queue, Rows, Stream};

/// Rows of `qri` and `open_interest` have no ticks to count, so nothing tells how many there will be.
const fn rows_per_day(doc: &MarketDoc) -> Option<u64> {
    match (doc.stream, doc.ticks_per_day) {
        (MarketStream::Options | MarketStream::Futures, Some(ticks)) => Some(ticks),
        (MarketStream::Options, None) => Some(options::TICKS_PER_DAY),
        (MarketStream::Futures, None) => Some(futures::TICKS_PER_DAY),
        _ => None,
    }
}

/// One stream of a simulated market.
pub struct MarketSource {
    market: Market,
    columns: SchemaRef,
    /// The day that rows are handed over of, once its first was wanted.
    rows: Option<Box<dyn Rows>>,
    /// Its number, and the rows before it.
    number: u32,
    before: u64,
    /// Rows handed over.
    row: u64,
}

impl MarketSource {
    /// Prepares it.
    ///
    /// # Errors
    /// When the options do not go together: see [`check`].
    pub fn new(doc: &MarketDoc, calendar: &Calendar) -> Result<Self> {
        if let Some(mistake) = check(doc, calendar) {
            return Err(Error::user(mistake.message));
        }
        let field = |(name, kind): &(&str, ColumnType)| Field::new(*name, arrow_type(*kind), true);
        let fields: Vec<Field> = doc.stream.columns().iter().map(field).collect();
        Ok(Self {
            market: Market::new(doc, &Hours(calendar.clone())),
            columns: Arc::new(Schema::new(fields)),
            rows: None,
            number: 0,
            before: 0,
            row: 0,
        })
    }

    /// The day that it is at; none after the last.
    fn open(&mut self) -> Option<&mut Box<dyn Rows>> {
        if self.rows.is_none() {
            let day = Arc::new(self.market.day(self.number)?);
            self.rows = Some(stream(&self.market, day));
        }
        self.rows.as_mut()
    }
}

/// Whether the options go together with the calendar: the diagnostic if they do not.
#[must_use]
pub fn check(doc: &MarketDoc, calendar: &Calendar) -> Option<Diagnostic> {
    let hours = Hours(calendar.clone());
    let start = doc.start.value;
    if !hours.is_trading_day(start) {
        let next = hours.next_trading_day(start);
        let message = format!("expected a trading day, but {start} is none");
        let help = format!("the next one is {next}");
        return Some(Diagnostic::at(doc.start.span, message).help(help));
    }
    let crash = doc.crash.as_ref()?;
    let (from, to) = path::extent(doc, &hours);
    if (from..to).contains(&crash.at.div_euclid(SECOND)) {
        return None;
    }
    let message = "the crash is outside the days of the market";
    let (from, to) = (hours::shown(from), hours::shown(to));
    let help = format!("they go from {from} to {to}");
    Some(Diagnostic::at(crash.span, message).help(help))
}

/// The rows of a day.
fn stream(market: &Market, day: Arc<Day>) -> Box<dyn Rows> {
    let doc = &market.doc;
    let dates = market.dates_before(day.number);
    match doc.stream {
        MarketStream::Options => queue(doc, &day, Options::new(doc, Arc::clone(&day), &dates)),
        MarketStream::Futures => queue(doc, &day, Futures::new(doc, Arc::clone(&day))),
        MarketStream::Indices => queue(doc, &day, Indices::new(doc, Arc::clone(&day))),
        MarketStream::OpenInterest => queue(doc, &day, OpenInterest::new(doc, &day, &dates)),
        MarketStream::Qri => queue(doc, &day, Pages::new(doc, Arc::clone(&day), &dates)),
    }
}

fn queue<S: Stream + 'static>(doc: &MarketDoc, day: &Day, stream: S) -> Box<dyn Rows> {
    let draw = Draw::new(doc.seed, day.number, Purpose::Disorder);
    Box::new(Queue::new(stream, doc.disorder, draw))
}

impl Source for MarketSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        while let Some(rows) = self.open() {
            let (columns, taken) = rows.take(limit)?;
            if taken > 0 {
                self.row += taken as u64;
                return Ok(Polled::Rows(SourceRows {
                    rows: RecordBatch::try_new(Arc::clone(&self.columns), columns)?,
                    partition: 0,
                    bad: Vec::new(),
                }));
            }
            self.rows = None;
            self.number += 1;
            self.before = self.row;
        }
        Ok(Polled::End)
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
            own: vec![i64::from(self.number), self.before.cast_signed()],
        }
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        let own = |at: usize| position.own.get(at).copied().unwrap_or(0);
        self.rows = None;
        self.number = u32::try_from(own(0)).unwrap_or(0);
        self.before = own(1).cast_unsigned();
        self.row = position.first_rows();
        let rows = self.row.saturating_sub(self.before);
        if let Some(day) = self.open() {
            day.skip(rows);
        }
        Ok(())
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        let days = u64::from(self.market.doc.days);
        Some((self.row, rows_per_day(&self.market.doc)? * days))
    }
}
