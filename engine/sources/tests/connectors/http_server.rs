//! POSTed rows: what is taken, what is refused, and how.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use arrow::array::{Float64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::ipc::writer::StreamWriter;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use zaraba_config::document::{ColumnType, ErrorPolicy};
use zaraba_core::clock::ManualClock;
use zaraba_core::source::{Polled, Source};
use zaraba_core::time::ClockTime;
use zaraba_formats::decode::arrow_schema;
use zaraba_net::listen::Server;
use zaraba_sources::http_server::{HttpServerOptions, HttpServerSource, Listener, http_server};

use crate::common::column;

/// 2025-11-14T09:00:00Z
const NINE: i64 = 1_763_110_800_000_000;

/// A source that takes rows, and where.
pub(crate) struct Door {
    _runtime: Runtime,
    pub(crate) source: HttpServerSource,
    _listener: Listener,
    pub(crate) address: SocketAddr,
}

/// Columns `ts` and `price`, at `/ticks`.
pub(crate) fn door(on_error: ErrorPolicy, max_size: u64) -> Door {
    let runtime = Runtime::new().unwrap();
    let options = HttpServerOptions {
        path: "/ticks".to_owned(),
        schema: vec![
            column("ts", ColumnType::Timestamp),
            column("price", ColumnType::Float64),
        ],
        zone: chrono_tz::UTC,
        time: "ts".to_owned(),
        ahead: 60_000_000,
        on_error,
        max_size,
        clock: Arc::new(ManualClock::new(ClockTime(NINE))),
    };
    let listener: Listener = Arc::new(Mutex::new(None));
    let (source, route) = http_server(options, Arc::clone(&listener));
    let server = Server::start("127.0.0.1:0", route, runtime.handle()).unwrap();
    let address = server.address();
    *listener.lock().unwrap() = Some(server);
    Door {
        _runtime: runtime,
        source,
        _listener: listener,
        address,
    }
}

impl Door {
    /// Sends bytes as they are; status, head and body of the answer.
    fn raw(&self, head: &str, body: &[u8]) -> (u16, String, String) {
        let mut socket = TcpStream::connect(self.address).unwrap();
        let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        // Who is refused early may find the socket closed.
        let _ = socket.write_all(body);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    fn post(&self, kind: &str, body: impl AsRef<[u8]>) -> (u16, Value) {
        let body = body.as_ref();
        let head = format!(
            "POST /ticks HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {}",
            body.len()
        );
        let (status, _, text) = self.raw(&head, body);
        (status, serde_json::from_str(&text).unwrap())
    }

    /// The prices that the source has, in polls of two; and how many rows are bad.
    fn polled(&mut self) -> (Vec<f64>, usize) {
        let (mut prices, mut bad) = (Vec::new(), 0);
        while let Polled::Rows(rows) = self.source.poll(2).unwrap() {
            assert!(rows.rows.num_rows() <= 2);
            bad += rows.bad.len();
            let column = rows.rows.column(1).as_any();
            let column = column.downcast_ref::<Float64Array>().unwrap();
            prices.extend(column.values());
        }
        (prices, bad)
    }
}

fn row(price: &str) -> String {
    format!("{{\"ts\":\"2025-11-14T09:00:00Z\",\"price\":{price}}}")
}

#[test]
fn every_kind_of_body() {
    let mut door = door(ErrorPolicy::Fail, 1 << 20);
    let array = format!("[{},\n{}, {}]", row("1"), row("2"), row("3"));
    let pretty = row("4").replace(',', ",\n  ");
    let lines = format!("{}\n\n{}\n", row("5"), row("6"));
    let csv = "price,ts\r\n7,2025-11-14T09:00:00Z\r\n";
    let columns = arrow_schema(&[
        column("ts", ColumnType::Timestamp),
        column("price", ColumnType::Float64),
    ]);
    let times = TimestampMicrosecondArray::from(vec![NINE; 2]).with_timezone("UTC");
    let prices = Float64Array::from(vec![8.0, 9.0]);
    let batch = RecordBatch::try_new(
        Arc::clone(&columns),
        vec![Arc::new(times), Arc::new(prices)],
    )
    .unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &columns).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let arrow = writer.into_inner().unwrap();
    for (kind, body, rows) in [
        ("application/json", array.as_bytes(), 3),
        ("application/json; charset=UTF-8", pretty.as_bytes(), 1),
        ("application/x-ndjson", lines.as_bytes(), 2),
        ("text/csv", csv.as_bytes(), 1),
        ("application/vnd.apache.arrow.stream", arrow.as_slice(), 2),
        ("application/json", b"[]", 0),
        ("text/csv", b"", 0),
    ] {
        assert_eq!(
            door.post(kind, body),
            (200, json!({ "rows": rows })),
            "{kind}"
        );
    }
    let prices = (1..=9).map(f64::from).collect();
    assert_eq!(door.polled(), (prices, 0));
    assert_eq!(door.source.position().rows, [9]);
}

#[test]
fn what_is_refused_is_not_taken() {
    let mut door = door(ErrorPolicy::Fail, 1000);
    let json = "application/json";
    let check = |(status, answer): (u16, Value), expected: u16, words: &str| {
        assert_eq!(status, expected, "{answer}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(words), "{error}");
    };
    check(
        door.post(json, "[1, 2"),
        400,
        "expected `,` or `]` at byte 6",
    );
    check(door.post(json, b"[\"\xff\"]"), 400, "expected UTF-8");
    check(
        door.post("text/csv", "ts,prize\n"),
        400,
        "no field `price` in its first line",
    );
    check(
        door.post("application/vnd.apache.arrow.stream", "junk"),
        400,
        "expected an arrow file or stream",
    );
    check(
        door.post("text/plain", row("1")),
        415,
        "got Content-Type `text/plain`",
    );
    check(
        door.post("text/csv; charset=shift_jis", ""),
        415,
        "charset=shift_jis",
    );
    check(door.post(json, " ".repeat(1001)), 413, "at most 1000 bytes");
    let answer = |head: &str, body: &[u8]| {
        let (status, head, text) = door.raw(head, body);
        (status, head, serde_json::from_str::<Value>(&text).unwrap())
    };
    let (status, _, body) = answer("POST /ticks HTTP/1.1\r\nContent-Length: 2", b"[]");
    check((status, body), 415, "got no Content-Type");
    let chunked = format!("3e9\r\n{}\r\n0\r\n\r\n", " ".repeat(1001));
    let head = "POST /ticks HTTP/1.1\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked";
    let (status, _, body) = answer(head, chunked.as_bytes());
    check((status, body), 413, "at most 1000 bytes");
    let head = "POST /ticks HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Encoding: gzip\r\nContent-Length: 0";
    let (status, _, body) = answer(head, b"");
    check((status, body), 415, "packed by `gzip`");
    let (status, head, body) = answer("GET /ticks HTTP/1.1", b"");
    assert!(head.contains("allow: post"), "{head}");
    check((status, body), 405, "rows are sent to /ticks by POST");
    assert_eq!(door.polled(), (vec![], 0));
}

#[test]
fn a_bad_row_refuses_its_request() {
    let mut door = door(ErrorPolicy::Fail, 1 << 20);
    let late = row("3").replace("09:00:00", "09:01:01");
    let null = row("4").replace("\"2025-11-14T09:00:00Z\"", "null");
    let body = [row("1"), row("\"x\""), late, null, row("5"), "{".to_owned()].join("\n");
    let (status, answer) = door.post("application/x-ndjson", &body);
    assert_eq!(status, 422);
    assert_eq!((&answer["rows"], &answer["bad"]), (&json!(6), &json!(4)));
    let errors = answer["errors"].as_array().unwrap();
    let told = |e: &Value| {
        let reason = e["reason"].as_str().unwrap();
        format!("{} {} {reason}", e["row"], e["column"])
    };
    assert_eq!(
        errors.iter().map(told).collect::<Vec<_>>(),
        [
            "2 \"price\" column `price`: expected float64, got `x`",
            "3 \"ts\" the event time 2025-11-14T09:01:01Z is more than 60 s ahead of the clock",
            "4 \"ts\" the event time `ts` is null",
            "6 null expected a field's name at byte 2 of the line",
        ]
    );
    assert_eq!(door.polled(), (vec![], 0));
}

#[test]
fn or_only_itself() {
    for policy in [ErrorPolicy::DeadLetter, ErrorPolicy::Skip] {
        let mut door = door(policy, 1 << 20);
        let body = [row("1"), row("\"x\""), row("3"), row("4"), row("-")].join("\n");
        let (status, answer) = door.post("application/x-ndjson", &body);
        assert_eq!(status, 200);
        assert_eq!((&answer["rows"], &answer["bad"]), (&json!(3), &json!(2)));
        assert_eq!(door.polled(), (vec![1.0, 3.0, 4.0], 2));
    }
}

#[test]
fn a_full_queue_is_answered_429_and_what_was_taken_before_stays() {
    let mut door = door(ErrorPolicy::Fail, 1 << 20);
    let mut taken = Vec::new();
    let refused = loop {
        let price = taken.len().to_string();
        let body = row(&price);
        let head = format!(
            "POST /ticks HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}",
            body.len()
        );
        let (status, head, _) = door.raw(&head, body.as_bytes());
        if status != 200 {
            break (status, head);
        }
        taken.push(price.parse::<f64>().unwrap());
        assert!(taken.len() < 1000, "the queue has no bound");
    };
    assert_eq!(refused.0, 429);
    assert!(refused.1.contains("retry-after: 1"), "{}", refused.1);
    assert_eq!(door.polled(), (taken, 0));
    assert_eq!(
        door.post("application/json", row("7")).0,
        200,
        "there is room again"
    );
    assert_eq!(door.polled(), (vec![7.0], 0));
}

#[test]
fn a_stop_keeps_what_was_taken_and_takes_no_more() {
    let mut door = door(ErrorPolicy::Fail, 1 << 20);
    assert_eq!(door.post("application/json", row("1")).0, 200);
    assert!(door.source.close());
    assert_eq!(door.post("application/json", row("2")).0, 503);
    assert_eq!(door.polled(), (vec![1.0], 0));
    assert!(matches!(door.source.poll(1).unwrap(), Polled::End));
    assert!(!door.source.close());
}
