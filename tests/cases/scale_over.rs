//! Size, of OVER: a row costs the same however long its frame and however many keys there are, and
//! keys whose time is over are forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use zaraba::Meter;
use zaraba_core::clock::Stopwatch;
use zaraba_runtime::wire::StandIn;

use crate::cases::folder::Folder;
use crate::engine::harness::{Drive, planned, run};

/// How long so many rows take, each in a batch of its own, over a number of keys.
fn took(calls: &str, rows: i64, keys: i64) -> Duration {
    let text = format!(
        r#"
name = "over"
[source.ticks]
connector = "channel"
time = "ts"
schema = {{ ts = "timestamp", key = "int64" }}
[query.q]
sql = "SELECT ts, key, {calls} FROM ticks"
"#
    );
    let plan = planned(&text).unwrap_or_else(|e| panic!("{e}"));
    let times = TimestampMicrosecondArray::from_iter_values(0..rows).with_timezone("UTC");
    let numbers = Int64Array::from_iter_values((0..rows).map(|i| i * 7919 % keys));
    let columns: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(numbers)];
    let batch = RecordBatch::try_new(plan.streams["ticks"].columns.clone(), columns).unwrap();
    let stand_in = StandIn {
        rows: vec![(0, batch)],
        partitions: 1,
    };
    let inputs = BTreeMap::from([("ticks".to_owned(), stand_in)]);
    let drive = Drive {
        seed: None,
        batch_rows: 1,
        kill: false,
    };
    let watch = Stopwatch::start();
    let streams = run(&plan, &inputs, &["q"], drive).unwrap();
    let took = watch.elapsed();
    assert_eq!(
        streams[0].iter().map(zaraba::Batch::len).sum::<usize>() as i64,
        rows
    );
    took
}

/// Twice as much time is allowed for what should cost the same: the machine is not ours alone.
fn costs_the_same(what: &str, few: Duration, many: Duration) {
    println!("{what}: {few:?} and {many:?}");
    assert!(
        many < few * 3 + Duration::from_secs(1),
        "{what}: {few:?} and {many:?}"
    );
}

#[test]
fn a_row_costs_the_same_in_a_long_frame() {
    let calls = |n: i64| {
        let over = format!("OVER (ORDER BY ts ROWS BETWEEN {n} PRECEDING AND CURRENT ROW)");
        let time = format!(
            "OVER (ORDER BY ts RANGE BETWEEN INTERVAL '{n} microseconds' PRECEDING AND CURRENT ROW)"
        );
        format!(
            "sum(key) {over} AS s, max(key) {over} AS m, avg(key) {time} AS a, stddev(key) {time} AS d"
        )
    };
    let (short, long) = (
        took(&calls(10), 40_000, 100),
        took(&calls(20_000), 40_000, 100),
    );
    costs_the_same("frames of 10 and of 20,000 rows", short, long);
}

#[test]
fn a_row_costs_the_same_among_many_keys() {
    let over = "OVER (PARTITION BY key ORDER BY ts)";
    let frame = "OVER (PARTITION BY key ORDER BY ts RANGE BETWEEN INTERVAL '1 hour' PRECEDING AND \
                 CURRENT ROW)";
    let calls =
        format!("lag(key) {over} AS b, counter_delta(key) {over} AS d, count(*) {frame} AS n");
    let (few, many) = (took(&calls, 60_000, 10), took(&calls, 60_000, 60_000));
    costs_the_same("10 and 60,000 keys", few, many);
}

#[test]
fn keys_whose_time_is_over_are_forgotten() {
    const ROWS: i64 = 500_000;
    // Every ten rows are a key of their own.
    let text = format!(
        r#"
name = "over"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T00:00:00Z"
interval = "1ms"
rows = {ROWS}
[source.ticks.schema]
ts = "timestamp"
price = {{ type = "float64", walk = {{ start = 100.0, step = 1.0, min = 1.0 }} }}
[query.q]
sql = """
SELECT ts, sum(price) OVER (PARTITION BY date_bin(INTERVAL '10 milliseconds', ts) ORDER BY ts
       RANGE BETWEEN INTERVAL '1 second' PRECEDING AND CURRENT ROW) AS total
FROM ticks"""
[sink.out]
connector = "channel"
from = ["q"]
"#
    );
    let mut built = Folder::new()
        .pipeline(&text)
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let receiver = built.take_receiver("out").unwrap();
    let reader = std::thread::spawn(move || receiver.map(|(_, batch)| batch.len()).sum::<usize>());
    let meters = built.meters();
    let watch = Stopwatch::start();
    built.start().unwrap().join().unwrap();
    assert_eq!(reader.join().unwrap() as i64, ROWS);
    let (_, meter) = meters.iter().find(|(name, _)| &**name == "q").unwrap();
    let state = Meter::get(&meter.state_bytes_max);
    println!(
        "{ROWS} rows in {:?}: {state} bytes of state at most",
        watch.elapsed()
    );
    assert!(state < 40_000_000, "{state} bytes of state");
}
