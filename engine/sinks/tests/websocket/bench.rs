//! What the tests of the WebSocket stand on: streams with known rows, a sink on a free port, a
//! client, and a plain HTTP request.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use chrono_tz::Tz;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value};
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use zaraba_core::batch::Batch;
use zaraba_core::clock::SystemClock;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::time::SECOND;
use zaraba_net::access::Access;
use zaraba_net::limits::Limits;
use zaraba_sinks::input::SinkInput;
use zaraba_sinks::inside::{
    Changed, Inside, NotSet, Pick, Picked, Picture, Setting, Tapped, Wanted, WrongTap,
};
use zaraba_sinks::websocket::{Retention, Staleness, WebsocketOptions, WebsocketSink};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
const KEYS: i64 = 97;

/// Row `i` of `state`: its key, and whether it is a deletion.
pub(crate) fn change(i: i64) -> (i64, bool) {
    (i * 31 % KEYS, i % 5 == 3)
}

/// Rows of `facts`: `n` is the row's number, and its event time in seconds.
pub(crate) fn facts(range: Range<i64>) -> Batch {
    let text = range.clone().map(|n| format!("row {n}, 板"));
    batch(
        &range,
        [
            (
                "n",
                Arc::new(Int64Array::from_iter_values(range.clone())) as ArrayRef,
            ),
            ("text", Arc::new(StringArray::from_iter_values(text))),
        ],
    )
}

/// Rows of `state`.
pub(crate) fn state(range: Range<i64>) -> Batch {
    let mut batch = batch(
        &range,
        [
            (
                "key",
                Arc::new(Int64Array::from_iter_values(
                    range.clone().map(|n| change(n).0),
                )),
            ),
            ("n", Arc::new(Int64Array::from_iter_values(range.clone()))),
        ],
    );
    batch.deleted = Some(range.map(|n| change(n).1).collect());
    batch
}

fn batch(range: &Range<i64>, columns: [(&str, ArrayRef); 2]) -> Batch {
    let time: Vec<i64> = range.clone().map(|n| n * SECOND).collect();
    let seq: Vec<u64> = vec![0; time.len()];
    Batch::new(
        RecordBatch::try_from_iter(columns).unwrap(),
        time.into(),
        seq.into(),
    )
    .unwrap()
}

/// `facts` (append) and `state` (upsert by `key`).
pub(crate) fn inputs() -> Vec<SinkInput> {
    let input = |name: &str, rows: Batch, changelog| SinkInput {
        name: name.to_owned(),
        schema: StreamSchema {
            columns: rows.rows.schema(),
            time: None,
            changelog,
        },
    };
    let key = Changelog::Upsert {
        key: vec!["key".to_owned()],
    };
    vec![
        input("facts", facts(0..0), Changelog::Append),
        input("state", state(0..0), key),
    ]
}

/// A pipeline with a word for everything that is asked.
struct Known;

impl Inside for Known {
    fn metrics(&self) -> String {
        "zaraba_rows_total 7\n".to_owned()
    }

    fn stats(&self) -> Map<String, Value> {
        Map::from_iter([("pipeline".to_owned(), "test".into())])
    }

    fn explain(&self) -> String {
        "facts\n  plan: secret\n".to_owned()
    }

    fn graph(&self, picture: Picture) -> String {
        match picture {
            Picture::Json => "{\"nodes\":[]}".to_owned(),
            other => format!("a picture: {}", other.content_type()),
        }
    }

    /// Three rows of `facts`, the end, and five rows that did not fit.
    fn tap(&self, stream: &str, _wanted: &Wanted) -> Result<Tapped, WrongTap> {
        if stream != "facts" {
            return Err(WrongTap::Stream(format!("no stream `{stream}`")));
        }
        let (send, rows) = tokio::sync::mpsc::channel(1);
        send.try_send(facts(0..3)).unwrap();
        Ok(Tapped {
            stream: stream.to_owned(),
            upsert: false,
            columns: facts(0..0).rows.schema(),
            rows,
            left_out: Arc::new(AtomicU64::new(5)),
            pick: Box::new(Last),
            secrets: vec!["row 2".to_owned()],
        })
    }

    fn settings(&self) -> Vec<Setting> {
        let name = |name: &str| name.to_owned();
        let fixed = Some(name("of stone"));
        vec![Setting {
            name: name("high"),
            value: name("1.3"),
            readers: Vec::new(),
            fixed,
        }]
    }

    /// `high` alone, to anything but `1.3`.
    fn set(&self, changes: &[(String, String)]) -> Result<Vec<Changed>, Vec<NotSet>> {
        let change = |(name, to): &(String, String)| {
            let (name, to, reason) = (name.clone(), to.clone(), "no".to_owned());
            match (name.as_str(), to.as_str()) {
                ("high", "1.3") => Err(vec![NotSet {
                    name,
                    unknown: false,
                    reason,
                }]),
                ("high", _) => Ok(Changed {
                    name,
                    from: "1.3".to_owned(),
                    to,
                }),
                _ => Err(vec![NotSet {
                    name,
                    unknown: true,
                    reason,
                }]),
            }
        };
        changes.iter().map(change).collect()
    }
}

/// Fails on the first row, and wants the others.
struct Last;

impl Pick for Last {
    fn pick(&mut self, rows: &Batch) -> zaraba_core::error::Result<Picked> {
        Ok(Picked {
            rows: vec![rows.rows.slice(1, rows.len() - 1)],
            failed: 1,
            reason: Some("no".to_owned()),
        })
    }
}

pub(crate) fn options() -> WebsocketOptions {
    WebsocketOptions {
        listen: "127.0.0.1:0".to_owned(),
        access: Access::default(),
        assets: None,
        history: Retention {
            rows: 1_000,
            time: None,
            bytes: 64 << 20,
        },
        stale: Staleness::new(|_| false),
        tls: None,
        pipeline: "test".to_owned(),
        zone: Tz::Asia__Tokyo,
        query: None,
        inside: Arc::new(Known),
        clock: Arc::new(SystemClock),
        limits: Limits::default(),
    }
}

/// A sink on a free port.
pub(crate) fn start(
    runtime: &Runtime,
    change: impl FnOnce(&mut WebsocketOptions),
) -> (WebsocketSink, SocketAddr) {
    let mut options = options();
    change(&mut options);
    WebsocketSink::start(&inputs(), options, axum::Router::new(), runtime.handle()).unwrap()
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a code.
    Code(u16),
    /// Without a word.
    Broken,
}

/// A client that reads what it is asked to read, and nothing ahead of that.
pub(crate) struct Client(WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl Client {
    pub(crate) async fn join(address: SocketAddr, query: &str) -> Self {
        Self(
            connect_async(format!("ws://{address}/ws{query}"))
                .await
                .unwrap()
                .0,
        )
    }

    /// Joins both topics and reads their snapshots.
    pub(crate) async fn follow(address: SocketAddr) -> Self {
        let mut client = Self::join(address, "?topics=facts,state").await;
        client.next_of("snapshot").await;
        client.next_of("snapshot").await;
        client
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// The same where the server may have closed already.
    pub(crate) async fn try_send(&mut self, message: Message) -> Result<(), End> {
        self.0.send(message).await.map_err(|_| End::Broken)
    }

    /// All messages before one of a type.
    pub(crate) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut before = Vec::new();
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await;
            let Some(Ok(Message::Text(text))) = message.expect("nothing came") else {
                panic!("the connection ended while a {kind} was expected")
            };
            let value: Value = serde_json::from_str(&text).unwrap();
            if value["type"] == kind {
                return before;
            }
            before.push(value);
        }
    }

    pub(crate) async fn say(&mut self, op: &Value) {
        self.send(Message::text(op.to_string())).await;
    }

    /// The next message of a type; others are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await;
            let Some(Ok(Message::Text(text))) = message.expect("nothing came") else {
                panic!("the connection ended while a {kind} was expected")
            };
            let value: Value = serde_json::from_str(&text).unwrap();
            if value["type"] == kind {
                return value;
            }
        }
    }

    /// All texts to the end.
    pub(crate) async fn texts(&mut self) -> Vec<String> {
        self.read_on().await.0
    }

    /// All messages to the end, and how it ended.
    pub(crate) async fn read_to_end(&mut self) -> (Vec<Value>, End) {
        let (texts, end) = self.read_on().await;
        (
            texts
                .iter()
                .map(|text| serde_json::from_str(text).unwrap())
                .collect(),
            end,
        )
    }

    async fn read_on(&mut self) -> (Vec<String>, End) {
        let mut texts = Vec::new();
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await;
            match message.expect("the connection neither spoke nor ended") {
                Some(Ok(Message::Text(text))) => texts.push(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (texts, End::Code(frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (texts, End::Broken),
            }
        }
    }
}

/// Asks for a page by hand, so that no client library tidies the path; answers head and body.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    send(address, &format!("GET {path}"), headers, "")
}

/// The same for any method, and with a body.
pub(crate) fn send(address: SocketAddr, request: &str, headers: &str, body: &str) -> String {
    String::from_utf8_lossy(&exchange(address, request, headers, body)).into_owned()
}

/// The body alone, as it came.
pub(crate) fn bytes(address: SocketAddr, path: &str) -> Vec<u8> {
    let answer = exchange(address, &format!("GET {path}"), "", "");
    let head = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    answer[head + 4..].to_vec()
}

fn exchange(address: SocketAddr, request: &str, headers: &str, body: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).unwrap();
    let upgrade = headers.contains("Connection:");
    let patience = if upgrade {
        Duration::from_millis(700)
    } else {
        PATIENCE
    };
    socket.set_read_timeout(Some(patience)).unwrap();
    let close = if upgrade { "" } else { "Connection: close\r\n" };
    let length = body.len();
    write!(
        socket,
        "{request} HTTP/1.1\r\nHost: {address}\r\n{close}{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    // An upgraded connection stays open: what came until then is the answer.
    while let Ok(n @ 1..) = socket.read(&mut piece) {
        answer.extend_from_slice(&piece[..n]);
    }
    answer
}
