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
use ticks::{FUTURE, OPTION, Tick};
use zaraba_core::batch::Batch;
use zaraba_core::time::iso8601;

use crate::cases::folder::lines;
use crate::engine::harness::{Drive, planned, run};

const DESK: &str = include_str!("replay/desk.toml");

/// Where columns alone are compared, and where the time of a row is before them.
const OF_ROWS: [&str; 7] = [
    "classified",
    "since",
    "futures_bars",
    "futures_bars__unassigned",
    "options_bars",
    "options_bars__unassigned",
    "ticks__late",
];
const OF_TIMES: [&str; 5] = ["settled", "alive", "balance", "front_month", "front"];

/// Threads, and the seeded executor, with batches of several sizes, with and without kills.
const DRIVES: [(Option<u64>, usize, bool); 3] = [
    (None, 8192, false),
    (Some(1), 100, true),
    (Some(2), 7, false),
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
fn compare(name: &str, expected: &[String], came: &[String]) -> Result<(), String> {
    let missing = |of: &[String], from: &[String]| -> Vec<String> {
        let lines = of.iter().filter(|line| from.binary_search(line).is_err());
        lines.take(5).cloned().collect()
    };
    if expected == came {
        return Ok(());
    }
    let (lost, new) = (missing(expected, came), missing(came, expected));
    let (wanted, came) = (expected.len(), came.len());
    Err(format!(
        "{name}: {wanted} lines expected, {came} came\n  expected {lost:#?}\n  came {new:#?}"
    ))
}

/// The lines that each stream must have.
fn expected(scenario: &Scenario, ticks: &[Tick]) -> BTreeMap<&'static str, Vec<String>> {
    let [futures_bars, futures_outside] = by_hand::bars(scenario, ticks, FUTURE);
    let [options_bars, options_outside] = by_hand::bars(scenario, ticks, OPTION);
    let [alive, balance, front_month] = by_hand::figures(scenario, ticks);
    let mut expected = BTreeMap::from([
        ("classified", by_hand::classified(scenario, ticks)),
        ("futures_bars", futures_bars),
        ("futures_bars__unassigned", futures_outside),
        ("options_bars", options_bars),
        ("options_bars__unassigned", options_outside),
        ("settled", by_hand::settled(scenario, ticks)),
        ("since", by_hand::since(scenario, ticks)),
        ("alive", alive),
        ("balance", balance),
        ("front_month", front_month),
        ("front", by_hand::fronts(scenario, ticks)),
    ]);
    for (stream, lines) in &mut expected {
        assert!(!lines.is_empty(), "nothing is expected of {stream}");
        lines.sort();
    }
    expected.insert("ticks__late", Vec::new());
    expected
}

/// Replays some days through a desk, driven in some ways.
fn replay_through(
    desk: &str,
    scenario: &Scenario,
    drives: &[(Option<u64>, usize, bool)],
) -> Result<(), String> {
    let ticks = ticks::ticks(scenario);
    let expected = expected(scenario, &ticks);
    let all: usize = expected.values().map(Vec::len).sum();
    println!("{} ticks, {all} lines", ticks.len());
    let plan = planned(&format!("{desk}{}", scenario.calendar))?;
    let inputs = BTreeMap::from([("ticks".to_owned(), ticks::stand_in(&ticks))]);
    let streams: Vec<&str> = OF_ROWS.into_iter().chain(OF_TIMES).collect();
    for (seed, batch_rows, kill) in drives.iter().copied() {
        let drive = Drive {
            seed,
            batch_rows,
            kill,
        };
        let given = run(&plan, &inputs, &streams, drive).map_err(|e| e.to_string())?;
        for (stream, batches) in streams.iter().zip(&given) {
            let came = sorted(batches, OF_TIMES.contains(stream));
            compare(&format!("{stream}, {drive:?}"), &expected[stream], &came)?;
        }
    }
    Ok(())
}

fn replay(scenario: &Scenario) {
    replay_through(DESK, scenario, &DRIVES).unwrap_or_else(|e| panic!("{e}"));
}

/// What is right, what is wrong in its place, in which days, and which stream tells.
type Mistake = (&'static str, &'static str, fn() -> Scenario, &'static str);

/// Each mistake in the desk is noticed, and where.
#[test]
fn mistakes_are_noticed() {
    let weekend = scenarios::friday_night_to_monday;
    let sq = scenarios::sq_week;
    let mistakes: [Mistake; 8] = [
        // A weekend empties the table, or the rows of old days stay.
        (
            "2 trading_days",
            "2d",
            scenarios::holiday_without_session,
            "alive",
        ),
        ("2 trading_days", "3 trading_days", weekend, "alive"),
        // The month that has ended stays among the others.
        (
            "sq_date < trading_day(now())",
            "sq_date < '2025-01-01'",
            weekend,
            "alive",
        ),
        // The desk rolls a day late; or at midnight.
        (
            "sq_date > trading_day(now())",
            "sq_date >= trading_day(now())",
            sq,
            "front",
        ),
        (
            "sq_date > trading_day(now())",
            "sq_date > now()::date",
            sq,
            "front",
        ),
        // Options have the hours of futures, settlement is at another close.
        (
            "ts, 'OSE.option'",
            "ts, 'OSE.future'",
            scenarios::rules_of_2021,
            "options_bars",
        ),
        ("OSE.day_close", "OSE.night_close", weekend, "since"),
        (
            "c.sq_date = (SELECT min",
            "c.sq_date <> (SELECT min",
            sq,
            "front_month",
        ),
    ];
    for (right, wrong, scenario, stream) in mistakes {
        assert!(DESK.contains(right), "{right}");
        let desk = DESK.replace(right, wrong);
        let found = replay_through(&desk, &scenario(), &DRIVES[..1]);
        let found = found.expect_err(wrong);
        assert!(found.contains(" lines expected"), "{found}");
        assert!(found.starts_with(stream), "{wrong}: {found}");
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
    replay(&scenarios::rules_of_2024_with_a_holiday_session());
}

#[test]
fn the_turn_of_a_year() {
    replay(&scenarios::new_year());
}
