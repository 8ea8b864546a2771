//! Size, of joins and OVER: after ten million rows a node has held no more than its page in
//! `docs/reference/sql` says. The pages say which rows are kept; here that is made bytes.

use zaraba::Meter;
use zaraba_core::clock::Stopwatch;

use crate::cases::folder::Folder;

/// Rows of all sources together; a source has one each millisecond.
const ROWS: u64 = 10_000_000;
/// Times are drawn around it: five in a hundred more are allowed.
const PER_SECOND: u64 = 1050;
const BATCH_ROWS: u64 = 1024;
const QUEUE: u64 = 2;
/// `limits.max_drift`, seconds.
const DRIFT: u64 = 5;

/// Rows by which one input of a join may be ahead of the other: the drift, and what lies in the
/// queues, in hand and on the way of a source and of a table between it and the join.
const AHEAD: u64 = DRIFT * PER_SECOND + 2 * (QUEUE + 2) * BATCH_ROWS;

/// Bytes of a kept row of two numbers and a time: its columns, event time and sequence, twice, since
/// as many rows as are kept may have gone from their batch and still lie in it; and its places in
/// the orders by time and by key.
const ROW: u64 = 2 * 5 * 8 + 150;

/// Runs a query over sources of `rows` rows each: how many rows came out, and the most bytes of
/// state that the query held.
fn run(sources: &[&str], keys: u64, nodes: &str) -> (u64, u64) {
    let rows = ROWS / sources.len() as u64;
    let mut text = format!(
        "name = \"bounds\"\nlimits = {{ batch_rows = {BATCH_ROWS}, queue = {QUEUE}, max_drift = \
         \"{DRIFT}s\" }}\n"
    );
    for (seed, source) in sources.iter().enumerate() {
        text += &format!(
            r#"
[source.{source}]
connector = "simulate"
time = "ts"
start = "2025-11-14T00:00:00Z"
interval = "1ms"
seed = {seed}
rows = {rows}
[source.{source}.schema]
ts = "timestamp"
key = {{ type = "int64", range = [1, {keys}] }}
price = {{ type = "float64", range = [1, 100] }}
"#
        );
    }
    text += nodes;
    text += "\n[sink.out]\nconnector = \"channel\"\nfrom = [\"q\"]\n";
    let mut built = Folder::new()
        .pipeline(&text)
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let receiver = built.take_receiver("out").unwrap();
    let reader = std::thread::spawn(move || receiver.map(|(_, b)| b.len() as u64).sum());
    let meters = built.meters();
    let watch = Stopwatch::start();
    built.start().unwrap().join().unwrap();
    let out = reader.join().unwrap();
    println!("{ROWS} rows in {:?}, {out} out", watch.elapsed());
    // A query is several nodes where it has several stages.
    let state = meters.iter().filter(|(name, _)| &**name == "q");
    let state = state.map(|(_, m)| Meter::get(&m.state_bytes_max)).sum();
    (out, state)
}

fn within(state: u64, bound: u64) {
    println!("{state} bytes of state at most, {bound} allowed");
    assert!(state > 0 && state <= bound, "{state} bytes, not {bound}");
}

/// "The newest row of each key of the table, and … those that were valid at the stream's watermark
/// or later. Rows of the stream are kept while they wait."
#[test]
fn a_join_with_a_table_keeps_its_keys() {
    const KEYS: u64 = 1000;
    let nodes = r#"
[table.t]
from = "b"
key = ["key"]
[query.q]
sql = "SELECT a.ts, a.price, t.price AS quote FROM a LEFT JOIN t ON a.key = t.key"
"#;
    let (out, state) = run(&["a", "b"], KEYS, nodes);
    assert_eq!(out, ROWS / 2);
    within(state, (KEYS + AHEAD) * ROW);
}

/// "A left row until the right input's watermark is past its time + y; a right row until the left
/// input's is past its time + x."
#[test]
fn a_join_by_an_interval_keeps_the_interval() {
    const SECONDS: u64 = 10;
    let nodes = format!(
        r#"
[query.q]
sql = """
SELECT a.ts, a.price, b.price AS other FROM a JOIN b ON a.key = b.key
   AND b.ts BETWEEN a.ts - INTERVAL '{SECONDS} seconds' AND a.ts + INTERVAL '{SECONDS} seconds'"""
"#
    );
    let (out, state) = run(&["a", "b"], 10_000, &nodes);
    // A key comes twice in twenty seconds.
    assert!(out.abs_diff(ROWS) < ROWS / 10, "{out} rows");
    within(state, (2 * SECONDS * PER_SECOND + AHEAD) * ROW);
}

/// "Rows that the watermark has not passed"; "for RANGE the rows in the frame's length of time";
/// "for … lag the last rows of each key".
#[test]
fn over_keeps_its_frame_and_its_keys() {
    const KEYS: u64 = 1000;
    const SECONDS: u64 = 10;
    // A kept value, in the frame and among those that may become the greatest, with its place.
    const FRAME_ROW: u64 = 2 * (64 + 24) + 2 * (64 + 16);
    const KEY: u64 = 1000;
    let nodes = format!(
        r#"
[query.q]
sql = """
SELECT ts, price, lag(price) OVER (PARTITION BY key ORDER BY ts) AS before,
       max(price) OVER (PARTITION BY key ORDER BY ts
         RANGE BETWEEN INTERVAL '{SECONDS} seconds' PRECEDING AND CURRENT ROW) AS high
FROM a"""
"#
    );
    let (out, state) = run(&["a"], KEYS, &nodes);
    assert_eq!(out, ROWS);
    let rows = SECONDS * PER_SECOND + 2 * BATCH_ROWS;
    within(state, rows * FRAME_ROW + KEYS * KEY);
}

/// "Those of the last n rows keep these: 8 bytes a value; the others a few numbers", for every key.
#[test]
fn indicators_keep_n_rows_of_each_key() {
    const KEYS: u64 = 100;
    const N: u64 = 200;
    // What a key costs beside its rows: its place, and a machine for each of the calls.
    const KEY: u64 = 2000;
    let over = "OVER (PARTITION BY key ORDER BY ts)";
    let nodes = format!(
        r#"
[query.q]
sql = """
SELECT ts, sma(price, {N}) {over} AS mean, rsi(price, 14) {over} AS rsi,
       vwap(price, key) {over} AS vwap, rolling_corr(price, key, {N}) {over} AS corr
FROM a"""
"#
    );
    let (out, state) = run(&["a"], KEYS, &nodes);
    assert_eq!(out, ROWS);
    let values = N * 3 * 8;
    within(state, KEYS * (values + KEY) + 2 * BATCH_ROWS * ROW);
}
