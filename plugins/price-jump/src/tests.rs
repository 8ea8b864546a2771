//! The brief's examples; the noise; what explains a move; and random rows against a plain search.

use zaraba_sdk::alert::{Severity, Value};
use zaraba_sdk::harness::{Harness, Raised, Random, Table};
use zaraba_sdk::input::Date;

use crate::PriceJump;

const SQ: Date = Date(20_434); // 2025-12-12
const MINUTE: i64 = 60_000_000;

fn raised(params: &str, rows: &Table) -> Vec<Raised> {
    Harness::<PriceJump>::raised(params, &[rows]).unwrap()
}

/// Prices of the call of 58,000, each with its minute and the volume of the day.
fn call(prices: &[(i64, f64, i64)]) -> Table {
    let mut rows = Table::new(&["sq_date", "strike", "put_call", "price", "volume"]);
    for (minute, price, volume) in prices {
        rows.push(minute * MINUTE, (SQ, 58_000.0, "C", *price, *volume));
    }
    rows
}

#[test]
fn from_nine_to_fourteen_yen_it_fires() {
    let alerts = raised("{}", &call(&[(0, 9.0, 10), (5, 14.0, 12)]));
    let [alert] = alerts.as_slice() else {
        panic!("{alerts:#?}")
    };
    assert_eq!(alert.title("ja"), "58000円CALL +55.6%");
    assert_eq!(alert.title("en"), "58000 CALL +55.6%");
    assert_eq!(
        (alert.message("ja"), alert.message("en")),
        ("9 → 14円", "9 → 14")
    );
    assert_eq!(
        (alert.severity, alert.code.as_str()),
        (Severity::High, "price_surge")
    );
    assert_eq!(alert.key, "2025-12-12 58000 C");
    assert_eq!(alert.link.as_deref(), Some("#/chain/2025-12-12/58000C"));
    assert_eq!((alert.baseline, alert.baseline_time), (Some(9.0), Some(0)));
}

#[test]
fn noise_does_not_fire() {
    for (why, prices) in [
        ("a base of one yen", [(0, 1.0, 1), (5, 2.0, 2)]),
        ("a base of two yen", [(0, 2.0, 1), (5, 9.0, 2)]),
        ("two ticks", [(0, 9.0, 1), (5, 11.0, 2)]),
        ("no trade", [(0, 9.0, 1), (5, 14.0, 1)]),
        ("below ten percent", [(0, 100.0, 1), (5, 109.0, 2)]),
        ("not five minutes yet", [(0, 9.0, 1), (4, 14.0, 2)]),
        ("a base of before the break", [(0, 9.0, 1), (36, 14.0, 2)]),
        ("not a number", [(0, 9.0, 1), (5, f64::NAN, 2)]),
        ("infinite", [(0, 9.0, 1), (5, f64::INFINITY, 2)]),
        ("below zero", [(0, 9.0, 1), (5, -9.0, 2)]),
        ("from below zero", [(0, -9.0, 1), (5, 9.0, 2)]),
    ] {
        assert_eq!(raised("{}", &call(&prices)), [], "{why}");
    }
    // A volume that begins anew is a trade, and 35 minutes is not too old.
    assert_eq!(raised("{}", &call(&[(0, 10.0, 9), (35, 13.0, 1)])).len(), 1);
}

/// In decimals: as binary floats 3 − 2.85 is less than three times 0.05, and 3.3 is less than a tenth
/// above 3.
#[test]
fn a_move_of_just_so_many_ticks_or_percent_fires() {
    let params = r#"{ "tick": 0.05, "jump_pct": 10, "watch_pct": 20, "base_min": 2 }"#;
    for (from, to, severity) in [
        (3.0, 2.7, Some(Severity::Info)),
        (3.0, 3.3, Some(Severity::Info)),
        (3.0, 3.6, Some(Severity::Watch)),
        (3.0, 3.25, None),
        (2.0, 2.1, None),
    ] {
        let alerts = raised(params, &call(&[(0, from, 1), (5, to, 2)]));
        let found = alerts.first().map(|alert| alert.severity);
        assert_eq!(found, severity, "{from} {to}");
    }
    let ticks = r#"{ "tick": 0.05, "jump_pct": 1, "base_min": 2 }"#;
    for (to, alerts) in [(2.85, 1), (2.9, 0)] {
        assert_eq!(
            raised(ticks, &call(&[(0, 3.0, 1), (5, to, 2)])).len(),
            alerts
        );
    }
}

#[test]
fn severity_grows_and_falls_are_seen_too() {
    let prices = [
        (0, 100.0, 1),
        (5, 110.0, 2),
        (10, 132.0, 3),
        (15, 66.0, 4),
        (20, 33.1, 5),
    ];
    let alerts = raised("{}", &call(&prices));
    let found: Vec<_> = alerts.iter().map(|a| (a.title("ja"), a.severity)).collect();
    assert_eq!(
        found,
        [
            ("58000円CALL +10.0%", Severity::Info),
            ("58000円CALL +20.0%", Severity::Watch),
            ("58000円CALL -50.0%", Severity::High),
            ("58000円CALL -49.8%", Severity::Watch),
        ]
    );
    assert_eq!(alerts[3].code, "price_drop");
}

#[test]
fn the_future_and_the_volatility_explain_the_move() {
    let columns = [
        "sq_date", "strike", "put_call", "price", "future", "iv", "delta", "vega",
    ];
    let mut rows = Table::new(&columns);
    // Half way: delta 0.02, vega 1.5. 0.02 · 82 = 1.64, 1.5 · 1.5733… = 2.36: 41 % and 59 % of 4.
    let iv = 20.0 + 2.36 / 1.5;
    rows.push(0, (SQ, 58_000.0, "C", 9.0, 50_200.0, 20.0, 0.01, 1.0))
        .push(
            5 * MINUTE,
            (SQ, 58_000.0, "C", 14.0, 50_282.0, iv, 0.03, 2.0),
        );
    let alerts = raised("{}", &rows);
    assert_eq!(
        alerts[0].message("ja"),
        "9 → 14円、先物要因 41 % / IV要因 59 %"
    );
    let english = "9 → 14, future 41 % / implied volatility 59 %";
    assert_eq!(alerts[0].message("en"), english);
    let [.., Value::Float64(future), Value::Float64(iv)] = alerts[0].fields.as_slice() else {
        panic!("{alerts:#?}")
    };
    assert!((future - 1.64).abs() < 1e-9 && (iv - 2.36).abs() < 1e-9);
}

#[test]
fn what_is_not_known_explains_nothing() {
    let columns = [
        "sq_date", "strike", "put_call", "price", "future", "iv", "delta",
    ];
    let mut rows = Table::new(&columns);
    let known = Some(20.0);
    rows.push(0, (SQ, 58_000.0, "P", 9.0, 50_200.0, known, 0.01))
        .push(
            5 * MINUTE,
            (SQ, 58_000.0, "P", 14.0, 50_282.0, None::<f64>, 0.03),
        );
    let alerts = raised("{}", &rows);
    assert_eq!(alerts[0].title("ja"), "58000円PUT +55.6%");
    assert_eq!(alerts[0].message("ja"), "9 → 14円");
    assert_eq!(alerts[0].fields[3..], [Value::Null, Value::Null]);
}

/// A row of the random chain: time, strike, put or call, price, volume, tick.
type Plain = (i64, i64, &'static str, f64, Option<i64>, Option<f64>);

/// The same rule in the plainest words: for each row all rows are looked through.
fn plainly(rows: &[Plain]) -> Vec<(usize, f64, f64)> {
    let mut found = Vec::new();
    for (i, now) in rows.iter().enumerate() {
        let mut base: Option<&Plain> = None;
        for row in &rows[..i] {
            let same = (row.1, row.2) == (now.1, now.2);
            if same && row.3 > 0.0 && row.0 <= now.0 - 2 * MINUTE {
                base = Some(row);
            }
        }
        let Some(base) = base else { continue };
        let too_old = base.0 < now.0 - 5 * MINUTE;
        let ratio = now.3 / base.3 - 1.0;
        let quiet = match (base.4, now.4) {
            (_, None) => false,
            (Some(before), Some(volume)) => volume == before || volume == 0,
            (None, Some(volume)) => volume == 0,
        };
        let few_ticks = (now.3 - base.3).abs() / now.5.unwrap_or(1.0) < 2.0;
        let noise = too_old || quiet || few_ticks || base.3 < 4.0;
        if now.3 > 0.0 && !noise && ratio.abs() > 0.1 - 1e-9 {
            found.push((i, base.3, ratio * 100.0));
        }
    }
    found
}

#[test]
fn random_rows_raise_what_a_plain_search_finds() {
    let (mut random, mut time, mut rows) = (Random::new(7), 0, Vec::<Plain>::new());
    let columns = [
        "sq_date",
        "strike",
        "put_call",
        "price",
        "volume",
        "tick_size",
    ];
    let mut table = Table::new(&columns);
    for _ in 0..2_000 {
        time += random.below(8) * MINUTE / 16;
        let strike = 50_000 + 125 * random.below(3);
        let side = random.one_of(&["C", "P"]);
        let price = random.one_of(&[-1.0, 0.0, f64::NAN, 3.0, 8.0, 9.0, 10.0, 12.0, 40.0, 41.0]);
        let volume = random.one_of(&[None, Some(0), Some(1), Some(2), Some(3)]);
        let tick = random.one_of(&[None, Some(0.5), Some(5.0)]);
        rows.push((time, strike, side, price, volume, tick));
        table.push(time, (SQ, strike as f64, side, price, volume, tick));
    }
    let params = r#"{ "window": "2m", "base_age": "3m", "base_min": 4, "ticks_min": 2 }"#;
    let alerts = raised(params, &table);
    let expected = plainly(&rows);
    assert!(expected.len() > 100, "{}", expected.len());
    assert_eq!(alerts.len(), expected.len());
    for (alert, (row, base, pct)) in alerts.iter().zip(expected) {
        assert_eq!((alert.row as usize, alert.baseline), (row, Some(base)));
        assert!((alert.value.unwrap() - pct).abs() < 1e-9);
    }
}
