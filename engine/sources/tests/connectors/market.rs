//! `connector = "simulate"` with `kind = "nikkei225-options"`: what helps to look at a market.

/// The same rows, whoever asks and however.
mod repeats;

/// What the streams say, and that they say the same.
mod streams;

/// What they say at other dates.
mod past;

/// The simulated market beside what was measured on the real one.
mod fit;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use chrono::NaiveDate;
use zaraba_config::document::{FuturesProduct, MarketDoc, MarketStream};
use zaraba_core::source::{Polled, Source};
use zaraba_finance::calendar::Calendar;
use zaraba_sources::simulate::market::MarketSource;

use crate::common::located;

pub(crate) const SECOND: i64 = 1_000_000;

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A time in Tokyo, microseconds.
pub(crate) fn tokyo(text: &str) -> i64 {
    let time = format!("{text}+09:00");
    let time = chrono::DateTime::parse_from_rfc3339(&time).unwrap();
    time.timestamp_micros()
}

/// A day of a small market.
pub(crate) fn doc(stream: MarketStream) -> MarketDoc {
    MarketDoc {
        stream,
        seed: 225,
        start: located(date("2025-11-18")),
        days: 1,
        level: 50_000.0,
        products: vec![FuturesProduct::Large, FuturesProduct::Mini],
        expiries: 3,
        strikes: 20,
        ticks_per_day: Some(40_000),
        crash: None,
        stalls: false,
        intraday_oi: false,
        disorder: 0,
    }
}

pub(crate) fn source(doc: &MarketDoc) -> MarketSource {
    MarketSource::new(doc, &Calendar::built_in()).unwrap()
}

/// All rows of a stream.
pub(crate) fn all(doc: &MarketDoc) -> RecordBatch {
    let mut source = source(doc);
    let mut batches = Vec::new();
    loop {
        match source.poll(65_536).unwrap() {
            Polled::Rows(rows) => batches.push(rows.rows),
            Polled::End => break,
            other => panic!("{other:?}"),
        }
    }
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

pub(crate) fn texts(rows: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = rows.column_by_name(name).unwrap().as_string::<i32>();
    column.iter().map(|v| v.map(str::to_owned)).collect()
}

pub(crate) fn floats(rows: &RecordBatch, name: &str) -> Vec<Option<f64>> {
    let column = rows.column_by_name(name).unwrap();
    column.as_primitive::<Float64Type>().iter().collect()
}

pub(crate) fn ints(rows: &RecordBatch, name: &str) -> Vec<Option<i64>> {
    let column = rows.column_by_name(name).unwrap();
    column.as_primitive::<Int64Type>().iter().collect()
}

pub(crate) fn times(rows: &RecordBatch, name: &str) -> Vec<i64> {
    let column = rows.column_by_name(name).unwrap();
    let column = column.as_primitive::<TimestampMicrosecondType>();
    assert_eq!(column.null_count(), 0);
    column.values().to_vec()
}

pub(crate) fn days(rows: &RecordBatch, name: &str) -> Vec<Option<NaiveDate>> {
    let column = rows
        .column_by_name(name)
        .unwrap()
        .as_primitive::<Date32Type>();
    let day = |days: i32| NaiveDate::default() + chrono::Days::new(u64::try_from(days).unwrap());
    column.iter().map(|d| d.map(day)).collect()
}

/// The value below which a share of the values lies.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
