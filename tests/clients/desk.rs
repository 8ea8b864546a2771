//! A pipeline that takes rows by POST and offers them as an append topic and as an upsert topic.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zaraba::pipeline::Pipeline;
use zaraba::running::Running;

const PIPELINE: &str = r#"
name = "posted"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
[source.ticks.schema]
ts = "timestamp"
key = "text"
n = "int64"
wide = "int64"
price = "float64"
pad = "text"
[table.newest]
from = "ticks"
key = ["key"]
drop_when = "n % 10 = 9"
[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["ticks", "newest"]
"#;

/// A pipeline that runs.
pub(super) struct Desk {
    running: Running,
    pub(super) address: SocketAddr,
    posting: String,
}

/// A row by its number. Half of them have no price; `wide` needs all its 64 bits.
fn row(n: u64) -> Value {
    json!({
        "ts": format!("2025-11-14T{:02}:{:02}:{:02}.{:03}+09:00", 9 + n / 3_600_000,
            n / 60_000 % 60, n / 1_000 % 60, n % 1_000),
        "key": format!("key {}", n % 7),
        "n": n,
        "wide": 9_007_199_254_740_993_u64 + 2 * n,
        "price": if n.is_multiple_of(2) { json!(n as f64 / 8.0) } else { Value::Null },
        "pad": "p".repeat(150),
    })
}

/// The columns that a client's rows are compared in.
pub(super) fn figures(row: &Value) -> Value {
    // A language may have one kind of number for 1 and 1.0.
    json!([row["key"], row["n"], row["wide"], row["price"].as_f64()])
}

/// What the append topic has of these rows.
pub(super) fn posted(rows: Range<u64>) -> Vec<Value> {
    rows.map(|n| figures(&row(n))).collect()
}

/// What the upsert topic has of these rows. The newest is not there yet: one of the same time may
/// still come before it.
pub(super) fn newest(rows: Range<u64>) -> Vec<Value> {
    let mut state = BTreeMap::new();
    for n in rows.start..rows.end.saturating_sub(1) {
        let row = row(n);
        let key = row["key"].to_string();
        if n % 10 == 9 {
            state.remove(&key);
        } else {
            state.insert(key, figures(&row));
        }
    }
    state.into_values().collect()
}

impl Desk {
    pub(super) fn start(options: &str) -> Self {
        let built = Pipeline::from_text("pipeline.toml", PIPELINE.to_owned() + options).build();
        let built = built.unwrap_or_else(|e| panic!("{e}"));
        let (_, address) = built.listening()[0].clone();
        let (_, url) = built.posting()[0].clone();
        let running = built.start().unwrap();
        Self {
            running,
            address,
            posting: url.trim_start_matches("http://").to_owned(),
        }
    }

    /// Posts rows; they are taken when this returns.
    pub(super) async fn post(&self, rows: Range<u64>) {
        let (address, path) = self.posting.split_once('/').unwrap();
        for start in rows.clone().step_by(5_000) {
            let some = start..rows.end.min(start + 5_000);
            let lines: Vec<String> = some.map(|n| row(n).to_string()).collect();
            let body = lines.join("\n");
            let request = format!(
                "POST /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: \
                 application/x-ndjson\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            loop {
                let mut socket = TcpStream::connect(address).await.unwrap();
                socket.write_all(request.as_bytes()).await.unwrap();
                let mut answer = String::new();
                socket.read_to_string(&mut answer).await.unwrap();
                if answer.starts_with("HTTP/1.1 200 ") {
                    break;
                }
                assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
                tokio::time::sleep(Duration::from_millis(100)).await; // it is behind, as it says
            }
        }
    }

    pub(super) async fn stop(self) {
        self.running.stopper().stop();
        self.running.wait().await.unwrap();
    }
}
