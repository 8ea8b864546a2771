//! What something cost at any time of the recording, by its key.

use std::collections::HashMap;

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::time::EventTime;

/// Prices by key.
#[derive(Debug)]
pub(super) struct Prices {
    /// The columns that tell one from another.
    pub(super) key: Vec<String>,
    /// The column of the price.
    column: String,
    /// What stands between the words of an alert's key, and so parts those of a price's, too.
    between: &'static [char],
    all: Vec<Series>,
    /// Which of them it is, by the words of its key.
    by_words: HashMap<Vec<String>, usize>,
    /// And by the bytes of its columns, for rows by the million.
    by_bytes: HashMap<Box<[u8]>, usize>,
    rows: Option<RowConverter>,
    /// The newest time of any.
    pub(super) newest: i64,
}

/// The prices of one.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// Times, ascending, and the price from then on: only where it changes.
    points: Vec<(i64, f64)>,
    sorted: bool,
}

/// A value as keys are compared by: a number without the zeros behind it.
pub(super) fn plain(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => number.to_string(),
        _ => text.to_owned(),
    }
}

impl Prices {
    pub(super) fn new(key: Vec<String>, column: String, between: &'static [char]) -> Self {
        Self {
            key,
            column,
            between,
            all: Vec::new(),
            by_words: HashMap::new(),
            by_bytes: HashMap::new(),
            rows: None,
            newest: i64::MIN,
        }
    }

    /// Takes rows. What has no price says nothing.
    pub(super) fn add(&mut self, rows: &Batch) -> Result<()> {
        let schema = rows.rows.schema();
        let column = |name: &String| -> Result<ArrayRef> {
            let at = schema.index_of(name);
            let at = at.map_err(|_| Error::internal(format!("no column `{name}` in the rows")))?;
            Ok(rows.rows.column(at).clone())
        };
        let prices = cast(&column(&self.column)?, &DataType::Float64)?;
        let prices = prices.as_primitive::<Float64Type>();
        let keys: Vec<ArrayRef> = self.key.iter().map(column).collect::<Result<_>>()?;
        let places = self.places(&keys, rows.len())?;
        for (row, place) in places.into_iter().enumerate() {
            let time = rows.time[row];
            self.newest = self.newest.max(time);
            let known = prices.is_valid(row) && prices.value(row).is_finite();
            if known && !rows.is_deleted(row) {
                self.all[place].push(time, prices.value(row));
            }
        }
        Ok(())
    }

    /// Whose each row is.
    fn places(&mut self, keys: &[ArrayRef], rows: usize) -> Result<Vec<usize>> {
        if keys.is_empty() {
            let place = self.place(Vec::new());
            return Ok(vec![place; rows]);
        }
        let converter = match self.rows.take() {
            Some(converter) => converter,
            None => {
                let fields = keys
                    .iter()
                    .map(|key| SortField::new(key.data_type().clone()));
                RowConverter::new(fields.collect())?
            }
        };
        let bytes = converter.convert_columns(keys)?;
        self.rows = Some(converter);
        let options = FormatOptions::default();
        let texts = keys
            .iter()
            .map(|key| ArrayFormatter::try_new(key, &options));
        let texts: Vec<ArrayFormatter<'_>> = texts.collect::<Result<_, _>>()?;
        let mut places = Vec::with_capacity(rows);
        for (row, bytes) in bytes.iter().enumerate() {
            if let Some(place) = self.by_bytes.get(bytes.as_ref()) {
                places.push(*place);
                continue;
            }
            let known = keys.iter().zip(&texts).filter(|(key, _)| key.is_valid(row));
            let texts = known.map(|(_, text)| text.value(row).to_string());
            let texts: Vec<String> = texts.collect();
            let words = texts.iter().flat_map(|text| text.split(self.between));
            let place = self.place(words.map(plain).collect());
            self.by_bytes.insert(bytes.as_ref().into(), place);
            places.push(place);
        }
        Ok(places)
    }

    fn place(&mut self, words: Vec<String>) -> usize {
        let next = self.all.len();
        let place = *self.by_words.entry(words).or_insert(next);
        if place == next {
            self.all.push(Series::default());
        }
        place
    }

    /// Puts all in order of time.
    pub(super) fn settle(&mut self) {
        self.all.iter_mut().for_each(Series::settle);
    }

    pub(super) fn of(&self, key: &[String]) -> Option<&Series> {
        self.all.get(*self.by_words.get(key)?)
    }

    /// A key that there is, to show what they are like.
    pub(super) fn some_key(&self) -> Option<String> {
        self.by_words.keys().min().map(|key| key.join(" "))
    }
}

impl Series {
    fn push(&mut self, time: i64, price: f64) {
        match self.points.last() {
            Some((before, same)) if *same == price && *before <= time => return,
            Some((before, _)) => self.sorted &= *before <= time,
            None => self.sorted = true,
        }
        self.points.push((time, price));
    }

    fn settle(&mut self) {
        if !self.sorted {
            self.points.sort_by_key(|(time, _)| *time);
        }
    }

    /// The price as of a time.
    pub(super) fn at(&self, time: EventTime) -> Option<f64> {
        let behind = self.points.partition_point(|(at, _)| *at <= time.0);
        let (_, price) = self.points.get(behind.checked_sub(1)?)?;
        Some(*price)
    }

    /// When it is first known.
    pub(super) fn first(&self) -> i64 {
        self.points.first().map_or(i64::MAX, |(time, _)| *time)
    }
}
