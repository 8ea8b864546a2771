//! What happens with files and rows that are not what they should be: the exact message or error
//! row, and every other row is there.

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use zaraba::{ClockTime, ManualClock};
use zaraba_core::time::SECOND;

use crate::cases::folder::{Folder, Rows};

const HEAD: &str = "ts,side,price,oi\n";
const BEFORE: &str = "2025-11-14T09:00:00Z,C,1.5,7\n";
const BEHIND: &str = "2025-11-14T09:00:01Z,P,2.5,8\n";
const GOOD: [&str; 2] = [
    "2025-11-14T09:00:00Z|C|1.5|7",
    "2025-11-14T09:00:01Z|P|2.5|8",
];

fn csv_pipeline(path: &str, on_error: &str) -> String {
    format!(
        r#"
name = "bad"
[source.ticks]
connector = "file"
path = "{path}"
time = "ts"
{on_error}
[source.ticks.schema]
ts = "timestamp"
side = "text"
price = "float64"
oi = "int64"
[query.q]
sql = "SELECT ts, side, price, oi FROM ticks"
[sink.out]
connector = "channel"
from = ["q", "ticks__errors"]
"#
    )
}

/// Bad lines, and the reason that is given for each.
const LINES: [(&[u8], &str); 6] = [
    (b"2025-11-14T09:00:00Z,C,1.5", "expected 4 fields, got 3"),
    (
        b"2025-11-14T09:00:00Z,C,1.5,7,8,9",
        "expected 4 fields, got 6",
    ),
    (
        b"2025-11-14T09:00:00Z,\x83v,1.5,7",
        "column `side`: expected text, got `\u{fffd}v`, which is not UTF-8",
    ),
    (
        b"noon,C,1.5,7",
        "column `ts`: expected timestamp, got `noon`",
    ),
    (
        b"2025-11-14T09:00:00Z,C,1.5,9223372036854775808",
        "column `oi`: expected int64, got `9223372036854775808`, which is too large",
    ),
    (
        b"2025-11-14T09:00:00Z,C,cheap,7",
        "column `price`: expected float64, got `cheap`",
    ),
];

fn with_line(line: &[u8]) -> Vec<u8> {
    [
        HEAD.as_bytes(),
        BEFORE.as_bytes(),
        line,
        b"\n",
        BEHIND.as_bytes(),
    ]
    .concat()
}

#[test]
fn a_bad_line_goes_to_the_errors_stream() {
    for (line, reason) in LINES {
        let folder = Folder::new();
        folder.write("a.csv", with_line(line));
        let ran = folder.run(&csv_pipeline("a.csv", "on_error = \"dead_letter\""));
        let line = String::from_utf8_lossy(line);
        assert_eq!(ran.failure, None, "{line}");
        assert_eq!(ran.rows("q"), GOOD, "{line}");
        let [row] = ran.rows("ticks__errors") else {
            panic!("{line}: {ran:?}")
        };
        // The time, then what was expected and what came, where, and the row.
        let (_, told) = row.split_once('|').unwrap();
        assert_eq!(told, format!("{reason}|a.csv:3|{line}"));
        assert_eq!(ran.errors, 1, "{line}");
    }
}

#[test]
fn a_bad_line_is_skipped_and_counted() {
    for (line, _) in LINES {
        let folder = Folder::new();
        folder.write("a.csv", with_line(line));
        let ran = folder.run(&csv_pipeline("a.csv", "on_error = \"skip\""));
        assert_eq!(ran.failure, None);
        assert_eq!(ran.rows("q"), GOOD);
        assert!(ran.rows("ticks__errors").is_empty());
        assert_eq!(ran.errors, 1);
    }
}

#[test]
fn a_bad_line_ends_the_run() {
    for on_error in ["on_error = \"fail\"", ""] {
        for (line, reason) in LINES {
            let folder = Folder::new();
            folder.write("a.csv", with_line(line));
            let ran = folder.run(&csv_pipeline("a.csv", on_error));
            let line = String::from_utf8_lossy(line);
            let expected = format!("ticks: a.csv:3: {reason}: {line}");
            assert_eq!(ran.failure, Some(expected));
        }
    }
}

/// Rows with times in seconds, and a number each.
fn batch(rows: &[(i64, i64)]) -> RecordBatch {
    let times = rows
        .iter()
        .map(|r| Some(r.0 * SECOND))
        .collect::<TimestampMicrosecondArray>();
    let numbers = rows.iter().map(|r| Some(r.1)).collect::<Int64Array>();
    let columns: [(&str, ArrayRef); 2] = [
        ("ts", Arc::new(times.with_timezone("UTC"))),
        ("n", Arc::new(numbers)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

/// 100 rows in ten row groups.
fn parquet() -> Vec<u8> {
    let rows: Vec<(i64, i64)> = (0..100).map(|i| (i, i)).collect();
    let rows = batch(&rows);
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(10))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    bytes
}

const PARQUET: &str = r#"
name = "bad"
[source.ticks]
connector = "file"
path = "a.parquet"
time = "ts"
[query.q]
sql = "SELECT ts, n FROM ticks"
[sink.out]
connector = "channel"
from = ["q"]
"#;

#[test]
fn a_truncated_parquet_file_is_found_before_the_run() {
    let (folder, whole) = (Folder::new(), parquet());
    folder.write("a.parquet", &whole);
    assert_eq!(folder.run(PARQUET).rows("q").len(), 100);
    for length in [whole.len() - 1, whole.len() / 2, 10, 0] {
        folder.write("a.parquet", &whole[..length]);
        let refusal = folder.refusal(PARQUET);
        let expected = "error: a.parquet: expected a whole parquet file: ";
        assert!(refusal.starts_with(expected), "{length} bytes: {refusal}");
    }
}

#[test]
fn a_parquet_file_with_a_broken_row_group_ends_the_run() {
    let (folder, mut bytes) = (Folder::new(), parquet());
    // The pages of the first row groups; the footer is at the end.
    bytes[4..200].fill(0xFF);
    folder.write("a.parquet", bytes);
    let ran = folder.run(PARQUET);
    let failure = ran.failure.expect("it fails");
    assert!(failure.starts_with("ticks: a.parquet: "), "{failure}");
    assert!(!failure.contains("bug in zaraba"), "{failure}");
}

#[test]
fn a_file_that_disappears_ends_the_run() {
    let folder = Folder::new();
    folder.write("a.csv", format!("{HEAD}{BEFORE}"));
    folder.write("b.csv", format!("{HEAD}{BEHIND}"));
    let text = csv_pipeline("*.csv", "");
    let built = folder.pipeline(&text).build().unwrap();
    std::fs::remove_file(folder.path("b.csv")).unwrap();
    let ran = folder.run_built(built);
    let expected = "ticks: b.csv: No such file or directory (os error 2)";
    assert_eq!(ran.failure.as_deref(), Some(expected));
}

#[test]
fn a_file_that_is_not_there() {
    let folder = Folder::new();
    let refusal = folder.refusal(&csv_pipeline("a.csv", ""));
    assert_eq!(
        refusal,
        format!(
            "ticks: no file matches `a.csv`; looked in `{}`",
            folder.path("").display().to_string().trim_end_matches('/')
        )
    );
}

const LIVE: &str = r#"
name = "live"
[source.ticks]
connector = "channel"
time = "ts"
[source.ticks.schema]
ts = "timestamp"
n = "int64"
[query.q]
sql = """
SELECT window_end, sum(n) AS n FROM TUMBLE(ticks, ts, INTERVAL '1 minute')
GROUP BY window_start, window_end"""
[sink.out]
connector = "channel"
from = ["q", "ticks__errors", "ticks__late"]
"#;

#[test]
fn a_row_of_the_far_future_harms_nothing() {
    let clock = ManualClock::new(ClockTime(600 * SECOND));
    let mut built = Folder::new()
        .pipeline(LIVE)
        .clock(Arc::new(clock))
        .build()
        .unwrap();
    let (sender, rows) = (built.take_sender("ticks").unwrap(), Rows::of(&mut built));
    let running = built.start().unwrap();
    const Y2099: i64 = 4_070_908_800;
    sender
        .send(batch(&[(0, 1), (Y2099, 2), (30, 4), (661, 8)]))
        .unwrap();
    let reason = "the event time 2099-01-01T00:00:00Z is more than 60 s ahead of the clock";
    let row = "ticks: row 2|ts=2099-01-01T00:00:00Z n=2";
    let second = "the event time 1970-01-01T00:11:01Z is more than 60 s ahead of the clock";
    let second_row = "ticks: row 4|ts=1970-01-01T00:11:01Z n=8";
    rows.expect(&[
        &format!("ticks__errors: 1970-01-01T00:00:00Z|{reason}|{row}"),
        &format!("ticks__errors: 1970-01-01T00:00:30Z|{second}|{second_row}"),
    ]);
    // A minute ahead of the clock is not too far.
    sender.send(batch(&[(59, 16), (660, 32)])).unwrap();
    rows.expect(&["q: 1970-01-01T00:01:00Z|21"]);
    drop(sender);
    rows.expect(&["q: 1970-01-01T00:12:00Z|32"]);
    running.join().unwrap();
    rows.expect_end();
}

#[test]
fn a_row_of_the_wrong_columns_is_refused_where_it_is_sent() {
    let mut built = Folder::new().pipeline(LIVE).build().unwrap();
    let (sender, rows) = (built.take_sender("ticks").unwrap(), Rows::of(&mut built));
    let running = built.start().unwrap();
    let wrong = batch(&[(0, 1)]).project(&[0]).unwrap();
    let error = sender.send(wrong).unwrap_err().to_string();
    let expected =
        "expected rows of (ts Timestamp(µs, \"UTC\"), n Int64), got (ts Timestamp(µs, \"UTC\"))";
    assert_eq!(error, expected);
    sender.send(batch(&[(1, 2)])).unwrap();
    drop(sender);
    rows.expect(&["q: 1970-01-01T00:01:00Z|2"]);
    running.join().unwrap();
}

/// Told to the child process of the next test.
const CHILD: &str = "ZARABA_TEST_FULL_DISK";

/// A full disk, as a process sees it that may write no file beyond 4 kB.
#[test]
fn a_full_disk_ends_the_run_and_leaves_no_half_file() {
    if std::env::var_os(CHILD).is_some() {
        write_more_than_the_disk_holds();
        return;
    }
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" --nocapture --exact \
                  cases::bad_input::a_full_disk_ends_the_run_and_leaves_no_half_file";
    let test = std::env::current_exe().unwrap();
    let child = Command::new("sh")
        .arg("-c")
        .arg(script)
        .arg(test)
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}\n{errors}");
    assert!(said.contains("1 passed"), "{said}\n{errors}");
    let expected =
        "failed: cannot write ticks.csv: the file would be larger than the system allows";
    assert!(said.contains(expected), "{said}\n{errors}");
}

fn write_more_than_the_disk_holds() {
    let folder = Folder::new();
    folder.write("ticks.csv", "of an earlier run\n");
    let text = r#"
name = "full"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00Z"
interval = "1ms"
rows = 100000
[source.ticks.schema]
ts = "timestamp"
price = { type = "float64", range = [1.0, 2.0] }
[sink.file]
connector = "file"
path = "ticks.csv"
from = ["ticks"]
"#;
    let built = folder.pipeline(text).build().unwrap();
    let error = built.start().unwrap().join().unwrap_err();
    assert_eq!(error.exit_code(), 1);
    println!(
        "failed: {}",
        folder
            .plain(&error.to_string())
            .trim_start_matches("file: ")
    );
    assert_eq!(folder.names(), ["ticks.csv"]);
    let kept = std::fs::read_to_string(folder.path("ticks.csv")).unwrap();
    assert_eq!(kept, "of an earlier run\n");
}

#[tokio::test]
async fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = format!(
        "{LIVE}\n[sink.web]\nconnector = \"websocket\"\nlisten = \"{address}\"\nfrom = [\"q\"]\n"
    );
    let refusal = Folder::new().refusal(&text);
    assert_eq!(
        refusal,
        format!(
            "web: {address} is already in use; stop the program that listens there, or give this \
             one another port (port 0 takes a free one)"
        )
    );
}
