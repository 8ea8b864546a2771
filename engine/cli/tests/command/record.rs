//! `record`: what a live source brought, replayed to the same rows: late ones late again, and the
//! same results.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::harness::{Came, Folder, signal};
use crate::post::started;

const PIPELINE: &str = r#"
name = "recorded"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
out_of_order = "5s"
on_error = "dead_letter"
[source.ticks.schema]
ts = "timestamp"
key = { type = "text", from = "$.Issue.Code" }
price = { type = "float64", from = "$.Price", nulls = ["-"], thousands = "," }
unread = { type = "int64", optional = true }
[query.bars]
sql = """
SELECT window_end, key, first_value(price ORDER BY ts) AS open, count(*) AS n
FROM TUMBLE(ticks, ts, INTERVAL '10 seconds') GROUP BY window_end, key"""
[query.before]
sql = "SELECT ts, key, price, lag(price) OVER (PARTITION BY key ORDER BY ts) AS before FROM ticks"
[sink.out]
connector = "file"
from = ["bars", "before", "ticks__late"]
path = "{stream}.json"
"#;

/// What comes: out of order by up to eight seconds, of which some rows are late, some without a
/// price, one broken.
fn rows() -> Vec<String> {
    let row = |i: i64| {
        let second = i / 3 + [0, 8, -3, 2, -7, 1, 0, -8][usize::try_from(i % 8).unwrap()] + 10;
        let price = match i % 11 {
            0 => "\"-\"".to_owned(),
            1 => format!("\"1,{:03}.5\"", i % 1000),
            _ => format!("{}", 100 + i % 7),
        };
        format!(
            "{{\"ts\":\"2025-11-14T09:{:02}:{:02}+09:00\",\"Issue\":{{\"Code\":\"k{}\"}},\"Price\":{price}}}",
            second / 60,
            second % 60,
            i % 4
        )
    };
    let mut rows: Vec<String> = (0..600).map(row).collect();
    rows.insert(
        300,
        "{\"ts\":\"yesterday\",\"Issue\":{\"Code\":\"k\"},\"Price\":1}".to_owned(),
    );
    rows
}

fn post(place: &str, rows: &[String]) {
    let (address, path) = place.split_once('/').unwrap();
    let body = rows.join("\n");
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-ndjson\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let ok = ["HTTP/1.1 200 ", "HTTP/1.1 207 ", "HTTP/1.1 202 "];
    assert!(ok.iter().any(|ok| answer.starts_with(ok)), "{answer}");
}

#[test]
fn what_was_recorded_is_replayed_to_the_same_rows() {
    let folder = Folder::with(PIPELINE);
    let rows = rows();
    let live = {
        let (child, places) = started(&folder, 1);
        for rows in rows.chunks(37) {
            post(&places[0], rows);
        }
        signal(&child, "TERM");
        Came::of(child).code(0);
        // A stop leaves out what is not complete; the replay comes to its end.
        ["ticks__late.json", "before.json", "bars.json"].map(|name| folder.read(name))
    };
    assert!(live[0].lines().count() > 50, "late rows");
    let record = ["record", "pipeline.toml", "ticks", "--out", "tape"];
    let mut child = folder.command(&record).spawn().unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    let place = line
        .split("http://")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    child.stderr = Some(said.into_inner());
    for rows in rows.chunks(53) {
        post(&place, rows);
    }
    signal(&child, "INT");
    let came = Came::of(child).code(0);
    assert!(
        came.err.contains("ticks: 600 rows recorded, "),
        "{}",
        came.err
    );
    assert!(
        came.err.contains("ticks: 1 rows could not be taken"),
        "{}",
        came.err
    );
    assert!(folder.names().contains(&"tape".to_owned()));
    let section = came.out;
    assert!(
        section.starts_with("[profile.replay.source.ticks]\n"),
        "{section}"
    );
    folder.write("pipeline.toml", &format!("{PIPELINE}\n{section}"));
    let replayed = folder
        .zaraba(&["run", "pipeline.toml", "--profile", "replay"])
        .code(0);
    assert!(replayed.err.contains("600 rows in, "), "{}", replayed.err);
    assert_eq!(folder.read("ticks__late.json"), live[0]);
    for (name, live) in [("before.json", &live[1]), ("bars.json", &live[2])] {
        let replayed = folder.read(name);
        assert!(
            !live.is_empty() && replayed.starts_with(live.as_str()),
            "{name}"
        );
    }
    let again = folder.zaraba(&record).code(2);
    assert!(
        again.err.contains("is not empty: a recording there"),
        "{}",
        again.err
    );
}

#[test]
fn a_recording_of_no_source() {
    let folder = Folder::with(PIPELINE);
    let wrong = folder
        .zaraba(&["record", "pipeline.toml", "tick", "--out", "tape"])
        .code(2);
    assert_eq!(
        wrong.err,
        "error: no source `tick`; did you mean `ticks`?: there are ticks\n"
    );
}
