//! Sources fed over the network in whole pipelines: a listener that sources share with a WebSocket
//! sink, and a clock whose recorded ticks replay to the same.

use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use zaraba::pipeline::Pipeline;

/// A request without a body, or a POST of JSON; the answer's first line and body.
async fn ask(address: &str, path: &str, body: Option<&str>) -> (String, String) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = match body {
        Some(body) => format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}",
            body.len()
        ),
        None => format!("GET {path} HTTP/1.1"),
    };
    let body = body.unwrap_or_default();
    let request = format!("{head}\r\nHost: {address}\r\nConnection: close\r\n\r\n{body}");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.lines().next().unwrap().to_owned(),
        body.trim().to_owned(),
    )
}

/// A source that takes rows at an address.
fn source(address: &str, name: &str, path: &str) -> String {
    format!(
        r#"
[source.{name}]
connector = "http_server"
listen = "{address}"
{path}
time = "ts"
[source.{name}.schema]
ts = "timestamp"
n = "int64"
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_and_a_sink_share_an_address() {
    // A port that is free now: addresses with port 0 are never shared.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let text = format!(
        r#"{}{}
[sink.clients]
connector = "websocket"
listen = "{address}"
from = ["a", "b"]
"#,
        source(&address, "a", ""),
        source(&address, "b", "path = \"/in/b\"")
    );
    let built = Pipeline::from_text("pipeline.toml", text).build();
    let built = built.unwrap_or_else(|e| panic!("{e}"));
    let urls: Vec<&str> = built
        .posting()
        .iter()
        .map(|(_, url)| url.as_str())
        .collect();
    assert_eq!(
        urls,
        [
            format!("http://{address}/a"),
            format!("http://{address}/in/b")
        ]
    );
    let (client, _) = tokio_tungstenite::connect_async(format!("ws://{address}/ws?topics=a,b"))
        .await
        .unwrap();
    let running = built.start().unwrap();
    let row = |n: i32| format!("{{\"ts\":\"2025-11-14T09:00:00Z\",\"n\":{n}}}");
    for (path, n) in [("/a", 1), ("/in/b", 2)] {
        let (status, body) = ask(&address, path, Some(&row(n))).await;
        assert_eq!(
            (status.as_str(), body.as_str()),
            ("HTTP/1.1 200 OK", "{\"rows\":1}")
        );
    }
    let (status, _) = ask(&address, "/health/live", None).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    let (status, _) = ask(&address, "/a", None).await;
    assert_eq!(status, "HTTP/1.1 405 Method Not Allowed");
    running.stopper().stop();
    let messages: Vec<Value> = client
        .filter_map(|m| async move {
            match m {
                Ok(Message::Text(text)) => Some(serde_json::from_str(&text).unwrap()),
                _ => None,
            }
        })
        .collect()
        .await;
    running.wait().await.unwrap();
    let with_rows = messages.iter().filter(|m| m["rows"].is_array());
    let mut rows: Vec<String> = with_rows
        .flat_map(|m| {
            let rows = m["rows"].as_array().unwrap().iter();
            rows.map(|r| format!("{} {}", m["topic"], r["n"]))
        })
        .collect();
    rows.sort();
    assert_eq!(rows, ["\"a\" 1", "\"b\" 2"]);
}

/// Runs a pipeline over beats, with windows of 100 ms over them; the beats and the windows.
async fn beats(folder: &std::path::Path, source: &str, out: &str) -> (String, String) {
    let text = format!(
        r#"
[source.beat]
{source}
time = "ts"
[query.bars]
sql = """
SELECT window_start, window_end, count(*) AS n
FROM TUMBLE(beat, ts, INTERVAL '100 milliseconds') GROUP BY window_start, window_end"""
[sink.out]
connector = "file"
from = ["beat", "bars"]
path = "{out}/{{stream}}.json"
"#
    );
    let built = Pipeline::from_text(folder.join("pipeline.toml"), text).build();
    let running = built.unwrap_or_else(|e| panic!("{e}")).start().unwrap();
    if out == "live" {
        tokio::time::sleep(Duration::from_millis(550)).await;
        running.stopper().stop();
    }
    running.wait().await.unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.join(out).join(name)).unwrap();
    (read("beat.json"), read("bars.json"))
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_ticks_replay_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let clock = "connector = \"clock\"\nevery = \"10ms\"";
    let (beat, bars) = beats(folder.path(), clock, "live").await;
    let file = "connector = \"file\"\npath = \"live/beat.json\"\nschema = { ts = \"timestamp\" }";
    let (again, replayed) = beats(folder.path(), file, "replay").await;
    assert_eq!(beat, again);
    // The stopped run has not said windows that were open.
    assert!(
        !bars.is_empty() && replayed.starts_with(&bars),
        "{bars}\n{replayed}"
    );
    let whole: Vec<&str> = bars.lines().skip(1).collect();
    assert!(whole.len() >= 2, "{bars}");
    for line in whole {
        let bar: Value = serde_json::from_str(line).unwrap();
        assert_eq!(bar["n"], 10, "{line}");
    }
}

#[test]
fn a_clock_beside_the_past_is_most_likely_not_meant() {
    let text = r#"
[source.beat]
connector = "clock"
every = "1s"
time = "ts"
[source.ticks]
connector = "simulate"
start = "2025-11-14T09:00:00Z"
interval = "1s"
time = "ts"
schema = { ts = "timestamp" }
[sink.out]
connector = "stdout"
from = ["beat", "ticks"]
"#;
    let checked = Pipeline::from_text("pipeline.toml", text).check().unwrap();
    let expected = "`beat` ticks in the present and without end, beside the rows of `ticks`";
    assert!(checked.warnings.contains(expected), "{}", checked.warnings);
}

#[test]
fn a_listener_that_all_may_read_takes_no_rows() {
    let address = "127.0.0.1:8225";
    let text = format!(
        "{}[sink.clients]\nconnector = \"websocket\"\nlisten = \"{address}\"\nauth = \
         \"public-read\"\nfrom = [\"a\"]\n",
        source(address, "a", "")
    );
    let refused = Pipeline::from_text("pipeline.toml", text).check();
    let why = refused.err().map(|error| error.to_string());
    let why = why.unwrap_or_default();
    assert!(why.contains("public-read"), "{why}");
}
