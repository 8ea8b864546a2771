//! A client that follows topics and prints what comes, a JSON object a line: the same lines in
//! each language.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::clients::desk::figures;
use crate::clients::package::Package;
use crate::clients::rust;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Which client.
pub(super) enum Language {
    Python,
    TypeScript(Package),
    Rust,
}

/// How a probe is begun.
#[derive(Default)]
pub(super) struct How<'a> {
    pub(super) url: &'a str,
    pub(super) topics: &'a [&'a str],
    pub(super) token: Option<&'a str>,
    pub(super) until_end: bool,
}

enum Ear {
    Program(Child),
    Task(UnboundedSender<String>),
}

/// A client that runs.
pub(super) struct Probe {
    ear: Ear,
    lines: UnboundedReceiver<Value>,
    pub(super) seen: Vec<Value>,
}

/// What a topic was told, put together.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// The figures of the rows, each once, in order.
    pub(super) rows: Vec<Value>,
    /// Numbers that the client was told it misses.
    pub(super) missed: u64,
    pub(super) snapshots: usize,
    pub(super) connections: u64,
    /// The number that comes next.
    next: u64,
}

impl Language {
    pub(super) fn start(&self, how: &How<'_>) -> Probe {
        let (telling, lines) = unbounded_channel();
        let mut command = match self {
            Self::Rust => {
                return Probe {
                    ear: Ear::Task(rust::probe(how, telling)),
                    lines,
                    seen: Vec::new(),
                };
            }
            Self::Python => {
                let here = env!("CARGO_MANIFEST_DIR");
                let mut command = Command::new(std::env::var("ZARABA_PYTHON").unwrap());
                command.arg("-B").arg(format!("{here}/clients/probe.py"));
                command.arg(format!("{here}/../examples/clients/python"));
                command
            }
            Self::TypeScript(package) => package.probe(),
        };
        command.arg(how.url).args(how.topics);
        command.env_remove("ZARABA_TOKEN");
        command.envs(how.token.map(|token| ("ZARABA_TOKEN", token)));
        command.envs(how.until_end.then_some(("PROBE_UNTIL_END", "1")));
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines() {
                let line = serde_json::from_str(&line.unwrap()).unwrap();
                if telling.send(line).is_err() {
                    return;
                }
            }
        });
        Probe {
            ear: Ear::Program(child),
            lines,
            seen: Vec::new(),
        }
    }
}

impl Probe {
    /// `+TOPIC` or `-TOPIC`.
    pub(super) fn say(&mut self, line: &str) {
        match &mut self.ear {
            Ear::Program(child) => {
                writeln!(child.stdin.as_mut().unwrap(), "{line}").unwrap();
            }
            Ear::Task(ear) => ear.send(line.to_owned()).unwrap(),
        }
    }

    /// Reads on until what was seen is as it should be.
    pub(super) async fn until(&mut self, what: &str, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            let line = timeout(PATIENCE, self.lines.recv()).await;
            let Ok(Some(line)) = line else {
                let last = &self.seen[self.seen.len().saturating_sub(5)..];
                let last: Vec<String> = last.iter().map(|l| format!("{l:.500}")).collect();
                panic!(
                    "waited for {what}; after {} lines, the last\n{}",
                    self.seen.len(),
                    last.join("\n")
                );
            };
            self.seen.push(line);
        }
    }

    /// Reads on until so many rows of a topic have come, or are known to be missed.
    pub(super) async fn rows(&mut self, topic: &str, count: u64) {
        let what = format!("{count} rows of {topic}");
        self.until(&what, |probe| {
            probe.of(topic).any(|line| line["last"] == count)
        })
        .await;
    }

    /// Reads on until a topic's state is this.
    pub(super) async fn state(&mut self, topic: &str, expected: &[Value]) {
        let what = format!("the state of {topic} to be {expected:?}");
        let is = |probe: &Self| {
            probe
                .of(topic)
                .last()
                .map(state)
                .is_some_and(|s| s == expected)
        };
        self.until(&what, is).await;
    }

    /// Reads on until a topic says this last.
    pub(super) async fn last(&mut self, topic: &str, kind: &str) -> Value {
        let is = |probe: &Self| probe.of(topic).any(|line| line["type"] == kind);
        self.until(&format!("`{kind}` of {topic}"), is).await;
        self.of(topic)
            .find(|line| line["type"] == kind)
            .unwrap()
            .clone()
    }

    pub(super) fn of<'a>(&'a self, topic: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> {
        self.seen.iter().filter(move |line| line["topic"] == topic)
    }

    /// Puts together what an append topic was told, whose numbers must have no hole.
    pub(super) fn story(&self, topic: &str) -> Story {
        let mut story = Story::default();
        for line in self.of(topic) {
            let number = |name: &str| line[name].as_u64().unwrap();
            let (last, rows) = (number("last"), line["rows"].as_array());
            let count = rows.map_or(0, |rows| rows.len() as u64);
            let first = match line["type"].as_str().unwrap() {
                "snapshot" => {
                    story.snapshots += 1;
                    last + 1 - count
                }
                _ => number("first"),
            };
            if story.next > 0 {
                assert_eq!(first, story.next, "a hole or a repetition: {line:.300}");
            }
            story.next = last + 1;
            match rows {
                Some(rows) => story.rows.extend(rows.iter().map(figures)),
                None => story.missed += last + 1 - first,
            }
            story.connections = number("connections");
        }
        story
    }
}

/// The state that a line of an upsert topic has, by key.
fn state(line: &Value) -> Vec<Value> {
    let rows = line["state"].as_array().map_or(&[][..], Vec::as_slice);
    let mut rows: Vec<Value> = rows.iter().map(figures).collect();
    rows.sort_by_key(|row| row[0].to_string());
    rows
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Ear::Program(child) = &mut self.ear {
            drop(child.stdin.take()); // which ends it
            let _ = child.wait();
        }
    }
}
