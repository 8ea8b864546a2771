//! Many open sessions, fed to the operator row by row: no row looks at other keys' sessions.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;
use zaraba_core::clock::Stopwatch;
use zaraba_core::message::Message;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::time::EventTime;

use crate::engine::harness::planned;

/// An operator of sessions, its rows a microsecond apart.
struct Sessions {
    /// How many keys take turns.
    keys: i64,
    operator: Box<dyn Operator>,
    schema: SchemaRef,
    out: Output,
    next: i64,
    closed: usize,
}

impl Sessions {
    fn new(gap: i64, keys: i64) -> Self {
        let plan = planned(&format!(
            r#"
name = "sessions"
[source.ticks]
connector = "channel"
time = "ts"
schema = {{ ts = "timestamp", key = "int64" }}
[query.q]
sql = """
SELECT window_end, key, count(*) AS n, last_value(key ORDER BY ts) AS last
FROM SESSION(ticks, ts, INTERVAL '{gap} microseconds', key) GROUP BY window_start, window_end, key"""
"#
        ));
        let plan = plan.unwrap_or_else(|e| panic!("{e}"));
        let [stage] = plan.nodes[0].stages.as_slice() else {
            panic!("more than one stage")
        };
        Self {
            keys,
            operator: stage.operator("q").unwrap(),
            schema: Arc::clone(&plan.streams["ticks"].columns),
            out: Output::default(),
            next: 0,
            closed: 0,
        }
    }

    /// Rows of the next keys, and the watermark up to the last.
    fn feed(&mut self, rows: i64) {
        let range = self.next..self.next + rows;
        self.next += rows;
        let times = TimestampMicrosecondArray::from_iter_values(range.clone()).with_timezone("UTC");
        let keys = Int64Array::from_iter_values(range.clone().map(|i| i % self.keys));
        let columns: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(keys)];
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).unwrap();
        let seq = range.clone().map(|i| i as u64).collect();
        let batch = zaraba::Batch::new(batch, range.collect(), seq).unwrap();
        let Self { operator, out, .. } = self;
        assert_eq!(
            operator.process(Port(0), batch, out).unwrap(),
            Progress::Done
        );
        let mut progress = operator.advance(EventTime(self.next), out).unwrap();
        while progress == Progress::More {
            progress = operator.resume(out).unwrap();
        }
        for (_, message) in out.take() {
            if let Message::Rows(rows) = message {
                self.closed += rows.len();
            }
        }
    }

    /// Opens so many sessions, then goes on row by row; answers how long a row took.
    fn row_by_row(open: i64, rows: i64) -> f64 {
        let mut sessions = Self::new(open, i64::MAX);
        for _ in 0..open / 1000 {
            sessions.feed(1000);
        }
        let took = Stopwatch::start();
        for _ in 0..rows {
            sessions.feed(1);
        }
        let micros = took.elapsed().as_secs_f64() * 1e6 / rows as f64;
        println!("{open} open sessions: {micros:.1} µs a row");
        assert_eq!(sessions.closed as i64, rows + 1);
        micros
    }
}

#[test]
fn a_row_costs_the_same_however_many_sessions_are_open() {
    const ROWS: i64 = 100_000;
    let few = Sessions::row_by_row(1_000, ROWS);
    // As many rows as are open: all runs are sealed and merged in this time.
    let many = Sessions::row_by_row(100_000, ROWS);
    assert!(
        many < 10.0 * few,
        "{many} µs a row, {few} µs with few sessions"
    );
    let most = Sessions::row_by_row(1_000_000, ROWS);
    assert!(
        most < 20.0 * few,
        "{most} µs a row, {few} µs with few sessions"
    );
}

#[test]
fn open_sessions_keep_keys_not_rows() {
    // A hundred keys whose sessions never end, and now and then one that comes and goes.
    let mut sessions = Sessions::new(200, 100);
    let mut most = 0;
    for round in 0..1_000 {
        sessions.keys = if round % 10 == 0 { 103 } else { 100 };
        sessions.feed(199);
        most = most.max(sessions.operator.state_bytes());
    }
    println!(
        "{} sessions closed, {most} bytes of state at most",
        sessions.closed
    );
    assert!(sessions.closed > 100);
    assert!(most < 100_000, "{most} bytes of state");
}
