//! Rows a second through a declared alert, by rows a batch, over the rows of the rules' benchmark and
//! with the condition of `oi-jump`, and beside it a bare loop over the same Arrow columns. Figures
//! swing with the machine: the ratio to the loop of the same run is what counts.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run says so")]

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, DictionaryArray, Float64Array, Int64Array, RecordBatch,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use chrono_tz::Tz;
use zaraba_alerts::check::Around;
use zaraba_alerts::live::Origin;
use zaraba_alerts::plan::plan;
use zaraba_config::load::{LoadOptions, load};
use zaraba_core::batch::Batch;
use zaraba_core::clock::Stopwatch;
use zaraba_core::operator::{Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::Calendar;
use zaraba_sql::plan::catalog::Catalog;

/// Rows of the input: 64 batches of 8,192.
const ROWS: usize = 8192 * 64;

/// `oi-jump` in a line.
const ALERT: &str = r#"
[alert.oi_jump]
from = "oi_delta"
key = ["sq_date", "strike", "put_call"]
when = "oi_base >= 100 AND abs(oi - oi_base) >= 50 AND abs((oi - oi_base)::double / oi_base * 100) >= 5"
title = "{{ strike }}{{ put_call }} {{ value | percent(1) }}"
value = "(oi - oi_base)::double / oi_base * 100"
"#;

/// A chain whose open interest moves by less than a thousandth, but for a jump in every 50,000 rows.
fn chain() -> Batch {
    let n = ROWS as i64;
    let base: Int64Array = (0..n).map(|i| Some(1_000 + i * 7919 % 5_000)).collect();
    let oi = |(i, base): (i64, &i64)| match i % 50_000 {
        49_999 => base * 2,
        _ => base + i % 2,
    };
    let pairs = (0..n).zip(base.values());
    let oi: Int64Array = pairs.map(|pair| Some(oi(pair))).collect();
    let sides: DictionaryArray<Int32Type> =
        (0..n).map(|i| if i % 2 == 0 { "C" } else { "P" }).collect();
    let strikes = (0..n).map(|i| (i % 300) as f64 * 125.0);
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "sq_date",
            Arc::new(Date32Array::from_iter_values((0..n).map(|_| 20_434))),
        ),
        ("strike", Arc::new(Float64Array::from_iter_values(strikes))),
        ("put_call", Arc::new(sides)),
        ("oi_base", Arc::new(base)),
        ("oi", Arc::new(oi)),
    ];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    Batch::new(rows, (0..n).collect(), (0..n as u64).collect()).expect("parts of one length")
}

/// What the condition says, over the columns themselves.
fn bare(rows: &Batch) -> usize {
    let base = rows.rows.column(3).as_primitive::<Int64Type>().values();
    let oi = rows.rows.column(4).as_primitive::<Int64Type>().values();
    let strikes = rows.rows.column(1).as_primitive::<Float64Type>().values();
    let mut found = Vec::new();
    for i in 0..rows.len() {
        let change = oi[i].saturating_sub(base[i]);
        let pct = change as f64 / base[i] as f64 * 100.0;
        if base[i] >= 100 && change.abs() >= 50 && pct.abs() >= 5.0 {
            found.push((strikes[i], pct));
        }
    }
    black_box(found).len()
}

fn origin(rows: &Batch) -> Arc<Origin> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipeline.toml");
    std::fs::write(&path, ALERT).expect("a file");
    let options = LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &|_| None,
    };
    let document = load(&path, &options).document.expect("a document");
    let stream = StreamSchema {
        columns: rows.rows.schema(),
        time: None,
        changelog: Changelog::Append,
    };
    let mut catalog = Catalog::new("UTC", Some(0), &Calendar::built_in(), &[]);
    catalog.add("oi_delta", stream, false);
    let around = Around {
        params: &[],
        catalog: &catalog,
        zone: Tz::UTC,
    };
    plan(&document.alerts[0], &around).expect("an alert").origin
}

/// Nanoseconds of each batch through a fresh node, and how many alerts opened.
fn through(origin: &Arc<Origin>, parts: &[Batch]) -> (Vec<f64>, usize) {
    let (mut node, _) = origin.node().expect("a node");
    let (mut out, mut rows) = (Output::default(), 0);
    let mut nanos = Vec::with_capacity(parts.len());
    for part in parts {
        let watch = Stopwatch::start();
        let _ = node.process(Port(0), part.clone(), &mut out).expect("rows");
        let to = EventTime(part.time[part.len() - 1] + 1);
        let mut progress = node.advance(to, &mut out).expect("a watermark");
        while progress == Progress::More {
            progress = node.resume(&mut out).expect("more");
        }
        nanos.push(watch.elapsed().as_secs_f64() * 1e9);
        for (_, message) in out.take() {
            if let zaraba_core::message::Message::Rows(batch) = message {
                rows += batch.len();
            }
        }
    }
    (nanos, rows)
}

/// The sum of the least of each part, over some runs: what the machine can do when nobody else wants
/// it.
fn least(parts: usize, mut run: impl FnMut() -> Vec<f64>) -> f64 {
    let mut least = vec![f64::INFINITY; parts];
    for _ in 0..10 {
        for (least, now) in least.iter_mut().zip(run()) {
            *least = least.min(now);
        }
    }
    least.iter().sum()
}

fn main() {
    let rows = chain();
    let origin = origin(&rows);
    let split = |size: usize| -> Vec<Batch> {
        let parts = (0..rows.len()).step_by(size);
        parts.map(|from| rows.slice(from, size)).collect()
    };
    let whole = split(8192);
    let (_, alerts) = through(&origin, &whole);
    println!("{ROWS} rows, {} jumps, {alerts} alerts", bare(&rows));
    let loops = least(whole.len(), || {
        let one = |part: &Batch| {
            let watch = Stopwatch::start();
            black_box(bare(black_box(part)));
            watch.elapsed().as_secs_f64() * 1e9
        };
        whole.iter().map(one).collect()
    });
    let rate = |nanos: f64| ROWS as f64 / nanos * 1e3;
    println!("bare loop                {:>7.1} M rows/s", rate(loops));
    for size in [8192, 1024, 128, 16] {
        let parts = split(size);
        let nanos = least(parts.len(), || through(&origin, &parts).0);
        println!(
            "alert, {size:>5} rows a batch {:>7.1} M rows/s, {:>7.2} µs a batch, {:.1} × the loop's time",
            rate(nanos),
            nanos / parts.len() as f64 / 1e3,
            nanos / loops
        );
    }
}
