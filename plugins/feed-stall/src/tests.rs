//! Silence and its end, sessions, and random feeds against a plain search.

use std::collections::BTreeMap;

use zaraba_sdk::alert::{AlertState, Severity};
use zaraba_sdk::harness::{Harness, Raised, Random, Table};

use crate::FeedStall;

const SECOND: i64 = 1_000_000;
/// 2025-11-14, 15:45:00 in Tokyo.
const CLOSE: i64 = (20_406 * 86_400 + 6 * 3600 + 45 * 60) * SECOND;

fn clock(from: i64, to: i64) -> Table {
    let mut rows = Table::new(&[]);
    for second in from..=to {
        rows.push(second * SECOND, ());
    }
    rows
}

fn feed(times: &[i64]) -> Table {
    let mut rows = Table::new(&["price"]);
    for second in times {
        rows.push(second * SECOND, (1.0,));
    }
    rows
}

fn raised(params: &str, clock: &Table, feed: &Table) -> Vec<Raised> {
    Harness::<FeedStall>::raised(params, &[clock, feed]).unwrap()
}

fn told(alerts: &[Raised]) -> Vec<(i64, AlertState, &str)> {
    let told = |a: &'_ Raised| a.time / SECOND;
    alerts
        .iter()
        .map(|a| (told(a), a.state, a.title("en")))
        .collect()
}

#[test]
fn silence_is_told_grows_and_ends() {
    let alerts = raised("{}", &clock(0, 200), &feed(&[0, 10, 150]));
    assert_eq!(
        told(&alerts),
        [
            (40, AlertState::Open, "feed: no row for 30 s"),
            (130, AlertState::Update, "feed: no row for 120 s"),
            (150, AlertState::Clear, "feed: rows again"),
            (180, AlertState::Open, "feed: no row for 30 s"),
        ]
    );
    let severities: Vec<_> = alerts.iter().map(|a| a.severity).collect();
    let (watch, high) = (Severity::Watch, Severity::High);
    assert_eq!(severities, [watch, high, watch, watch]);
    assert_eq!(alerts[0].title("ja"), "feed 30秒間更新なし");
    assert_eq!(alerts[2].title("ja"), "feed 更新再開");
}

#[test]
fn a_feed_that_never_spoke_is_missed_if_it_is_expected() {
    assert_eq!(raised("{}", &clock(0, 100), &feed(&[])), []);
    let alerts = raised(r#"{ "expected": ["feed"] }"#, &clock(5, 40), &feed(&[]));
    assert_eq!(
        told(&alerts),
        [(35, AlertState::Open, "feed: no row for 30 s")]
    );
}

#[test]
fn between_sessions_nobody_waits() {
    let close = CLOSE / SECOND;
    let params = r#"{ "venue": "OSE.option" }"#;
    // Silent from a minute before the close, on through the break, and until after the opening of the
    // night session at 17:00.
    let opening = close + 75 * 60;
    let alerts = raised(
        params,
        &clock(close - 60, opening + 60),
        &feed(&[close - 60]),
    );
    assert_eq!(
        told(&alerts),
        [
            (close - 30, AlertState::Open, "feed: no row for 30 s"),
            (close, AlertState::Clear, "feed: rows again"),
            (opening + 30, AlertState::Open, "feed: no row for 30 s"),
        ]
    );
}

#[test]
fn parameters_go_together() {
    let wrong = Harness::<FeedStall>::new(r#"{ "after": "5m" }"#).unwrap_err();
    assert_eq!(wrong, "`high_after` must be at least `after`, 5m, not 2m");
    let wrong = Harness::<FeedStall>::new(r#"{ "venue": "OSE" }"#).unwrap_err();
    let venues = r#""OSE.future", "OSE.option", "TSE.cash", "US.cash""#;
    assert_eq!(
        wrong,
        format!(r#"`venue` must be one of {venues}, not "OSE""#)
    );
}

#[test]
fn random_feeds_raise_what_a_plain_search_finds() {
    let mut random = Random::new(5);
    let names = ["kabu", "qri"];
    let (mut rows, mut table) = (Vec::new(), Table::new(&["source"]));
    let mut time = 0;
    while time < 2_000 * SECOND {
        let longest = random.one_of(&[8, 8, 8, 8, 60]);
        time += random.below(longest) * SECOND / 2 + 1;
        let name = random.one_of(&names);
        rows.push((time, name));
        table.push(time, (name,));
    }
    let alerts = raised(
        r#"{ "after": "10s", "high_after": "20s" }"#,
        &clock(0, 2_000),
        &table,
    );
    // At each second and at each row: 0, 1 or 2, by how long the feed has been silent then.
    let mut expected = BTreeMap::new();
    for name in names {
        let spoke: Vec<i64> = rows
            .iter()
            .filter(|row| row.1 == name)
            .map(|row| row.0)
            .collect();
        let mut moments: Vec<i64> = (0..=2_000).map(|second| second * SECOND).collect();
        moments.extend(&spoke);
        moments.sort_unstable();
        let mut level = 0;
        for at in moments {
            let Some(last) = spoke.iter().rfind(|time| **time <= at) else {
                continue;
            };
            let now = ((at - last) / (10 * SECOND)).min(2);
            if now != level {
                expected.insert((at, name), now);
            }
            level = now;
        }
    }
    let found: BTreeMap<(i64, &str), i64> = alerts
        .iter()
        .map(|a| {
            let level = match (a.state, a.severity) {
                (AlertState::Clear, _) => 0,
                (_, Severity::Watch) => 1,
                _ => 2,
            };
            ((a.time, a.key.as_str()), level)
        })
        .collect();
    assert!(expected.len() > 30, "{}", expected.len());
    assert_eq!(found, expected);
}
