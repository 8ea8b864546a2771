//! Rows that are POSTed to a running pipeline, of which nothing that was answered 200 is lost or
//! doubled; and rows that it asks for.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Came, Folder, signal, wait_for};

const PIPELINE: &str = r#"
name = "posted"
[source.ticks]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
[source.ticks.schema]
ts = "timestamp"
n = "int64"
[sink.out]
connector = "file"
from = ["ticks", "ticks__late", "ticks__errors"]
path = "{stream}.json"
"#;

/// A run, and where its sources take rows: `127.0.0.1:8226/ticks` for each.
pub(crate) fn started(folder: &Folder, sources: usize) -> (Child, Vec<String>) {
    let mut child = folder.command(&["run", "pipeline.toml"]).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut places = Vec::new();
    while places.len() < sources {
        let mut line = String::new();
        assert!(said.read_line(&mut line).unwrap() > 0, "it ended");
        let place = line.split_once(": POST rows to http://");
        places.extend(place.map(|(_, p)| p.split(' ').next().unwrap().trim().to_owned()));
    }
    child.stderr = Some(said.into_inner());
    (child, places)
}

/// Sends a request; the status and the answer.
fn send(place: &str, kind: &str, body: &str) -> std::io::Result<(u16, Value)> {
    let (address, path) = place.split_once('/').unwrap();
    let mut socket = TcpStream::connect(address)?;
    write!(
        socket,
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    let cut = || std::io::Error::other("the answer is cut");
    let status = text.split(' ').nth(1).and_then(|s| s.parse().ok());
    let (_, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
    let body = serde_json::from_str(body).map_err(|_| cut())?;
    Ok((status.ok_or_else(cut)?, body))
}

fn numbers(folder: &Folder, name: &str) -> Vec<i64> {
    let text = folder.read(name);
    let row = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    text.lines()
        .map(|l| row(l)["n"].as_i64().unwrap())
        .collect()
}

#[test]
fn what_was_answered_200_comes_out_once_when_the_run_is_stopped() {
    const SENDERS: i64 = 4;
    let folder = Folder::with(PIPELINE);
    let (child, places) = started(&folder, 1);
    let place = places[0].as_str();
    // The status of each number that was sent; none: no answer came.
    let sent: Mutex<BTreeMap<i64, Option<u16>>> = Mutex::default();
    let taken = || {
        sent.lock()
            .unwrap()
            .values()
            .filter(|s| **s == Some(200))
            .count()
    };
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let sent = &sent;
            scope.spawn(move || {
                for i in 0.. {
                    let first = (i * SENDERS + sender) * 10;
                    let row = |n| json!({ "ts": "2025-11-14T09:00:00Z", "n": n }).to_string();
                    let rows: Vec<String> = (first..first + 10).map(row).collect();
                    let answer = send(place, "application/x-ndjson", &rows.join("\n"));
                    let status = answer.as_ref().ok().map(|(status, _)| *status);
                    let each = (first..first + 10).map(|n| (n, status));
                    sent.lock().unwrap().extend(each);
                    if status != Some(200) {
                        return;
                    }
                }
            });
        }
        wait_for("rows to be taken", || taken() > 500);
        signal(&child, "TERM");
    });
    Came::of(child).code(0);
    let mut out: BTreeMap<i64, usize> = BTreeMap::new();
    for n in numbers(&folder, "ticks.json") {
        *out.entry(n).or_default() += 1;
    }
    assert!(
        out.values().all(|times| *times == 1),
        "a row came out twice"
    );
    for (n, status) in sent.into_inner().unwrap() {
        match status {
            Some(200) => assert!(out.contains_key(&n), "{n} was answered 200 and is lost"),
            Some(_) => assert!(!out.contains_key(&n), "{n} was refused and came out"),
            None => {}
        }
    }
    assert_eq!(folder.read("ticks__late.json"), "");
}

#[test]
fn a_run_after_a_kill_takes_rows_again() {
    let folder = Folder::with(PIPELINE);
    let (mut child, places) = started(&folder, 1);
    let row = r#"{"ts":"2025-11-14T09:00:00Z","n":1}"#;
    let (status, body) = send(&places[0], "application/json", row).unwrap();
    assert_eq!((status, body), (200, json!({ "rows": 1 })));
    child.kill().unwrap();
    child.wait().unwrap();
    let (child, places) = started(&folder, 1);
    let (status, _) = send(&places[0], "application/json", &row.replace(":1}", ":2}")).unwrap();
    assert_eq!(status, 200);
    signal(&child, "INT");
    Came::of(child).code(0);
    assert_eq!(numbers(&folder, "ticks.json"), [2]);
}

/// Answers each request by its number and its head, until nobody asks any more.
fn server(answer: impl Fn(usize, &str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for (n, socket) in listener.incoming().enumerate() {
            let mut socket = socket.unwrap();
            let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .by_ref()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            let answer = answer(n, &head.join("\n"));
            socket.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

/// An answer after which the connection ends.
fn answered(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[test]
fn a_poll_that_fails_is_told_without_its_secret_and_made_again() {
    let row = |n: usize| format!("[{{\"ts\":\"2025-11-14T09:00:00Z\",\"n\":{n}}}]");
    let address = server(move |n, head| match n {
        0 => {
            let key = head
                .lines()
                .find(|line| line.to_lowercase().starts_with("x-key"));
            answered("401 Unauthorized", &format!("not with {}", key.unwrap()))
        }
        1 | 2 => answered("200 OK", &row(n)),
        _ => answered("304 Not Modified", ""),
    });
    let folder = Folder::with(&format!(
        r#"
[source.ticks]
connector = "http_client"
url = "http://{address}/rows?m=1"
every = "50ms"
headers = {{ X-Key = "${{KEY}}" }}
time = "ts"
[source.ticks.schema]
ts = "timestamp"
n = "int64"
[sink.out]
connector = "stdout"
format = "json"
from = ["ticks"]
"#
    ));
    let mut command = folder.command(&["run", "pipeline.toml"]);
    let mut child = command.env("KEY", "swordfish").spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = out.next().unwrap().unwrap();
    let second = out.next().unwrap().unwrap();
    assert!(
        first.contains("\"n\":1") && second.contains("\"n\":2"),
        "{first} {second}"
    );
    // Polls that bring nothing.
    thread::sleep(std::time::Duration::from_millis(200));
    signal(&child, "TERM");
    assert!(out.next().is_none(), "rows came out twice");
    let came = Came::of(child).code(0);
    let told = format!("GET http://{address}/rows: answered 401 Unauthorized");
    assert!(came.err.contains(&told), "{}", came.err);
    assert!(came.err.contains("not with x-key: ***"), "{}", came.err);
    assert!(!came.err.contains("swordfish"), "{}", came.err);
}

/// The blocks of a page, each with its kind.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split("\n```");
    parts.next();
    let mut blocks = Vec::new();
    while let Some(block) = parts.next() {
        blocks.push(block.split_once('\n').expect("a block"));
        parts.next();
    }
    blocks
}

#[test]
fn the_page_of_sources_is_true() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl");
        return;
    }
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/sources.md"
    );
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = blocks(&page);
    let (kind, pipeline) = blocks[0];
    assert_eq!(kind, "toml");
    let folder = Folder::with(&pipeline.replace("127.0.0.1:8226", "127.0.0.1:0"));
    let (child, places) = started(&folder, 1);
    let (address, _) = places[0].split_once('/').unwrap();
    let mut ran = 0;
    for pair in blocks.windows(2) {
        let [("sh", command), ("text", expected)] = pair else {
            continue;
        };
        let command = command.replace("127.0.0.1:8226", address);
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &command]).current_dir(folder.path("."));
        let came = shell.env_remove("http_proxy").output().unwrap();
        let got = String::from_utf8(came.stdout).unwrap();
        assert_eq!(got.trim_end(), *expected, "{command}");
        ran += 1;
    }
    assert!(ran >= 5, "only {ran} examples");
    signal(&child, "TERM");
    Came::of(child).code(0);
    let (_, expected) = blocks.last().unwrap();
    assert_eq!(folder.read("out/ticks.json").trim_end(), *expected);
}
