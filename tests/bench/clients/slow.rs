//! What a client costs a pipeline that runs as fast as it can: with no client, with one that reads,
//! and with one that stops reading while it is measured. By turns, several rounds: rows a second of
//! the source, and the most memory that the process held. Afterwards the client that had stopped
//! reads again, and must find no hole that a `gap` does not tell of.

use std::io::{Read as _, Write as _};
use std::net::TcpStream as Socket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use zaraba_core::clock::Stopwatch;

use crate::figures::{Figures, number};
use crate::follower::Follower;
use crate::server::Server;

/// As fast as it can: ticks of 20,000 contracts, each as it comes and the newest of each.
const PIPELINE: &str = r#"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00+09:00"
interval = "1ms"
[source.ticks.schema]
ts = "timestamp"
strike = { type = "int64", range = [30000, 40000] }
put_call = { type = "text", one_of = ["C", "P"] }
price = { type = "float64", walk = { start = 250.0, step = 5.0, min = 1.0 } }
[table.newest]
from = "ticks"
key = ["strike", "put_call"]
[sink.clients]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["ticks", "newest"]
limits = { slow = "10m" }
"#;

/// Who is connected while it is measured.
#[derive(Clone, Copy, Debug)]
enum Beside {
    Nobody,
    Reader,
    Stopped,
}

const ALL: [(&str, Beside); 3] = [
    ("no client", Beside::Nobody),
    ("one that reads", Beside::Reader),
    ("one that stops", Beside::Stopped),
];

pub(crate) fn run(runtime: &Runtime) {
    let (rounds, seconds) = (number("ROUNDS", 5), number("SECONDS", 30));
    let window = Duration::from_secs(seconds as u64);
    let mut rates: [Figures; 3] = Default::default();
    let mut memory: [Figures; 3] = Default::default();
    for round in 0..rounds {
        // Each is first, second and third equally often.
        for turn in 0..ALL.len() {
            let at = (round + turn) % ALL.len();
            let (rate, mebibytes) = runtime.block_on(measure(ALL[at].1, window));
            rates[at].add(rate / 1e6);
            memory[at].add(mebibytes);
        }
    }
    for (at, (name, _)) in ALL.iter().enumerate() {
        println!("{name:15} M rows/s  {}", rates[at].line());
        println!("{name:15} peak MiB  {}", memory[at].line());
    }
    println!(
        "one that stops, of no client       {}",
        rates[2].over(&rates[0]).line()
    );
    println!(
        "one that stops, of one that reads  {}",
        rates[2].over(&rates[1]).line()
    );
}

/// Rows a second, and the most memory.
async fn measure(beside: Beside, window: Duration) -> (f64, f64) {
    let server = Server::pipeline(PIPELINE);
    let over = Arc::new(AtomicBool::new(false));
    sleep(Duration::from_secs(2)).await; // keys are new at first
    let follower = match beside {
        Beside::Nobody => None,
        Beside::Reader | Beside::Stopped => {
            let socket = TcpStream::connect(server.address)
                .await
                .expect("it listens");
            Some(Follower::greet(socket, server.address, "ticks,newest").await)
        }
    };
    let (reading, stopped) = match (beside, follower) {
        (Beside::Reader, Some(follower)) => (
            Some(tokio::spawn(follower.follow(Arc::clone(&over), 1))),
            None,
        ),
        (_, follower) => (None, follower),
    };
    let (before, watch) = (rows(&server), Stopwatch::start());
    sleep(window).await;
    let rate = (rows(&server) - before) / watch.elapsed().as_secs_f64();
    let mebibytes = server.peak_mebibytes();
    if let Some(follower) = stopped {
        let reading = tokio::spawn(follower.follow(Arc::clone(&over), 1));
        sleep(Duration::from_secs(2)).await;
        finish(&over, reading).await;
    }
    if let Some(reading) = reading {
        finish(&over, reading).await;
    }
    (rate, mebibytes)
}

async fn finish(over: &AtomicBool, reading: tokio::task::JoinHandle<()>) {
    over.store(true, Ordering::Relaxed);
    reading.await.expect("a client that knows what it missed");
}

/// Rows of the source so far.
fn rows(server: &Server) -> f64 {
    let mut socket = Socket::connect(server.address).expect("it listens");
    let host = server.address;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let source =
        |line: &&str| line.starts_with("zaraba_rows_out_total{") && line.contains("node=\"ticks\"");
    let line = answer
        .lines()
        .find(source)
        .unwrap_or_else(|| panic!("{answer}"));
    let (_, figure) = line.rsplit_once(' ').expect("a figure");
    figure.parse().expect("a figure")
}
