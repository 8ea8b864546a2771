//! A rule that looks into a table sees it as it was at the row's time: its newest rows by then,
//! without those that expired, were deleted or vanished with time.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use zaraba_core::time::SECOND;
use zaraba_runtime::wire::StandIn;

use crate::engine::harness::{Drive, planned, run, whole};

/// `hostile` looks into its table at each row and says what it found.
const PIPELINE: &str = r#"
[source.numbers]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", n = "int64" }

[source.written]
connector = "channel"
time = "ts"
out_of_order = "10s"
schema = { ts = "timestamp", n = "int64", note = "text", until = "timestamp" }

[table.notes]
from = "written"
key = ["n"]
OPTIONS

[rule.look]
plugin = "hostile"
from = ["numbers"]
tables = ["notes"]
params = { what = "look" }
"#;

/// Seconds of event time, number, note, and until when it stands.
type Written = (i64, i64, String, i64);

/// Whether a note is there for a reader of a time.
type There = fn(&Written, i64) -> bool;

fn times(seconds: impl Iterator<Item = i64>) -> ArrayRef {
    let micros: Vec<i64> = seconds.map(|s| s * SECOND).collect();
    Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
}

fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> StandIn {
    let columns = columns.map(|(name, column)| (name, column, true));
    StandIn {
        rows: vec![(
            0,
            RecordBatch::try_from_iter_with_nullable(columns).unwrap(),
        )],
        partitions: 1,
    }
}

/// What a row of `numbers` must find: the newest note of each number by its time, of equal times the
/// later.
fn expected(written: &[Written], there: There, time: i64, n: i64) -> String {
    let mut newest: BTreeMap<i64, &Written> = BTreeMap::new();
    for one in written.iter().filter(|one| one.0 <= time) {
        let old = newest.entry(one.1).or_insert(one);
        if old.0 <= one.0 {
            *old = one;
        }
    }
    newest.retain(|_, one| there(one, time));
    let own = newest.get(&n).map(|one| one.2.as_str()).unwrap_or_default();
    let all: Vec<&str> = newest.values().map(|one| one.2.as_str()).collect();
    format!("{own} of [{}]", all.join(" "))
}

/// The rows of both streams.
fn inputs(numbers: &[(i64, i64)], written: &[Written]) -> BTreeMap<String, StandIn> {
    BTreeMap::from([
        (
            "numbers".to_owned(),
            batch([
                ("ts", times(numbers.iter().map(|n| n.0))),
                (
                    "n",
                    Arc::new(Int64Array::from_iter_values(numbers.iter().map(|n| n.1))),
                ),
            ]),
        ),
        (
            "written".to_owned(),
            batch([
                ("ts", times(written.iter().map(|w| w.0))),
                (
                    "n",
                    Arc::new(Int64Array::from_iter_values(written.iter().map(|w| w.1))),
                ),
                (
                    "note",
                    Arc::new(StringArray::from_iter_values(written.iter().map(|w| &w.2))),
                ),
                ("until", times(written.iter().map(|w| w.3))),
            ]),
        ),
    ])
}

fn check(options: &str, there: There) {
    let text = PIPELINE.replace("OPTIONS", options);
    let plan = planned(&text).unwrap_or_else(|e| panic!("{e}"));
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    let numbers: Vec<(i64, i64)> = (0..150)
        .map(|i| (1_000 + i * 2 + i % 3, dice.random_range(-3..5)))
        .collect();
    let mut now = 980;
    let written: Vec<Written> = (0..200)
        .map(|i| {
            now += dice.random_range(0..4);
            let time = now - dice.random_range(0..10);
            let until = time + dice.random_range(1..60);
            (time, dice.random_range(-3..5), format!("note{i}"), until)
        })
        .collect();
    let inputs = inputs(&numbers, &written);
    let expected: Vec<String> = numbers
        .iter()
        .map(|(time, n)| expected(&written, there, *time, *n))
        .collect();
    assert!(
        expected.iter().any(|e| e.starts_with("note")),
        "{expected:?}"
    );
    for (seed, batch_rows, kill) in [(Some(1), 1, false), (None, 8192, false), (Some(2), 7, true)] {
        let drive = Drive {
            seed,
            batch_rows,
            kill,
        };
        let alerts = run(&plan, &inputs, &["look"], drive).unwrap();
        let alerts = whole(&plan, "look", &alerts[0]);
        let column = |name: &str| {
            let column = alerts.column_by_name(name).unwrap();
            let texts = arrow::array::AsArray::as_string::<i32>(column);
            texts
                .iter()
                .flatten()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let found = column("kind").into_iter().zip(column("message"));
        let found: Vec<String> = found
            .filter(|(kind, _)| kind == "row")
            .map(|(_, message)| message)
            .collect();
        assert_eq!(found, expected, "{options} {drive:?}");
    }
}

#[test]
fn the_newest_rows_by_then() {
    check("", |_, _| true);
}

#[test]
fn without_those_that_expired() {
    check("ttl = \"20s\"", |one, at| at < one.0 + 20);
}

#[test]
fn without_those_that_were_dropped_at_once() {
    check("drop_when = \"n > 2\"", |one, _| one.1 <= 2);
}

#[test]
fn without_those_that_vanish_with_time() {
    check("drop_when = \"until <= now()\"", |one, at| one.3 > at);
}
