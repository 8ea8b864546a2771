//! The brief's example, the noise filter, and that batches do not matter.

use zaraba_sdk::alert::Severity;
use zaraba_sdk::harness::{Harness, Random, Table};
use zaraba_sdk::input::Date;

use crate::OiJump;

const COLUMNS: [&str; 5] = ["sq_date", "strike", "put_call", "oi_base", "oi"];
const SQ: Date = Date(20_434); // 2025-12-12

fn chain() -> Table {
    let mut rows = Table::new(&COLUMNS);
    rows.push(0, (SQ, 52_000.0, "C", 1_000i64, 1_252i64))
        .push(0, (SQ, 51_000.0, "P", 1_000i64, 890i64))
        .push(1, (SQ, 53_000.0, "C", 1_000i64, 1_051i64))
        .push(1, (SQ, 54_000.0, "C", 1_000i64, 1_049i64)) // below 5 %
        .push(2, (SQ, 55_000.0, "C", 99i64, 300i64)) // a small base
        .push(2, (SQ, 56_000.0, "C", 200i64, 249i64)) // a small change
        .push(3, (SQ, 57_000.0, "C", None::<i64>, 500i64)); // nothing to compare with
    rows
}

#[test]
fn jumps_are_found_and_noise_is_not() {
    let mut rule = Harness::<OiJump>::new("{}").unwrap();
    let alerts = rule.evaluate(0, &chain()).unwrap();
    let found: Vec<_> = alerts
        .iter()
        .map(|alert| {
            (
                alert.row,
                alert.key.as_str(),
                alert.severity,
                alert.code.as_str(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (0, "2025-12-12 52000 C", Severity::High, "oi_surge"),
            (1, "2025-12-12 51000 P", Severity::Watch, "oi_drop"),
            (2, "2025-12-12 53000 C", Severity::Info, "oi_surge"),
        ]
    );
    assert!((alerts[0].value.unwrap() - 25.2).abs() < 1e-9);
}

#[test]
fn batches_and_instances_do_not_matter() {
    let mut rule = Harness::<OiJump>::new(r#"{ "jump_pct": 10 }"#).unwrap();
    let whole = rule.evaluate(0, &chain()).unwrap();
    assert_eq!(whole.len(), 2);
    assert_eq!(rule.evaluate_by_row(0, &chain()).unwrap(), whole);
}

#[test]
fn parameters_are_checked() {
    for (params, reason) in [
        (
            r#"{ "jump": 10 }"#,
            "`jump` is no parameter: there are `jump_pct`, `watch_pct`, `high_pct`, `base_min`, `change_min`",
        ),
        (
            r#"{ "jump_pct": -1 }"#,
            "`jump_pct` must be at least 0, not -1",
        ),
        (
            r#"{ "base_min": 1.5 }"#,
            "`base_min` must be an integer, not 1.5",
        ),
    ] {
        assert_eq!(Harness::<OiJump>::new(params).unwrap_err(), reason);
    }
}

#[test]
fn titles_are_the_briefs_in_both_languages() {
    let alerts = Harness::<OiJump>::raised("{}", &[&chain()]).unwrap();
    let titles: Vec<_> = alerts
        .iter()
        .map(|a| (a.title("ja"), a.title("en")))
        .collect();
    assert_eq!(
        titles,
        [
            (
                "52000円CALL 建玉+25.20%",
                "52000 CALL open interest +25.20%"
            ),
            ("51000円PUT 建玉-11.00%", "51000 PUT open interest -11.00%"),
            ("53000円CALL 建玉+5.10%", "53000 CALL open interest +5.10%"),
        ]
    );
    assert_eq!(alerts[0].message("ja"), "建玉 1000 → 1252枚");
    assert_eq!(alerts[0].link.as_deref(), Some("#/chain/2025-12-12/52000C"));
}

#[test]
fn random_rows_raise_what_whole_numbers_say() {
    let (mut random, mut rows, mut expected) = (Random::new(6), Table::new(&COLUMNS), Vec::new());
    for row in 0..3_000 {
        let base = random.one_of(&[None, Some(-100), Some(0), Some(99), Some(100), Some(1000)]);
        let oi = random.below(1_400) - 100;
        rows.push(row, (SQ, 50_000.0, "P", base, oi));
        // In whole numbers: a change of 5, 10, 20 in a hundred, fifty contracts, a hundred before.
        let Some(base) = base.filter(|base: &i64| *base >= 100) else {
            continue;
        };
        let change = (oi - base).abs();
        if change >= 50 && change * 100 >= 5 * base {
            let severity = match change * 100 {
                size if size >= 20 * base => Severity::High,
                size if size >= 10 * base => Severity::Watch,
                _ => Severity::Info,
            };
            let code = if oi > base { "oi_surge" } else { "oi_drop" };
            expected.push((row as u32, severity, code.to_owned()));
        }
    }
    let alerts = Harness::<OiJump>::raised("{}", &[&rows]).unwrap();
    let found: Vec<_> = alerts
        .iter()
        .map(|a| (a.row, a.severity, a.code.clone()))
        .collect();
    assert!(expected.len() > 500, "{}", expected.len());
    assert_eq!(found, expected);
}
