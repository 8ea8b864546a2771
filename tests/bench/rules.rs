//! Rows a second through the same condition four ways, by rows a call, all in one run and by turns:
//! `oi-jump` in wasm, its code natively (a program of the plugins' workspace, which answers on a
//! pipe), a declared alert, and a bare loop over the same Arrow columns. Figures swing with the
//! machine: the ratios of a run are what counts, and of each way its quickest round, which nobody
//! interrupted. `ROUNDS=5` for a short one.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run says so")]

mod jumps;

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, DictionaryArray, Float64Array, Int64Array, RecordBatch,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use chrono_tz::Tz;
use serde_json::Map;
use zaraba::Stopwatch;
use zaraba_alerts::check::Around;
use zaraba_alerts::live::Origin;
use zaraba_alerts::plan::plan;
use zaraba_config::load::{LoadOptions, load_text};
use zaraba_core::batch::Batch;
use zaraba_core::message::Message;
use zaraba_core::operator::{Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::Calendar;
use zaraba_rules::host::Host;
use zaraba_rules::limits::Limits;
use zaraba_rules::plugin::Plugin;
use zaraba_rules::rule::Rule;
use zaraba_rules::tables::NoTables;
use zaraba_rules::world::{Level, Surroundings};
use zaraba_sql::plan::catalog::Catalog;

use crate::jumps::ROWS;

/// So many rows a call are measured.
const SIZES: [usize; 4] = [1, 16, 256, 8192];
/// `oi-jump` in a line.
const ALERT: &str = r#"
[alert.oi_jump]
from = "oi_delta"
key = ["sq_date", "strike", "put_call"]
when = "oi_base >= 100 AND abs(oi - oi_base) >= 50 AND abs((oi - oi_base)::double / oi_base * 100) >= 5"
title = "{{ strike }}{{ put_call }} {{ value | percent(1) }}"
value = "(oi - oi_base)::double / oi_base * 100"
"#;

fn chain() -> Batch {
    let n = ROWS as i64;
    let side = |i: i64| if jumps::put(i) { "P" } else { "C" };
    let sides: DictionaryArray<Int32Type> = (0..n).map(side).collect();
    let of = |number: fn(i64) -> i64| Int64Array::from_iter_values((0..n).map(number));
    let days = Date32Array::from(vec![jumps::SQ_DATE; ROWS]);
    let strikes = Float64Array::from_iter_values((0..n).map(jumps::strike));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("sq_date", Arc::new(days)),
        ("strike", Arc::new(strikes)),
        ("put_call", Arc::new(sides)),
        ("oi_base", Arc::new(of(jumps::base))),
        ("oi", Arc::new(of(jumps::oi))),
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

fn rule(rows: &Batch) -> Rule {
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
    let schema = rows.rows.schema();
    let streams = [("oi_delta", schema.as_ref())];
    Rule::new("oi_jump", &plugin, &Map::new(), &streams, around).expect("a rule")
}

fn through_rule(rule: &mut Rule, parts: &[Batch]) -> usize {
    let (mut out, mut alerts) = (Vec::new(), 0);
    for part in parts {
        rule.process(0, part, &mut out).expect("the rule runs");
        alerts += out.drain(..).map(|batch: Batch| batch.len()).sum::<usize>();
    }
    alerts
}

fn declared(rows: &Batch) -> Arc<Origin> {
    let options = LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &|_| None,
    };
    let loaded = load_text(std::path::Path::new("bench.toml"), ALERT, &options);
    let document = loaded.document.expect("a document");
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

/// The batches through a fresh node, a watermark behind each: nanoseconds, and how many alerts it
/// opened.
fn through_alert(origin: &Arc<Origin>, parts: &[Batch]) -> (f64, usize) {
    let (mut node, _) = origin.node().expect("a node");
    let (mut out, mut alerts) = (Output::default(), 0);
    let watch = Stopwatch::start();
    for part in parts {
        let _ = node.process(Port(0), part.clone(), &mut out).expect("rows");
        let to = EventTime(part.time[part.len() - 1] + 1);
        let mut progress = node.advance(to, &mut out).expect("a watermark");
        while progress == Progress::More {
            progress = node.resume(&mut out).expect("more");
        }
        for (_, message) in out.take() {
            if let Message::Rows(batch) = message {
                let state = batch.rows.column_by_name("state").expect("a state");
                let state = state.as_string::<i32>().iter();
                alerts += state.filter(|state| *state == Some("open")).count();
            }
        }
    }
    (watch.elapsed().as_secs_f64() * 1e9, alerts)
}

/// The program that runs the rule natively.
struct Native {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Native {
    fn start() -> Self {
        let program =
            std::env::var_os("ZARABA_NATIVE").expect("ZARABA_NATIVE, as `make bench` sets it");
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        Self {
            asks: child.stdin.take().expect("a pipe"),
            answers: BufReader::new(child.stdout.take().expect("a pipe")),
            child,
        }
    }

    fn measure(&mut self, size: usize) -> (f64, usize) {
        writeln!(self.asks, "{size}").expect("it listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        let (nanos, alerts) = line.trim().split_once(' ').expect("two numbers");
        let nanos = nanos.parse().expect("a number");
        (nanos, alerts.parse().expect("a number"))
    }

    fn end(mut self) {
        drop(self.asks);
        self.child.wait().expect("it ends");
    }
}

fn timed(work: impl FnOnce() -> usize) -> (f64, usize) {
    let watch = Stopwatch::start();
    let found = black_box(work());
    (watch.elapsed().as_secs_f64() * 1e9, found)
}

const WAYS: [&str; 4] = ["bare loop", "native rule", "wasm rule", "declared alert"];

fn main() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok());
    let rounds = rounds.unwrap_or(101_usize);
    let rows = chain();
    let (mut rule, origin, mut native) = (rule(&rows), declared(&rows), Native::start());
    let split = |size: usize| -> Vec<Batch> {
        let places = (0..jumps::rows(size)).step_by(size);
        places.map(|from| rows.slice(from, size)).collect()
    };
    let parts = SIZES.map(split);
    let mut nanos: [[Vec<f64>; 4]; 4] = Default::default();
    for round in 0..=rounds {
        for ((size, parts), nanos) in SIZES.into_iter().zip(&parts).zip(&mut nanos) {
            let measured = [
                timed(|| parts.iter().map(|part| bare(black_box(part))).sum()),
                native.measure(size),
                timed(|| through_rule(&mut rule, parts)),
                through_alert(&origin, parts),
            ];
            for ((way, nanos), (took, found)) in WAYS.iter().zip(nanos).zip(measured) {
                let jumps = jumps::rows(size) / 50_000;
                assert_eq!(found, jumps, "{way}, {size} rows a call: all find the same");
                // The first round warms up.
                if round > 0 {
                    nanos.push(took);
                }
            }
        }
    }
    native.end();
    println!("{rounds} rounds, by turns: the quickest, and the median between brackets");
    for (size, mut nanos) in SIZES.into_iter().zip(nanos) {
        let bare = quantile(&mut nanos[0], 0.0);
        for (way, nanos) in WAYS.iter().zip(&mut nanos) {
            let (least, median) = (quantile(nanos, 0.0), quantile(nanos, 0.5));
            let rate = |nanos: f64| jumps::rows(size) as f64 / nanos * 1e3;
            let calls = (jumps::rows(size) / size) as f64;
            println!(
                "{size:>5} rows a call  {way:<15}{:>8.2} M rows/s ({:.2}) {:>9.3} µs a call ({:.3}) {:>7.1} × the loop's time",
                rate(least),
                rate(median),
                least / calls / 1e3,
                median / calls / 1e3,
                least / bare,
            );
        }
    }
}

fn quantile(of: &mut [f64], at: f64) -> f64 {
    of.sort_by(f64::total_cmp);
    of[((of.len() - 1) as f64 * at) as usize]
}
