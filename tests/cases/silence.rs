//! Live sources that fall silent, by a clock that is moved by hand: an idle source no longer
//! holds windows open, and what it sends later but is older is late.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use zaraba::{ClockTime, ManualClock};
use zaraba_core::time::SECOND;

use crate::cases::folder::{Folder, Rows};

/// One row: a time in seconds and a number.
fn row(time: i64, n: i64) -> RecordBatch {
    let time = TimestampMicrosecondArray::from(vec![time * SECOND]).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 2] = [
        ("ts", Arc::new(time)),
        ("n", Arc::new(Int64Array::from(vec![n]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

const ONE: &str = r#"
name = "silence"
[source.ticks]
connector = "channel"
time = "ts"
out_of_order = "5s"
idle_timeout = "10s"
schema = { ts = "timestamp", n = "int64" }
[query.q]
sql = """
SELECT window_end, sum(n) AS n FROM TUMBLE(ticks, ts, INTERVAL '1 minute')
GROUP BY window_start, window_end"""
[sink.out]
connector = "channel"
from = ["q", "ticks__late"]
"#;

#[test]
fn the_last_window_of_a_silent_source_closes_by_the_clock() {
    let clock = ManualClock::new(ClockTime(30 * SECOND));
    let mut built = Folder::new()
        .pipeline(ONE)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    let (sender, rows) = (built.take_sender("ticks").unwrap(), Rows::of(&mut built));
    let running = built.start().unwrap();
    sender.send(row(30, 1)).unwrap();
    rows.expect_silence();
    // Silent, but not for ten seconds.
    clock.set(ClockTime(39 * SECOND));
    rows.expect_silence();
    // Idle: event time goes with the clock, five seconds behind it: 00:00:59.
    clock.set(ClockTime(64 * SECOND));
    rows.expect_silence();
    clock.set(ClockTime(65 * SECOND));
    rows.expect(&["q: 1970-01-01T00:01:00Z|1"]);
    clock.set(ClockTime(185 * SECOND));
    // Back: the pipeline has gone to 00:03:00, what is older is late.
    rows.expect_silence();
    sender.send(row(31, 2)).unwrap();
    rows.expect(&["ticks__late: 1970-01-01T00:00:31Z|2|1970-01-01T00:03:00Z"]);
    sender.send(row(179, 4)).unwrap();
    rows.expect(&["ticks__late: 1970-01-01T00:02:59Z|4|1970-01-01T00:03:00Z"]);
    sender.send(row(180, 8)).unwrap();
    sender.send(row(186, 16)).unwrap();
    // 181 is not late: the newest row is 186, and rows may be five seconds behind it.
    sender.send(row(181, 32)).unwrap();
    drop(sender);
    rows.expect(&["q: 1970-01-01T00:04:00Z|56"]);
    running.join().unwrap();
    rows.expect_end();
}

const TWO: &str = r#"
name = "silence"
[source.a]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", n = "int64" }
[source.b]
connector = "channel"
time = "ts"
idle_timeout = "10s"
schema = { ts = "timestamp", n = "int64" }
[query.q]
sql = """
WITH of_both AS (SELECT ts, n FROM a UNION ALL SELECT ts, n FROM b)
SELECT window_end, sum(n) AS n FROM TUMBLE(of_both, ts, INTERVAL '1 minute')
GROUP BY window_start, window_end"""
[sink.out]
connector = "channel"
from = ["q", "b__late"]
"#;

#[test]
fn a_silent_source_follows_the_others() {
    let clock = ManualClock::new(ClockTime(1000 * SECOND));
    let mut built = Folder::new()
        .pipeline(TWO)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    let (a, b) = (
        built.take_sender("a").unwrap(),
        built.take_sender("b").unwrap(),
    );
    let rows = Rows::of(&mut built);
    let running = built.start().unwrap();
    b.send(row(10, 1)).unwrap();
    a.send(row(20, 2)).unwrap();
    a.send(row(200, 4)).unwrap();
    // `b` may still send rows of the first minute.
    rows.expect_silence();
    b.send(row(15, 8)).unwrap();
    rows.expect_silence();
    clock.set(ClockTime(1010 * SECOND));
    rows.expect(&["q: 1970-01-01T00:01:00Z|11"]);
    // Not the clock but `a` says how far the pipeline is.
    b.send(row(199, 16)).unwrap();
    rows.expect(&["b__late: 1970-01-01T00:03:19Z|16|1970-01-01T00:03:20Z"]);
    b.send(row(201, 32)).unwrap();
    drop((a, b));
    rows.expect(&["q: 1970-01-01T00:04:00Z|36"]);
    running.join().unwrap();
    rows.expect_end();
}

#[test]
fn without_an_idle_timeout_a_silent_source_holds_the_others_back() {
    let text = TWO.replace("idle_timeout = \"10s\"\n", "");
    let clock = ManualClock::new(ClockTime(1000 * SECOND));
    let mut built = Folder::new()
        .pipeline(&text)
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    let (a, b) = (
        built.take_sender("a").unwrap(),
        built.take_sender("b").unwrap(),
    );
    let rows = Rows::of(&mut built);
    let running = built.start().unwrap();
    a.send(row(20, 2)).unwrap();
    a.send(row(200, 4)).unwrap();
    clock.set(ClockTime(100_000 * SECOND));
    rows.expect_silence();
    drop(b);
    rows.expect(&["q: 1970-01-01T00:01:00Z|2"]);
    drop(a);
    rows.expect(&["q: 1970-01-01T00:04:00Z|4"]);
    running.join().unwrap();
    rows.expect_end();
}
