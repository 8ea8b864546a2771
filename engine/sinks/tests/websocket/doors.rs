//! Who may come in, and what plain HTTP gets: tokens, listed pages, topics, queries.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::StreamReader;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use zaraba_core::clock::Stopwatch;
use zaraba_core::sink::Sink as _;
use zaraba_net::access::{Access, Auth};
use zaraba_sinks::websocket::query::{Answered, Held, Query, QueryOptions, Refused};

use crate::bench::{facts, get, send, start, state};
use crate::{FACTS, STATE, UPGRADE};

const TOKEN: &str = "correct-horse-battery";
/// `printf correct-horse-battery | base64`
const ENCODED: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5";
const DESK: &str = "https://desk.example";

fn closed() -> Access {
    Access {
        auth: Auth::Token(TOKEN.into()),
        origins: vec![DESK.to_owned()],
    }
}

fn check(address: SocketAddr, cases: &[(&str, &str, u16)]) {
    for (path, headers, status) in cases {
        let answer = get(address, path, headers);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path} {headers}: {answer}"
        );
    }
}

#[test]
fn a_token_opens_the_door() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| o.access = closed());
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    let cookie = format!("Cookie: zaraba_token={ENCODED}\r\n");
    let wrong = "Authorization: Bearer correct-horse-batterx\r\n";
    let protocol = format!("{UPGRADE}Sec-WebSocket-Protocol: zaraba.auth.{ENCODED}\r\n");
    let both =
        format!("{UPGRADE}Sec-WebSocket-Protocol: zaraba.v1.json, zaraba.auth.{ENCODED}\r\n");
    let foreign = format!("Origin: https://evil.example\r\n{bearer}");
    let listed = format!("Origin: {DESK}\r\n{bearer}");
    let in_url = format!("/api/topics?token={TOKEN}");
    check(
        address,
        &[
            ("/", "", 401),
            ("/metrics", "", 401),
            ("/api/topics", "", 401),
            ("/api/topics", wrong, 401),
            (&in_url, "", 401),
            ("/ws", UPGRADE, 401),
            ("/health/live", "", 200),
            ("/health/ready", "", 200),
            ("/api/topics", &bearer, 200),
            ("/api/topics", &cookie, 200),
            ("/metrics", &bearer, 200),
            ("/ws", &protocol, 101),
            ("/ws", &both, 101),
            ("/api/topics", &foreign, 403),
            ("/api/topics", &listed, 200),
            ("/api/topics", &format!("Origin: {DESK}\r\n"), 401),
        ],
    );
    let told = get(address, "/api/topics", "").to_lowercase();
    assert!(told.contains("www-authenticate: bearer"), "{told}");
    let chosen = get(address, "/ws", &both).to_lowercase();
    assert!(
        chosen.contains("sec-websocket-protocol: zaraba.v1.json\r\n"),
        "{chosen}"
    );
    assert!(!get(address, "/ws", &protocol).contains(ENCODED));
    let shared = get(address, "/api/topics", &listed).to_lowercase();
    assert!(
        shared.contains("access-control-allow-origin: https://desk.example\r\n"),
        "{shared}"
    );
    let before = send(
        address,
        "OPTIONS /api/topics",
        &format!("Origin: {DESK}\r\n"),
        "",
    );
    assert!(before.starts_with("HTTP/1.1 204 "), "{before}");
}

/// A program of this machine that knows no token may look, and change nothing.
#[test]
fn parameters_change_by_token_alone() {
    let runtime = Runtime::new().unwrap();
    let (_open, open) = start(&runtime, |_| {});
    let (_public, public) = start(&runtime, |o| o.access.auth = Auth::PublicRead);
    let (_closed, closed) = start(&runtime, |o| o.access = closed());
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    let set = "POST /api/set";
    for (address, request, headers, body, status, text) in [
        (open, "GET /api/set", "", "", 200, "\"fixed\":\"of stone\""),
        (
            open,
            set,
            "",
            "{\"high\":1.5}",
            403,
            "changes always need a token",
        ),
        (public, "GET /api/set", "", "", 403, "public-read"),
        (public, set, "", "{\"high\":1.5}", 403, "need a token"),
        (public, "GET /api/tap/facts", "", "", 403, "need a token"),
        (closed, set, "", "{\"high\":1.5}", 401, "expected the token"),
        (
            closed,
            set,
            bearer.as_str(),
            "{\"high\":1.5}",
            200,
            "\"to\":\"1.5\"",
        ),
        (
            closed,
            set,
            &bearer,
            "{\"high\":\"1.3\"}",
            409,
            "\"reason\":\"no\"",
        ),
        (
            closed,
            set,
            &bearer,
            "{\"low\":true}",
            400,
            "\"refused\":[{\"name\":\"low\"",
        ),
        (
            closed,
            set,
            &bearer,
            "{\"high\":[1]}",
            400,
            "expected {\"NAME\": VALUE",
        ),
        (closed, set, &bearer, "{}", 400, "expected {\"NAME\": VALUE"),
        (
            closed,
            "GET /api/tap/fact",
            &bearer,
            "",
            404,
            "no stream `fact`",
        ),
    ] {
        let answer = send(address, request, headers, body);
        let right = answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(text);
        assert!(right, "{request} {body}: {answer}");
    }
}

#[test]
fn a_tap_is_events() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let events = |path: &str| {
        let answer = get(address, path, "Connection: close\r\n");
        assert!(
            answer.contains("content-type: text/event-stream"),
            "{answer}"
        );
        // Without the lengths of chunks.
        let lines = answer
            .split("\r\n")
            .filter(|l| l.contains(": ") && l.ends_with('\n'));
        lines.collect::<String>()
    };
    let tap = "event: tap\ndata: {\"stream\":\"facts\",\"changelog\":\"append\",\"columns\":[{\
               \"name\":\"n\",\"type\":\"int64\",\"nullable\":false},{\"name\":\"text\",\
               \"type\":\"text\",\"nullable\":false}]}\n\n";
    let told = "event: failed\ndata: {\"rows\":1,\"reason\":\"no\"}\n\n\
                event: skipped\ndata: {\"rows\":5}\n\n";
    let rows = "data: {\"n\":1,\"text\":\"row 1, 板\"}\n\ndata: {\"n\":2,\"text\":\"***, 板\"}\n\n";
    let end = "event: end\ndata: {\"reason\":\"end\"}\n\n";
    assert_eq!(events("/api/tap/facts"), format!("{tap}{rows}{told}{end}"));
    let rows = "event: header\ndata: n,text\n\ndata: 1,\"row 1, 板\"\n\n";
    let end = "event: end\ndata: {\"reason\":\"limit\"}\n\n";
    let csv = events("/api/tap/facts?format=csv&limit=1");
    assert_eq!(csv, format!("{tap}{rows}{told}{end}"));
}

#[test]
fn a_browser_gets_a_cookie_for_the_token() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| o.access = closed());
    let page = get(address, "/", "Accept: text/html\r\n");
    assert!(
        page.starts_with("HTTP/1.1 401 ") && page.contains("<form"),
        "{page}"
    );
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let wrong = send(address, "POST /api/login", form, "token=correct-horse");
    assert!(wrong.starts_with("HTTP/1.1 401 "), "{wrong}");
    let told = |page: &str| page.contains("that is not the token");
    assert!(told(&wrong) && !told(&page), "{wrong}");
    let evil = format!("{form}Origin: https://evil.example\r\n");
    let evil = send(address, "POST /api/login", &evil, &format!("token={TOKEN}"));
    assert!(evil.starts_with("HTTP/1.1 403 "), "{evil}");
    let right = send(address, "POST /api/login", form, &format!("token={TOKEN}"));
    assert!(right.starts_with("HTTP/1.1 303 "), "{right}");
    let cookie =
        format!("set-cookie: zaraba_token={ENCODED}; Path=/; HttpOnly; SameSite=Strict\r\n");
    assert!(right.contains(&cookie), "{right}");
    let large = send(address, "POST /api/login", form, &"token=".repeat(1_000));
    assert!(large.starts_with("HTTP/1.1 401 "), "{large}");
}

#[test]
fn public_topics_and_nothing_more() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| {
        o.access.auth = Auth::PublicRead;
        o.query = Some(fake(Duration::from_secs(1)));
    });
    check(
        address,
        &[
            ("/api/topics", "", 200),
            ("/api/topics/facts", "", 200),
            ("/ws", UPGRADE, 101),
            ("/api/query?sql=SELECT+1", "", 403),
            ("/api/topics", "Sec-Fetch-Site: cross-site\r\n", 403),
        ],
    );
}

#[test]
fn topics_as_json_csv_and_arrow() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |o| o.history.rows = 5);
    sink.write(FACTS, &facts(0..9)).unwrap();
    sink.write(STATE, &state(0..3)).unwrap();
    let body = |path: &str, headers: &str| {
        let answer = get(address, path, headers);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    };
    let (head, json) = body("/api/topics/facts", "");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["topic"], &json["last"]),
        (&json!("facts"), &json!(9))
    );
    let rows: Vec<i64> = json["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["n"].as_i64().unwrap())
        .collect();
    assert_eq!(rows, [4, 5, 6, 7, 8], "the newest five");
    assert!(
        head.contains("zaraba-last: 9\r\n") && head.contains("zaraba-stream-id: "),
        "{head}"
    );
    let (head, csv) = body("/api/topics/facts?limit=2", "Accept: text/csv\r\n");
    assert_eq!(csv, "n,text\n7,\"row 7, 板\"\n8,\"row 8, 板\"\n");
    assert!(head.contains("content-type: text/csv"), "{head}");
    let (_, csv) = body("/api/topics/state?format=csv&limit=2", "");
    assert_eq!(csv, "key,n\n0,0\n31,1\n");
    let (_, list) = body("/api/topics", "");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["topics"][0]["name"], "facts");
    assert_eq!(list["topics"][1]["key"], json!(["key"]));
    assert_eq!(list["topics"][1]["last"], 3);
    let bytes = crate::bench::bytes(address, "/api/topics/facts?format=arrow&limit=3");
    let batches: Vec<_> = StreamReader::try_new(bytes.as_slice(), None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        batches[0].column(0).as_primitive::<Int64Type>().values(),
        &[6, 7, 8]
    );
}

#[test]
fn what_a_topic_has_not() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    for (path, status, text) in [
        (
            "/api/topics/fact",
            404,
            "no topic `fact`; did you mean `facts`?: expected one of facts, state",
        ),
        (
            "/api/topics/facts?format=xml",
            406,
            "no format `xml`: there are json",
        ),
        ("/api/topics/facts?limit=-1", 400, "expected limit=NUMBER"),
        (
            "/api/topics/facts?limits=1",
            400,
            "no parameter `limits`; did you mean `limit`?",
        ),
    ] {
        let answer = get(address, path, "");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains(text), "{answer}");
    }
}

/// Answers with what it was asked for: the rows of `facts`, as a topic has them.
struct Fake;

fn fake(time: Duration) -> QueryOptions {
    let engine = Arc::new(Fake);
    QueryOptions { engine, time }
}

impl Query for Fake {
    fn run(&self, sql: &str, held: Held<'_>, stop: &Arc<AtomicBool>) -> Result<Answered, Refused> {
        if sql == "wait" {
            let watch = Stopwatch::start();
            while !stop.load(Ordering::Relaxed) && watch.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(5));
            }
            return Err(Refused::Failed("stopped".to_owned()));
        }
        let rows = held(sql).ok_or_else(|| Refused::Wrong(format!("no {sql}")))?;
        Ok(Answered {
            schema: rows.schema(),
            rows: vec![rows],
        })
    }
}

#[test]
fn queries() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |o| o.query = Some(fake(Duration::ZERO)));
    sink.write(FACTS, &facts(0..1)).unwrap();
    let json = "Content-Type: application/json\r\n";
    for (request, headers, body, status, text) in [
        ("POST /api/query", "", "facts", 200, "\"rows\":[{\"n\":0,"),
        ("POST /api/query?format=csv", "", "facts", 200, "n,text\n0,"),
        (
            "POST /api/query",
            json,
            "{\"sql\":\"facts\"}",
            200,
            "\"columns\":[{\"name\":\"n\",\"type\":\"int64\",\"nullable\":false}",
        ),
        (
            "GET /api/query?sql=facts&int64=string",
            "",
            "",
            200,
            "{\"n\":\"0\",",
        ),
        ("POST /api/query", json, "{}", 400, "expected one SELECT"),
        ("POST /api/query", "", "", 400, "expected one SELECT"),
        ("POST /api/query", "", "nothing", 400, "no nothing"),
        ("DELETE /api/query", "", "", 405, ""),
        (
            "POST /api/query",
            "",
            "wait",
            422,
            "the query was given up: it did not stop at its limit of time",
        ),
    ] {
        let answer = send(address, request, headers, body);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request} {body}: {answer}"
        );
        assert!(answer.contains(text), "{request} {body}: {answer}");
    }
    let long = send(address, "POST /api/query", "", &"x".repeat(70_000));
    assert!(long.starts_with("HTTP/1.1 413 "), "{long}");
}

#[test]
fn no_more_than_two_queries_run() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| o.query = Some(fake(Duration::from_secs(1))));
    let waiting: Vec<_> = (0..2)
        .map(|_| std::thread::spawn(move || send(address, "POST /api/query", "", "wait")))
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let third = send(address, "POST /api/query", "", "facts");
    assert!(third.starts_with("HTTP/1.1 429 "), "{third}");
    assert!(third.contains("retry-after: 1"), "{third}");
    for waiting in waiting {
        waiting.join().unwrap();
    }
    // Those that nobody waits for any more have left.
    let watch = Stopwatch::start();
    while send(address, "POST /api/query", "", "facts").starts_with("HTTP/1.1 429 ") {
        assert!(watch.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn who_goes_astray_is_told_the_way() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |_| {});
    let asked = |request: &str| {
        let answer = send(address, request, "", "");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status: u16 = head[9..12].parse().unwrap();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        (status, head.to_ascii_lowercase(), body)
    };
    for (request, status, error) in [
        (
            "GET /api/topic/x",
            404,
            "no path /api/topic/x; did you mean `/api/topics`?",
        ),
        (
            "GET /api/stat",
            404,
            "no path /api/stat; did you mean `/api/stats`?",
        ),
        (
            "POST /api/nothing/of/this",
            404,
            "no path /api/nothing/of/this",
        ),
        (
            "DELETE /api/query",
            405,
            "/api/query takes no DELETE: expected GET or POST",
        ),
        (
            "POST /api/topics/facts",
            405,
            "/api/topics/facts takes no POST: expected GET",
        ),
        ("PUT /metrics", 405, "/metrics takes no PUT: expected GET"),
        ("POST /page", 405, "/page takes no POST: expected GET"),
    ] {
        let (got, head, body) = asked(request);
        assert_eq!((got, body["error"].as_str()), (status, Some(error)));
        assert!(head.contains("content-type: application/json"), "{head}");
        let listed = if status == 404 { "paths" } else { "methods" };
        assert!(body[listed].as_array().is_some_and(|all| !all.is_empty()));
        assert_eq!(head.contains("\r\nallow: get"), status == 405, "{head}");
    }
    // A page that there is not is told to people.
    let answer = get(address, "/page", "");
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.ends_with("no such page\n"));
    // What is said to be there is there, by the methods that are said.
    let (_, _, body) = asked("GET /api/");
    for path in body["paths"].as_array().unwrap() {
        let path = path.as_str().unwrap();
        let (status, _, body) = asked(&format!("PATCH {path}"));
        assert_eq!(status, 405, "{path}");
        for method in body["methods"].as_array().unwrap() {
            let (status, ..) = asked(&format!("{} {path}", method.as_str().unwrap()));
            assert_ne!(status, 405, "{path}");
        }
    }
}
