//! The brief's example, the sessions, and random trades against a plain count.

use zaraba_sdk::alert::{AlertState, Severity, Value};
use zaraba_sdk::harness::calendar::set_holidays;
use zaraba_sdk::harness::{Harness, Raised, Random, Table};
use zaraba_sdk::input::{Date, Timestamp};

use crate::SessionMove;

const MINUTE: i64 = 60_000_000;
/// Friday, 2025-11-14.
const FRIDAY: i64 = 20_406;

/// A time of a day in Tokyo; hours go on past midnight.
fn tokyo(day: i64, hours: i64, minutes: i64) -> i64 {
    (day * 1440 + (hours - 9) * 60 + minutes) * MINUTE
}

fn raised(params: &str, rows: &Table) -> Vec<Raised> {
    Harness::<SessionMove>::raised(params, &[rows]).unwrap()
}

fn trades(of: &[(i64, f64)]) -> Table {
    let mut rows = Table::new(&["price"]);
    for (time, price) in of {
        rows.push(*time, (*price,));
    }
    rows
}

#[test]
fn the_briefs_example() {
    let at = |minute| tokyo(FRIDAY, 9, minute);
    let rows = trades(&[(at(0), 50_000.0), (at(1), 50_430.0), (at(2), 49_570.0)]);
    let alerts = raised("{}", &rows);
    let titles: Vec<_> = alerts
        .iter()
        .map(|a| (a.title("ja"), a.title("en")))
        .collect();
    assert_eq!(
        titles,
        [
            ("日経225先物 0.86%上昇", "NK225.future up 0.86%"),
            ("日経225先物 0.86%下落", "NK225.future down 0.86%"),
        ]
    );
    assert_eq!(alerts[0].message("ja"), "始値 50000 → 50430円");
    assert_eq!(
        (alerts[0].state, alerts[1].state),
        (AlertState::Open, AlertState::Update)
    );
    assert_eq!(alerts[0].baseline_time, Some(at(0)));
}

#[test]
fn it_is_raised_again_each_half_percent() {
    let steps = [
        50_000.0, 50_250.0, 50_490.0, 50_500.0, 50_100.0, 50_500.0, 51_300.0, 51_500.0,
    ];
    let at = |i: usize| tokyo(FRIDAY, 10, i as i64);
    let rows: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(i, price)| (at(i), *price))
        .collect();
    let alerts = raised("{}", &trades(&rows));
    let found: Vec<_> = alerts
        .iter()
        .map(|a| (a.row, a.severity, a.threshold.unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            (1, Severity::Info, 0.5), // exactly half a percent
            (3, Severity::Watch, 1.0),
            (6, Severity::High, 2.5), // over two steps at once
            (7, Severity::High, 3.0),
        ]
    );
}

#[test]
fn the_night_session_is_one_of_its_own_and_of_the_next_trading_day() {
    let rows = trades(&[
        (tokyo(FRIDAY, 15, 0), 50_000.0),
        (tokyo(FRIDAY, 15, 45), 50_300.0), // the closing auction belongs to the day session
        (tokyo(FRIDAY, 16, 0), 60_000.0),  // no session
        (tokyo(FRIDAY, 17, 0), 50_400.0),  // the night opens: that is its base
        (tokyo(FRIDAY, 29, 59), 50_910.0), // Saturday, 5:59
        (tokyo(FRIDAY + 1, 12, 0), 1.0),   // Saturday
        (tokyo(FRIDAY + 3, 8, 45), 51_000.0), // Monday
        (tokyo(FRIDAY + 3, 8, 46), 51_600.0),
    ]);
    let alerts = raised("{}", &rows);
    let found: Vec<_> = alerts
        .iter()
        .map(|a| (a.row, a.state, a.code.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (1, AlertState::Open, "session_rise"),
            (3, AlertState::Clear, "session_over"),
            (4, AlertState::Open, "session_rise"),
            (6, AlertState::Clear, "session_over"),
            (7, AlertState::Open, "session_rise"),
        ]
    );
    let monday = Value::Date(FRIDAY as i32 + 3);
    assert_eq!(alerts[2].fields, ["night".into(), monday.clone()]);
    assert_eq!(alerts[4].fields, ["day".into(), monday]);
    assert_eq!(alerts[1].title("ja"), "日経225先物 セッション終了");
    // Were Monday a holiday, the same night would be Tuesday's.
    set_holidays(&[Date(FRIDAY as i32 + 3)]);
    let alerts = raised("{}", &rows);
    assert_eq!(alerts[2].fields[1], Value::Date(FRIDAY as i32 + 4));
    assert_eq!(alerts.len(), 3);
    set_holidays(&[]);
}

#[test]
fn a_trade_of_before_the_opening_is_no_opening() {
    let mut rows = Table::new(&["product", "sq_date", "price", "price_time"]);
    let sq = Date(20_434);
    let mut push = |minute, price: f64, traded: i64| {
        let time = tokyo(FRIDAY, 17, minute);
        rows.push(
            time,
            (
                "NK225.mini",
                sq,
                price,
                Timestamp(tokyo(FRIDAY, 17, traded)),
            ),
        );
    };
    push(0, 49_000.0, -80); // the last price of the day session
    push(1, 50_000.0, 1);
    push(2, 50_251.0, 2);
    let alerts = raised("{}", &rows);
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].key, "NK225.mini 2025-12-12");
    assert_eq!(alerts[0].title("ja"), "日経225mini 0.50%上昇");
}

#[test]
fn what_is_no_price_counts_for_nothing() {
    let at = |minute| tokyo(FRIDAY, 9, minute);
    let mut rows = Table::new(&["price"]);
    let prices = [
        Some(f64::NAN),
        Some(-1.0),
        Some(0.0),
        None,
        Some(100.0),
        Some(f64::INFINITY),
    ];
    for (i, price) in prices.into_iter().enumerate() {
        rows.push(at(i as i64), (price,));
    }
    rows.push(at(9), (101.0,));
    let alerts = raised("{}", &rows);
    assert_eq!((alerts.len(), alerts[0].baseline), (1, Some(100.0)));
}

/// For each trade: the trades of its session before it are looked through for the opening and for
/// steps that were there already.
fn plainly(rows: &[(i64, f64)]) -> Vec<(usize, i64)> {
    let session = |time: i64| {
        let minutes = time / MINUTE + 540;
        let (day, minute) = (minutes / 1440, minutes % 1440);
        match minute {
            525..=945 => Some((day, "day")),
            1020.. => Some((day, "night")),
            ..=360 => Some((day - 1, "night")),
            _ => None,
        }
    };
    // In steps of half a percent of 40,000, whose opening is the base: all exact.
    let step = |open: f64, price: f64| ((price - open) / (open / 200.0)).trunc() as i64;
    let mut found = Vec::new();
    for (i, (time, price)) in rows.iter().enumerate() {
        let Some(here) = session(*time) else { continue };
        let before: Vec<f64> = rows[..i]
            .iter()
            .filter(|(time, _)| session(*time) == Some(here))
            .map(|(_, price)| *price)
            .collect();
        let Some(open) = before.first() else { continue };
        let now = step(*open, *price);
        let furthest = before
            .iter()
            .map(|price| step(*open, *price) * now.signum())
            .max();
        if now != 0 && furthest < Some(now.abs()) {
            found.push((i, now));
        }
    }
    found
}

#[test]
fn random_trades_raise_what_a_plain_count_finds() {
    let (mut random, mut time, mut rows) = (Random::new(3), tokyo(FRIDAY - 4, 8, 0), Vec::new());
    for _ in 0..600 {
        time += random.below(20) * MINUTE;
        rows.push((time, 40_000.0 + 10.0 * random.below(200) as f64));
        if time > tokyo(FRIDAY, 15, 0) {
            break; // weekdays only, which the plain count takes for granted
        }
    }
    let alerts = raised("{}", &trades(&rows));
    let alerts = alerts
        .iter()
        .filter(|alert| alert.state != AlertState::Clear);
    let found: Vec<(usize, i64)> = alerts
        .map(|alert| {
            let steps = (alert.threshold.unwrap() / 0.5).round() as i64;
            (
                alert.row as usize,
                steps * alert.value.unwrap().signum() as i64,
            )
        })
        .collect();
    let expected = plainly(&rows);
    assert!(expected.len() > 15, "{}", expected.len());
    assert_eq!(found, expected);
}
