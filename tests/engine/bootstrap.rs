//! Files of the past before a source's own rows: one stream, none lost, whatever kills come.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
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

/// What stands when history ends: of keys 1 to 4 (`a` opens, `b` opens and gets worse, `c` has cleared,
/// `d` opens twice), and of a key that opens in the first row of the source's own.
const STANDING: &str = r#"
name = "standing"
[source.ticks]
connector = "file"
path = "LIVE"
format = "csv"
time = "ts"
out_of_order = "2s"
bootstrap = { path = "PATH", format = "csv" }
schema = { ts = "timestamp", k = "text", n = "int64" }
[alert.nine]
from = "ticks"
key = ["k"]
when = "n >= 5"
severity = { high = "n >= 9", watch = "true" }
title = "{{ k }} {{ n }} {{ since | time }}"
[query.opened]
sql = "SELECT time, key, id FROM alerts WHERE state = 'open'"
[sink.out]
connector = "channel"
from = ["nine", "opened", "alerts"]
"#;

/// The rows of history, and the source's own.
fn history_and_own() -> (String, String) {
    let row = |second: i64, key: &str, n: i64| {
        let time = iso8601(20_406 * DAY + second * 1_000_000);
        format!("{time},{key},{n}\n")
    };
    let history = [
        row(0, "d", 7),
        row(1, "a", 5),
        row(2, "b", 6),
        row(3, "c", 9),
        row(4, "d", 1),
        row(5, "c", 1),
        row(6, "b", 9),
        row(7, "d", 8),
        row(60, "x", 0),
    ];
    let own = [
        row(70, "e", 5),
        row(71, "a", 9), // gets worse
        row(72, "b", 0),
        row(90, "x", 0),
    ];
    (history.concat(), own.concat())
}

/// These columns of alerts, a line each.
fn told(alerts: &RecordBatch, columns: &[&str]) -> Vec<String> {
    let text = |name: &str, i: usize| {
        let column = alerts.column_by_name(name).unwrap();
        column.as_string::<i32>().value(i).to_owned()
    };
    let line = |i| -> Vec<String> { columns.iter().map(|name| text(name, i)).collect() };
    (0..alerts.num_rows()).map(|i| line(i).join(" ")).collect()
}

#[test]
fn what_stands_when_history_ends_is_told_once_as_it_opened() {
    let folder = Folder::new();
    let (history, own) = history_and_own();
    folder.write("past.csv", format!("ts,k,n\n{history}"));
    folder.write("live.csv", format!("ts,k,n\n{own}"));
    let path = |name: &str| folder.path(name).display().to_string();
    let text = STANDING
        .replace("PATH", &path("past.csv"))
        .replace("LIVE", &path("live.csv"));
    let plan = planned(&text).unwrap();
    // Without a past everything is told: what is told of it is a part of that.
    folder.write("all.csv", format!("ts,k,n\n{history}{own}"));
    let bootstrap = format!(
        "bootstrap = {{ path = \"{}\", format = \"csv\" }}\n",
        path("past.csv")
    );
    let all = planned(&text.replace(&bootstrap, "").replace("live.csv", "all.csv")).unwrap();
    let plain = Drive {
        seed: None,
        batch_rows: 8192,
        kill: false,
    };
    let streams = run(&all, &BTreeMap::new(), &["nine"], plain).unwrap();
    let all = whole(&all, "nine", &streams[0]);
    assert_eq!(all.num_rows(), 11);
    for (seed, batch_rows, kill) in [
        (None, 8192, false),
        (None, 1, false),
        (Some(1), 3, false),
        (Some(2), 2, true),
        (Some(3), 1, true),
        (Some(4), 1, true),
    ] {
        let drive = Drive {
            seed,
            batch_rows,
            kill,
        };
        let streams = run(
            &plan,
            &BTreeMap::new(),
            &["nine", "opened", "alerts"],
            drive,
        )
        .unwrap();
        let nine = whole(&plan, "nine", &streams[0]);
        let lines = told(&nine, &["state", "severity", "title"]);
        let expected = [
            "open watch a 5 00:00",
            "open high b 9 00:00",
            "open watch d 8 00:00",
            "open watch e 5 00:01",
            "update high a 9 00:00",
            "clear high b 0 00:00",
        ];
        assert_eq!(lines, expected, "{drive:?}");
        let (ids, known) = (told(&nine, &["id"]), told(&all, &["id"]));
        assert!(ids.iter().all(|id| known.contains(id)), "{drive:?}");
        let opened = whole(&plan, "opened", &streams[1]);
        assert_eq!(opened.num_rows(), 4, "{drive:?}");
        let alerts = whole(&plan, "alerts", &streams[2]);
        assert_eq!(alerts.num_rows(), 6, "{drive:?}");
    }
}
