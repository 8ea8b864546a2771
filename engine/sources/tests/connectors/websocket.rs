//! A server of this process pushes: what it is told, and what becomes of its messages and of its
//! ends. Whole pipelines against a stranger's server are in `tests/engine`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};
use zaraba_config::document::{ColumnType, Format, MessageDoc, RequestDoc, WebsocketDoc};
use zaraba_core::clock::{Clock, ManualClock, SystemClock};
use zaraba_core::source::{Polled, Source};
use zaraba_core::time::{ClockTime, SECOND};
use zaraba_sources::threaded::ThreadedSource;
use zaraba_sources::websocket::websocket;

use crate::common::{column, located, shown};

type Socket = WebSocket<TcpStream>;

/// A server that does `serve` with its `n`th connection, until the test ends.
fn stand(serve: impl Fn(usize, Socket) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/feed?key=secret", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            serve(n, tungstenite::accept(stream.unwrap()).unwrap());
        }
    });
    url
}

fn doc(url: &str) -> WebsocketDoc {
    WebsocketDoc {
        url: located(url.to_owned()),
        headers: Vec::new(),
        before: Vec::new(),
        subscribe: Vec::new(),
        ping: 20 * SECOND,
        timeout: 60 * SECOND,
        connect_timeout: 10 * SECOND,
        format: Format::Json,
        rows: None,
        delimiter: b',',
        header: true,
        max_size: 1 << 20,
    }
}

fn open(doc: &WebsocketDoc, clock: Arc<dyn Clock>) -> ThreadedSource {
    let schema = [
        column("ts", ColumnType::Timestamp),
        column("price", ColumnType::Float64),
    ];
    websocket(doc, &schema, chrono_tz::UTC, clock).unwrap()
}

fn row(price: usize) -> String {
    format!("{{\"ts\":\"2025-11-14T09:00:00Z\",\"price\":{price}}}")
}

/// Polls until it fails: the prices and reasons of bad rows that came before, and why it failed.
fn until_failure(source: &mut ThreadedSource) -> (Vec<String>, String) {
    let mut came = Vec::new();
    loop {
        match source.poll(100) {
            Ok(Polled::Rows(rows)) => {
                let lines = shown(&rows.rows);
                came.extend(
                    lines
                        .iter()
                        .map(|l| l.split('|').nth(1).unwrap().to_owned()),
                );
                came.extend(
                    rows.bad
                        .iter()
                        .map(|(_, b)| format!("{}: {}", b.place, b.reason)),
                );
            }
            Ok(Polled::Pending(_)) => source.wake().wait(Duration::from_millis(20)),
            Ok(other) => panic!("{other:?}"),
            Err(error) => return (came, error.to_string()),
        }
    }
}

fn failure(serve: impl Fn(usize, Socket) + Send + 'static) -> (Vec<String>, String) {
    let url = stand(serve);
    let found = until_failure(&mut open(&doc(&url), Arc::new(SystemClock)));
    let hidden = |text: &str| !text.contains("secret");
    assert!(
        found.0.iter().all(|t| hidden(t)) && hidden(&found.1),
        "{found:?}"
    );
    let name = url.replace("?key=secret", "");
    let plain = |text: &String| text.replace(&name, "URL");
    (found.0.iter().map(plain).collect(), plain(&found.1))
}

#[test]
fn messages_are_rows_and_what_is_none_is_a_bad_row() {
    let (came, why) = failure(|_, mut socket| {
        let frames = [
            Message::text(row(1)),
            Message::text("no json"),
            Message::text(format!("[{},{}]", row(2), row(3))),
            Message::text("[1,"),
            Message::text("{\"price\":4}"),
            Message::binary(row(5).into_bytes()),
            Message::text(""),
            Message::Ping(vec![1].into()),
            Message::text(format!("{}\n{}", row(6), row(7))),
        ];
        frames
            .into_iter()
            .for_each(|frame| socket.send(frame).unwrap());
        let reason = CloseFrame {
            code: 4001.into(),
            reason: "go home".into(),
        };
        socket.close(Some(reason)).unwrap();
        while socket.read().is_ok() {}
    });
    let expected = [
        "1.0",
        "URL: message 2:1: expected null at byte 1 of the line",
        "2.0",
        "3.0",
        "URL: message 4: expected a value at byte 4",
        "URL: message 5: row 1: column `ts`: the field is missing",
        "5.0",
        "6.0",
        "7.0",
    ];
    assert_eq!(came, expected);
    assert_eq!(
        why,
        "URL: the server closed the connection with code 4001: go home"
    );
}

#[test]
fn ends_of_connections_say_what_they_are() {
    let (came, why) = failure(|_, mut socket| {
        socket.send(Message::text(row(1))).unwrap();
        drop(socket);
    });
    assert_eq!(came, ["1.0"]);
    assert!(why.starts_with("URL: the connection is lost"), "{why}");
    let (_, why) = failure(|_, mut socket| {
        let _ = socket.send(Message::text(" ".repeat(1 << 21)));
        while socket.read().is_ok() {}
    });
    let expected = "URL: expected a message of at most 1048576 bytes (`max_size`), got ";
    assert!(why.starts_with(expected), "{why}");
    let (_, why) = failure(|_, mut socket| {
        socket.get_mut().write_all(b"\x81\x02\xff\xff").unwrap();
        while socket.read().is_ok() {}
    });
    assert_eq!(why, "URL: expected a text in UTF-8, got other bytes");
}

#[test]
fn a_fragmented_message_is_one() {
    let (came, _) = failure(|_, mut socket| {
        let row = row(1);
        let (a, b) = row.split_at(7);
        // A text's first fragment, a ping between, its last.
        let mut bytes = vec![0x01, u8::try_from(a.len()).unwrap()];
        bytes.extend(a.as_bytes());
        bytes.extend([0x89, 0]);
        bytes.extend([0x80, u8::try_from(b.len()).unwrap()]);
        bytes.extend(b.as_bytes());
        socket.get_mut().write_all(&bytes).unwrap();
        socket.close(None).unwrap();
        while socket.read().is_ok() {}
    });
    assert_eq!(came, ["1.0"]);
}

#[test]
fn a_silent_connection_is_lost_and_asked_before() {
    let (told, pings) = channel();
    let url = stand(move |_, mut socket| {
        // It reads and never answers: this end writes nothing unless it is told to.
        let mut bytes = [0; 64];
        while let Ok(n @ 1..) = socket.get_mut().read(&mut bytes) {
            let _ = told.send(bytes[..n].to_vec());
        }
    });
    let clock = ManualClock::new(ClockTime(0));
    let mut source = open(&doc(&url), Arc::new(clock.clone()));
    source.poll(1).unwrap();
    // A ping that is due goes out, by the clock that is moved.
    let ping = loop {
        clock.set(ClockTime(clock.now().0 + 7 * SECOND));
        if let Ok(bytes) = pings.recv_timeout(Duration::from_millis(200)) {
            break bytes;
        }
        assert!(clock.now().0 < 3_600 * SECOND, "no ping in an hour");
    };
    assert_eq!(ping[0], 0x89);
    clock.set(ClockTime(clock.now().0 + 61 * SECOND));
    let (_, why) = until_failure(&mut source);
    assert!(
        why.ends_with("nothing came for 60 s, not even an answer to a ping"),
        "{why}"
    );
}

#[test]
fn a_server_that_does_not_answer_the_handshake_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let mut doc = doc(&url);
    doc.connect_timeout = SECOND / 5;
    let (_, why) = until_failure(&mut open(&doc, Arc::new(SystemClock)));
    assert!(
        why.ends_with("the connection was not open within 0.2 s"),
        "{why}"
    );
    drop(listener);
    let (_, why) = until_failure(&mut open(&doc, Arc::new(SystemClock)));
    assert!(why.contains("refused"), "{why}");
}

#[test]
fn a_server_that_is_not_taken_from_is_slowed_down_and_nothing_is_lost() {
    let (told, sent) = channel();
    let rows = 20_000;
    let url = stand(move |_, mut socket| {
        let pad = "x".repeat(1000);
        for n in 0..rows {
            let text = row(n).replace('}', &format!(",\"pad\":\"{pad}\"}}"));
            socket.send(Message::text(text)).unwrap();
            told.send(n).unwrap();
        }
        socket.close(None).unwrap();
        while socket.read().is_ok() {}
    });
    let mut source = open(&doc(&url), Arc::new(SystemClock));
    source.poll(1).unwrap();
    // It sends until buffers are full: far from all, however fast machines are.
    let mut before = 0;
    while sent.recv_timeout(Duration::from_secs(1)).is_ok() {
        before += 1;
    }
    assert!(before < rows / 2, "{before} messages were taken ahead");
    let (came, _) = until_failure(&mut source);
    let expected: Vec<String> = (0..rows).map(|n| format!("{n}.0")).collect();
    assert!(came == expected, "{} rows", came.len());
}

/// What a server was told: the request of the handshake, and messages.
fn told(answer: &'static str) -> (String, JoinHandle<Receiver<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = move || {
        let (tell, told) = channel();
        // A request before, by hand.
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let mut taken = 0;
        while !String::from_utf8_lossy(&request[..taken]).ends_with('}') {
            taken += stream.read(&mut request[taken..]).unwrap();
        }
        tell.send(String::from_utf8(request[..taken].to_vec()).unwrap())
            .unwrap();
        let length = answer.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all((head + answer).as_bytes()).unwrap();
        drop(stream);
        let (stream, _) = listener.accept().unwrap();
        let seen = tell.clone();
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let look =
            move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
                let key = request
                    .headers()
                    .get("x-key")
                    .map(|v| v.to_str().unwrap().to_owned());
                seen.send(format!("{} {key:?}", request.uri())).unwrap();
                if request.uri().path() == "/refused" {
                    let body = Some(format!("not you, {}", key.unwrap_or_default()));
                    return Err(tungstenite::http::Response::builder()
                        .status(403)
                        .body(body)
                        .unwrap());
                }
                Ok(response)
            };
        if let Ok(mut socket) = tungstenite::accept_hdr(stream, look) {
            for _ in 0..2 {
                tell.send(socket.read().unwrap().to_string()).unwrap();
            }
        }
        told
    };
    (address, std::thread::spawn(serve))
}

/// A document whose every text has the token in it.
fn with_token(address: &str, path: &str) -> WebsocketDoc {
    let headers = vec![("X-Key".to_owned(), "Bearer {token}".to_owned())];
    WebsocketDoc {
        before: vec![RequestDoc {
            method: "POST".to_owned(),
            url: format!("http://{address}/token?who=secret"),
            headers: Vec::new(),
            body: Some(MessageDoc::Json(serde_json::json!({ "pw": "{token}" }))),
            capture: vec![("token".to_owned(), "$.a[1].t".to_owned())],
        }],
        headers,
        subscribe: vec![
            MessageDoc::Text("take {token}".to_owned()),
            MessageDoc::Json(serde_json::json!({ "t": "{token}", "n": [1] })),
        ],
        ..doc(&format!("ws://{address}{path}?t={{token}}"))
    }
}

#[test]
fn what_is_captured_is_said_to_the_server_and_to_nobody_else() {
    let answer = r#"{"a":[0,{"t":"to k/en\"&"}]}"#;
    let (address, server) = told(answer);
    let mut source = open(&with_token(&address, "/feed"), Arc::new(SystemClock));
    let (_, why) = until_failure(&mut source);
    let told: Vec<String> = server.join().unwrap().iter().collect();
    assert!(
        told[0].starts_with("POST /token?who=secret HTTP/1.1\r\n"),
        "{}",
        told[0]
    );
    assert!(
        told[0]
            .to_ascii_lowercase()
            .contains("content-type: application/json")
    );
    assert!(
        told[0].ends_with(r#"{"pw":"{token}"}"#),
        "captured later: {}",
        told[0]
    );
    assert_eq!(
        told[1],
        r#"/feed?t=to%20k%2Fen%22%26 Some("Bearer to k/en\"&")"#
    );
    assert_eq!(told[2], r#"take to k/en"&"#);
    assert_eq!(told[3], r#"{"t":"to k/en\"&","n":[1]}"#);
    assert!(!why.contains("to k/en") && !why.contains("secret"), "{why}");
}

#[test]
fn refusals_hide_what_was_captured() {
    let (address, server) = told(r#"{"a":[0,{"t":"confidential"}]}"#);
    let mut source = open(&with_token(&address, "/refused"), Arc::new(SystemClock));
    let (_, why) = until_failure(&mut source);
    drop(server.join().unwrap());
    let expected = format!(
        "ws://{address}/refused: answered 403 Forbidden, which will hardly change by itself; look \
         at `headers`: not you, Bearer ***"
    );
    assert_eq!(why, expected);
    let (address, server) = told("{}");
    let (_, why) = until_failure(&mut open(&with_token(&address, "/"), Arc::new(SystemClock)));
    let expected =
        format!("POST http://{address}/token: the answer has nothing at `$.a[1].t` for `token`");
    assert_eq!(why, expected);
    drop(server);
}

#[test]
fn tls_with_a_server_that_has_none_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1000]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let (_, why) = until_failure(&mut open(&doc(&url), Arc::new(SystemClock)));
    assert!(why.starts_with(&url), "{why}");
    server.join().unwrap();
}
