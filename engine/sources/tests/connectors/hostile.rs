//! Bodies that mean harm, POSTed over real sockets: each is refused with what is wrong, nothing of
//! it is taken, and the next request is served.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::ipc::writer::StreamWriter;
use zaraba_config::document::ErrorPolicy;
use zaraba_core::source::{Polled, Source as _};

use crate::http_server::{Door, door};

/// 2025-11-14T09:00:00Z
const NINE: i64 = 1_763_110_800_000_000;
const MAX: u64 = 1 << 20;
const DEEP: usize = 100_000;
const ROW: &str = r#"{"ts":"2025-11-14T09:00:00Z","price":1.5}"#;

impl Door {
    /// The status of a POST, whatever becomes of the connection, and what was said.
    fn push(&self, headers: &str, body: &[u8]) -> (u16, String) {
        let mut socket = TcpStream::connect(self.address).unwrap();
        let head = format!(
            "POST /ticks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        // Who is refused early may find the socket closed.
        drop(socket.write_all(body));
        let mut answer = Vec::new();
        drop(socket.read_to_end(&mut answer));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok());
        (
            status.unwrap_or_else(|| panic!("{headers}: {answer:?}")),
            answer,
        )
    }

    fn of_kind(&self, kind: &str, body: &[u8]) -> (u16, String) {
        let length = body.len();
        self.push(
            &format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n"),
            body,
        )
    }

    /// Rows that were taken.
    fn taken(&mut self) -> usize {
        let mut rows = 0;
        while let Polled::Rows(more) = self.source.poll(1_000).unwrap() {
            rows += more.rows.num_rows();
        }
        rows
    }
}

/// A stream of one row.
fn stream() -> Vec<u8> {
    let times = TimestampMicrosecondArray::from(vec![NINE]).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 2] = [
        ("ts", Arc::new(times)),
        ("price", Arc::new(Float64Array::from(vec![1.5]))),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &rows.schema()).unwrap();
    writer.write(&rows).unwrap();
    writer.into_inner().unwrap()
}

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv";
const ARROW: &str = "application/vnd.apache.arrow.stream";

#[test]
fn text_that_is_deep_long_or_none() {
    let mut door = door(ErrorPolicy::Fail, MAX);
    let within = |text: &str| ROW.replace("1.5", text).into_bytes();
    for (kind, body) in [
        (JSON, "[".repeat(DEEP).into_bytes()),
        (JSON, "{\"a\":".repeat(DEEP).into_bytes()),
        (LINES, "[".repeat(DEEP).into_bytes()),
        (LINES, within(&"[".repeat(DEEP))),
        (
            LINES,
            within(&format!(
                "1.5,\"x\":{}{}",
                "[".repeat(DEEP),
                "]".repeat(DEEP)
            )),
        ),
        (LINES, within(&"9".repeat(DEEP))),
        (LINES, within("1e999999999")),
        (LINES, within("\"\\ud800\"")),
        (LINES, within("\"\0\"")),
        (
            LINES,
            [b"{\"ts\":\"\xff\xfe\",", within("1").as_slice()].concat(),
        ),
        (JSON, b"\xff\xfe".to_vec()),
        (CSV, b"ts,price\n\xff,\xfe\n".to_vec()),
        (
            CSV,
            format!("ts,price\n\"{}", "x".repeat(DEEP)).into_bytes(),
        ),
        (
            CSV,
            format!("ts,price\n{}\n", ",".repeat(DEEP)).into_bytes(),
        ),
        (CSV, format!("{}\n1\n", "ts,".repeat(DEEP)).into_bytes()),
        (CSV, b"\0\0\0\0".to_vec()),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let (status, said) = door.of_kind(kind, &body);
        assert!((400..500).contains(&status), "{kind} {shown}: {said}");
        assert!(said.len() < 8_000, "{kind} {shown}: {}", said.len());
    }
    assert_eq!(door.taken(), 0);
    assert_eq!(door.of_kind(JSON, ROW.as_bytes()).0, 200);
    assert_eq!(door.taken(), 1);
}

#[test]
fn arrow_that_is_damaged() {
    let mut door = door(ErrorPolicy::Fail, MAX);
    let whole = stream();
    assert_eq!(door.of_kind(ARROW, &whole).0, 200);
    assert_eq!(door.taken(), 1);
    // Cut anywhere, and with each byte of lengths and offsets made as large as it goes.
    for at in (1..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        for body in [whole[..at].to_vec(), changed] {
            let (status, said) = door.of_kind(ARROW, &body);
            assert!(
                status == 200 || (400..500).contains(&status),
                "{at}: {said}"
            );
            assert!(!said.contains("bug in zaraba"), "{at}: {said}");
        }
    }
    door.taken();
    let long = [
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f][..],
        &[0; 64],
    ]
    .concat();
    assert!((400..500).contains(&door.of_kind(ARROW, &long).0));
    assert_eq!(door.of_kind(ARROW, &whole).0, 200);
}

#[test]
fn bodies_that_are_packed_or_larger_than_they_say() {
    let mut door = door(ErrorPolicy::Fail, MAX);
    for packed in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        let headers =
            format!("Content-Type: {JSON}\r\nContent-Encoding: {packed}\r\nContent-Length: 2\r\n");
        assert_eq!(door.push(&headers, b"\x1f\x8b").0, 415, "{packed}");
    }
    let zeros = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    assert!((400..500).contains(&door.of_kind(LINES, &zeros).0));
    let chunked = format!("Content-Type: {LINES}\r\nTransfer-Encoding: chunked\r\n");
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let (status, said) = door.push(&chunked, piece.repeat(17).as_bytes());
    assert_eq!(status, 413, "{said}");
    let claims = format!("Content-Type: {LINES}\r\nContent-Length: 9223372036854775807\r\n");
    assert_eq!(door.push(&claims, b"").0, 413);
    assert_eq!(door.taken(), 0);
    assert_eq!(door.of_kind(LINES, ROW.as_bytes()).0, 200);
}
