//! How long a rule takes from a row to its alert while a hostile one reads the same stream: a whole
//! pipeline, on threads of its own, fed a batch every two milliseconds by a program that embeds it.
//! The rule is `oi-jump`; its neighbour is `hostile`, which behaves, loops without end, takes all
//! memory or traps in each call. By turns, a fresh pipeline each; `ROUNDS=3` for a short one.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run says so")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use zaraba::Stopwatch;
use zaraba::pipeline::Pipeline;

const PIPELINE: &str = r#"
[source.deltas]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", sq_date = "date", strike = "float64", put_call = "text", oi_base = "int64", oi = "int64", n = "int64" }

[rule.good]
plugin = "oi-jump"
from = ["deltas"]

[sink.told]
connector = "channel"
from = ["good"]
"#;

const NEIGHBOUR: &str = r#"
[rule.bad]
plugin = "hostile"
from = ["deltas"]
params = { what = "WHAT" }
"#;

/// What the neighbour does; none: there is none.
const NEIGHBOURS: [Option<&str>; 5] = [
    None,
    Some("none"),
    Some("loop"),
    Some("memory"),
    Some("trap"),
];

/// Batches of a run, and how far apart.
const BATCHES: usize = 1_000;
const APART: Duration = Duration::from_millis(2);
/// Rows of a batch. The first jumps; the last is a microsecond younger, so that the watermark behind
/// it lets the others go.
const ROWS: usize = 16;
/// Batches at the beginning that do not count: threads start, pages are touched.
const WARM: usize = 50;

/// The event time of batch `i`, microseconds.
fn time(i: usize) -> i64 {
    1_763_078_400_000_000 + i as i64 * APART.as_micros() as i64
}

fn batch(i: usize) -> RecordBatch {
    let mut times = [time(i); ROWS];
    times[ROWS - 1] += 1;
    let times = TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC");
    let oi = (0..ROWS).map(|row| if row == 0 { 1_500 } else { 1_000 });
    let n = (0..ROWS).map(|row| (i * ROWS + row) as i64);
    let strikes = (0..ROWS).map(|row| 50_000.0 + row as f64 * 125.0);
    let columns: [(&str, ArrayRef); 7] = [
        ("ts", Arc::new(times)),
        ("sq_date", Arc::new(Date32Array::from(vec![20_434; ROWS]))),
        ("strike", Arc::new(Float64Array::from_iter_values(strikes))),
        ("put_call", Arc::new(StringArray::from(vec!["C"; ROWS]))),
        ("oi_base", Arc::new(Int64Array::from(vec![1_000; ROWS]))),
        ("oi", Arc::new(Int64Array::from_iter_values(oi))),
        ("n", Arc::new(Int64Array::from_iter_values(n))),
    ];
    let columns = columns.map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

/// Microseconds from row to alert, of each batch that counts.
fn run(neighbour: Option<&str>) -> Vec<f64> {
    let mut text = PIPELINE.to_owned();
    if let Some(what) = neighbour {
        text += &NEIGHBOUR.replace("WHAT", what);
    }
    let built = Pipeline::from_text("bench.toml", text).build();
    let mut built = built.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let sender = built.take_sender("deltas").expect("the source is there");
    let receiver = built.take_receiver("told").expect("the sink is there");
    let running = built.start().expect("threads");
    let batches: Vec<RecordBatch> = (0..BATCHES).map(batch).collect();
    let sent: Arc<Vec<AtomicU64>> = Arc::new((0..BATCHES).map(|_| AtomicU64::new(0)).collect());
    let watch = Stopwatch::start();
    let nanos = move || watch.elapsed().as_nanos() as u64;
    let (noted, now) = (Arc::clone(&sent), nanos);
    let feed = std::thread::spawn(move || {
        for (i, rows) in batches.into_iter().enumerate() {
            let due = (APART * i as u32).as_nanos() as u64;
            // A queue that was full has held it up: that is part of the wait.
            let held_up = now() >= due;
            while now() < due {
                std::thread::sleep(Duration::from_nanos(due - now().min(due)));
            }
            noted[i].store(if held_up { due } else { now() }, Ordering::Release);
            sender.send(rows).expect("the pipeline runs");
        }
    });
    let mut took = vec![f64::NAN; BATCHES];
    for (_, alerts) in receiver {
        let now = nanos();
        for at in &alerts.time {
            let i = ((at - time(0)) / APART.as_micros() as i64) as usize;
            took[i] = (now - sent[i].load(Ordering::Acquire)) as f64 / 1e3;
        }
    }
    feed.join().expect("all was sent");
    running.join().expect("it ran");
    assert!(
        took.iter().all(|took| took.is_finite()),
        "every batch raised its alert"
    );
    took.split_off(WARM)
}

fn quantile(of: &mut [f64], at: f64) -> f64 {
    of.sort_by(f64::total_cmp);
    of[((of.len() - 1) as f64 * at) as usize]
}

fn main() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok());
    let rounds = rounds.unwrap_or(9_usize);
    let mut figures: [[Vec<f64>; 3]; NEIGHBOURS.len()] = Default::default();
    for _ in 0..rounds {
        for (neighbour, figures) in NEIGHBOURS.into_iter().zip(&mut figures) {
            let mut took = run(neighbour);
            for (at, figures) in [0.5, 0.99, 1.0].into_iter().zip(figures) {
                figures.push(quantile(&mut took, at));
            }
        }
    }
    let alone: Vec<f64> = figures[0][1].clone();
    println!("µs from a row to its alert; medians of {rounds} rounds, by turns");
    for (neighbour, mut figures) in NEIGHBOURS.into_iter().zip(figures) {
        let name = match neighbour {
            None => "alone".to_owned(),
            Some(what) => format!("beside `{what}`"),
        };
        let ratios = figures[1]
            .iter()
            .zip(&alone)
            .map(|(with, alone)| with / alone);
        let mut ratios: Vec<f64> = ratios.collect();
        let ratio = quantile(&mut ratios, 0.5);
        let [half, p99, most] = figures.each_mut().map(|of| quantile(of, 0.5));
        println!(
            "{name:<18} p50 {half:>8.0}  p99 {p99:>8.0}  most {most:>8.0}  p99 of alone's, round by round {ratio:.2}"
        );
    }
}
