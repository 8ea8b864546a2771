//! Runs the cases of a construct: all seeds from 0 on, or those that `ZARABA_ORACLE` names
//! (`tumble:7`, `tumble:1000..2000`). Counts what the cases are made of, so that a generator that
//! no longer makes late rows is noticed.

use std::collections::BTreeMap;
use std::ops::Range;

use super::batch::BatchSql;
use super::case::{Case, Failure};
use super::value::Value;

/// Cases of each construct.
pub(crate) const CASES: u64 = 300;

/// A construct: its name and how a seed becomes a case.
#[derive(Clone, Copy)]
pub(crate) struct Construct {
    pub(crate) name: &'static str,
    pub(crate) case: fn(u64) -> Case,
}

/// Least share of cases, in a hundred, of which something is true.
const FLOORS: [(&str, u64); 9] = [
    ("late", 40),
    ("tied", 50),
    ("null", 60),
    ("nan", 10),
    ("multi-pane", 40),
    ("multi-partition", 40),
    ("killed", 25),
    ("threads", 5),
    ("empty", 1),
];

/// What is true of a case, in the order of [`FLOORS`].
fn facts(case: &Case) -> [bool; 9] {
    let rows = || case.sources.iter().flat_map(|s| s.rows.iter());
    let kept = || case.sources.iter().flat_map(|s| s.kept());
    let has = |test: fn(&Value) -> bool| rows().any(|r| r.values.iter().any(test));
    let mut times: Vec<i64> = kept().map(|r| r.time).collect();
    times.sort_unstable();
    let pane = |t: &i64| t.div_euclid(case.pane);
    [
        rows().any(|r| r.late_at.is_some()),
        times.windows(2).any(|w| w[0] == w[1]),
        has(Value::is_null),
        has(Value::is_nan),
        times.first().map(pane) != times.last().map(pane),
        case.sources.iter().any(|s| s.partitions > 1) || case.sources.len() > 1,
        case.drive.kill,
        case.drive.seed.is_none(),
        case.sources.iter().any(|s| s.rows.is_empty()),
    ]
}

/// What `ZARABA_ORACLE` asks for: the name and the seeds.
pub(crate) fn asked() -> Option<(String, Range<u64>)> {
    let text = std::env::var("ZARABA_ORACLE").ok()?;
    let (name, seeds) = text
        .split_once(':')
        .expect("ZARABA_ORACLE is NAME:SEED or NAME:FROM..TO");
    let number = |n: &str| {
        n.parse::<u64>()
            .expect("a seed of ZARABA_ORACLE is a number")
    };
    let range = match seeds.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(seeds)..number(seeds) + 1,
    };
    Some((name.to_owned(), range))
}

/// Runs a construct's cases; fails with the first that differs.
pub(crate) fn run(construct: Construct) {
    let asked = asked();
    let seeds = match &asked {
        Some((name, _)) if name != construct.name => return,
        Some((_, seeds)) => seeds.clone(),
        None => 0..CASES,
    };
    let batch = BatchSql::new();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let cases = seeds.end - seeds.start;
    for seed in seeds {
        let case = (construct.case)(seed);
        for ((name, _), holds) in FLOORS.iter().zip(facts(&case)) {
            *counts.entry(name).or_default() += u64::from(holds);
        }
        if let Err(failure) = case.check(&batch, None) {
            panic!("{}", report(construct.name, seed, &case, &failure));
        }
    }
    let share = |name: &str| counts[name] * 100 / cases.max(1);
    let shown: Vec<String> = FLOORS
        .iter()
        .map(|(name, _)| format!("{name} {} %", share(name)))
        .collect();
    println!("{}: {cases} cases: {}", construct.name, shown.join(", "));
    for (name, floor) in FLOORS.iter().filter(|_| asked.is_none()) {
        let share = share(name);
        assert!(
            share >= *floor,
            "{}: {name} {share} %, expected {floor} %",
            construct.name
        );
    }
}

fn report(name: &str, seed: u64, case: &Case, failure: &Failure) -> String {
    let what = match failure {
        Failure::Broken(error) => format!("the engine broke off: {error}"),
        Failure::Differs(rows) => rows.clone(),
    };
    let sizes: Vec<String> = case
        .sources
        .iter()
        .map(|s| {
            format!(
                "{}: {} rows, {} partitions",
                s.name,
                s.rows.len(),
                s.partitions
            )
        })
        .collect();
    format!(
        "{what}\n{}\n{}\n{:?}\n{}\nreplay: ZARABA_ORACLE={name}:{seed} cargo nextest run --release \
         --workspace -E 'test(oracle)' --no-capture\n",
        case.toml(),
        case.sql,
        case.drive,
        sizes.join("; "),
    )
}
