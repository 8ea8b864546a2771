//! The program `conformance/run.py`, which knows the protocol's page and nothing of the server,
//! asks pipelines that run.

use zaraba::pipeline::Pipeline;

use crate::python;

/// A calm topic, the newest row per key, and one that is faster than its slow reader.
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
schema = { ts = "timestamp", pad = { type = "text", default = "PAD" } }
[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["ticks", "newest", "flood"]
"#;

/// Runs the program against a pipeline with these options; what it printed.
async fn ask(scheme: &str, options: &str, args: &[&str]) -> String {
    let text = PIPELINE.replace("PAD", &"x".repeat(2_000)) + options;
    let here = env!("CARGO_MANIFEST_DIR");
    let built = Pipeline::from_text(format!("{here}/pipeline.toml"), text)
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let (_, address) = built.listening()[0].clone();
    let running = built.start().unwrap();
    let url = format!("{scheme}://{address}/ws");
    let all = [
        &[url.as_str(), "--append", "ticks", "--upsert", "newest"],
        args,
    ]
    .concat();
    let args: Vec<String> = all.iter().map(|a| (*a).to_owned()).collect();
    let asking = tokio::task::spawn_blocking(move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        python::run(include_str!("conformance/run.py"), &args)
    });
    let printed = asking.await.unwrap();
    running.stopper().stop();
    running.wait().await.unwrap();
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_server_conforms() {
    let printed = ask("ws", "", &["--flood", "flood"]).await;
    assert!(printed.ends_with("13 of 13 checks passed\n"), "{printed}");
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
    let printed = ask("wss", options, &["--token", &token, "--cafile", cert]).await;
    assert!(printed.ends_with("13 of 13 checks passed\n"), "{printed}");
}
