//! Writes what the targets begin with: `seeds FOLDER` makes a folder for each, with whole messages,
//! requests and files, which a fuzzer would take long to find.

use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use zaraba_config::document::Format;
use zaraba_formats::encode::encoder;

// It is built with the flags of the targets, whose counters are libFuzzer's.
libfuzzer_sys::fuzz_target!(|_bytes: &[u8]| {});

const MESSAGES: [&str; 4] = [
    r#"{"op":"ping"}"#,
    r#"{"op":"subscribe","topics":["a","b"]}"#,
    r#"{"op":"subscribe","topics":["a"],"resume":{"stream_id":"x-1","seq":{"a":7}}}"#,
    r#"{"op":"unsubscribe"}"#,
];

const REQUESTS: [&str; 5] = [
    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /%2e%2e/secret HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer correct-horse-battery\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\ntoken=a%2Bb",
    "OPTIONS / HTTP/1.1\r\nHost: desk.example\r\nOrigin: https://desk.example\r\nCookie: zaraba_token=Y29y\r\nSec-WebSocket-Protocol: zaraba.auth.Y29y\r\n\r\n",
];

const CSV: &str = "ts,at,ms,day,text,flag,small,large,price,exact\n2025-11-14T09:00:00+09:00,20251114090000,1763078400000,2025-11-14,\"a \"\"b\"\"\",true,1,\"1,000\",-,1.2500\n";

const JSON: [&str; 3] = [
    "{\"ts\":\"2025-11-14T09:00:00Z\",\"day\":\"2025-11-14\",\"text\":\"\\u677f\",\"flag\":true,\"price\":1.5e3}\n{\"ts\":1}\n",
    "[{\"ts\":\"2025-11-14 09:00\",\"large\":9223372036854775807,\"exact\":\"1.25\"},null]",
    "{\"data\":[{\"rows\":[{\"ts\":\"2025-11-14T09:00:00Z\",\"small\":-1}]}]}",
];

const SHEET: &str = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>ts</t></is></c><c r="B1" t="str"><v>text</v></c><c r="C1" t="str"><v>price</v></c></row><row r="2"><c r="A2"><v>45975.375</v></c><c r="B2" t="b"><v>1</v></c><c r="C2" t="e"><v>#N/A</v></c></row></sheetData></worksheet>"#;

const PIPELINE: &str = include_str!("../../cases/wrong/webhook_templates/pipeline.toml");

/// A frame with a mask of zeros.
fn frame(first: u8, text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap_or(0);
    [&[first, 0x80 | length, 0, 0, 0, 0][..], text.as_bytes()].concat()
}

/// A file in memory.
fn file(format: Format) -> Vec<u8> {
    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Out {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("one thread").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let times = TimestampMicrosecondArray::from(vec![1_763_078_400_000_000; 3]);
    let columns: [(&str, ArrayRef); 3] = [
        ("ts", Arc::new(times.with_timezone("UTC"))),
        (
            "text",
            Arc::new(StringArray::from(vec![Some("a"), None, Some("板")])),
        ),
        (
            "price",
            Arc::new(Float64Array::from(vec![1.5, f64::NAN, -0.0])),
        ),
    ];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let out = Out::default();
    let made = encoder(format, &rows.schema(), chrono_tz::UTC, out.clone());
    let mut encoder = made.expect("plain types");
    encoder
        .write(&rows)
        .and_then(|()| encoder.finish())
        .expect("memory");
    std::mem::take(&mut *out.0.lock().expect("one thread"))
}

fn main() {
    let folder = std::env::args().nth(1).expect("seeds FOLDER");
    let write = |target: &str, n: usize, bytes: &[u8]| {
        let folder = Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("seed-{n}")), bytes).expect("a file");
    };
    // The first byte of some chooses how the rest is read.
    let chosen = |choice: u8, rest: &[u8]| [&[choice][..], rest].concat();
    for (n, message) in MESSAGES.iter().enumerate() {
        write("message", n, message.as_bytes());
        write("frames", n, &frame(0x81, message));
    }
    write(
        "frames",
        9,
        &[
            frame(0x01, "{\"op\":"),
            frame(0x89, "x"),
            frame(0x80, "\"ping\"}"),
        ]
        .concat(),
    );
    for (n, request) in REQUESTS.iter().enumerate() {
        write("request", n, &chosen(n as u8, request.as_bytes()));
    }
    for (n, json) in JSON.iter().enumerate() {
        write("json", n, &chosen(0x50 | n as u8, json.as_bytes()));
    }
    write("csv", 0, &chosen(0x51, CSV.as_bytes()));
    write("arrow", 0, &chosen(0x51, &file(Format::Arrow)));
    write("parquet", 0, &chosen(0x51, &file(Format::Parquet)));
    write("parquet", 1, &chosen(0x55, &file(Format::Parquet)));
    write("xlsx", 0, &chosen(0x51, SHEET.as_bytes()));
    write("pipeline", 0, PIPELINE.as_bytes());
}
