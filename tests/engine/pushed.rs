//! `connector = "websocket"` as a source in whole pipelines, against Python's `websockets` in the
//! part of a vendor: tokens by POST, connections that end in every way there is.

use zaraba::pipeline::Pipeline;
use zaraba_core::meter::Meter;

use crate::cases::folder::lines;
use crate::python::{Beside, start};

/// A pipeline that reads from the stand-in.
fn pipeline(server: &Beside, password: &str) -> String {
    let mut ports = server.said.split_whitespace();
    let (tokens, socket) = (ports.next().unwrap(), ports.next().unwrap());
    format!(
        r#"
[source.feed]
connector = "websocket"
url = "ws://127.0.0.1:{socket}/push?t={{token}}"
headers = {{ X-API-KEY = "{{token}}" }}
before = [
    {{ request = "POST http://127.0.0.1:{tokens}/token", body = {{ APIPassword = "{password}" }}, capture = {{ token = "$.Token" }} }},
    {{ request = "PUT http://127.0.0.1:{tokens}/register", headers = {{ X-API-KEY = "{{token}}" }}, body = {{ Symbols = [{{ Symbol = "8411" }}] }} }},
]
subscribe = ["hello {{token}}", {{ op = "take", key = "{{token}}", depth = 10 }}]
ping = "200ms"
timeout = "1s"
rows = "$.data"
time = "ts"
schema = {{ ts = "timestamp", n = "int64" }}
[sink.out]
connector = "channel"
from = ["feed", "feed__errors"]
"#
    )
}

#[test]
fn every_end_of_a_connection_is_followed_by_the_next() {
    let server = start(include_str!("pushed/server.py"), &["open sesame"]);
    let text = pipeline(&server, "open sesame");
    let mut built = Pipeline::from_text("pipeline.toml", text)
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let out = built.take_receiver("out").unwrap();
    let meters = built.meters();
    let running = built.start().unwrap();
    let stopper = running.stopper();
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    for (stream, batch) in out {
        match &*stream {
            "feed" => rows.extend(lines(&batch)),
            _ => bad.extend(lines(&batch)),
        }
        if rows.len() == 10 {
            stopper.stop();
        }
    }
    running.join().unwrap();
    let expected: Vec<String> = (0..10)
        .map(|n| format!("2025-11-14T00:00:{n:02}Z|{n}"))
        .collect();
    assert_eq!(rows, expected);
    let [garbage, text] = bad.as_slice() else {
        panic!("{bad:?}");
    };
    assert!(garbage.contains("message 3|no json at all"), "{garbage}");
    assert!(
        text.contains("column `n`: expected int64, got `two`") && text.contains("message 4: row 1"),
        "{text}"
    );
    // Cut off, refused, closed, silent: four failures, and after each all was said again.
    let (_, meter) = meters.iter().find(|(name, _)| &**name == "feed").unwrap();
    assert_eq!(Meter::get(&meter.failures), 4);
}

#[test]
fn a_wrong_password_is_asked_again_and_again() {
    let server = start(include_str!("pushed/server.py"), &["open sesame"]);
    let text = pipeline(&server, "open barley");
    let built = Pipeline::from_text("pipeline.toml", text).build().unwrap();
    let mut built = built;
    let out = built.take_receiver("out").unwrap();
    let meters = built.meters();
    let running = built.start().unwrap();
    let (_, meter) = meters.iter().find(|(name, _)| &**name == "feed").unwrap();
    while Meter::get(&meter.failures) < 2 {
        std::thread::yield_now();
    }
    running.stopper().stop();
    assert_eq!(out.count(), 0);
    running.join().unwrap();
}
