//! Tests of the host, with guests of `plugins/` (built by `make plugins`) and a few written by hand.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use serde_json::{Map, Value, json};
use zaraba_core::batch::Batch;
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::Calendar;

use crate::host::Host;
use crate::limits::Limits;
use crate::plugin::Plugin;
use crate::rule::Rule;
use crate::tables::NoTables;
use crate::world::{Level, Surroundings};

mod contained;

mod conversion;

mod languages;

mod loading;

mod manifests;

mod node;

mod stubs;

mod same;

mod trial;

/// Where `make plugins` puts what it builds.
fn built(name: &str) -> PathBuf {
    let folder = std::env::var_os("ZARABA_PLUGINS").expect(
        "ZARABA_PLUGINS says where the built plugins are: run `make plugins`, which says so too",
    );
    PathBuf::from(folder).join(format!("{name}.wasm"))
}

static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(None).unwrap());

static HOSTILE: LazyLock<Plugin> =
    LazyLock::new(|| Plugin::from_file(&HOST, &built("hostile")).unwrap());

/// The lines that a rule wrote, or the engine about it.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(Level, String)>>>);

impl Lines {
    fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(_, line)| line.clone())
            .collect()
    }
}

fn around(lines: &Lines, limits: Limits) -> Surroundings {
    let to = lines.0.clone();
    Surroundings {
        limits,
        calendar: Calendar::built_in(),
        tables: Arc::new(NoTables),
        log: Arc::new(move |level: Level, line: &str| {
            to.lock().unwrap().push((level, line.to_owned()));
        }),
    }
}

fn numbers_schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
}

/// Rows `from..to`, a second apart.
fn numbers(from: i64, to: i64) -> Batch {
    let column = Arc::new(Int64Array::from_iter_values(from..to));
    let rows = RecordBatch::try_new(numbers_schema(), vec![column]).unwrap();
    let times = (from..to).map(|n| n * 1_000_000).collect();
    let seqs = (from..to).map(i64::cast_unsigned).collect();
    Batch::new(rows, times, seqs).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// The hostile rule with a misdeed, and its lines.
fn hostile_with(params: Value, limits: Limits) -> (Rule, Lines) {
    let lines = Lines::default();
    let schema = numbers_schema();
    let streams = [("numbers", schema.as_ref())];
    let around = around(&lines, limits);
    let rule = Rule::new("bad", &HOSTILE, &object(params), &streams, around).unwrap();
    (rule, lines)
}

fn hostile(params: Value) -> (Rule, Lines) {
    hostile_with(params, Limits::default())
}

/// All columns of some alerts, a line each.
fn lines(batches: &[Batch]) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in batches {
        for i in 0..batch.len() {
            let row = zaraba_core::bad_rows::as_text(&batch.rows.slice(i, 1));
            lines.push(format!("{} {} {row}", batch.time[i], batch.seq[i]));
        }
    }
    lines
}

/// Kind and running total of each alert.
fn totals(batches: &[Batch]) -> Vec<(String, i64)> {
    let of = |batch: &Batch| {
        let kinds = batch
            .rows
            .column_by_name("kind")
            .unwrap()
            .as_string::<i32>()
            .clone();
        let totals = batch.rows.column_by_name("total").unwrap();
        let totals = totals.as_primitive::<Int64Type>().clone();
        (0..batch.len())
            .map(move |i| (kinds.value(i).to_owned(), totals.value(i)))
            .collect::<Vec<_>>()
    };
    batches.iter().flat_map(of).collect()
}

fn at(seconds: i64) -> EventTime {
    EventTime(seconds * 1_000_000)
}
