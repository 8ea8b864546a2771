//! A surge by hand, with history and without, and random trades against a look through all of them.

use std::collections::{BTreeMap, BTreeSet};

use zaraba_sdk::alert::{AlertState, Severity};
use zaraba_sdk::harness::{Harness, Raised, Random, Table};
use zaraba_sdk::input::Date;

use crate::VolumeSurge;

const SQ: Date = Date(20_434); // 2025-12-12
const MINUTE: i64 = 60_000_000;
/// Monday, 2025-11-10.
const MONDAY: i64 = 20_402;

/// A minute of a day's session, which opens at 8:45 in Tokyo.
const fn at(day: i64, minute: i64) -> i64 {
    ((MONDAY + day) * 1440 - 15 + minute) * MINUTE
}

/// A trade: time, strike, put or call, contracts.
type Plain = (i64, i64, &'static str, i64);

fn raised(params: &str, trades: &[Plain]) -> Vec<Raised> {
    let mut rows = Table::new(&["sq_date", "strike", "put_call", "traded"]);
    for (time, strike, put_call, traded) in trades {
        rows.push(*time, (SQ, *strike as f64, *put_call, *traded));
    }
    Harness::<VolumeSurge>::raised(params, &[&rows]).unwrap()
}

fn told(alerts: &[Raised]) -> Vec<(i64, &str, AlertState, Severity)> {
    let told = |a: &'_ Raised| (a.time / MINUTE - (MONDAY * 1440 - 15), a.state, a.severity);
    let rows = alerts.iter().map(|a| (told(a), a.title("ja")));
    rows.map(|((minute, state, severity), title)| (minute, title, state, severity))
        .collect()
}

#[test]
fn without_history_it_is_the_last_hour() {
    // Twenty a minute: a hundred in five. Then three hundred and twenty.
    let mut trades: Vec<Plain> = (0..60)
        .map(|minute| (at(0, minute), 52_000, "C", 20))
        .collect();
    trades.push((at(0, 60), 52_000, "C", 240));
    trades.extend((61..70).map(|minute| (at(0, minute), 52_000, "C", 20)));
    let alerts = raised("{}", &trades);
    assert_eq!(
        told(&alerts),
        [
            (
                60,
                "52000円CALL 出来高3.2倍",
                AlertState::Open,
                Severity::Info
            ),
            (60, "CALL合計 出来高3.2倍", AlertState::Open, Severity::Info),
            (
                65,
                "2025-12-12 52000 C 出来高平常化",
                AlertState::Clear,
                Severity::Info
            ),
            (65, "CALL 出来高平常化", AlertState::Clear, Severity::Info),
        ]
    );
    assert_eq!(alerts[0].message("ja"), "320枚（平常100枚）");
    assert_eq!(alerts[1].title("en"), "All CALLs volume 3.2x");
    assert_eq!(alerts[0].link.as_deref(), Some("#/chain/2025-12-12/52000C"));
}

#[test]
fn with_history_it_is_the_same_time_of_past_sessions() {
    // Five days, at minute 30 of each 10, 20, 30, 40 and 49 contracts: the median is 30.
    let mut trades: Vec<Plain> = (0..5)
        .map(|day| (at(day, 30), 52_000, "P", (10 + day * 10).min(49)))
        .collect();
    trades.push((at(7, 30), 52_000, "P", 149)); // Monday; the weekend is no session
    trades.push((at(7, 30) + 1, 52_000, "P", 1)); // five times thirty
    trades.push((at(7, 200), 52_000, "P", 49)); // nothing is usual here, but fifty are needed
    trades.push((at(7, 201), 52_000, "P", 1));
    let alerts = raised("{}", &trades);
    let day = 7 * 1440;
    let (put, all) = ("52000円PUT 出来高", "PUT合計 出来高");
    let title = |what: &str, times: &str| format!("{what}{times}倍");
    let found = told(&alerts);
    let found: Vec<_> = found
        .iter()
        .map(|told| (told.0 - day, told.1.to_owned(), told.2))
        .collect();
    use AlertState::{Clear, Open, Update};
    assert_eq!(
        found[..6],
        [
            (30, title(put, "5.0"), Open),
            (30, title(all, "5.0"), Open),
            (30, title(put, "5.0"), Update),
            (30, title(all, "5.0"), Update),
            (35, "2025-12-12 52000 P 出来高平常化".into(), Clear),
            (35, "PUT 出来高平常化".into(), Clear),
        ]
    );
    assert_eq!(
        (found[6].clone(), found.len()),
        ((201, title(put, "5.0"), Open), 8)
    );
}

#[test]
fn small_volumes_and_what_is_no_volume_are_nothing() {
    let mut trades: Vec<Plain> = (0..60)
        .map(|minute| (at(0, minute), 52_000, "C", 1))
        .collect();
    trades.push((at(0, 60), 52_000, "C", 45)); // 49 in all
    trades.push((at(0, 61), 52_000, "C", 0));
    trades.push((at(0, 62), 52_000, "C", -500));
    trades.push((at(0, 460), 52_000, "C", 5_000)); // after the close
    assert_eq!(raised("{}", &trades), []);
}

/// A session by the day it opens on, and a minute of it.
fn session(time: i64) -> (i64, bool, i64) {
    let minute = time.div_euclid(MINUTE) + 540;
    let (day, minute) = (minute.div_euclid(1440), minute.rem_euclid(1440));
    match minute {
        525..=945 => (day, false, minute - 525),
        1020.. => (day, true, minute - 1020),
        _ => (day - 1, true, minute + 420),
    }
}

/// The ratio of a key at a moment, by a look through all trades up to it.
fn ratio(trades: &[Plain], key: &str, now: i64) -> f64 {
    let contract: Vec<&str> = key.split(' ').collect();
    let of_key = |trade: &Plain| match contract.as_slice() {
        ["CALL"] => trade.2 == "C",
        ["PUT"] => trade.2 == "P",
        [_, strike, side] => strike.parse() == Ok(trade.1) && trade.2 == *side,
        _ => false,
    };
    let all: Vec<&Plain> = trades.iter().filter(|trade| trade.0 <= now).collect();
    let own: Vec<&&Plain> = all.iter().filter(|trade| of_key(trade)).collect();
    // The session is that of the key's last trade: after it nothing is traded.
    let Some(last) = own.last() else { return 0.0 };
    let (day, night, _) = session(last.0);
    let opens =
        (now.div_euclid(MINUTE) - (day * 1440 - 540 + if night { 1020 } else { 525 })).max(0);
    let sum = |of: (i64, bool), minutes: std::ops::Range<i64>| {
        let within = own.iter().filter(|trade| {
            let (day, night, minute) = session(trade.0);
            (day, night) == of && minutes.contains(&minute)
        });
        within.map(|trade| trade.3).sum::<i64>()
    };
    let volume = sum((day, night), opens - 4..opens + 1);
    let sessions: BTreeSet<(i64, bool)> = all
        .iter()
        .map(|trade| session(trade.0))
        .map(|(day, night, _)| (day, night))
        .collect();
    let past = sessions
        .iter()
        .filter(|other| other.1 == night && other.0 < day);
    let past: Vec<&(i64, bool)> = past.rev().take(4).collect();
    let mut usual: Vec<i64> = if past.len() >= 2 {
        let window = opens - 4..opens + 1;
        past.iter().map(|of| sum(**of, window.clone())).collect()
    } else {
        let ends = (1..12).map(|k| opens - 5 * k).filter(|end| *end >= 4);
        ends.map(|end| sum((day, night), end - 4..end + 1))
            .collect()
    };
    usual.sort_unstable();
    let n = usual.len();
    if volume < 50 || n < if past.len() >= 2 { 2 } else { 3 } {
        return 0.0;
    }
    let median = (usual[(n - 1) / 2] + usual[n / 2]) as f64 / 2.0;
    volume as f64 / median.max(20.0)
}

#[test]
fn random_trades_raise_what_a_look_through_all_finds() {
    let (mut random, mut time, mut trades) = (Random::new(9), at(0, 0), Vec::<Plain>::new());
    while time < at(2, 400) {
        let slowly = random.one_of(&[1, 2, 40]);
        time += 1 + random.below(slowly * MINUTE);
        let minute = (time / MINUTE + 540) % 1440;
        if !matches!(minute, 525..945 | 1020.. | ..360) {
            continue;
        }
        let strike = random.one_of(&[50_000, 52_000]);
        let busy = random.one_of(&[5, 5, 5, 5, 5, 5, 300]);
        let side = random.one_of(&["C", "P"]);
        trades.push((time, strike, side, 1 + random.below(busy)));
    }
    let params = r#"{ "sessions": 4, "history_min": 2, "base_min": 20 }"#;
    let alerts = raised(params, &trades);
    // Rows and minutes in order; a minute comes behind the rows up to it.
    let mut moments: Vec<(i64, Option<&Plain>)> = trades.iter().map(|t| (t.0, Some(t))).collect();
    let last = trades.last().unwrap().0;
    let minutes = at(0, 0) / MINUTE..=last / MINUTE + 1;
    moments.extend(minutes.map(|minute| (minute * MINUTE, None)));
    moments.sort_by_key(|(time, trade)| (*time, trade.is_none()));
    let (mut held, mut expected) = (BTreeMap::<String, usize>::new(), Vec::new());
    for (now, trade) in moments.into_iter().filter(|moment| moment.0 >= trades[0].0) {
        let keys: Vec<String> = match trade {
            Some((_, strike, side, _)) => vec![
                format!("2025-12-12 {strike} {side}"),
                if *side == "C" { "CALL" } else { "PUT" }.to_owned(),
            ],
            None => held.keys().cloned().collect(),
        };
        for key in keys {
            let ratio = ratio(&trades, &key, now);
            let before = held.get(&key).copied().unwrap_or(0);
            let levels = [3.0, 5.0, 10.0].iter().enumerate();
            let reached =
                levels.filter(|(i, level)| ratio >= **level - if *i < before { 0.5 } else { 0.0 });
            let level = reached.count();
            if level != before {
                expected.push((now, key.clone(), level));
            }
            held.insert(key.clone(), level);
            held.retain(|_, level| *level > 0);
        }
    }
    let level = |a: &Raised| match (a.state, a.severity) {
        (AlertState::Clear, _) => 0,
        (_, Severity::Info) => 1,
        (_, Severity::Watch) => 2,
        _ => 3,
    };
    let found: Vec<_> = alerts
        .iter()
        .map(|a| (a.time, a.key.clone(), level(a)))
        .collect();
    assert!(expected.len() > 60, "{}", expected.len());
    assert_eq!(found, expected);
}
