//! Ten million ticks through a one-minute TUMBLE per (strike, put_call): the engine, the bare loop
//! (the same work by hand on one thread: Parquet, a hash map, no engine) and DataFusion's batch,
//! interleaved in one process. The outputs are compared before anything is printed.
//!
//! `make bench`; `ROWS=1000000 RUNS=3 make bench` for a short one.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops"
)]

mod ticks;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{Float64Type, Int64Type, SchemaRef, TimestampMicrosecondType};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{SessionConfig, SessionContext};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use zaraba::pipeline::Pipeline;
use zaraba_core::clock::Stopwatch;
use zaraba_core::stream::event_time_type;

/// One group's answer: first, last, sum, max, min of the price, and how many.
type Answer = (f64, f64, f64, f64, f64, i64);
/// Window, strike (bits), put or call.
type Group = (i64, u64, u8);

const MINUTE: i64 = 60_000_000;

fn main() {
    let number = |name: &str, default: usize| {
        std::env::var(name)
            .ok()
            .and_then(|v| v.parse().ok())
            .unwrap_or(default)
    };
    let (rows, runs) = (number("ROWS", 10_000_000), number("RUNS", 5));
    let path = ticks::file(rows, 225);
    let expected = bare(&path);
    for (name, got) in [
        ("engine", engine(&path)),
        ("DataFusion batch", batch(&path)),
    ] {
        compare(name, &got, &expected);
    }
    println!(
        "{rows} ticks, {} rows out; the three outputs agree",
        expected.len()
    );
    let mut times: [Vec<f64>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..runs {
        for (i, run) in [engine, bare, batch].iter().enumerate() {
            let watch = Stopwatch::start();
            std::hint::black_box(run(&path));
            times[i].push(watch.elapsed().as_secs_f64());
        }
    }
    let names = [
        "engine, file to rows",
        "bare loop, one thread",
        "DataFusion batch",
    ];
    let medians: Vec<f64> = times.iter_mut().map(|t| median(t)).collect();
    for ((name, times), median) in names.iter().zip(&times).zip(&medians) {
        println!(
            "{name:22} median {median:.3} s  {:6.2} M rows/s  (min {:.3}, max {:.3}, {runs} runs)  {:.2} × the bare loop",
            rows as f64 / median / 1e6,
            times[0],
            times[times.len() - 1],
            median / medians[1],
        );
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn compare(name: &str, got: &BTreeMap<Group, Answer>, expected: &BTreeMap<Group, Answer>) {
    assert_eq!(got.len(), expected.len(), "{name}: number of rows");
    for (group, answer) in expected {
        let other = got
            .get(group)
            .unwrap_or_else(|| panic!("{name}: no row for {group:?}"));
        let same = (answer.2 - other.2).abs() <= 1e-9 * answer.2.abs()
            && (answer.0, answer.1, answer.3, answer.4, answer.5)
                == (other.0, other.1, other.3, other.4, other.5);
        assert!(same, "{name}: {group:?}: {other:?}, expected {answer:?}");
    }
}

/// The pipeline, as a user writes it.
fn engine(path: &Path) -> BTreeMap<Group, Answer> {
    let text = format!(
        r#"
[source.ticks]
connector = "file"
path = "{}"
time = "ts"
[query.bars]
sql = """
SELECT window_start, strike, put_call, first_value(price ORDER BY ts) AS first,
       last_value(price ORDER BY ts) AS last, sum(price) AS sum, max(price) AS max,
       min(price) AS min, count(*) AS n
FROM TUMBLE(ticks, ts, INTERVAL '1 minute')
GROUP BY window_start, window_end, strike, put_call"""
[sink.out]
connector = "channel"
from = ["bars"]
"#,
        path.display()
    );
    let mut pipeline = Pipeline::from_text("bench.toml", text)
        .build()
        .expect("it is right");
    let receiver = pipeline.take_receiver("out").expect("the sink is there");
    let running = pipeline.start().expect("threads");
    let mut answers = BTreeMap::new();
    for (_, batch) in receiver {
        collect(&batch.rows, &mut answers);
    }
    if std::env::var_os("VERBOSE").is_some() {
        for (name, meter) in running.meters() {
            let busy = zaraba_core::meter::Meter::get(&meter.busy_ns) as f64 / 1e9;
            println!("  {name}: busy {busy:.3} s");
        }
    }
    running.join().expect("it ran");
    answers
}

/// The same rows by hand: Parquet, a hash map per minute, nothing else.
fn bare(path: &Path) -> BTreeMap<Group, Answer> {
    let file = std::fs::File::open(path).expect("the file is there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let columns = [0, 1, 2, 3];
    let mask = parquet::arrow::ProjectionMask::leaves(reader.parquet_schema(), columns);
    let reader = reader
        .with_projection(mask)
        .with_batch_size(8192)
        .build()
        .expect("Parquet");
    let mut groups: HashMap<Group, Answer> = HashMap::new();
    let mut done = BTreeMap::new();
    let mut minute = i64::MIN;
    for batch in reader {
        let batch = batch.expect("Parquet");
        let times = batch
            .column(0)
            .as_primitive::<TimestampMicrosecondType>()
            .values();
        let strikes = batch.column(1).as_primitive::<Float64Type>().values();
        let sides = batch.column(2).as_string::<i32>();
        let prices = batch.column(3).as_primitive::<Float64Type>().values();
        for i in 0..batch.num_rows() {
            let window = times[i] - times[i].rem_euclid(MINUTE);
            if window != minute {
                done.extend(groups.drain());
                minute = window;
            }
            let price = prices[i];
            let key = (window, strikes[i].to_bits(), sides.value(i).as_bytes()[0]);
            let group = groups
                .entry(key)
                .or_insert((price, price, 0.0, price, price, 0));
            group.1 = price;
            group.2 += price;
            group.3 = group.3.max(price);
            group.4 = group.4.min(price);
            group.5 += 1;
        }
    }
    done.extend(groups);
    done
}

#[derive(Debug)]
struct Ticks(std::path::PathBuf, SchemaRef);

impl PartitionStream for Ticks {
    fn schema(&self) -> &SchemaRef {
        &self.1
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let file = std::fs::File::open(&self.0).expect("the file is there");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        let reader = reader.with_batch_size(8192).build().expect("Parquet");
        let rows = futures::stream::iter(reader.map(|b| Ok(b?)));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.1), rows))
    }
}

/// DataFusion's batch over the same file, on both cores.
fn batch(path: &Path) -> BTreeMap<Group, Answer> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let file = std::fs::File::open(path).expect("the file is there");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        let schema = Arc::clone(reader.schema());
        let ticks = Arc::new(Ticks(path.to_owned(), Arc::clone(&schema)));
        let context =
            SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
        let table = StreamingTable::try_new(schema, vec![ticks]).expect("one schema");
        context
            .register_table("ticks", Arc::new(table))
            .expect("a new name");
        let sql = "SELECT date_bin(INTERVAL '1 minute', ts) AS window_start, strike, put_call, \
                   first_value(price ORDER BY ts, volume), last_value(price ORDER BY ts, volume), \
                   sum(price), max(price), min(price), count(*) FROM ticks GROUP BY 1, 2, 3";
        let batches = context
            .sql(sql)
            .await
            .expect("SQL")
            .collect()
            .await
            .expect("rows");
        let mut answers = BTreeMap::new();
        for batch in &batches {
            collect(batch, &mut answers);
        }
        answers
    })
}

fn collect(batch: &RecordBatch, into: &mut BTreeMap<Group, Answer>) {
    // DataFusion's date_bin answers in nanoseconds.
    let windows = cast(batch.column(0), &event_time_type()).expect("a time");
    let windows = windows.as_primitive::<TimestampMicrosecondType>().values();
    let strikes = batch.column(1).as_primitive::<Float64Type>().values();
    let side = |i: usize| match batch.column(2).as_string_view_opt() {
        Some(views) => views.value(i).as_bytes()[0],
        None => batch.column(2).as_string::<i32>().value(i).as_bytes()[0],
    };
    let price = |c: usize, i: usize| batch.column(c).as_primitive::<Float64Type>().value(i);
    let counts = batch.column(8).as_primitive::<Int64Type>().values();
    for i in 0..batch.num_rows() {
        let answer = (
            price(3, i),
            price(4, i),
            price(5, i),
            price(6, i),
            price(7, i),
            counts[i],
        );
        into.insert((windows[i], strikes[i].to_bits(), side(i)), answer);
    }
}
