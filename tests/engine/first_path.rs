//! The thin path: rows through a TUMBLE, under both executors, at every batch size.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::util::pretty::pretty_format_batches;
use zaraba_runtime::wire::StandIn;

use crate::engine::harness::{Drive, planned, run, whole};

const PIPELINE: &str = r#"
name = "first"
[source.ticks]
connector = "channel"
time = "ts"
out_of_order = "5s"
[source.ticks.schema]
ts = "timestamp"
side = "text"
price = "float64"

[query.bars]
sql = """
SELECT window_start, window_end, side, first_value(price ORDER BY ts) AS open, max(price) AS high,
       last_value(price ORDER BY ts) AS close, count(*) AS n
FROM TUMBLE(ticks, ts, INTERVAL '1 minute')
GROUP BY window_start, window_end, side"""
"#;

#[test]
fn tumble_under_both_executors_at_every_batch_size() {
    let plan = planned(PIPELINE).unwrap_or_else(|e| panic!("{e}"));
    let rows: Vec<(i64, &str, f64)> = vec![
        (0, "C", 1.0),
        (10, "P", 2.0),
        (8, "C", 3.0),
        (59, "C", 0.5),
        (60, "C", 7.0),
        (58, "P", 9.0), // out of order, not late
        (66, "P", 5.0),
        (59, "P", 100.0), // late: 66 - 5 > 59
        (200, "C", 4.0),
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            rows.iter()
                .map(|r| Some(r.0 * 1_000_000))
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
        Arc::new(rows.iter().map(|r| Some(r.1)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| Some(r.2)).collect::<Float64Array>()),
    ];
    let batch = RecordBatch::try_new(plan.streams["ticks"].columns.clone(), columns).unwrap();
    let stand_in = StandIn {
        rows: vec![(0, batch)],
        partitions: 1,
    };
    let inputs = BTreeMap::from([("ticks".to_owned(), stand_in)]);
    let expected = "\
+----------------------+----------------------+------+------+------+-------+---+
| window_start         | window_end           | side | open | high | close | n |
+----------------------+----------------------+------+------+------+-------+---+
| 1970-01-01T00:00:00Z | 1970-01-01T00:01:00Z | C    | 1.0  | 3.0  | 0.5   | 3 |
| 1970-01-01T00:00:00Z | 1970-01-01T00:01:00Z | P    | 2.0  | 9.0  | 9.0   | 2 |
| 1970-01-01T00:01:00Z | 1970-01-01T00:02:00Z | C    | 7.0  | 7.0  | 7.0   | 1 |
| 1970-01-01T00:01:00Z | 1970-01-01T00:02:00Z | P    | 5.0  | 5.0  | 5.0   | 1 |
| 1970-01-01T00:03:00Z | 1970-01-01T00:04:00Z | C    | 4.0  | 4.0  | 4.0   | 1 |
+----------------------+----------------------+------+------+------+-------+---+";
    for batch_rows in [1, 7, 8192] {
        for seed in [None, Some(1), Some(2), Some(3)] {
            for kill in [false, true] {
                let drive = Drive {
                    seed,
                    batch_rows,
                    kill,
                };
                let streams = run(&plan, &inputs, &["bars", "ticks__late"], drive).unwrap();
                let bars = whole(&plan, "bars", &streams[0]);
                assert_eq!(
                    pretty_format_batches(&[bars]).unwrap().to_string(),
                    expected,
                    "{drive:?}"
                );
                let late = whole(&plan, "ticks__late", &streams[1]);
                assert_eq!(late.num_rows(), 1, "{drive:?}");
            }
        }
    }
}

/// A replay that waits for its rows' time has handed them over already: a checkpoint keeps them.
#[test]
fn a_paced_replay_that_is_killed_loses_nothing() {
    let pipeline = |replay: &str| {
        let text = format!(
            r#"
name = "paced"
[source.ticks]
connector = "simulate"
start = "2025-11-14T00:00:00Z"
interval = "100ms"
disorder = "1s"
rows = 3000
time = "ts"
out_of_order = "1s"
{replay}
[source.ticks.schema]
ts = "timestamp"
price = {{ type = "float64", walk = {{ start = 100.0, step = 1.0, min = 1.0 }} }}
[query.bars]
sql = """
SELECT window_start, window_end, count(*) AS n, sum(price) AS s, last_value(price ORDER BY ts) AS l
FROM TUMBLE(ticks, ts, INTERVAL '10 seconds') GROUP BY window_start, window_end"""
"#
        );
        planned(&text).unwrap_or_else(|e| panic!("{e}"))
    };
    let bars = |replay: &str, drive: Drive| {
        let plan = pipeline(replay);
        let streams = run(&plan, &BTreeMap::new(), &["bars"], drive).unwrap();
        whole(&plan, "bars", &streams[0])
    };
    let drive = |seed, kill| Drive {
        seed,
        batch_rows: 50,
        kill,
    };
    let expected = bars("", drive(None, false));
    assert!(expected.num_rows() >= 30);
    for seed in 0..20 {
        let paced = bars("replay = { speed = 60.0 }", drive(Some(seed), true));
        assert_eq!(paced, expected, "seed {seed}");
    }
}
