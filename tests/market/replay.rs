//! A desk over days on which something is different: Friday's night and the weekend, the week of an
//! SQ, holidays with and without trading, the days on which rules changed. What it says is compared
//! with loops over the ticks and sessions written by hand; no table empties, no month gets another
//! month's rows.

/// Sessions, phases and tick sizes by the brief.
mod hours;

/// The days.
mod scenarios;

/// Their rows.
mod ticks;

/// What must come of them.
mod by_hand;

use std::collections::BTreeMap;

use scenarios::Scenario;
use ticks::{FUTURE, OPTION};
use zaraba_core::batch::Batch;
use zaraba_core::time::iso8601;

use crate::cases::folder::lines;
use crate::engine::harness::{Drive, planned, run};

const DESK: &str = include_str!("replay/desk.toml");

/// Where columns alone are compared, and where the time of a row is before them.
const OF_ROWS: [&str; 6] = [
    "classified",
    "futures_bars",
    "futures_bars__unassigned",
    "options_bars",
    "options_bars__unassigned",
    "ticks__late",
];
const OF_TIMES: [&str; 5] = ["settled", "alive", "balance", "front_month", "front"];

/// Threads, and the seeded executor with batches of several sizes, with and without kills.
const DRIVES: [(Option<u64>, usize, bool); 4] = [
    (None, 8192, false),
    (Some(1), 7, true),
    (Some(2), 64, true),
    (Some(3), 1000, false),
];

/// The rows of a stream, in the order of their texts.
fn sorted(batches: &[Batch], times: bool) -> Vec<String> {
    let mut found = Vec::new();
    for batch in batches {
        for (i, line) in lines(batch).into_iter().enumerate() {
            assert!(!batch.is_deleted(i), "a deletion: {line}");
            found.push(if times {
                format!("{}|{line}", iso8601(batch.time[i]))
            } else {
                line
            });
        }
    }
    found.sort();
    found
}

/// What differs, the first few lines of it.
fn differences(name: &str, expected: &[String], came: &[String]) {
    let missing = |of: &[String], from: &[String]| -> Vec<String> {
        let lines = of.iter().filter(|line| from.binary_search(line).is_err());
        lines.take(5).cloned().collect()
    };
    let (lost, new) = (missing(expected, came), missing(came, expected));
    assert!(
        expected == came,
        "{name}: {} lines expected, {} came\n  expected {lost:#?}\n  came {new:#?}",
        expected.len(),
        came.len()
    );
}

/// Replays some days.
fn replay(scenario: &Scenario) {
    let ticks = ticks::ticks(scenario);
    let [futures_bars, futures_outside] = by_hand::bars(scenario, &ticks, FUTURE);
    let [options_bars, options_outside] = by_hand::bars(scenario, &ticks, OPTION);
    let [alive, balance, front_month] = by_hand::figures(scenario, &ticks);
    let mut expected = BTreeMap::from([
        ("classified", by_hand::classified(scenario, &ticks)),
        ("futures_bars", futures_bars),
        ("futures_bars__unassigned", futures_outside),
        ("options_bars", options_bars),
        ("options_bars__unassigned", options_outside),
        ("ticks__late", Vec::new()),
        ("settled", by_hand::settled(scenario, &ticks)),
        ("alive", alive),
        ("balance", balance),
        ("front_month", front_month),
        ("front", by_hand::fronts(scenario, &ticks)),
    ]);
    expected.values_mut().for_each(|lines| lines.sort());
    let all: usize = expected.values().map(Vec::len).sum();
    println!("{} ticks, {all} lines", ticks.len());

    let plan = planned(&format!("{DESK}{}", scenario.calendar)).unwrap_or_else(|e| panic!("{e}"));
    let inputs = BTreeMap::from([("ticks".to_owned(), ticks::stand_in(&ticks))]);
    let streams: Vec<&str> = OF_ROWS.into_iter().chain(OF_TIMES).collect();
    for (seed, batch_rows, kill) in DRIVES {
        let drive = Drive {
            seed,
            batch_rows,
            kill,
        };
        let given = run(&plan, &inputs, &streams, drive).unwrap_or_else(|e| panic!("{e}"));
        for (stream, batches) in streams.iter().zip(&given) {
            let came = sorted(batches, OF_TIMES.contains(stream));
            differences(&format!("{stream}, {drive:?}"), &expected[stream], &came);
        }
    }
}

#[test]
fn friday_night_to_mondays_open() {
    replay(&scenarios::friday_night_to_monday());
}

#[test]
fn the_week_of_an_sq() {
    replay(&scenarios::sq_week());
}

#[test]
fn a_holiday_session() {
    replay(&scenarios::holiday_session());
}

#[test]
fn a_holiday_without_a_session() {
    replay(&scenarios::holiday_without_session());
}

#[test]
fn the_rules_of_2021() {
    replay(&scenarios::rules_of_2021());
}

#[test]
fn the_rules_of_2024() {
    replay(&scenarios::rules_of_2024());
    replay(&scenarios::rules_of_2024_without_the_holiday());
}
