//! Strangers who mean harm, over real sockets: each is refused in its own connection, costs a
//! bounded amount, and is in nobody's way.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use zaraba_net::access::{Access, Auth};

use crate::bench::{Client, End, facts, get, send, start};
use crate::{FACTS, UPGRADE};
use zaraba_core::sink::Sink as _;

/// Longer than anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Sends bytes as they are; what comes until the connection ends.
fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = connect(address);
    // Who is refused early may find the socket closed.
    drop(socket.write_all(bytes));
    rest(socket)
}

fn rest(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    drop(socket.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

/// An upgraded socket, behind the server's answer.
fn upgraded(address: SocketAddr) -> TcpStream {
    let mut socket = connect(address);
    let topics = "GET /ws?topics= HTTP/1.1\r\n";
    write!(socket, "{topics}Host: {address}\r\n{UPGRADE}\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(
        head.starts_with(b"HTTP/1.1 101 "),
        "{}",
        String::from_utf8_lossy(&head)
    );
    socket
}

/// The code of the frame that closes a connection; none: it broke off.
fn close_code(mut socket: TcpStream) -> Option<u16> {
    loop {
        let mut head = [0; 2];
        socket.read_exact(&mut head).ok()?;
        let length = match head[1] & 0x7f {
            126 => {
                let mut long = [0; 2];
                socket.read_exact(&mut long).ok()?;
                usize::from(u16::from_be_bytes(long))
            }
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        socket.read_exact(&mut payload).ok()?;
        if head[0] == 0x88 {
            return Some(u16::from_be_bytes([payload[0], payload[1]]));
        }
    }
}

/// A frame with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        n @ 0..126 => bytes.push(0x80 | n as u8),
        n @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((n as u16).to_be_bytes());
        }
        n => {
            bytes.push(0x80 | 127);
            bytes.extend((n as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// A frame that says how long it is, and is not.
fn claims(length: u64) -> Vec<u8> {
    let mut bytes = vec![0x81, 0x80 | 127];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

#[test]
fn frames_that_are_not_as_agreed_end_their_connection_alone() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |_| {});
    let mut well = runtime.block_on(Client::follow(address));
    let pieces = [
        frame(0x01, &[b' '; 16_000]),
        frame(0x00, &[b' '; 16_000]).repeat(6),
    ]
    .concat();
    let split = [
        frame(0x01, "板".as_bytes().split_at(1).0),
        frame(0x80, b"x"),
    ]
    .concat();
    for (what, bytes, expected) in [
        ("no UTF-8", frame(0x81, &[0xff, 0xfe]), 1007),
        ("no UTF-8 in pieces", split, 1007),
        (
            "compressed, which was not agreed",
            frame(0xc1, b"\x4a\x04\x00"),
            1002,
        ),
        ("an opcode that there is not", frame(0x83, b"x"), 1002),
        ("a control frame that there is not", frame(0x8b, b"x"), 1002),
        ("no mask", vec![0x81, 0x01, b'x'], 1002),
        ("a ping in pieces", frame(0x09, b"x"), 1002),
        ("a long ping", frame(0x89, &[b'x'; 126]), 1002),
        ("a piece of nothing", frame(0x80, b"x"), 1002),
        ("too long by far", claims(u64::MAX >> 1), 1009),
        ("longer than there is", claims(u64::MAX), 1009),
        ("too long by one", claims((64 << 10) + 1), 1009),
        ("too long in pieces", pieces, 1009),
    ] {
        let mut socket = upgraded(address);
        drop(socket.write_all(&bytes));
        assert_eq!(close_code(socket), Some(expected), "{what}");
    }
    sink.write(FACTS, &facts(0..1)).unwrap();
    let message = runtime.block_on(well.next_of("append"));
    assert_eq!(message["rows"][0]["n"], 0);
}

#[test]
fn nothing_is_unpacked_for_strangers() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let offer = format!(
        "{UPGRADE}Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    );
    let answer = get(address, "/ws", &offer).to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(!answer.contains("sec-websocket-extensions"), "{answer}");
    // A packed query is read as it is, which is no SQL.
    let packed = send(
        address,
        "POST /api/query",
        "Content-Encoding: gzip\r\n",
        "\x1f\u{8}",
    );
    assert!(!packed.starts_with("HTTP/1.1 2"), "{packed}");
}

#[test]
fn deep_json_is_told_and_nothing_falls() {
    const DEEP: usize = 100_000;
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| o.limits.message_bytes_max = 1 << 20);
    runtime.block_on(async {
        let mut client = Client::join(address, "?topics=").await;
        for text in [
            "[".repeat(DEEP),
            "{\"op\":".repeat(DEEP),
            format!("{{\"op\":\"subscribe\",\"resume\":{}", "[".repeat(DEEP)),
            format!("{{\"op\":{}1{}}}", "[".repeat(100), "]".repeat(100)),
        ] {
            client
                .send(tokio_tungstenite::tungstenite::Message::text(text))
                .await;
            let error = client.next_of("error").await;
            let said = error["message"].as_str().unwrap();
            assert!(
                said.starts_with("expected ") && said.len() < 1_000,
                "{said}"
            );
        }
        client.say(&json!({ "op": "ping" })).await;
        client.next_of("pong").await;
    });
    let kind = "Content-Type: application/json\r\n";
    let query = send(address, "POST /api/query", kind, &"[".repeat(60_000));
    assert!(query.starts_with("HTTP/1.1 4"), "{query}");
}

/// What is said of names that there are not does not grow with how many were asked.
#[test]
fn many_wrong_names_are_a_short_answer() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let names: Vec<String> = (0..8_000).map(|n| format!("x{n}")).collect();
    let check = |answers: &[Value]| {
        let bytes: usize = answers.iter().map(|a| a.to_string().len()).sum();
        assert!(
            answers.len() <= 20 && bytes < 8 << 10,
            "{} of {bytes}",
            answers.len()
        );
        assert!(
            answers
                .iter()
                .any(|a| a.to_string().contains("no topic `x0`"))
        );
        assert!(
            answers.iter().any(|a| a.to_string().contains("more names")),
            "{answers:?}"
        );
    };
    runtime.block_on(async {
        let mut client = Client::join(address, "?topics=").await;
        client
            .say(&json!({ "op": "subscribe", "topics": names }))
            .await;
        client.say(&json!({ "op": "ping" })).await;
        check(&client.until("pong").await);
        client
            .say(&json!({ "op": "subscribe", "topics": "x".repeat(60_000) }))
            .await;
        let error = client.next_of("error").await.to_string();
        assert!(error.len() < 1_000, "{error}");
        let asked = format!("?topics={}", names[..1_500].join(","));
        let mut client = Client::join(address, &asked).await;
        client.say(&json!({ "op": "ping" })).await;
        check(&client.until("pong").await);
    });
}

#[test]
fn who_says_too_much_is_closed() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| o.limits.messages_max = 50);
    runtime.block_on(async {
        let mut well = Client::join(address, "?topics=").await;
        for ping in [json!({ "op": "ping" }).to_string(), String::new()] {
            let mut client = Client::join(address, "?topics=").await;
            for _ in 0..200 {
                let message = match ping.as_str() {
                    "" => tokio_tungstenite::tungstenite::Message::Ping(Vec::new().into()),
                    text => tokio_tungstenite::tungstenite::Message::text(text),
                };
                // The server may have had enough already.
                if client.try_send(message).await.is_err() {
                    break;
                }
            }
            let (_, end) = client.read_to_end().await;
            assert_eq!(end, End::Code(1008), "{ping}");
        }
        well.say(&json!({ "op": "ping" })).await;
        well.next_of("pong").await;
    });
}

#[test]
fn bodies_that_never_end_are_given_up() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| {
        o.limits.header_time = Duration::from_millis(300);
        o.access = Access {
            auth: Auth::Token("correct-horse-battery".into()),
            origins: Vec::new(),
        };
    });
    let bearer = "Authorization: Bearer correct-horse-battery\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n\r\n5\r\nSELEC\r\n";
    for (request, head) in [
        (
            "POST /api/query",
            format!("{bearer}Content-Length: 100\r\n\r\nSELECT"),
        ),
        ("POST /api/query", format!("{bearer}{chunked}")),
        (
            "POST /api/login",
            "Content-Length: 100\r\n\r\ntoken=".to_owned(),
        ),
        ("POST /api/login", chunked.to_owned()),
    ] {
        let request = format!("{request} HTTP/1.1\r\nHost: {address}\r\n{head}");
        // The socket stays open on our side until the server has had enough.
        let answer = raw(address, request.as_bytes());
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
}

#[test]
fn requests_that_are_none() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let host = "Host: localhost\r\nConnection: close\r\n";
    let post = format!("POST /api/query HTTP/1.1\r\n{host}");
    let long = "a".repeat(20 << 10);
    let many: String = (0..2_000).map(|n| format!("X-{n}: 1\r\n")).collect();
    for request in [
        "\0\0\0\0\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET /health/live HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\n{host}\r\n"),
        format!("GET /health/live?{long} HTTP/1.1\r\n{host}\r\n"),
        format!("{long} / HTTP/1.1\r\n{host}\r\n"),
        format!("GET /health/live HTTP/1.1\r\n{many}\r\n"),
        format!("GET /health/live HTTP/1.1\r\n{host}X: {long}\r\n\r\n"),
        format!("GET /health/live HTTP/1.1\r\n{host}X\0Y: 1\r\n\r\n"),
        format!("GET /health/live HTTP/1.1\r\n{host}X: a\0b\r\n\r\n"),
        format!("{post}Content-Length: -1\r\n\r\n"),
        format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        format!("{post}Content-Length: 99999999999999999999\r\n\r\nab"),
        format!("{post}Transfer-Encoding: xchunked\r\n\r\nab"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n-1\r\nab"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nab"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nab"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n1;{long}\r\na\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n0\r\n{many}\r\n"),
    ] {
        let mut socket = connect(address);
        drop(socket.write_all(request.as_bytes()));
        drop(socket.shutdown(Shutdown::Write));
        let answer = rest(socket);
        let shown = &request[..request.len().min(120)];
        assert!(
            answer.is_empty()
                || answer.starts_with("HTTP/1.1 4")
                || answer.starts_with("HTTP/1.1 5"),
            "{shown:?}: {answer}"
        );
    }
    assert!(get(address, "/health/live", "").starts_with("HTTP/1.1 200 "));
}

#[test]
fn pipelined_requests_and_the_garbage_behind_them() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let live = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = raw(
        address,
        format!("{}\0\x01garbage\r\n\r\n", live.repeat(500)).as_bytes(),
    );
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 500);
    assert!(answer.contains("HTTP/1.1 400 "), "{answer}");
    // A body is not read as a request.
    let inner = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let outer = format!(
        "POST /api/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{inner}",
        inner.len()
    );
    let answer = raw(address, outer.as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[test]
fn half_closed_connections_give_their_places_back() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| o.limits.connections_max = 2);
    for _ in 0..50 {
        let mut socket = connect(address);
        write!(
            socket,
            "GET /health/live HTTP/1.1\r\nHost: {address}\r\n\r\n"
        )
        .unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let answer = rest(socket);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 200 "),
            "{answer}"
        );
        let half = connect(address);
        half.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(half), "");
    }
    let answer = get(address, "/health/live", "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn no_path_leads_out_of_the_assets() {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let dist = dir.path().join("dist");
    std::fs::create_dir_all(dist.join("sub")).unwrap();
    std::fs::write(dist.join("index.html"), "page").unwrap();
    std::fs::write(dist.join(".env"), "SECRET").unwrap();
    std::fs::write(dir.path().join("secret.txt"), "SECRET").unwrap();
    let (_sink, address) = start(&runtime, |o| o.assets = Some(dist.clone()));
    let absolute = dir.path().join("secret.txt").display().to_string();
    let mut paths: Vec<String> = [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/./../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/..%00/secret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/....//secret.txt",
        "/.env",
        "/%2eenv",
        "/sub/%2e%2e/.env",
        "http://localhost/../secret.txt",
        "//../secret.txt",
        "*",
    ]
    .map(str::to_owned)
    .into();
    paths.push(format!("/{absolute}"));
    paths.push(absolute.replace('/', "%2f"));
    for path in &paths {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = raw(address, request.as_bytes());
        assert!(!answer.contains("SECRET"), "{path}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
    assert!(get(address, "/", "").ends_with("page"));
}
