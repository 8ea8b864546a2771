//! A declared alert on a stream of keys and values, driven by hand.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono_tz::Tz;
use zaraba_config::document::{AlertDoc, Value};
use zaraba_config::load::{LoadOptions, load};
use zaraba_core::batch::Batch;
use zaraba_core::message::Message;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::time::{Epoch, EventTime};
use zaraba_finance::calendar::Calendar;
use zaraba_sql::plan::catalog::Catalog;
use zaraba_sql::plan::stage::Stage;

use crate::check::Around;
use crate::plan::{Planned, plan};

const SECOND: i64 = 1_000_000;

/// A row, its time in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input {
    pub(super) time: i64,
    pub(super) key: i64,
    pub(super) v: Option<i64>,
    pub(super) deleted: bool,
}

/// An alert, its time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) time: i64,
    pub(super) key: i64,
    pub(super) state: &'static str,
    pub(super) severity: &'static str,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ran {
    pub(super) told: Vec<Told>,
    /// Everything that the alerts say, ids too.
    pub(super) rows: Vec<String>,
    /// Time, state, key and title.
    pub(super) lines: Vec<String>,
    /// Not compared: what is held before the end.
    pub(super) state_bytes: Ignored,
    /// Not compared: the most alerts in a batch.
    pub(super) most: Ignored,
}

/// A number that is equal to any other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ignored(usize);

impl PartialEq for Ignored {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl PartialEq<usize> for Ignored {
    fn eq(&self, other: &usize) -> bool {
        self.0 == *other
    }
}

impl PartialOrd<usize> for Ignored {
    fn partial_cmp(&self, other: &usize) -> Option<std::cmp::Ordering> {
        self.0.partial_cmp(other)
    }
}

impl std::fmt::Display for Ignored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A planned alert.
pub(super) struct Declared(pub(super) Planned);

fn columns() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("unread", DataType::Int64, true),
        Field::new("k", DataType::Int64, true),
        Field::new("v", DataType::Int64, true),
    ]))
}

/// An `[alert.a]` with these options, on the upsert stream `s` of `unread, k, v`.
pub(super) fn document(options: &str) -> AlertDoc {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipeline.toml");
    std::fs::write(&path, format!("[alert.a]\nfrom = \"s\"\n{options}")).unwrap();
    let options = LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &|_| None,
    };
    let loaded = load(&path, &options);
    let mistakes = loaded.sources.render_all(&loaded.diagnostics);
    let document = loaded.document.expect("a document");
    document.alerts.into_iter().next().expect(&mistakes)
}

impl Declared {
    pub(super) fn new(options: &str) -> Self {
        let schema = StreamSchema {
            columns: columns(),
            time: None,
            changelog: Changelog::Upsert {
                key: vec!["k".to_owned()],
            },
        };
        let mut catalog = Catalog::new("UTC", Some(0), &Calendar::built_in(), &[]);
        catalog.add("s", schema, true);
        let around = Around {
            params: &[("band".to_owned(), Value::Int(3))],
            catalog: &catalog,
            zone: Tz::UTC,
        };
        Self(plan(&document(options), &around).expect("no mistakes"))
    }

    fn operators(&self) -> Vec<Box<dyn Operator>> {
        let made = |stage: &Stage| stage.operator("a").unwrap();
        self.0.node.stages.iter().map(made).collect()
    }
}

pub(super) fn batch(rows: &[(u64, Input)]) -> Batch {
    let column = |of: fn(&Input) -> Option<i64>| {
        Arc::new(rows.iter().map(|(_, r)| of(r)).collect::<Int64Array>()) as _
    };
    let arrays = vec![column(|_| None), column(|r| Some(r.key)), column(|r| r.v)];
    let batch = RecordBatch::try_new(columns(), arrays).unwrap();
    let time = rows.iter().map(|(_, r)| r.time * SECOND).collect();
    let seq = rows.iter().map(|(seq, _)| *seq).collect();
    let mut batch = Batch::new(batch, time, seq).unwrap();
    batch.deleted = Some(rows.iter().map(|(_, r)| r.deleted).collect());
    batch
}

/// Runs rows of one order in batches of a size. With a seed they arrive in another order, watermarks
/// come when they like, and state is saved and taken back now and then.
pub(super) fn run(declared: &Declared, rows: &[Input], size: usize, seed: u64) -> Ran {
    let mut dice = seed;
    let mut roll = move |sides: u64| {
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut arriving: Vec<(u64, Input)> = (0..).zip(rows.iter().copied()).collect();
    if seed != 0 {
        for window in arriving.chunks_mut(9) {
            for i in 1..window.len() {
                window.swap(i, usize::try_from(roll(i as u64 + 1)).unwrap());
            }
        }
    }
    // The least time from each place on.
    let mut least = vec![i64::MAX; arriving.len() + 1];
    for i in (0..arriving.len()).rev() {
        least[i] = least[i + 1].min(arriving[i].1.time);
    }
    let mut operators = declared.operators();
    let mut all = Vec::new();
    let mut done = 0;
    for part in arriving.chunks(size) {
        done += part.len();
        let mut messages = vec![Message::Rows(batch(part))];
        if done < arriving.len() && (seed == 0 || roll(3) > 0) {
            messages.push(Message::Watermark(EventTime(least[done] * SECOND)));
        }
        all.extend(through(&mut operators, messages));
        if seed != 0 && roll(4) == 0 {
            let mut fresh = declared.operators();
            for (old, new) in operators.iter_mut().zip(&mut fresh) {
                new.restore(&old.snapshot(Epoch(1)).unwrap()).unwrap();
            }
            operators = fresh;
        }
    }
    let state_bytes = Ignored(operators.iter().map(|o| o.state_bytes()).sum());
    all.extend(through(&mut operators, vec![Message::End]));
    Ran {
        told: all.iter().flat_map(told).collect(),
        rows: all.iter().flat_map(shown).collect(),
        lines: all.iter().flat_map(lines).collect(),
        state_bytes,
        most: Ignored(all.iter().map(Batch::len).max().unwrap_or(0)),
    }
}

/// Messages through operators that stand behind each other; the rows that come out.
pub(super) fn through(operators: &mut [Box<dyn Operator>], messages: Vec<Message>) -> Vec<Batch> {
    let mut flow = messages;
    for operator in operators {
        let mut next = Vec::new();
        let mut out = Output::default();
        for message in flow {
            let ends = matches!(message, Message::End);
            let mut progress = match message {
                Message::Rows(rows) => operator.process(Port(0), rows, &mut out),
                Message::Watermark(to) => operator.advance(to, &mut out),
                _ => operator.end(&mut out),
            };
            while progress.unwrap() == Progress::More {
                progress = operator.resume(&mut out);
            }
            let written = out.take().into_iter();
            next.extend(
                written
                    .filter(|(port, _)| *port == OutPort::Main)
                    .map(|(_, m)| m),
            );
            if ends {
                next.push(Message::End);
            }
        }
        flow = next;
    }
    let rows = |message| match message {
        Message::Rows(rows) => Some(rows),
        _ => None,
    };
    flow.into_iter().filter_map(rows).collect()
}

/// A column of text.
pub(super) fn text(batch: &Batch, name: &str) -> Vec<String> {
    let column = batch.rows.column_by_name(name).unwrap();
    let column = column.as_string::<i32>();
    column.iter().map(|t| t.unwrap_or("").to_owned()).collect()
}

fn told(batch: &Batch) -> Vec<Told> {
    let (state, severity) = (text(batch, "state"), text(batch, "severity"));
    let key = text(batch, "key");
    let word = |word: &str| {
        let known = [
            "open", "update", "clear", "info", "watch", "high", "critical",
        ];
        known.into_iter().find(|known| *known == word).unwrap()
    };
    let one = |i: usize| Told {
        time: batch.time[i] / SECOND,
        key: key[i].parse().unwrap_or(-1),
        state: word(&state[i]),
        severity: word(&severity[i]),
    };
    (0..batch.len()).map(one).collect()
}

fn shown(batch: &Batch) -> Vec<String> {
    let row = |i: usize| {
        let column = |column: &Arc<dyn Array>| {
            let text = ArrayFormatter::try_new(column, &FormatOptions::default()).unwrap();
            text.value(i).to_string()
        };
        let row: Vec<String> = batch.rows.columns().iter().map(column).collect();
        format!("{} {} {row:?}", batch.time[i], batch.seq[i])
    };
    (0..batch.len()).map(row).collect()
}

pub(super) fn lines(batch: &Batch) -> Vec<String> {
    let (state, key, title) = (
        text(batch, "state"),
        text(batch, "key"),
        text(batch, "title"),
    );
    let line = |i: usize| {
        let (state, key, title) = (&state[i], &key[i], &title[i]);
        format!("{} {state} {key} {title}", batch.time[i] / SECOND)
    };
    (0..batch.len()).map(line).collect()
}
