//! The WebSocket sink over real sockets of this machine: every client is one that any program
//! could be. What needs no socket is tested beside the code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers are tests, too"
)]

#[path = "websocket/bench.rs"]
mod bench;

#[path = "websocket/arrow.rs"]
mod arrow;

#[path = "websocket/doors.rs"]
mod doors;

#[path = "websocket/hostile.rs"]
mod hostile;

#[path = "websocket/idle.rs"]
mod idle;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_tungstenite::tungstenite::Message;
use zaraba_core::clock::Stopwatch;
use zaraba_core::error::Error;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink as _;
use zaraba_core::time::{EventTime, SECOND};
use zaraba_net::limits::Limits;
use zaraba_sinks::websocket::WebsocketSink;

use crate::bench::{Client, End, facts, get, inputs, options, start, state};

const FACTS: Port = Port(0);
const STATE: Port = Port(1);

/// All rows of `facts` that the messages bring; panics at a hole that no gap tells of.
fn follow_facts(messages: &[Value]) -> Vec<i64> {
    let (mut rows, mut last) = (Vec::new(), 0);
    for message in messages.iter().filter(|m| m["topic"] == "facts") {
        let first = message["first"].as_u64().unwrap_or(1); // a snapshot is from the beginning
        assert_eq!(first, last + 1, "{message}");
        last = message["last"].as_u64().unwrap();
        let list = message["rows"].as_array().into_iter().flatten();
        rows.extend(list.map(|row| row["n"].as_i64().unwrap()));
    }
    rows
}

/// The state that the messages leave a client with.
fn follow_state(messages: &[Value]) -> BTreeMap<i64, i64> {
    let mut state = BTreeMap::new();
    let key = |row: &Value| row["key"].as_i64().unwrap();
    for message in messages.iter().filter(|m| m["topic"] == "state") {
        for row in message["rows"].as_array().unwrap() {
            state.insert(key(row), row["n"].as_i64().unwrap());
        }
        for row in message["deleted"].as_array().into_iter().flatten() {
            state.remove(&key(row));
        }
    }
    state
}

/// What a state is after all changes up to `n`: see [`state`].
fn final_state(n: i64) -> BTreeMap<i64, i64> {
    let mut model = BTreeMap::new();
    for i in 0..n {
        match bench::change(i) {
            (key, true) => model.remove(&key),
            (key, false) => model.insert(key, i),
        };
    }
    model
}

#[test]
fn clients_that_come_while_rows_are_written_miss_nothing() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |o| o.history.rows = 1_000_000);
    let rows = 12_000;
    let writer = thread::spawn(move || {
        for n in 0..rows / 10 {
            sink.write(FACTS, &facts(n * 10..n * 10 + 10)).unwrap();
            sink.write(STATE, &state(n * 10..n * 10 + 10)).unwrap();
            sink.watermark(FACTS, EventTime(n * 10 * SECOND)).unwrap();
            if n % 10 == 0 {
                thread::sleep(Duration::from_millis(2));
            }
        }
        sink.close().unwrap();
    });
    let clients: Vec<_> = (0..6)
        .map(|i| {
            thread::sleep(Duration::from_millis(20 * i));
            runtime.spawn(async move {
                Client::join(address, "?topics=facts,state")
                    .await
                    .read_to_end()
                    .await
            })
        })
        .collect();
    for client in clients {
        let (messages, end) = runtime.block_on(client).unwrap();
        assert_eq!(messages[0]["type"], "hello");
        assert_eq!(follow_facts(&messages), (0..rows).collect::<Vec<_>>());
        assert_eq!(follow_state(&messages), final_state(rows));
        let last = messages.last().unwrap();
        assert_eq!(last["type"], "watermark");
        assert_eq!(
            last["time"], "1970-01-01T12:19:59+09:00",
            "the newest row's"
        );
        assert_eq!(end, End::Code(1000));
    }
    writer.join().unwrap();
}

#[test]
fn two_clients_get_the_same_bytes() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |_| {});
    let join = || runtime.block_on(Client::follow(address));
    let (mut a, mut b) = (join(), join());
    for n in 0..50 {
        sink.write(FACTS, &facts(n * 9..n * 9 + 9)).unwrap();
        sink.write(STATE, &state(n * 9..n * 9 + 9)).unwrap();
    }
    let closing = thread::spawn(move || sink.close().unwrap());
    let rows = |client: &mut Client| {
        let texts = runtime.block_on(client.texts());
        // When the heart beats is each client's own.
        texts
            .into_iter()
            .filter(|t| t.contains("\"rows\""))
            .collect::<Vec<_>>()
    };
    let (a, b) = (rows(&mut a), rows(&mut b));
    let of = |texts: &[String], topic: &str| {
        let topic = format!("\"topic\":\"{topic}\"");
        texts
            .iter()
            .filter(|t| t.contains(&topic))
            .cloned()
            .collect::<Vec<_>>()
    };
    for topic in ["facts", "state"] {
        let (a, b) = (of(&a, topic), of(&b, topic));
        assert_eq!(a, b);
        assert_eq!(a.len(), 50, "{topic}");
    }
    closing.join().unwrap();
}

#[test]
fn a_client_that_stops_reading_slows_nobody_and_ends_right() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |o| o.limits.drain = Duration::from_secs(60));
    let traffic = sink.traffic();
    let mut idle = runtime.block_on(Client::follow(address));
    let busy = runtime.spawn(async move {
        Client::join(address, "?topics=state")
            .await
            .read_to_end()
            .await
    });
    let (rows, chunk) = (600_000, 1_000);
    let watch = Stopwatch::start();
    for n in 0..rows / chunk {
        sink.write(FACTS, &facts(n * chunk..(n + 1) * chunk))
            .unwrap();
        sink.write(STATE, &state(n * chunk..(n + 1) * chunk))
            .unwrap();
    }
    // No socket takes what was not read (tens of megabytes); had the writer waited for one, this
    // would have taken until the client is given up, half a minute.
    assert!(
        watch.elapsed() < Duration::from_secs(20),
        "{:?}",
        watch.elapsed()
    );
    let closing = thread::spawn(move || sink.close().unwrap());
    let (messages, end) = runtime.block_on(idle.read_to_end());
    assert_eq!(end, End::Code(1000));
    assert_eq!(follow_state(&messages), final_state(rows));
    let got = follow_facts(&messages);
    let missed: u64 = messages
        .iter()
        .filter(|m| m["type"] == "gap")
        .map(|m| m["last"].as_u64().unwrap() + 1 - m["first"].as_u64().unwrap())
        .sum();
    assert!(missed > 0, "a gap was expected");
    assert_eq!(got.len() as u64 + missed, u64::try_from(rows).unwrap());
    assert_eq!(got.last(), Some(&(rows - 1)));
    let (messages, end) = runtime.block_on(busy).unwrap();
    assert_eq!(
        (follow_state(&messages), end),
        (final_state(rows), End::Code(1000))
    );
    closing.join().unwrap();
    assert!(traffic.conflated.load(std::sync::atomic::Ordering::Relaxed) > 0);
}

#[test]
fn a_client_that_never_reads_again_is_closed() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |o| {
        o.limits = Limits {
            slow: Duration::from_millis(300),
            ..Limits::default()
        };
    });
    let traffic = sink.traffic();
    let mut client = runtime.block_on(Client::join(address, "?topics=facts"));
    let slow = || traffic.too_slow.load(std::sync::atomic::Ordering::Relaxed);
    let mut n = 0;
    while slow() == 0 {
        sink.write(FACTS, &facts(n..n + 5_000)).unwrap();
        n += 5_000;
        assert!(n < 100_000_000, "never closed");
        thread::sleep(Duration::from_millis(1));
    }
    // It is told so, if it reads within the time of a farewell.
    let (_, end) = runtime.block_on(client.read_to_end());
    assert_eq!(end, End::Code(1013));
}

#[test]
fn the_heart_beats_though_nothing_happens() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |_| {});
    sink.watermark(FACTS, EventTime(1_763_078_400 * SECOND))
        .unwrap();
    let mut client = runtime.block_on(Client::join(address, "?topics=facts"));
    let watch = Stopwatch::start();
    for _ in 0..2 {
        let message = runtime.block_on(client.next_of("watermark"));
        assert_eq!(message["time"], "2025-11-14T09:00:00+09:00");
        assert_eq!(message["stale"], json!([]));
    }
    let took = watch.elapsed();
    assert!((1_500..4_000).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn questions_are_answered_while_rows_flow() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |_| {});
    runtime.block_on(async {
        let mut client = Client::join(address, "?topics=&int64=string").await;
        let hello = client.next_of("hello").await;
        assert_eq!(
            (&hello["topics"], &hello["encoding"]["int64"]),
            (&json!([]), &json!("string"))
        );
        client
            .say(&json!({ "op": "subscribe", "topics": ["facts", "fact"] }))
            .await;
        assert_eq!(
            client.next_of("subscribed").await["topics"][0]["name"],
            "facts"
        );
        let wrong = client.next_of("error").await;
        assert!(
            wrong["message"]
                .as_str()
                .unwrap()
                .contains("did you mean `facts`?"),
            "{wrong}"
        );
        sink.write(FACTS, &facts(0..1)).unwrap();
        assert_eq!(client.next_of("append").await["rows"][0]["n"], "0");
        for (sent, expected) in [
            (Message::text("{\"op\":\"sing\"}"), "no op `sing`"),
            (Message::text("}"), "expected a JSON object"),
            (Message::binary(vec![1, 2, 3]), "expected a text frame"),
        ] {
            client.send(sent).await;
            let error = client.next_of("error").await;
            assert!(
                error["message"].as_str().unwrap().starts_with(expected),
                "{error}"
            );
        }
        client.say(&json!({ "op": "ping" })).await;
        client.next_of("pong").await;
        // A message beyond the limit ends the connection, and only this one.
        client
            .send(Message::text(
                " ".repeat(Limits::default().message_bytes_max + 1),
            ))
            .await;
        assert_ne!(client.read_to_end().await.1, End::Code(1000));
        Client::join(address, "").await.next_of("hello").await;
    });
}

#[test]
fn a_run_that_breaks_off_says_so() {
    let runtime = Runtime::new().unwrap();
    let (sink, address) = start(&runtime, |_| {});
    let mut client = runtime.block_on(Client::join(address, ""));
    runtime.block_on(client.next_of("hello"));
    let dropping = thread::spawn(move || drop(sink));
    assert_eq!(runtime.block_on(client.read_to_end()).1, End::Code(1011));
    dropping.join().unwrap();
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn strangers_are_refused() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let own = format!("Origin: http://{address}\r\n{UPGRADE}");
    let foreign = format!("Origin: http://evil.example\r\n{UPGRADE}");
    for (path, headers, expected) in [
        ("/ws", foreign.as_str(), "HTTP/1.1 403 "),
        (
            "/metrics",
            "Origin: http://evil.example\r\n",
            "HTTP/1.1 403 ",
        ),
        ("/ws?topic=facts", own.as_str(), "HTTP/1.1 400 "),
        ("/ws", "", "HTTP/1.1 400 "),
        ("/ws", own.as_str(), "HTTP/1.1 101 "),
    ] {
        let answer = get(address, path, headers);
        assert!(answer.starts_with(expected), "{path} {headers}: {answer}");
    }
}

#[test]
fn one_client_too_many_is_told() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| o.limits.clients_max = 1);
    let first = runtime.block_on(Client::follow(address));
    let answer = get(address, "/ws", UPGRADE);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop(first);
}

#[test]
fn the_inspector_is_there_with_what_it_names() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let browser = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
    let inspector = get(address, "/", browser);
    for part in [
        "content-type: text/html",
        "content-security-policy: default-src 'none'",
        "/inspector/app.js",
    ] {
        assert!(inspector.contains(part), "{inspector}");
    }
    // Each file that the page or another file names is there.
    for file in [
        "boot.js",
        "base.css",
        "graph.css",
        "rows.css",
        "views.css",
        "icon.svg",
    ] {
        let path = format!("/inspector/{file}");
        assert!(inspector.contains(&path), "{inspector}");
        assert!(
            get(address, &path, "").starts_with("HTTP/1.1 200 "),
            "{path}"
        );
    }
    let site = get(address, "/inspector/site.json", "");
    assert!(
        site.ends_with("{\"pipeline\":\"test\",\"zone\":\"Asia/Tokyo\",\"queries\":\"none\"}\n"),
        "{site}"
    );
}

#[test]
fn pages() {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("dist")).unwrap();
    std::fs::write(dir.path().join("dist/index.html"), "<h1>desk</h1>").unwrap();
    std::fs::write(dir.path().join("secret.txt"), "no").unwrap();
    let (mut bare, bare_address) = start(&runtime, |_| {});
    let (_sink, address) = start(&runtime, |o| o.assets = Some(dir.path().join("dist")));
    for (address, path, status, text) in [
        (bare_address, "/", 200, "facts (append, 0 rows so far)"),
        (bare_address, "/nothing", 404, "no such page"),
        (bare_address, "/inspector/app.js", 200, "import"),
        (bare_address, "/inspector/../app.js", 404, "no such page"),
        (bare_address, "/health/live", 200, "live"),
        (bare_address, "/health/ready", 200, "ready"),
        (bare_address, "/metrics", 200, "zaraba_rows_total 7"),
        (bare_address, "/api/explain", 200, "plan: secret"),
        (bare_address, "/api/graph", 200, "{\"nodes\":[]}"),
        (bare_address, "/api/graph?format=svg", 200, "image/svg+xml"),
        (bare_address, "/api/graph?format=png", 406, "json, svg"),
        (bare_address, "/api/graph?size=9", 400, "expected format"),
        (bare_address, "/api/stats", 200, "\"clients\":{\"now\":0,"),
        (address, "/", 200, "<h1>desk</h1>"),
        (address, "/inspector/app.js", 404, "no such file"),
        (address, "/index.html", 200, "content-type: text/html"),
        (address, "/../secret.txt", 404, "no such file"),
        (address, "/%2e%2e/secret.txt", 404, "no such file"),
        (address, "/..%2fsecret.txt", 404, "no such file"),
        (address, "/metrics", 200, "zaraba_rows_total 7"),
    ] {
        let answer = get(address, path, "");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer}"
        );
        assert!(answer.contains(text), "{path}: {answer}");
    }
    bare.close().unwrap();
    assert!(
        std::net::TcpStream::connect(bare_address).is_err(),
        "closed means closed"
    );
}

#[test]
fn a_port_in_use_is_told() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let mut again = options();
    again.listen = address.to_string();
    let error =
        WebsocketSink::start(&inputs(), again, axum::Router::new(), runtime.handle()).unwrap_err();
    let Error::Outside(message) = error else {
        panic!("{error:?}")
    };
    assert!(
        message.starts_with(&format!("{address} is already in use; ")),
        "{message}"
    );
}
