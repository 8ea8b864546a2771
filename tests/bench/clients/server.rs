//! A server under measurement: a process of its own, and what it costs.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Ticks of the clock in which the kernel counts processor time, a second.
const TICKS: f64 = 100.0;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// Holds what the process reads.
    _folder: tempfile::TempDir,
}

/// The program that was built beside this one.
fn zaraba() -> PathBuf {
    let this = std::env::current_exe().expect("a program");
    let built = this.ancestors().nth(2).expect("target/release/deps/this");
    built.join("zaraba")
}

impl Server {
    /// A pipeline whose clock makes the messages.
    pub(crate) fn zaraba(every_ms: usize, bytes: usize) -> Self {
        let frame = r#"{"type":"append","topic":"ticks","first":100,"last":100,"time":"2026-11-22T00:00:00.050000+09:00","rows":[{"ts":"2026-11-22T00:00:00.050000+09:00","pad":""}]}"#;
        let pad = "x".repeat(bytes - frame.len());
        Self::pipeline(&format!(
            r#"
[source.clock]
connector = "clock"
every = "{every_ms}ms"
time = "ts"
[query.ticks]
sql = "SELECT ts, '{pad}' AS pad FROM clock"
[sink.clients]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["ticks"]
limits = {{ clients = 100000 }}
"#
        ))
    }

    /// `zaraba run` of a pipeline with a WebSocket sink.
    pub(crate) fn pipeline(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipeline.toml");
        std::fs::write(&path, text).expect("a file");
        let mut process = Command::new(zaraba())
            .arg("run")
            .arg(&path)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("build zaraba first: make bench-clients does");
        let said = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut lines = said.lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .inspect(|line| eprintln!("  {line}"))
            .find_map(|line| address(&line));
        // Read to the end, so that the process never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            address: address.expect("it says where it listens"),
            _folder: folder,
        }
    }

    /// uWebSockets.
    pub(crate) fn uws(modules: &str, every_ms: usize, bytes: usize) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/clients/uws.cjs");
        let mut process = Command::new("node")
            .args([script, modules, &every_ms.to_string(), &bytes.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        let mut said = String::new();
        BufReader::new(process.stdout.take().expect("a pipe"))
            .read_line(&mut said)
            .expect("a line");
        let port: u16 = said.trim().parse().expect("a port");
        Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            _folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// User and system time so far.
    pub(crate) fn processor_seconds(&self) -> f64 {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(path).expect("it runs");
        // Behind the name, which may have spaces: utime and stime are the 14th and 15th of all.
        let (_, behind) = stat.rsplit_once(") ").expect("a name");
        let fields: Vec<&str> = behind.split(' ').collect();
        let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
        (ticks(11) + ticks(12)) / TICKS
    }
}

impl Server {
    /// The most memory that the process held.
    pub(crate) fn peak_mebibytes(&self) -> f64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("it runs");
        let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kibibytes = peak.and_then(|l| l.trim().strip_suffix(" kB"));
        kibibytes.expect("a peak").parse::<f64>().expect("a number") / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The address in a line of what zaraba says.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, behind) = line.split_once("://")?;
    let end = behind.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    behind[..end.unwrap_or(behind.len())].parse().ok()
}
