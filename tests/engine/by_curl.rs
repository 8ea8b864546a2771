//! What `curl` alone does with a pipeline that runs: posts rows, reads topics, asks SQL, reads
//! metrics, health and the graph. A query that never ends is stopped, and its place is free again.

use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use zaraba::pipeline::Pipeline;

const PIPELINE: &str = r#"
name = "by-curl"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
[source.ticks.schema]
ts = "timestamp"
side = "text"
price = "int64"
[table.newest]
from = "ticks"
key = ["side"]
[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["ticks", "newest"]
query = { time = "1s", memory = "32MiB", rows = 500 }
"#;

/// Rows that queries which never end multiply with each other.
const ROWS: i64 = 1_000;

/// A query of each kind that has no end, or none that anybody waits for.
const ENDLESS: [&str; 4] = [
    "SELECT count(*) FROM ticks a, ticks b, ticks c, ticks d WHERE a.price + b.price + c.price + d.price < 0",
    "SELECT max(a.price + b.price + c.price + d.price) FROM ticks a, ticks b, ticks c, ticks d",
    "SELECT count(*) FROM ticks a, ticks b, ticks c WHERE regexp_like(a.side || b.side || c.side, '(x+x+)+y')",
    "SELECT count(*) FROM (SELECT a.price * b.price AS k FROM ticks a, ticks b) l JOIN ticks r ON sqrt(l.k + r.price) < -1",
];

fn curl(url: &str, more: &[&str]) -> Command {
    let mut command = Command::new("curl");
    let all = [
        "--silent",
        "--show-error",
        "--max-time",
        "60",
        "--write-out",
        "\n%{http_code}",
    ];
    command.args(all).args(more).arg(url);
    command
}

/// Status and body.
fn read(output: &Output) -> (u16, String) {
    let said = String::from_utf8_lossy(&output.stdout);
    let (body, status) = said
        .rsplit_once('\n')
        .unwrap_or_else(|| panic!("{output:?}"));
    (status.parse().unwrap(), body.to_owned())
}

fn ask(url: &str, more: &[&str]) -> (u16, String) {
    read(&curl(url, more).output().expect("curl is needed"))
}

fn got(url: &str, more: &[&str]) -> String {
    let (status, body) = ask(url, more);
    assert_eq!(status, 200, "{url}: {body}");
    body
}

/// Asks and does not wait for the answer.
fn begin(url: &str, sql: &str) -> Child {
    let mut command = curl(url, &["--data-binary", sql]);
    command
        .stdout(Stdio::piped())
        .spawn()
        .expect("curl is needed")
}

fn value(url: &str, more: &[&str]) -> Value {
    let body = got(url, more);
    serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"))
}

/// A row a second, of two sides by turns, the price the second's number.
fn rows() -> String {
    let row = |i: i64| {
        let (minute, second) = (i / 60, i % 60);
        let side = ["call", "put"][usize::from(i % 2 == 1)];
        json!({ "ts": format!("2025-11-14T09:{minute:02}:{second:02}+09:00"), "side": side, "price": i })
            .to_string()
    };
    (0..ROWS).map(row).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_by_curl() {
    let built = Pipeline::from_text("pipeline.toml", PIPELINE.to_owned())
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let posting = built.posting()[0].1.clone();
    let base = format!("http://{}", built.listening()[0].1);
    let running = built.start().unwrap();
    let asking = tokio::task::spawn_blocking(move || {
        post_and_read(&posting.to_string(), &base);
        never_ending(&base);
        planned_for_long(&base);
    });
    let asked = asking.await;
    running.stopper().stop();
    running.wait().await.unwrap();
    asked.unwrap();
}

fn post_and_read(posting: &str, base: &str) {
    let lines = rows();
    let json = [
        "--header",
        "Content-Type: application/x-ndjson",
        "--data-binary",
        &lines,
    ];
    let (status, body) = ask(posting, &json);
    assert!((200..300).contains(&status), "{status}: {body}");
    let topic = format!("{base}/api/topics/ticks");
    while value(&topic, &[])["last"] != ROWS {
        std::thread::yield_now();
    }
    let newest = value(&format!("{topic}?limit=1"), &[]);
    let last = json!({ "ts": "2025-11-14T09:16:39+09:00", "side": "put", "price": 999 });
    assert_eq!(
        newest,
        json!({ "topic": "ticks", "last": ROWS, "rows": [last] })
    );
    assert_eq!(
        got(&format!("{topic}?limit=2&format=csv"), &[]),
        "ts,side,price\n2025-11-14T09:16:38+09:00,call,998\n2025-11-14T09:16:39+09:00,put,999\n"
    );
    assert_eq!(
        got(
            &format!("{topic}?limit=1"),
            &["--header", "Accept: text/csv"]
        ),
        "ts,side,price\n2025-11-14T09:16:39+09:00,put,999\n"
    );
    let query = format!("{base}/api/query");
    let sql = "SELECT side, count(*) AS n, sum(price) AS s FROM ticks GROUP BY side ORDER BY side";
    let answer = value(&query, &["--data-binary", sql]);
    let sides = json!([
        { "side": "call", "n": 500, "s": 249_500 },
        { "side": "put", "n": 500, "s": 250_000 },
    ]);
    assert_eq!(answer["rows"], sides);
    assert_eq!(got(&format!("{base}/health/live"), &[]), "live\n");
    assert_eq!(got(&format!("{base}/health/ready"), &[]), "ready\n");
    got(&format!("{base}/metrics"), &[]);
    let graph = value(&format!("{base}/api/graph"), &[]);
    let nodes = graph["nodes"].as_array().unwrap();
    assert!(nodes.iter().any(|n| n["name"] == "newest"), "{graph}");
}

/// Two at a time, which is all that may run: were one not gone when it was stopped, the next would
/// find no place.
fn never_ending(base: &str) {
    let query = format!("{base}/api/query");
    let few = "SELECT count(*) AS n FROM ticks";
    for pair in ENDLESS.chunks(2) {
        let asked: Vec<_> = pair.iter().map(|sql| (sql, begin(&query, sql))).collect();
        for (sql, child) in asked {
            let (status, body) = read(&child.wait_with_output().unwrap());
            assert_eq!(status, 422, "{sql}: {body}");
            assert_eq!(
                body, "the query was stopped: it ran longer than its limit of 1s\n",
                "{sql}"
            );
        }
        assert_eq!(
            value(&query, &["--data-binary", few])["rows"],
            json!([{ "n": ROWS }])
        );
    }
    for (sql, expected) in [
        (
            "SELECT price FROM ticks",
            "the query answers more rows than its limit of 500",
        ),
        (
            "SELECT DISTINCT a.price * 1000000 + b.price * 1000 + c.price AS k FROM ticks a, ticks b, ticks c",
            "the query needs more memory than its limit of 32 MiB",
        ),
    ] {
        let (status, body) = ask(&query, &["--data-binary", sql]);
        assert_eq!(status, 422, "{sql}: {body}");
        assert!(body.starts_with(expected), "{sql}: {body}");
    }
}

/// A query whose condition doubles so often when it is moved to its table: seconds of planning, for
/// what is answered at once.
fn doubled(times: usize) -> String {
    let within = |sql: String, _| format!("SELECT n + n AS n FROM ({sql}) AS t");
    let sql = (0..times).fold("SELECT price AS n FROM ticks".to_owned(), within);
    format!("SELECT count(*) FROM ({sql}) AS t WHERE n > 7")
}

/// Planning is part of a query's time. Nobody can stop it, so the query is given up, and its place
/// is free though its thread goes on; what would never end is refused.
fn planned_for_long(base: &str) {
    let query = format!("{base}/api/query");
    let sql = doubled(16);
    let asked = [begin(&query, &sql), begin(&query, &sql)];
    for child in asked {
        let (status, body) = read(&child.wait_with_output().unwrap());
        assert_eq!(status, 422, "{body}");
        // Where planning is quicker than is waited for, it is noticed when it runs.
        assert!(body.starts_with("the query was "), "{body}");
    }
    let few = "SELECT count(*) AS n FROM ticks";
    assert_eq!(
        value(&query, &["--data-binary", few])["rows"],
        json!([{ "n": ROWS }])
    );
    let level = |n: usize| format!("c{n} AS (SELECT a.* FROM c{} a, c{} b)", n - 1, n - 1);
    let levels: Vec<String> = (1..=40).map(level).collect();
    let ctes = format!(
        "WITH c0 AS (SELECT * FROM ticks), {} SELECT count(*) FROM c40",
        levels.join(", ")
    );
    for (sql, expected) in [
        (doubled(40), "error: an expression is too large"),
        (ctes, "error: the query reads too many tables"),
    ] {
        let (status, body) = ask(&query, &["--data-binary", &sql]);
        assert_eq!(status, 400, "{sql}: {body}");
        assert!(body.starts_with(expected), "{sql}: {body}");
    }
}
