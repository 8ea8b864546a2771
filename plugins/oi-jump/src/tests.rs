//! The brief's example, the noise filter, and that batches do not matter.

use zaraba_sdk::alert::Severity;
use zaraba_sdk::harness::{Harness, Table};
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
