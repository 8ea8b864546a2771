//! Files of the past before a source's own rows: one stream, none lost, whatever kills come.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use zaraba_core::time::{DAY, iso8601};

use crate::cases::folder::Folder;
use crate::engine::harness::{Drive, planned, run, whole};

/// An indicator that needs ten rows, warm from the first row of its own on.
const PIPELINE: &str = r#"
name = "warm"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T00:00:00Z"
interval = "1s"
rows = 500
bootstrap = { path = "PATH", format = "csv" }
schema = { ts = "timestamp", n = { type = "int64", range = [1, 9] } }
[query.q]
sql = "SELECT ts, n, sum(n) OVER (ORDER BY ts ROWS 9 PRECEDING) AS of_ten FROM ticks"
[alert.nine]
from = "q"
when = "n = 9"
[sink.out]
connector = "channel"
from = ["q", "ticks__late", "alerts"]
"#;

#[test]
fn history_comes_first_and_once() {
    let folder = Folder::new();
    let start = 20_406 * DAY; // 2025-11-14
    let history: String = (1..=300)
        .rev()
        .map(|i| format!("{},{i}\n", iso8601(start - i * 1_000_000)))
        .collect();
    folder.write("past.csv", format!("ts,n\n{history}"));
    let path = folder.path("past.csv");
    let plan = planned(&PIPELINE.replace("PATH", &path.display().to_string())).unwrap();
    let drives = [
        (None, 8192, false),
        (Some(1), 7, false),
        (Some(2), 64, true),
        (Some(3), 1, true),
    ];
    let mut outputs = Vec::new();
    for (seed, batch_rows, kill) in drives {
        let drive = Drive {
            seed,
            batch_rows,
            kill,
        };
        let streams = run(&plan, &BTreeMap::new(), &["q", "ticks__late"], drive).unwrap();
        assert!(streams[1].is_empty(), "{drive:?}");
        let rows = whole(&plan, "q", &streams[0]);
        assert_eq!(rows.num_rows(), 800, "{drive:?}");
        // The first row of the source's own has nine of the past before it: 9, 8, … 1.
        let value = |column: usize| rows.column(column).as_primitive::<Int64Type>().value(300);
        assert_eq!(value(2), 45 + value(1), "{drive:?}");
        outputs.push(rows);
    }
    assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn alerts_of_history_are_no_news() {
    let folder = Folder::new();
    let start = 20_406 * DAY;
    let history: String = (1..=300)
        .rev()
        .map(|i| format!("{},{}\n", iso8601(start - i * 1_000_000), i % 3 * 3 + 3))
        .collect();
    folder.write("past.csv", format!("ts,n\n{history}"));
    let path = folder.path("past.csv");
    let plan = planned(&PIPELINE.replace("PATH", &path.display().to_string())).unwrap();
    for (seed, batch_rows, kill) in [
        (None, 8192, false),
        (Some(1), 7, false),
        (Some(2), 64, true),
        (Some(3), 1, true),
    ] {
        let drive = Drive {
            seed,
            batch_rows,
            kill,
        };
        let streams = run(&plan, &BTreeMap::new(), &["q", "alerts"], drive).unwrap();
        let rows = whole(&plan, "q", &streams[0]);
        let column = |i: usize| rows.column(i).clone();
        let (time, n) = (column(0), column(1));
        let time = time.as_primitive::<TimestampMicrosecondType>();
        let n = n.as_primitive::<Int64Type>();
        let turns = (1..rows.num_rows()).filter(|i| (n.value(*i) == 9) != (n.value(i - 1) == 9));
        let (before, after): (Vec<i64>, Vec<i64>) =
            turns.map(|i| time.value(i)).partition(|time| *time < start);
        assert!(before.len() > 100 && after.len() > 50);
        let alerts = whole(&plan, "alerts", &streams[1]);
        let told = alerts.column(0).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(told.values().to_vec(), after, "{drive:?}");
    }
}
