//! What the tests of webhooks stand on: a server of another program, a clock that jumps, a sink.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use chrono_tz::Tz;
use serde_json::{Value, json};
use tempfile::TempDir;
use zaraba_config::document::{Located, WebhookDoc, WebhookForm};
use zaraba_core::batch::Batch;
use zaraba_core::clock::Clock;
use zaraba_core::diagnostic::{SourceMap, Span};
use zaraba_core::meter::Meter;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink as _;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::time::{ClockTime, SECOND};
use zaraba_sinks::input::SinkInput;
use zaraba_sinks::webhook::{WebhookOptions, WebhookSink, check};

/// Longer than anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// 2025-11-14T12:00 in Tokyo.
pub(crate) const NOON: i64 = 1_763_089_200 * SECOND;
pub(crate) const HOUR: i64 = 3_600 * SECOND;

/// A clock that goes on as soon as somebody waits for it, and remembers for how long.
pub(crate) struct Jumping {
    pub(crate) now: Mutex<i64>,
    pub(crate) waits: Mutex<Vec<i64>>,
}

impl Clock for Jumping {
    fn now(&self) -> ClockTime {
        ClockTime(*self.now.lock().unwrap())
    }

    fn patience(&self, until: ClockTime) -> Duration {
        let mut now = self.now.lock().unwrap();
        if until.0 > *now {
            self.waits.lock().unwrap().push(until.0 - *now);
            *now = until.0;
        }
        Duration::ZERO
    }
}

/// The server.
pub(crate) struct Stand {
    pub(crate) child: Child,
    pub(crate) told: Receiver<String>,
    pub(crate) url: String,
}

impl Stand {
    pub(crate) fn new(answers: &[&str]) -> Self {
        let python = std::env::var("ZARABA_PYTHON");
        let python = python.expect("ZARABA_PYTHON names the tests' Python: `make test` sets it up");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webhook/stand_in.py");
        let mut child = Command::new(python)
            .arg(script)
            .args(answers)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|l| tell.send(l)));
        let port = told.recv_timeout(PATIENCE).unwrap();
        let url = format!("http://127.0.0.1:{port}/hooks/SECRET?key=SECRET2");
        Self { child, told, url }
    }

    /// The next request.
    pub(crate) fn next(&self) -> Value {
        let line = self.told.recv_timeout(PATIENCE).expect("no request came");
        serde_json::from_str(&line).unwrap()
    }

    /// The next request's body.
    pub(crate) fn body(&self) -> Value {
        let request = self.next();
        serde_json::from_str(request["body"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A sink, and what is around it.
pub(crate) struct Hook {
    pub(crate) sink: WebhookSink,
    pub(crate) clock: Arc<Jumping>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) dead: PathBuf,
    pub(crate) _dir: TempDir,
}

pub(crate) fn located(value: &str) -> Located<String> {
    let mut sources = SourceMap::default();
    let file = sources.add("pipeline.toml", value);
    let span = Span {
        file,
        start: 0,
        end: 0,
    };
    let value = value.to_owned();
    Located { value, span }
}

pub(crate) const BODY: &str = r#"{"text":"{{ text }}","count":{{ count }}}"#;

pub(crate) fn doc(url: &str) -> WebhookDoc {
    WebhookDoc {
        url: located(url),
        form: WebhookForm::Body(located(BODY)),
        text: Some(located("{{ title }}")),
        put: false,
        headers: vec![("Authorization".to_owned(), "Bearer SECRET3".to_owned())],
        digest: None,
        quiet: None,
        rate: 1e6,
        timeout: 60 * SECOND,
        retries: 3,
        queue: 1_000,
        drain: 60 * SECOND,
        dead_letter: PathBuf::new(),
    }
}

pub(crate) fn input() -> SinkInput {
    SinkInput {
        name: "alerts".to_owned(),
        schema: StreamSchema {
            columns: rows(&[]).rows.schema(),
            time: None,
            changelog: Changelog::Append,
        },
    }
}

/// Rows of a title and a severity.
pub(crate) fn rows(rows: &[(&str, &str)]) -> Batch {
    let titles = rows.iter().map(|(title, _)| *title);
    let severities = rows.iter().map(|(_, severity)| *severity);
    let values = Float64Array::from(vec![52_000.1; rows.len()]);
    let columns = [
        (
            "title",
            Arc::new(StringArray::from_iter_values(titles)) as ArrayRef,
        ),
        (
            "severity",
            Arc::new(StringArray::from_iter_values(severities)),
        ),
        ("value", Arc::new(values)),
    ];
    let n = rows.len();
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    Batch::new(rows, vec![0; n].into(), vec![0; n].into()).unwrap()
}

impl Hook {
    pub(crate) fn new(stand: &Stand, now: i64, change: impl FnOnce(&mut WebhookDoc)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let dead = dir.path().join("deep/dead.jsonl");
        let mut doc = doc(&stand.url);
        doc.dead_letter.clone_from(&dead);
        change(&mut doc);
        let clock = Arc::new(Jumping {
            now: Mutex::new(now),
            waits: Mutex::default(),
        });
        let meter = Arc::new(Meter::default());
        let options = WebhookOptions {
            sink: "chat".to_owned(),
            zone: Tz::Asia__Tokyo,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            secrets: vec!["SECRET3".to_owned()],
            meter: Arc::clone(&meter),
        };
        assert_eq!(check(&doc, &[input()]), []);
        let sink = WebhookSink::start(&doc, &[input()], options).unwrap();
        Self {
            sink,
            clock,
            meter,
            dead,
            _dir: dir,
        }
    }

    pub(crate) fn write(&mut self, of: &[(&str, &str)]) {
        self.sink.write(Port(0), &rows(of)).unwrap();
    }

    /// Ends it; the dead letters as title and reason.
    pub(crate) fn end(mut self) -> Vec<(String, String)> {
        self.sink.close().unwrap();
        let text = std::fs::read_to_string(&self.dead).unwrap_or_default();
        assert!(!text.contains("SECRET"), "{text}");
        let letters: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(Meter::get(&self.meter.errors), letters.len() as u64);
        let field = |v: &Value| v.as_str().unwrap().to_owned();
        letters
            .iter()
            .inspect(|l| {
                assert_eq!(
                    (&l["sink"], &l["stream"]),
                    (&json!("chat"), &json!("alerts"))
                )
            })
            .map(|l| (field(&l["row"]["title"]), field(&l["reason"])))
            .collect()
    }
}
