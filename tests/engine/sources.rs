//! Several sources of one pipeline: at different speeds, with a gap, and one that fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use zaraba::Meter;
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{Polled, Position, Source};
use zaraba_runtime::run::graph::Graph;
use zaraba_runtime::wire::StandIn;

use crate::cases::folder::Folder;
use crate::engine::harness::{Drive, planned, run_changed, whole};

/// A row each millisecond, a row each second, and one that says nothing for an hour.
const APART: &str = r#"
name = "apart"
[limits]
memory = "64MiB"
batch_rows = 20
max_drift = "DRIFT"
[source.fast]
connector = "simulate"
time = "ts"
start = "2025-11-14T00:00:00Z"
interval = "1ms"
rows = 1000000
schema = { ts = "timestamp", n = { type = "int64", range = [1, 1] } }
[source.slow]
connector = "simulate"
time = "ts"
start = "2025-11-14T00:00:00Z"
interval = "1s"
rows = 8000
schema = { ts = "timestamp", n = { type = "int64", range = [1, 1] } }
[source.gap]
connector = "file"
path = "gap.csv"
format = "csv"
time = "ts"
schema = { ts = "timestamp", n = "int64" }
[query.q]
sql = """
WITH of_all AS (SELECT ts, n FROM fast UNION ALL SELECT ts, n FROM slow UNION ALL SELECT ts, n FROM gap)
SELECT window_end, sum(n) AS n FROM TUMBLE(of_all, ts, INTERVAL '1 second')
GROUP BY window_start, window_end"""
[sink.out]
connector = "channel"
from = ["q", "fast__late", "slow__late", "gap__late"]
"#;

/// Rows counted by `q`, late rows, and the most state that `q` had.
fn apart(drift: &str) -> (i64, usize, u64) {
    let folder = Folder::new();
    let at = |minute: i64| format!("2025-11-14T{:02}:{:02}:00Z,1\n", minute / 60, minute % 60);
    let minutes: Vec<i64> = (0..10).chain(70..130).collect();
    let rows: String = minutes.iter().map(|m| at(*m)).collect();
    folder.write("gap.csv", format!("ts,n\n{rows}"));
    let pipeline = folder.pipeline(&APART.replace("DRIFT", drift));
    let mut built = pipeline.build().unwrap_or_else(|e| panic!("{e}"));
    let receiver = built.take_receiver("out").unwrap();
    let meters = built.meters();
    let running = built.start().unwrap();
    let (mut counted, mut late) = (0, 0);
    for (stream, batch) in receiver {
        if &*stream == "q" {
            let sums = batch.rows.column(1).as_primitive::<Int64Type>();
            counted += sums.values().iter().sum::<i64>();
        } else {
            late += batch.len();
        }
    }
    running.join().unwrap();
    // The stage that keeps the windows is the last of the query.
    let of_q = meters.iter().filter(|(name, _)| name.starts_with('q'));
    let state = of_q.map(|(_, m)| Meter::get(&m.state_bytes_max)).max();
    (counted, late, state.unwrap())
}

#[test]
fn sources_far_apart_wait_for_each_other() {
    let all = 1_000_000 + 8_000 + 70;
    let (counted, late, near) = apart("10s");
    assert_eq!((counted, late), (all, 0));
    let (counted, late, far) = apart("1d");
    assert_eq!((counted, late), (all, 0));
    println!("state of the windows: {near} bytes within 10 s, {far} within a day");
    // A batch holds at most 20 windows, those of the slow source and of the one with the gap; without
    // the bound all 8,000 windows may be open.
    assert!(near * 3 < far, "{near} and {far} bytes");
}

/// Fails at every other poll.
struct Flaky {
    inner: Box<dyn Source>,
    polls: usize,
}

impl Source for Flaky {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        self.polls += 1;
        if self.polls % 2 == 1 {
            return Err(Error::outside("the connection is lost"));
        }
        self.inner.poll(limit)
    }

    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    fn replayable(&self) -> bool {
        true
    }

    fn live(&self) -> bool {
        true
    }

    fn position(&self) -> Position {
        self.inner.position()
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        self.inner.seek(position)
    }
}

#[test]
fn a_live_source_that_fails_comes_back() {
    let text = r#"
name = "flaky"
[source.ticks]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", n = "int64" }
[query.q]
sql = """
SELECT window_end, sum(n) AS n FROM TUMBLE(ticks, ts, INTERVAL '1 minute')
GROUP BY window_start, window_end"""
"#;
    let plan = planned(text).unwrap_or_else(|e| panic!("{e}"));
    let times = TimestampMicrosecondArray::from_iter_values((0..600).map(|s| s * 1_000_000));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(times.with_timezone("UTC")),
        Arc::new(Int64Array::from_iter_values(0..600)),
    ];
    let rows = RecordBatch::try_new(plan.streams["ticks"].columns.clone(), columns).unwrap();
    let stand_in = StandIn {
        rows: vec![(0, rows)],
        partitions: 1,
    };
    let inputs = BTreeMap::from([("ticks".to_owned(), stand_in)]);
    let flaky = |mut graph: Graph| {
        let wrap = |inner| Box::new(Flaky { inner, polls: 0 }) as Box<dyn Source>;
        let sources = graph.sources.drain(..);
        graph.sources = sources.map(|(s, r, w)| (s.wrapped(wrap), r, w)).collect();
        graph
    };
    for (seed, kill) in [(1, false), (2, true), (3, true)] {
        let drive = Drive {
            seed: Some(seed),
            batch_rows: 50,
            kill,
        };
        let streams = run_changed(&plan, &inputs, &["q"], drive, &flaky).unwrap();
        let q = whole(&plan, "q", &streams[0]);
        let sums = q.column(1).as_primitive::<Int64Type>().values().to_vec();
        let expected: Vec<i64> = (0..10).map(|m| (m * 60..m * 60 + 60).sum()).collect();
        assert_eq!(sums, expected, "seed {seed}");
    }
}
