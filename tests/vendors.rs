//! Each vendor's payload, in the documented shape and with its traps, through the shipped feed into
//! the canonical streams. A stand-in server (`vendors/stand_in.py`) behaves as the vendors' public
//! pages say; its numbers are made up. The clock is moved by hand, so that waits cost nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use zaraba::pipeline::{Built, Pipeline};
use zaraba::{ClockTime, ManualClock};
use zaraba_core::time::SECOND;

use crate::cases::folder::{Folder, lines};
use crate::{pipelines, python};

/// J-Quants, over pages and a refusal.
mod jquants;

/// The exchange's workbook.
mod jpx_oi;

/// The Excel bridge.
mod excel_rss;

/// kabu STATION.
mod kabu;

/// How often the clock is moved before a test gives up.
const MOVES: usize = 20_000;

/// The stand-in, which ends with the test.
pub(crate) struct StandIn {
    child: Child,
    pub(crate) port: u16,
}

impl StandIn {
    /// Its seconds go as fast as [`Run`] moves the clock.
    pub(crate) fn start() -> Self {
        Self::with_second("0.02")
    }

    /// Its seconds are as long as this.
    pub(crate) fn with_second(second: &str) -> Self {
        let python = std::env::var("ZARABA_PYTHON").expect("ZARABA_PYTHON names the tests' Python");
        let mut child = Command::new(python)
            .args(["-c", include_str!("vendors/stand_in.py"), second])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("it says its port");
        Self { child, port }
    }

    /// What it was asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.told("asked")
    }

    /// What it tells of itself there.
    pub(crate) fn told(&self, what: &str) -> Vec<String> {
        let request = format!("GET /{what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = send(self.port, &request);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        body.lines().map(str::to_owned).collect()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request and reads the answer to its end.
pub(crate) fn send(port: u16, request: &str) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// The shipped feed in a pipeline that hands out these streams.
pub(crate) fn feed(name: &str, streams: &[&str]) -> Pipeline {
    let text = format!(
        "timezone = \"Asia/Tokyo\"\ninclude = [\"feeds/{name}.toml\"]\n\
         [sink.out]\nconnector = \"channel\"\nfrom = {streams:?}\n"
    );
    Pipeline::from_text(pipelines::here("../pipelines/desk.toml"), text)
}

/// A clock that shows this.
pub(crate) fn clock(at: &str) -> ManualClock {
    let time = chrono::DateTime::parse_from_rfc3339(at).unwrap();
    ManualClock::new(ClockTime(time.timestamp_micros()))
}

/// A run whose rows are collected while its clock goes on.
pub(crate) struct Run {
    rows: Receiver<String>,
    running: zaraba::running::Running,
    clock: ManualClock,
    found: Vec<String>,
}

impl Run {
    /// Starts it.
    pub(crate) fn start(mut built: Built, clock: &ManualClock) -> Self {
        let batches = built.take_receiver("out").unwrap();
        let (sender, rows) = channel();
        std::thread::spawn(move || {
            for (stream, batch) in batches {
                for line in lines(&batch) {
                    let _ = sender.send(format!("{stream}: {line}"));
                }
            }
        });
        Self {
            rows,
            running: built.start().unwrap(),
            clock: clock.clone(),
            found: Vec::new(),
        }
    }

    /// Moves the clock on until there are as many rows, then stops; all rows, sorted.
    pub(crate) fn rows(self, count: usize) -> Vec<String> {
        self.rows_until(|found| found.len() >= count)
    }

    /// The same until there are enough.
    pub(crate) fn rows_until(mut self, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
        for _ in 0..MOVES {
            if enough(&self.found) {
                break;
            }
            match self.rows.recv_timeout(Duration::from_millis(2)) {
                Ok(row) => self.found.push(row),
                Err(_) => self
                    .clock
                    .set(ClockTime(zaraba::Clock::now(&self.clock).0 + SECOND / 10)),
            }
        }
        self.running.stopper().stop();
        let joined = self.running.join();
        self.found.extend(self.rows.iter());
        joined.unwrap_or_else(|e| panic!("{e}: {:#?}", self.found));
        self.found.sort();
        self.found
    }
}

impl Run {
    /// Moves the clock on until something holds, then stops.
    pub(crate) fn until(self, mut holds: impl FnMut() -> bool) {
        let held = (0..MOVES / 10).any(|_| {
            let _ = self.rows.recv_timeout(Duration::from_millis(2));
            self.clock
                .set(ClockTime(zaraba::Clock::now(&self.clock).0 + SECOND / 10));
            holds()
        });
        self.running.stopper().stop();
        self.running.join().unwrap();
        assert!(held, "it did not come to hold");
    }
}

/// A pipeline that ends by itself: its rows, sorted.
pub(crate) fn rows_to_the_end(pipeline: Pipeline) -> Vec<String> {
    let clock = clock("2026-09-02T04:00:00+09:00");
    let built = pipeline.clock(Arc::new(clock.clone())).build();
    let mut built = built.unwrap_or_else(|e| panic!("{e}"));
    let batches = built.take_receiver("out").unwrap();
    let running = built.start().unwrap();
    let mut found: Vec<String> = Vec::new();
    for (stream, batch) in batches {
        found.extend(
            lines(&batch)
                .into_iter()
                .map(|line| format!("{stream}: {line}")),
        );
    }
    running.join().unwrap();
    found.sort();
    found
}

/// A folder with what a Python script writes into it.
pub(crate) fn made_by(script: &str) -> Folder {
    let folder = Folder::new();
    python::run(script, &[&folder.path("").display().to_string()]);
    folder
}
