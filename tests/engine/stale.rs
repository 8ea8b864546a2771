//! A source that is silent for its `stale_after`: clients are told of the topics made from it, and
//! told again when rows come.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use zaraba::pipeline::Pipeline;
use zaraba_core::clock::ManualClock;
use zaraba_core::time::{ClockTime, SECOND};

const PIPELINE: &str = r#"
name = "stale"
[source.ticks]
connector = "channel"
time = "ts"
stale_after = "2m"
schema = { ts = "timestamp", n = "int64" }
[source.quotes]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", n = "int64" }
[query.large]
sql = "SELECT ts, n FROM ticks WHERE n > 0"
[sink.clients]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["large", "quotes", "ticks__late"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn topics_behind_a_silent_source_are_told() {
    let noon = 1_763_089_200 * SECOND;
    let clock = ManualClock::new(ClockTime(noon));
    let pipeline = Pipeline::from_text("pipeline.toml", PIPELINE.to_owned());
    let pipeline = pipeline.clock(Arc::new(clock.clone()));
    let mut built = pipeline.build().unwrap_or_else(|e| panic!("{e}"));
    let (ticks, quotes) = (
        built.take_sender("ticks").unwrap(),
        built.take_sender("quotes"),
    );
    let (_, address) = built.listening()[0].clone();
    let url = format!("ws://{address}/ws");
    let (mut client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let running = built.start().unwrap();
    let mut until = async |stale: Value| {
        while let Some(message) = client.next().await {
            let Message::Text(text) = message.unwrap() else {
                continue;
            };
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["type"] == "watermark" && message["stale"] == stale {
                return;
            }
        }
        panic!("{stale} was never told");
    };
    until(json!([])).await;
    clock.set(ClockTime(noon + 121 * SECOND));
    until(json!(["large", "ticks__late"])).await;
    let columns: [(&str, ArrayRef); 2] = [
        (
            "ts",
            Arc::new(TimestampMicrosecondArray::from(vec![noon]).with_timezone("UTC")),
        ),
        ("n", Arc::new(Int64Array::from(vec![1]))),
    ];
    ticks
        .send(RecordBatch::try_from_iter(columns).unwrap())
        .unwrap();
    until(json!([])).await;
    clock.set(ClockTime(noon + 300 * SECOND));
    until(json!(["large", "ticks__late"])).await;
    drop((ticks, quotes));
    running.wait().await.unwrap();
}
