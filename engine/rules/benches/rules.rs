//! Rows a second through `oi-jump` in wasm, by rows a call, and beside it a bare loop over the same
//! Arrow columns that finds the same jumps. Figures swing with the machine: the ratio to the loop of
//! the same run is what counts. `plugins/oi-jump/benches/native.rs` runs the rule's own code natively.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run says so")]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, DictionaryArray, Float64Array, Int64Array, RecordBatch,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use serde_json::Map;
use zaraba_core::batch::Batch;
use zaraba_core::clock::Stopwatch;
use zaraba_finance::calendar::Calendar;
use zaraba_rules::host::Host;
use zaraba_rules::limits::Limits;
use zaraba_rules::plugin::Plugin;
use zaraba_rules::rule::Rule;
use zaraba_rules::tables::NoTables;
use zaraba_rules::world::{Level, Surroundings};

/// Rows of the input: 64 calls of 8,192.
const ROWS: usize = 8192 * 64;

/// A chain whose open interest moves by less than a thousandth, but for a jump in every 50,000 rows.
fn chain() -> Batch {
    let n = ROWS as i64;
    let base: Int64Array = (0..n).map(|i| Some(1_000 + i * 7919 % 5_000)).collect();
    let oi = |(i, base): (i64, &i64)| {
        if i % 50_000 == 49_999 {
            base * 2
        } else {
            base + i % 2
        }
    };
    let oi: Int64Array = (0..n)
        .zip(base.values())
        .map(|pair| Some(oi(pair)))
        .collect();
    let sides: DictionaryArray<Int32Type> =
        (0..n).map(|i| if i % 2 == 0 { "C" } else { "P" }).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "sq_date",
            Arc::new(Date32Array::from_iter_values((0..n).map(|_| 20_434))),
        ),
        (
            "strike",
            Arc::new(Float64Array::from_iter_values(
                (0..n).map(|i| (i % 300) as f64 * 125.0),
            )),
        ),
        ("put_call", Arc::new(sides)),
        ("oi_base", Arc::new(base)),
        ("oi", Arc::new(oi)),
    ];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    Batch::new(rows, (0..n).collect(), (0..n as u64).collect()).expect("parts of one length")
}

/// What the rule does, over the columns themselves.
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

fn rule() -> Rule {
    let folder =
        std::env::var_os("ZARABA_PLUGINS").expect("ZARABA_PLUGINS, as `make bench` sets it");
    let host = Host::new(None).expect("a host");
    let file = PathBuf::from(folder).join("oi-jump.wasm");
    let plugin = Plugin::from_file(&host, &file).expect("oi-jump");
    let around = Surroundings {
        limits: Limits::default(),
        calendar: Calendar::built_in(),
        tables: Arc::new(NoTables),
        log: Arc::new(|_: Level, line: &str| println!("{line}")),
    };
    let schema = chain().rows.schema();
    let streams = [("oi_delta", schema.as_ref())];
    Rule::new("oi_jump", &plugin, &Map::new(), &streams, around).expect("a rule")
}

/// Nanoseconds for all parts, each at its quickest of some runs: what the machine can do when nobody
/// else wants it.
fn least<T>(parts: &[T], mut work: impl FnMut(&T)) -> f64 {
    let mut least = vec![f64::INFINITY; parts.len()];
    for _ in 0..20 {
        for (part, least) in parts.iter().zip(&mut least) {
            let watch = Stopwatch::start();
            work(part);
            *least = least.min(watch.elapsed().as_secs_f64() * 1e9);
        }
    }
    least.iter().sum()
}

/// The rows in calls of a size.
fn split(rows: &Batch, size: usize) -> Vec<Batch> {
    (0..rows.len())
        .step_by(size)
        .map(|from| rows.slice(from, size))
        .collect()
}

fn main() {
    let rows = chain();
    let mut rule = rule();
    let mut found = Vec::new();
    rule.process(0, &rows, &mut found).expect("the rule runs");
    let alerts: usize = found.iter().map(Batch::len).sum();
    assert_eq!(
        alerts,
        bare(&rows),
        "the rule and the loop find the same jumps"
    );
    println!("{ROWS} rows, {alerts} alerts");

    let loops = least(&split(&rows, 8192), |part| {
        black_box(bare(black_box(part)));
    });
    let rate = |nanos: f64| ROWS as f64 / nanos * 1e3;
    println!("bare loop              {:>7.1} M rows/s", rate(loops));
    let only = std::env::var("SIZE").ok().and_then(|s| s.parse().ok());
    for size in [8192, 1024, 128, 16, 1] {
        if only.is_some_and(|only: usize| only != size) { continue; }
        let parts = split(&rows, size);
        let nanos = least(&parts, |part| {
            let mut out = Vec::new();
            rule.process(0, part, &mut out).expect("the rule runs");
            black_box(out);
        });
        println!(
            "wasm, {size:>5} rows a call {:>7.1} M rows/s, {:>6.2} µs a call, {:.1} × the loop's time",
            rate(nanos),
            nanos / parts.len() as f64 / 1e3,
            nanos / loops
        );
    }
}
