//! Size: the engine's work grows with rows, its memory with keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use zaraba::Meter;
use zaraba_core::clock::Stopwatch;
use zaraba_runtime::wire::StandIn;

use crate::cases::folder::Folder;
use crate::engine::harness::{Drive, planned, run};

const KEYS: i64 = 1_000_000;

#[test]
fn a_million_keys_in_batches_of_one_row() {
    let text = r#"
name = "keys"
[source.ticks]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", key = "int64" }
[query.q]
sql = """
SELECT window_end, key, count(*) AS n, last_value(key ORDER BY ts) AS last
FROM TUMBLE(ticks, ts, INTERVAL '1 day') GROUP BY window_start, window_end, key"""
"#;
    let plan = planned(text).unwrap_or_else(|e| panic!("{e}"));
    let times = TimestampMicrosecondArray::from_iter_values(0..KEYS).with_timezone("UTC");
    // A factor that has none in common with the number of keys: each comes once, in no order.
    let keys = Int64Array::from_iter_values((0..KEYS).map(|i| i * 7919 % KEYS));
    let columns: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(keys)];
    let rows = RecordBatch::try_new(plan.streams["ticks"].columns.clone(), columns).unwrap();
    let stand_in = StandIn {
        rows: vec![(0, rows)],
        partitions: 1,
    };
    let inputs = BTreeMap::from([("ticks".to_owned(), stand_in)]);
    let took = Stopwatch::start();
    let drive = Drive {
        seed: None,
        batch_rows: 1,
        kill: false,
    };
    let streams = run(&plan, &inputs, &["q"], drive).unwrap();
    let took = took.elapsed();
    println!("{KEYS} keys in batches of one row: {took:?}");
    let rows: usize = streams[0].iter().map(zaraba::Batch::len).sum();
    assert_eq!(rows as i64, KEYS);
    let mut seen = vec![false; KEYS as usize];
    for batch in &streams[0] {
        let column = |i: usize| {
            batch
                .rows
                .column(i)
                .as_primitive::<Int64Type>()
                .values()
                .to_vec()
        };
        for ((key, n), last) in column(1).into_iter().zip(column(2)).zip(column(3)) {
            assert_eq!((n, last), (1, key));
            assert!(
                !std::mem::replace(&mut seen[key as usize], true),
                "{key} came twice"
            );
        }
    }
}

/// Most bytes that this process has had in memory.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn state_grows_with_keys_not_with_rows() {
    const ROWS: i64 = 10_000_000;
    let keys: Vec<String> = (0..100).map(|k| k.to_string()).collect();
    let text = format!(
        r#"
name = "rows"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T00:00:00Z"
interval = "1ms"
rows = {ROWS}
[source.ticks.schema]
ts = "timestamp"
key = {{ type = "int64", one_of = [{}] }}
price = {{ type = "float64", walk = {{ start = 100.0, step = 1.0, min = 1.0 }} }}
[query.q]
sql = """
SELECT window_end, key, count(*) AS n, sum(price) AS s, first_value(price ORDER BY ts) AS open,
       max(price) AS high, last_value(price ORDER BY ts) AS close
FROM TUMBLE(ticks, ts, INTERVAL '1 day') GROUP BY window_start, window_end, key"""
[sink.out]
connector = "channel"
from = ["q"]
"#,
        keys.join(", ")
    );
    let mut built = Folder::new()
        .pipeline(&text)
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let receiver = built.take_receiver("out").unwrap();
    let reader = std::thread::spawn(move || receiver.map(|(_, batch)| batch).collect::<Vec<_>>());
    let meters = built.meters();
    let took = Stopwatch::start();
    built.start().unwrap().join().unwrap();
    let took = took.elapsed();
    let batches = reader.join().unwrap();
    let count = |b: &zaraba::Batch| {
        b.rows
            .column(2)
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .sum::<i64>()
    };
    assert_eq!(batches.iter().map(zaraba::Batch::len).sum::<usize>(), 100);
    assert_eq!(batches.iter().map(count).sum::<i64>(), ROWS);
    let (_, meter) = meters.iter().find(|(name, _)| &**name == "q").unwrap();
    let (state, peak) = (Meter::get(&meter.state_bytes_max), peak_bytes());
    println!("{ROWS} rows in {took:?}: {state} bytes of state, {peak} bytes in all at most");
    assert!(state > 0 && state < 5_000_000, "{state} bytes of state");
    assert!(peak < 150_000_000, "{peak} bytes");
}

/// Two sources of a row for each key at each microsecond, the second one a little later, joined.
fn joined(nodes: &str, keys: i64) -> usize {
    let source = |name: &str| {
        format!(
            "[source.{name}]\nconnector = \"channel\"\ntime = \"ts\"\nschema = {{ ts = \
             \"timestamp\", key = \"int64\" }}\n"
        )
    };
    let text = format!("name = \"keys\"\n{}{}{nodes}", source("a"), source("b"));
    let plan = planned(&text).unwrap_or_else(|e| panic!("{e}"));
    let rows = |name: &str, factor: i64| {
        let times = TimestampMicrosecondArray::from_iter_values(0..keys).with_timezone("UTC");
        let numbers = Int64Array::from_iter_values((0..keys).map(|i| i * factor % keys));
        let columns: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(numbers)];
        let rows = RecordBatch::try_new(plan.streams[name].columns.clone(), columns).unwrap();
        (
            name.to_owned(),
            StandIn {
                rows: vec![(0, rows)],
                partitions: 1,
            },
        )
    };
    let inputs = BTreeMap::from([rows("a", 7919), rows("b", 104_729)]);
    let took = Stopwatch::start();
    let drive = Drive {
        seed: None,
        batch_rows: 1,
        kill: false,
    };
    let streams = run(&plan, &inputs, &["q"], drive).unwrap();
    println!("{keys} keys in batches of one row: {:?}", took.elapsed());
    streams[0].iter().map(zaraba::Batch::len).sum()
}

/// Each key comes once on both sides, anywhere within the interval: all rows are kept to the end.
#[test]
fn a_join_of_streams_with_a_million_keys_in_batches_of_one_row() {
    let rows = joined(
        r#"
[query.q]
sql = """
SELECT a.ts, a.key, b.ts AS later FROM a JOIN b
  ON a.key = b.key AND b.ts BETWEEN a.ts - INTERVAL '1 day' AND a.ts + INTERVAL '1 day'"""
"#,
        KEYS,
    );
    assert_eq!(rows as i64, KEYS);
}

/// All keys of the table stay, whatever is asked for.
#[test]
fn a_join_with_a_table_of_a_million_keys_in_batches_of_one_row() {
    let rows = joined(
        r#"
[table.t]
from = "b"
key = ["key"]
[query.q]
sql = "SELECT a.ts, a.key, t.ts AS since FROM a LEFT JOIN t ON a.key = t.key"
"#,
        KEYS,
    );
    assert_eq!(rows as i64, KEYS);
}
