//! `zaraba.v1.arrow`: the same rows as the JSON protocol, in binary frames.

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::StreamReader;
use futures::StreamExt as _;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use zaraba_core::sink::Sink as _;

use crate::bench::{Client, facts, start, state};
use crate::{FACTS, STATE};

/// A frame taken apart as the reference page says: header, rows, deleted keys.
fn apart(frame: &[u8]) -> (Value, Vec<RecordBatch>, Vec<RecordBatch>) {
    let length = u32::from_le_bytes(frame[..4].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&frame[4..4 + length]).unwrap();
    let bytes = |list: &Value| usize::try_from(list["bytes"].as_u64().unwrap_or(0)).unwrap();
    let (rows, deleted) = (bytes(&header["rows"]), bytes(&header["deleted"]));
    let body = &frame[4 + length..];
    assert_eq!(body.len(), rows + deleted);
    let read = |stream: &[u8]| -> Vec<RecordBatch> {
        if stream.is_empty() {
            return Vec::new();
        }
        StreamReader::try_new(stream, None)
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let (rows, deleted) = (read(&body[..rows]), read(&body[rows..]));
    let count = |list: &[RecordBatch]| list.iter().map(RecordBatch::num_rows).sum::<usize>();
    assert_eq!(header["rows"]["count"], count(&rows));
    assert_eq!(
        header["deleted"]["count"].as_u64().unwrap_or(0),
        count(&deleted) as u64
    );
    (header, rows, deleted)
}

fn numbers(batches: &[RecordBatch], column: usize) -> Vec<i64> {
    let columns = batches
        .iter()
        .map(|b| b.column(column).as_primitive::<Int64Type>());
    columns.flat_map(|c| c.values().to_vec()).collect()
}

fn json_numbers(list: &Value, column: &str) -> Vec<i64> {
    let rows = list.as_array().into_iter().flatten();
    rows.map(|row| row[column].as_i64().unwrap()).collect()
}

#[test]
fn the_same_rows_as_json() {
    let runtime = Runtime::new().unwrap();
    let (mut sink, address) = start(&runtime, |_| {});
    sink.write(FACTS, &facts(0..10)).unwrap();
    sink.write(STATE, &state(0..10)).unwrap();
    let mut request = format!("ws://{address}/ws?topics=facts,state")
        .into_client_request()
        .unwrap();
    let protocol = "zaraba.v1.arrow".parse().unwrap();
    request
        .headers_mut()
        .insert("Sec-WebSocket-Protocol", protocol);
    let (mut client, mut json) = runtime.block_on(async {
        let (client, answer) = connect_async(request).await.unwrap();
        assert_eq!(
            answer.headers()["sec-websocket-protocol"],
            "zaraba.v1.arrow"
        );
        (client, Client::follow(address).await)
    });
    let mut frames = Vec::new();
    runtime.block_on(async {
        let Some(Ok(Message::Text(hello))) = client.next().await else {
            panic!()
        };
        let hello: Value = serde_json::from_str(&hello).unwrap();
        assert_eq!(
            (&hello["type"], &hello["encoding"]["rows"]),
            (&"hello".into(), &"arrow".into())
        );
        while frames.len() < 2 {
            if let Some(Ok(Message::Binary(frame))) = client.next().await {
                frames.push(apart(&frame));
            }
        }
    });
    // Ten facts in one frame and changes with deletions in another.
    sink.write(FACTS, &facts(10..20)).unwrap();
    sink.write(STATE, &state(10..40)).unwrap();
    let appended = runtime.block_on(json.next_of("append"));
    let upserted = runtime.block_on(json.next_of("upsert"));
    sink.close().unwrap();
    runtime.block_on(async {
        while let Some(Ok(message)) = client.next().await {
            if let Message::Binary(frame) = message {
                frames.push(apart(&frame));
            }
        }
    });
    let kinds: Vec<_> = frames
        .iter()
        .map(|f| f.0["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["snapshot", "snapshot", "append", "upsert"]);
    assert_eq!(numbers(&frames[0].1, 0), (0..10).collect::<Vec<_>>());
    let (header, rows, _) = &frames[2];
    assert_eq!(header["first"], appended["first"]);
    assert_eq!(header["time"], appended["time"]);
    assert_eq!(numbers(rows, 0), json_numbers(&appended["rows"], "n"));
    let (header, rows, deleted) = &frames[3];
    assert_eq!(header["last"], upserted["last"]);
    assert_eq!(numbers(rows, 1), json_numbers(&upserted["rows"], "n"));
    assert!(!deleted.is_empty());
    assert_eq!(deleted[0].num_columns(), 1, "the keys alone");
    assert_eq!(
        numbers(deleted, 0),
        json_numbers(&upserted["deleted"], "key")
    );
}
