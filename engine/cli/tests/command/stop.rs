//! Endless runs, ended from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use crate::harness::{Came, Folder, signal, wait_for};

/// Endless ticks, a thousand a second, into a sink.
fn endless(sink: &str) -> Folder {
    Folder::with(&format!(
        r#"
name = "endless"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00Z"
interval = "1s"
replay = {{ speed = 1000.0 }}
[source.ticks.schema]
ts = "timestamp"
volume = {{ type = "int64", counter = {{ start = 0, step_max = 5 }} }}
[query.bars]
sql = """
SELECT window_start, window_end, count(*) AS n
FROM TUMBLE(ticks, ts, INTERVAL '1 minute') GROUP BY window_start, window_end"""
[sink.out]
from = ["ticks", "bars"]
{sink}
"#
    ))
}

const FILES: &str = "connector = \"file\"\npath = \"{stream}.json\"";
const LINES: &str = "connector = \"stdout\"\nformat = \"json\"";

#[test]
fn sigterm_lets_everything_be_written_that_is_whole() {
    for name in ["TERM", "INT"] {
        let folder = endless(FILES);
        let child = folder.started(&["run", "pipeline.toml"], "bars.json");
        sleep(Duration::from_millis(300));
        signal(&child, name);
        let came = Came::of(child).code(0);
        assert!(came.err.starts_with("done: "), "{}", came.err);
        assert_eq!(folder.names(), ["bars.json", "pipeline.toml", "ticks.json"]);
        let rows = |stream: &str| -> Vec<serde_json::Value> {
            let text = folder.read(stream);
            assert!(text.ends_with('\n'), "{stream} is cut");
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        };
        let time = |row: &serde_json::Value, column: &str| {
            let text = row[column].as_str().unwrap();
            text.trim_end_matches('Z').to_owned()
        };
        let ticks: Vec<String> = rows("ticks.json").iter().map(|r| time(r, "ts")).collect();
        let bars = rows("bars.json");
        assert!(!bars.is_empty());
        let newest = ticks.iter().max().unwrap();
        for bar in &bars {
            let (start, end) = (time(bar, "window_start"), time(bar, "window_end"));
            let held = ticks.iter().filter(|t| **t >= start && **t < end).count();
            assert_eq!(bar["n"], held, "{bar}");
            assert!(end <= *newest, "{bar} was not over at {newest}");
        }
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    // Nobody reads standard output, so nothing in flight can be written.
    let folder = endless(LINES);
    std::fs::write(
        folder.path("pipeline.toml"),
        folder
            .read("pipeline.toml")
            .replace("replay = { speed = 1000.0 }\n", ""),
    )
    .unwrap();
    let mut child = folder.command(&["run", "pipeline.toml"]).spawn().unwrap();
    sleep(Duration::from_millis(1500));
    signal(&child, "TERM");
    sleep(Duration::from_millis(500));
    assert!(
        child.try_wait().unwrap().is_none(),
        "it should wait for its reader"
    );
    signal(&child, "TERM");
    wait_for("the end", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert!(
        err.ends_with("ended at once: what was in flight is not written\n"),
        "{err}"
    );
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let folder = endless(LINES);
    let mut child = folder.command(&["run", "pipeline.toml"]).spawn().unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    let came = Came::of(child).code(0);
    assert_eq!(came.err, "");
    let row: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(row["stream"], "ticks");
}

#[test]
fn windows_without_number_are_left_at_a_stop() {
    // A row of each of ten thousand keys, each in a hundred thousand windows.
    let folder = Folder::with(
        r#"
name = "many"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00Z"
interval = "1s"
[source.ticks.schema]
ts = "timestamp"
volume = { type = "int64", counter = { start = 0, step_max = 5 } }
[query.many]
sql = """
SELECT window_start, window_end, volume, count(*) AS n
FROM HOP(ticks, ts, INTERVAL '1 second', INTERVAL '99999 seconds')
GROUP BY window_start, window_end, volume"""
[query.rows]
sql = "SELECT * FROM HOP(ticks, ts, INTERVAL '1 second', INTERVAL '99999 seconds')"
[sink.out]
from = ["many", "rows"]
connector = "file"
path = "{stream}.json"
"#,
    );
    let child = folder
        .command(&["run", "pipeline.toml"])
        .spawn()
        .expect("a run");
    sleep(Duration::from_secs(2));
    signal(&child, "INT");
    let watch = zaraba::Stopwatch::start();
    let came = Came::of(child).code(0);
    let seconds = watch.elapsed().as_secs();
    assert!(seconds < 30, "{seconds} s: {}", came.err);
    assert!(folder.read("many.json").ends_with('\n'));
}

/// A run with a WebSocket sink, and the address that it told.
fn served(folder: &Folder) -> (Child, String) {
    let mut child = folder.command(&["run", "pipeline.toml"]).spawn().unwrap();
    let mut line = String::new();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    err.read_line(&mut line).unwrap();
    // Kept open: the run goes on speaking.
    child.stderr = Some(err.into_inner());
    let address = line
        .split("http://")
        .nth(1)
        .and_then(|rest| rest.split('/').next());
    let address = address
        .unwrap_or_else(|| panic!("no address in {line}"))
        .to_owned();
    let expected = format!(
        "out: open http://{address}/ or connect a client to ws://{address}/ws (Ctrl-C stops)\n"
    );
    assert_eq!(line, expected);
    (child, address)
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_says_where_to_look_and_serves_metrics() {
    let folder = endless("connector = \"websocket\"\nlisten = \"127.0.0.1:0\"");
    let (child, address) = served(&folder);
    wait_for("rows in the metrics", || {
        let metrics = get(&address, "/metrics");
        let rows = |l: &&str| l.starts_with("zaraba_rows_in_total{node=\"ticks\"}");
        let line = metrics.lines().find(rows).unwrap_or_default();
        line.split(' ')
            .nth(1)
            .and_then(|n| n.parse::<u64>().ok())
            .is_some_and(|n| n > 0)
    });
    signal(&child, "TERM");
    Came::of(child).code(0);
}

#[test]
fn a_port_in_use_is_exit_1() {
    let folder = endless("connector = \"websocket\"\nlisten = \"127.0.0.1:0\"");
    let (child, address) = served(&folder);
    let second = endless(&format!(
        "connector = \"websocket\"\nlisten = \"{address}\""
    ));
    let came = second.zaraba(&["run", "pipeline.toml"]).code(1);
    assert!(
        came.err.starts_with("error: out: ") && came.err.contains(&address),
        "{}",
        came.err
    );
    assert!(came.err.contains("in use"), "{}", came.err);
    signal(&child, "TERM");
    Came::of(child).code(0);
}
