//! Queries over the topics of a pipeline that runs, asked as `curl` would.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use zaraba::pipeline::Pipeline;

const PIPELINE: &str = r#"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", side = "text", price = "int64" }
[table.newest]
from = "ticks"
key = ["side"]
[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["ticks", "newest"]
query = { time = "1s", rows = 500 }
"#;

/// A row a second, by turns of four sides, the price the second's number.
fn ticks(n: i64) -> RecordBatch {
    const START: i64 = 1_763_078_400_000_000;
    let times = (0..n).map(|i| Some(START + i * 1_000_000));
    let times = times.collect::<TimestampMicrosecondArray>();
    let sides = (0..n).map(|i| Some(["a", "b", "c", "d"][(i % 4) as usize]));
    RecordBatch::try_from_iter_with_nullable([
        ("ts", Arc::new(times.with_timezone("UTC")) as ArrayRef, true),
        ("side", Arc::new(sides.collect::<StringArray>()), true),
        ("price", Arc::new(Int64Array::from_iter_values(0..n)), true),
    ])
    .unwrap()
}

/// Status and body of a query.
fn ask(address: SocketAddr, sql: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(
        socket,
        "POST /api/query?format=csv HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{sql}",
        sql.len()
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_of_a_running_pipeline() {
    let mut built = Pipeline::from_text("pipeline.toml", PIPELINE)
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let (_, address) = built.listening()[0].clone();
    let sender = built.take_sender("ticks").unwrap();
    let running = built.start().unwrap();
    let asking = tokio::task::spawn_blocking(move || {
        sender.send(ticks(1_000)).unwrap();
        // The table's rows wait for the watermark: all but those of the last time are through.
        while ask(address, "SELECT max(price) AS m FROM newest").1 != "m\n998\n" {
            std::thread::yield_now();
        }
        for (sql, status, body) in [
            (
                "SELECT count(*) AS n, sum(price) AS s FROM ticks",
                200,
                "n,s\n1000,499500\n",
            ),
            (
                "SELECT side, price FROM newest WHERE price < 998 ORDER BY side",
                200,
                "side,price\na,996\nb,997\nd,995\n",
            ),
            // Days are those of the pipeline's zone.
            (
                "SELECT ts::text AS t, date_trunc('day', ts) AS d FROM ticks WHERE price = 0",
                200,
                "t,d\n2025-11-14T09:00:00+09:00,2025-11-14T00:00:00+09:00\n",
            ),
            (
                "SELECT price FROM ticks",
                422,
                "the query answers more rows than its limit of 500",
            ),
            (
                "SELECT count(*) FROM ticks a, ticks b, ticks c, ticks d \
                 WHERE a.price + b.price + c.price + d.price < 0",
                422,
                "the query was stopped: it ran longer than its limit of 1s",
            ),
            (
                "SELECT side,\n  prise\nFROM ticks",
                400,
                "error: no column `prise` in `ticks`; did you mean `price`?\n --> query:2:3\n  |\n\
                 2 |   prise\n  |   ^^^^^\n\n1 mistake found\n",
            ),
            ("SELECT * FROM sink", 400, "no stream or table `sink`"),
            (
                "DELETE FROM ticks",
                400,
                "expected a SELECT, found another statement",
            ),
        ] {
            let answer = ask(address, sql);
            assert_eq!(answer.0, status, "{sql}: {}", answer.1);
            assert!(answer.1.contains(body), "{sql}: {}", answer.1);
        }
    });
    asking.await.unwrap();
    running.wait().await.unwrap();
}
