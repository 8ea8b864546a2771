//! A rule changed while the pipeline runs: another version of its plugin's file, other values of the
//! parameters that it reads. Nothing is lost, nothing comes twice, and what it remembers stays.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use serde_json::Value;
use zaraba::pipeline::Built;
use zaraba_core::time::SECOND;

use crate::cases::folder::{Folder, lines};
use crate::rules::plugin;

/// `hostile` behaves if nothing is asked of it: an alert a row, with the number of rows so far, which
/// it keeps in its state.
const PIPELINE: &str = r#"
[params]
misdeed = "none"

[source.numbers]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", n = "int64" }

[rule.count]
plugin = "./rule.wasm"
from = ["numbers"]
params = { what = "$misdeed" }

[sink.out]
connector = "channel"
from = ["count"]

[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["count"]
auth = { token_env = "ZARABA_PYTHON" }
"#;

/// How often it is looked for what must come.
const PATIENCE: u32 = 12_000;
const STEP: Duration = Duration::from_millis(5);

/// Rows of one call.
const ROWS: i64 = 20;

fn rows(from: i64) -> RecordBatch {
    let times: Vec<i64> = (from..from + ROWS).map(|i| i * SECOND).collect();
    let columns: [(&str, ArrayRef); 2] = [
        (
            "ts",
            Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")),
        ),
        (
            "n",
            Arc::new(Int64Array::from_iter_values(from..from + ROWS)),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

/// A plugin's bytes with something behind them that changes nothing: another file.
fn version(bytes: &[u8], number: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    // A section of its own: kind 0, its length, the length of its name, the name.
    bytes.extend([0, 3, 1, b'v', number]);
    bytes
}

/// A plugin's bytes with another word in the place of one as long.
fn with(bytes: &[u8], word: &str, other: &str) -> Vec<u8> {
    let (word, other) = (word.as_bytes(), other.as_bytes());
    let (mut bytes, mut from) = (bytes.to_vec(), 0);
    let next = |bytes: &[u8], from: usize| {
        let found = bytes[from..].windows(word.len()).position(|w| w == word);
        found.map(|at| from + at)
    };
    while let Some(at) = next(&bytes, from) {
        from = at + word.len();
        bytes[at..from].copy_from_slice(other);
    }
    assert!(from > 0 && word.len() == other.len());
    bytes
}

/// Puts a file into the place of another.
fn replace(folder: &Folder, bytes: &[u8]) {
    folder.write("new", bytes);
    std::fs::rename(folder.path("new"), folder.path("rule.wasm")).unwrap();
}

fn ask(desk: SocketAddr, request: &str, body: &str) -> String {
    let token = std::env::var("ZARABA_PYTHON").unwrap();
    let mut stream = TcpStream::connect(desk).unwrap();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: {desk}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What the rule counts.
fn figures(desk: SocketAddr) -> Value {
    let answer = ask(desk, "GET /api/stats", "");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let stats: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
    let nodes = stats["nodes"].as_array().unwrap();
    let node = nodes.iter().find(|node| node["name"] == "count").unwrap();
    assert_eq!(node["kind"], "rule");
    node["rule"].clone()
}

fn wait_for(what: &str, there: impl Fn() -> bool) {
    for _ in 0..PATIENCE {
        if there() {
            return;
        }
        std::thread::sleep(STEP);
    }
    panic!("{what} did not come");
}

/// A pipeline that runs under load.
struct Loaded {
    desk: SocketAddr,
    enough: Arc<AtomicBool>,
    load: std::thread::JoinHandle<i64>,
    reader: std::thread::JoinHandle<Vec<String>>,
    running: zaraba::running::Running,
}

impl Loaded {
    fn start(mut built: Built) -> Self {
        let desk = built.listening()[0].1;
        let sender = built.take_sender("numbers").unwrap();
        let out = built.take_receiver("out").unwrap();
        let reader = std::thread::spawn(move || out.flat_map(|(_, batch)| lines(&batch)).collect());
        let running = built.start().unwrap();
        let enough = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&enough);
        let load = std::thread::spawn(move || {
            let mut sent = 0;
            while !stop.load(Ordering::Relaxed) {
                sender.send(rows(sent)).unwrap();
                sent += ROWS;
            }
            sent
        });
        Self {
            desk,
            enough,
            load,
            reader,
            running,
        }
    }

    /// How many rows were sent, and the alerts that came.
    fn end(self) -> (i64, Vec<String>) {
        self.enough.store(true, Ordering::Relaxed);
        let sent = self.load.join().unwrap();
        let alerts = self.reader.join().unwrap();
        self.running.join().unwrap();
        (sent, alerts)
    }
}

fn built(folder: &Folder) -> Built {
    let built = folder.pipeline(PIPELINE).build();
    built.unwrap_or_else(|e| panic!("{e}"))
}

/// The number of rows so far, of each alert of a row.
fn totals(alerts: &[String]) -> Vec<i64> {
    let cells = alerts
        .iter()
        .map(|line| line.split('|').collect::<Vec<_>>());
    let of_rows = cells.filter(|cells| cells[5] == "row");
    of_rows
        .map(|cells| cells.last().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_versions_under_load() {
    let bytes = std::fs::read(plugin("hostile")).unwrap();
    let folder = Folder::new();
    replace(&folder, &bytes);
    let loaded = Loaded::start(built(&folder));
    let desk = loaded.desk;
    let refused = |n: u64| wait_for("a refusal", || figures(desk)["refused"] == n);
    for i in 1..=100_u64 {
        replace(&folder, &version(&bytes, (i % 2) as u8));
        wait_for("a version", || figures(desk)["changes"] == i);
        match i {
            20 => replace(&folder, b"no plugin at all"),
            40 => replace(&folder, &bytes[..bytes.len() / 2]),
            60 => replace(&folder, &std::fs::read(plugin("oi-jump")).unwrap()),
            // Its manifest has an output that every alert has; it wants the network.
            80 => replace(&folder, &with(&bytes, "total", "value")),
            100 => replace(&folder, &with(&bytes, "wasi:cli/stdout", "wasi:http/types")),
            _ => continue,
        }
        refused(i / 20);
    }
    let figures = figures(desk);
    let (sent, alerts) = loaded.end();
    assert_eq!(
        (&figures["traps"], &figures["skipped"]),
        (&0.into(), &0.into())
    );
    let totals = totals(&alerts);
    assert!(
        totals.iter().copied().eq(1..=sent),
        "{} of {sent}",
        totals.len()
    );
    let ids: std::collections::BTreeSet<&str> = alerts
        .iter()
        .filter_map(|line| line.split('|').nth(1))
        .collect();
    assert_eq!(ids.len(), alerts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters() {
    let folder = Folder::new();
    replace(&folder, &std::fs::read(plugin("hostile")).unwrap());
    let loaded = Loaded::start(built(&folder));
    let desk = loaded.desk;
    let set = |value: &str| {
        ask(
            desk,
            "POST /api/set",
            &format!("{{\"misdeed\":\"{value}\"}}"),
        )
    };
    let answer = set("trap");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    wait_for("a trap", || figures(desk)["traps"].as_u64() >= Some(2));
    let skipped = || figures(desk)["skipped"].as_u64();
    wait_for("a row that is skipped", || skipped() > Some(0));
    let answer = set("none");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    wait_for("two changes", || figures(desk)["changes"] == 2);
    let before = figures(desk)["alerts"].as_u64();
    wait_for("alerts again", || figures(desk)["alerts"].as_u64() > before);
    let skipped = skipped().unwrap();
    let (sent, alerts) = loaded.end();
    let totals = totals(&alerts);
    // What was skipped was not counted, and nothing else is missing.
    let counted = sent - i64::try_from(skipped).unwrap();
    assert!(
        totals.iter().copied().eq(1..=counted),
        "{sent} {skipped} {}",
        totals.len()
    );
}

/// A plugin that is not there when the pipeline is checked is a mistake, whatever its rule.
#[test]
fn no_file() {
    let folder = Folder::new();
    assert!(!Path::new(&folder.path("rule.wasm")).exists());
    let refusal = folder.refusal(PIPELINE);
    assert!(refusal.contains("rule.wasm: No such file"), "{refusal}");
}
