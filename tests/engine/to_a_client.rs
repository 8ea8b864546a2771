//! The whole way: a Parquet file, a TUMBLE, a WebSocket client, under threads.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use zaraba::pipeline::Pipeline;
use zaraba_core::stream::event_time_type;

/// Ten minutes of a tick a second, by turns of two sides, the price the second's number.
fn write_ticks(path: &std::path::Path) {
    let schema = Arc::new(Schema::new(vec![
        Field::new("ts", event_time_type(), false),
        Field::new("side", DataType::Utf8, false),
        Field::new("price", DataType::Float64, false),
    ]));
    let seconds = 0..600i64;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            seconds
                .clone()
                .map(|s| Some(1_763_078_400_000_000 + s * 1_000_000))
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
        Arc::new(
            seconds
                .clone()
                .map(|s| Some(if s % 2 == 0 { "C" } else { "P" }))
                .collect::<StringArray>(),
        ),
        Arc::new(seconds.map(|s| Some(s as f64)).collect::<Float64Array>()),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Ten minutes, two sides: each with what a batch would say.
fn check(messages: &[Value]) {
    let with_rows = messages.iter().filter(|m| m["rows"].is_array());
    let rows: Vec<&Value> = with_rows
        .flat_map(|m| m["rows"].as_array().unwrap())
        .collect();
    assert_eq!(rows.len(), 20);
    for row in rows {
        // 30 rows a side and minute; in minute m the seconds 60m, 60m+2, … or one later.
        let start = row["window_start"].as_str().unwrap();
        let minute: f64 = start[14..16].parse().unwrap();
        let first = minute * 60.0 + if row["side"] == "C" { 0.0 } else { 1.0 };
        assert!(
            start.starts_with("2025-11-14T09:") && start.ends_with("+09:00"),
            "{start}"
        );
        assert_eq!(row["n"], 30);
        assert_eq!(row["total"].as_f64().unwrap(), 30.0 * first + 2.0 * 435.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_tumble_websocket() {
    let dir = tempfile::tempdir().unwrap();
    write_ticks(&dir.path().join("ticks.parquet"));
    for batch_rows in [1, 7, 8192] {
        let text = format!(
            r#"
timezone = "Asia/Tokyo"
[limits]
batch_rows = {batch_rows}
[source.ticks]
connector = "file"
path = "ticks.parquet"
time = "ts"
[query.bars]
sql = """
SELECT window_start, side, count(*) AS n, sum(price) AS total
FROM TUMBLE(ticks, ts, INTERVAL '1 minute') GROUP BY window_start, window_end, side"""
[sink.clients]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["bars"]
"#
        );
        let pipeline = Pipeline::from_text(dir.path().join("pipeline.toml"), text);
        let built = pipeline.build().unwrap_or_else(|e| panic!("{e}"));
        let (_, address) = built.listening()[0].clone();
        let url = format!("ws://{address}/ws?topics=bars");
        let (client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let running = built.start().unwrap();
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
        let kinds: Vec<&str> = messages
            .iter()
            .map(|m| m["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds[0], "hello");
        assert!(
            kinds.contains(&"snapshot") && kinds.contains(&"watermark"),
            "{kinds:?}"
        );
        check(&messages);
    }
}
