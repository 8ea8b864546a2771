//! Thousands of strangers who say nothing, or half of something: others are served, and memory
//! stays small.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::runtime::Runtime;

use crate::bench::{Client, get, start};
use crate::hostile::PATIENCE;

/// Bytes that this process has in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() << 10
}

/// A program that opens connections and then does nothing; half of them have begun a request.
const IDLE: &str = "
import resource, socket, sys
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
wanted = min(int(sys.argv[2]), hard - 50)
sockets = []
for n in range(wanted):
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=60)
    if n % 2:
        s.sendall(b'GET / HTTP/1.1\\r\\nHost: local')
    sockets.append(s)
print(len(sockets), flush=True)
sys.stdin.read()
";

struct Idle(Child);

impl Idle {
    fn open(address: SocketAddr, n: usize) -> (Self, usize) {
        let python = std::env::var("ZARABA_PYTHON");
        let python = python.expect("ZARABA_PYTHON names the tests' Python: `make test` sets it up");
        let mut child = Command::new(python)
            .args(["-c", IDLE, &address.port().to_string(), &n.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        let opened = line.trim().parse().unwrap();
        (Self(child), opened)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Far more than there are places: the silent make room for who speaks.
#[test]
fn ten_thousand_idle_sockets_keep_nobody_out() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| o.limits.header_time = PATIENCE);
    let before = resident();
    let (_idle, opened) = Idle::open(address, 10_000);
    println!("{opened} idle sockets");
    for _ in 0..20 {
        let answer = get(address, "/health/live", "");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    runtime.block_on(async {
        Client::join(address, "").await.next_of("hello").await;
    });
    let grown = resident().saturating_sub(before);
    assert!(grown < 128 << 20, "{} MiB", grown >> 20);
}

/// And where all of them have a place, each costs little.
#[test]
fn an_idle_socket_costs_little() {
    let runtime = Runtime::new().unwrap();
    let (_sink, address) = start(&runtime, |o| {
        o.limits.header_time = PATIENCE;
        o.limits.connections_max = 20_000;
    });
    let before = resident();
    let (_idle, opened) = Idle::open(address, 9_000);
    println!("{opened} idle sockets");
    let answer = get(address, "/health/live", "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let each = resident().saturating_sub(before) / opened.max(1);
    assert!(each < 40 << 10, "{each} bytes each");
}
