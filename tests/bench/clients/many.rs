//! Many WebSocket clients of one topic: 2,000 of them, 20 messages a second of 1.9 kB, no
//! compression. What is measured is the processor time of the server's process, user and system,
//! while every client gets every message. The server is `zaraba run`; beside it, by turns,
//! uWebSockets does the same broadcast (`UWS` names the folder of its node_modules; without it zaraba
//! is alone).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use crate::figures::{Figures, number};
use crate::follower::Follower;
use crate::server::Server;

/// From message to message.
const EVERY_MS: usize = 50;
/// Clients that connect at one time.
const CONNECTING: usize = 50;
/// How long clients that are late are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(runtime: &Runtime) {
    let clients = number("CLIENTS", 2_000);
    let (rounds, seconds, bytes) = (
        number("ROUNDS", 5),
        number("SECONDS", 6),
        number("BYTES", 1_900),
    );
    let window = Duration::from_secs(seconds as u64);
    let modules = std::env::var("UWS").ok();
    let mut ours = Figures::default();
    let mut theirs = Figures::default();
    println!(
        "{clients} clients, {} messages a second of {bytes} bytes, {seconds} s",
        1_000 / EVERY_MS
    );
    for _ in 0..rounds {
        let server = Server::zaraba(EVERY_MS, bytes);
        ours.add(runtime.block_on(measure(&server, clients, window)));
        if let Some(modules) = &modules {
            let server = Server::uws(modules, EVERY_MS, bytes);
            theirs.add(runtime.block_on(measure(&server, clients, window)));
        }
    }
    println!("processor seconds of the server's process in {seconds} s, nothing missing:");
    println!("  zaraba       {}", ours.line());
    if modules.is_some() {
        println!("  uWebSockets  {}", theirs.line());
        println!(
            "  zaraba / uWebSockets, round by round  {}",
            ours.over(&theirs).line()
        );
    }
}

/// Processor seconds of a server while all clients follow it.
async fn measure(server: &Server, clients: usize, window: Duration) -> f64 {
    let over = Arc::new(AtomicBool::new(false));
    let expected = window.as_millis() as usize / EVERY_MS;
    let mut following = Vec::new();
    for start in (0..clients).step_by(CONNECTING) {
        let these = (start..clients.min(start + CONNECTING)).map(|_| join(server));
        for follower in futures::future::join_all(these).await {
            let over = Arc::clone(&over);
            following.push(tokio::spawn(follower.follow(over, expected)));
        }
    }
    sleep(Duration::from_secs(1)).await; // what connecting cost is not of interest
    let before = server.processor_seconds();
    sleep(window).await;
    let used = server.processor_seconds() - before;
    over.store(true, Ordering::Relaxed);
    let all = futures::future::join_all(following);
    let all = timeout(PATIENCE, all)
        .await
        .expect("every client gets everything");
    for follower in all {
        follower.expect("a client that misses nothing");
    }
    used
}

async fn join(server: &Server) -> Follower {
    let socket = TcpStream::connect(server.address)
        .await
        .expect("it listens");
    Follower::greet(socket, server.address, "ticks").await
}
