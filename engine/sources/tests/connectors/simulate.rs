//! `connector = "simulate"`

use std::collections::{BTreeMap, BTreeSet};

use zaraba_config::document::{ColumnDoc, ColumnType, Generate, SimulateDoc, Value};
use zaraba_core::source::{Polled, Source};
use zaraba_sources::simulate::SimulateSource;

use crate::common::{column, drain};

const START: i64 = 1_763_078_400_000_000;

fn doc() -> SimulateDoc {
    SimulateDoc {
        seed: 7,
        start: START,
        interval: 1_000,
        rows: Some(5_000),
        disorder: 0,
    }
}

fn made(name: &str, kind: ColumnType, generate: Generate) -> ColumnDoc {
    ColumnDoc {
        generate: Some(generate),
        ..column(name, kind)
    }
}

fn one_of(values: &[&str]) -> Generate {
    Generate::OneOf(
        values
            .iter()
            .map(|v| Value::Text((*v).to_owned()))
            .collect(),
    )
}

fn schema() -> Vec<ColumnDoc> {
    let strikes = Generate::OneOf(vec![Value::Int(52_000), Value::Float(52_125.5)]);
    let mut note = column("note", ColumnType::Text);
    note.optional = true;
    vec![
        made(
            "volume",
            ColumnType::Int64,
            Generate::Counter {
                start: 3,
                step_max: 5,
            },
        ),
        column("ts", ColumnType::Timestamp),
        made("sq_date", ColumnType::Date, one_of(&["2025-12-12"])),
        made("strike", ColumnType::Float64, strikes),
        made("put_call", ColumnType::Text, one_of(&["C", "P"])),
        made(
            "price",
            ColumnType::Float64,
            Generate::Walk {
                start: 1.1,
                step: 0.1,
                min: 0.5,
            },
        ),
        made("oi", ColumnType::Int32, Generate::Range(10.0, 12.0)),
        made("rate", ColumnType::Decimal(6, 3), Generate::Range(0.0, 1.0)),
        note,
    ]
}

fn source(doc: &SimulateDoc) -> SimulateSource {
    SimulateSource::new(doc, &schema(), "ts").unwrap()
}

fn rows(doc: &SimulateDoc, limit: usize) -> Vec<Vec<String>> {
    let (rows, _) = drain(&mut source(doc), limit);
    rows.iter()
        .map(|r| r[3..].split('|').map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_seed_alone_decides() {
    let expected = rows(&doc(), 5_000);
    assert_eq!(expected.len(), 5_000);
    for limit in [1, 7, 8_192] {
        assert_eq!(rows(&doc(), limit), expected, "limit {limit}");
    }
    assert_ne!(rows(&SimulateDoc { seed: 8, ..doc() }, 8_192), expected);
}

#[test]
fn columns_are_made_as_declared() {
    let mut keys: BTreeMap<[String; 2], (i64, f64)> = BTreeMap::new();
    let (mut choices, mut ranges) = (BTreeSet::new(), BTreeSet::new());
    for row in rows(&doc(), 512) {
        let (volume, price): (i64, f64) = (row[0].parse().unwrap(), row[5].parse().unwrap());
        assert_eq!(row[2], "2025-12-12");
        assert!(row[5].len() <= 6, "{price} is in steps of 0.1");
        assert!(price >= 0.5);
        let key = [row[3].clone(), row[4].clone()];
        match keys.insert(key.clone(), (volume, price)) {
            None => assert_eq!((volume, price), (3, 1.1), "a key's first row"),
            Some((volume_before, price_before)) => {
                assert!((0..=5).contains(&(volume - volume_before)), "{key:?}");
                assert!((price - price_before).abs() < 0.1 + 1e-9, "{key:?}");
            }
        }
        choices.insert(key);
        ranges.insert(row[6].clone());
        let rate: f64 = row[7].parse().unwrap();
        assert!((0.0..=1.0).contains(&rate) && row[7].len() == 5, "{rate}");
        assert_eq!(row[8], "-");
    }
    assert_eq!(choices.len(), 4);
    assert_eq!(ranges.into_iter().collect::<Vec<_>>(), ["10", "11", "12"]);
}

/// Event times, microseconds.
fn times(doc: &SimulateDoc) -> Vec<i64> {
    let time = |row: Vec<String>| {
        chrono::DateTime::parse_from_rfc3339(&row[1])
            .unwrap()
            .timestamp_micros()
    };
    rows(doc, 1_000).into_iter().map(time).collect()
}

#[test]
fn event_time_goes_by_the_interval() {
    let times = times(&doc());
    assert_eq!(times[0], START);
    assert!(
        times
            .windows(2)
            .all(|w| (0..=2_000).contains(&(w[1] - w[0])))
    );
    let mean = (times[4_999] - START) as f64 / 4_999.0;
    assert!((900.0..1_100.0).contains(&mean), "{mean}");
}

#[test]
fn disorder_moves_times_back_and_no_further() {
    let times = times(&SimulateDoc {
        disorder: 20_000,
        ..doc()
    });
    let mut newest = i64::MIN;
    let mut furthest = 0;
    for time in times {
        newest = newest.max(time);
        furthest = furthest.max(newest - time);
    }
    assert!((10_000..=20_000).contains(&furthest), "{furthest}");
}

#[test]
fn goes_on_from_any_position() {
    for polls in [0, 1, 3] {
        let mut whole = source(&doc());
        for _ in 0..polls {
            assert!(matches!(whole.poll(777).unwrap(), Polled::Rows(_)));
        }
        let mut resumed = source(&doc());
        resumed.seek(&whole.position()).unwrap();
        assert_eq!(resumed.done_of_total(), Some((777 * polls, 5_000)));
        assert_eq!(drain(&mut resumed, 100), drain(&mut whole, 1_000));
    }
}

#[test]
fn what_cannot_be_made_is_refused() {
    let check = |column: ColumnDoc, part: &str| {
        let schema = [self::column("ts", ColumnType::Timestamp), column];
        let error = SimulateSource::new(&doc(), &schema, "ts")
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("column `x`: ") && error.contains(part),
            "{error}"
        );
    };
    let of = |kind, generate| made("x", kind, generate);
    check(
        column("x", ColumnType::Int64),
        "expected `one_of`, `range`, `walk` or `counter`",
    );
    check(
        of(ColumnType::Text, Generate::OneOf(Vec::new())),
        "to name a value",
    );
    check(
        of(ColumnType::Int64, one_of(&["C"])),
        "expected int64, got `C`",
    );
    check(
        of(ColumnType::Text, Generate::Range(0.0, 1.0)),
        "the column is no number",
    );
    check(
        of(ColumnType::Float64, Generate::Range(1.0, 0.0)),
        "a range that rises",
    );
    check(
        of(ColumnType::Int64, Generate::Range(0.2, 0.8)),
        "with an integer in it",
    );
    check(
        of(
            ColumnType::Float64,
            Generate::Walk {
                start: 1.0,
                step: 0.0,
                min: 0.0,
            },
        ),
        "step above 0",
    );
    check(
        of(
            ColumnType::Int64,
            Generate::Counter {
                start: 0,
                step_max: -1,
            },
        ),
        "`step_max` of 0",
    );
    let error = SimulateSource::new(&doc(), &schema(), "tz")
        .err()
        .unwrap()
        .to_string();
    assert_eq!(error, "no column `tz`; did you mean `ts`?");
    let error = SimulateSource::new(&doc(), &schema(), "oi")
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("expected a timestamp"), "{error}");
}
