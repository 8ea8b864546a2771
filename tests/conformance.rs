//! The program `conformance/run.py`, which knows the protocol's page and nothing of the server,
//! asks pipelines that run.

use zaraba::pipeline::Pipeline;

use crate::python;

/// A calm topic with all kinds of values, the newest row per key, and both again faster than a
/// slow reader.
const PIPELINE: &str = r#"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00+09:00"
interval = "20ms"
rows = 1000000
replay = { speed = 1.0 }
schema = { ts = "timestamp", key = { type = "int64", range = [1, 9] }, n = { type = "int64", range = [1, 1000000] } }
[query.kinds]
sql = """
SELECT ts, n, CAST(ts AS DATE) AS day, CAST(n AS DECIMAL(12, 2)) AS amount, n % 2 = 0 AS even,
       'key ' || key AS text, CAST('NaN' AS DOUBLE) AS nothing, n / 8.0 AS eighth
FROM ticks"""
[table.newest]
from = "ticks"
key = ["key"]
drop_when = "n % 3 = 0"
[source.flood]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00+09:00"
interval = "100us"
rows = 100000000
replay = { speed = 1.0 }
schema = { ts = "timestamp", key = { type = "int64", range = [1, 500] }, pad = { type = "text", default = "PAD" } }
[table.churn]
from = "flood"
key = ["key"]
[source.silent]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
idle_timeout = "1s"
stale_after = "2s"
schema = { ts = "timestamp" }
[query.derived]
sql = "SELECT ts FROM silent"
[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["ticks", "kinds", "newest", "flood", "churn", "derived"]
"#;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/run.py");

/// Asks the program with these arguments; its exit code, and all that it says.
async fn said(args: &[&str]) -> (Option<i32>, String) {
    let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
    let asking = tokio::task::spawn_blocking(move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        python::asked(&[&[PROGRAM], args.as_slice()].concat())
    });
    let output = asking.await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// Runs the program against a pipeline with these options.
async fn ask(scheme: &str, options: &str, args: &[&str]) -> (Option<i32>, String) {
    let text = PIPELINE.replace("PAD", &"x".repeat(2_000)) + options;
    let here = env!("CARGO_MANIFEST_DIR");
    let built = Pipeline::from_text(format!("{here}/pipeline.toml"), text)
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let (_, address) = built.listening()[0].clone();
    let running = built.start().unwrap();
    let url = format!("{scheme}://{address}/ws");
    let topics = [url.as_str(), "--append", "ticks", "--upsert", "newest"];
    let said = said(&[&topics, args].concat()).await;
    running.stopper().stop();
    running.wait().await.unwrap();
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_server_conforms() {
    let topics = "--flood flood --churn churn --stale derived --nan nothing";
    let topics: Vec<&str> = topics.split(' ').collect();
    let (code, printed) = ask("ws", "", &topics).await;
    assert!(printed.ends_with("19 of 19 checks passed\n"), "{printed}");
    let kinds = "(bool, date, decimal, float, int, text, timestamp)";
    assert!(printed.contains(kinds), "{printed}");
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_and_a_token_conforms() {
    // A variable that is always there when these tests run serves as the token.
    let token = std::env::var("ZARABA_PYTHON").unwrap();
    let cert = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../engine/net/src/serve/test_cert.pem"
    );
    let options = "auth = { token_env = \"ZARABA_PYTHON\" }\n\
                   tls = { cert = \"../engine/net/src/serve/test_cert.pem\", \
                   key = \"../engine/net/src/serve/test_key.pem\" }\n";
    let (code, printed) = ask("wss", options, &["--token", &token, "--cafile", cert]).await;
    assert!(printed.ends_with("15 of 15 checks passed\n"), "{printed}");
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_is_closed() {
    let options = "limits = { slow = \"3s\" }\n";
    let args = ["--flood", "flood", "--slow", "3", "--only", "too_slow"];
    let (code, printed) = ask("ws", options, &args).await;
    assert!(printed.ends_with("1 of 1 checks passed\n"), "{printed}");
    assert_eq!(code, Some(0));
}

/// The report tells what failed, what was expected and what came; the exit code tells that it did.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_conform_is_found_out() {
    // Its upsert topic is an append topic, and the other way round.
    let args = [
        "--append",
        "newest",
        "--upsert",
        "ticks",
        "--only",
        "hello,plain",
    ];
    let (code, printed) = ask("ws", "", &args).await;
    assert_eq!(code, Some(1), "{printed}");
    let failed = "FAILED  hello: first comes hello, and says what the topics are\n        \
                  Failed: not an append topic\n";
    assert!(printed.contains(failed), "{printed}");
    assert!(printed.contains("ok      plain: "), "{printed}");
    assert!(printed.ends_with("1 of 2 checks passed\n"), "{printed}");
    let nobody = "ws://127.0.0.1:1/ws";
    let (code, printed) = said(&[nobody, "--append", "a", "--upsert", "b"]).await;
    assert_eq!(code, Some(2));
    assert!(
        printed.starts_with("run.py: ws://127.0.0.1:1/ws: "),
        "{printed}"
    );
}
