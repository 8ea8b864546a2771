//! The rule, run natively.

use zaraba_sdk::harness::{Harness, Table};

use crate::{SECOND, Step};

fn prices() -> Table {
    let mut rows = Table::new(&["symbol", "price", "volume"]);
    rows.push(0, ("7203", 100.0, 10i64))
        .push(SECOND, ("6758", 50.0, 10i64))
        .push(2 * SECOND, ("7203", 106.0, None::<i64>))
        .push(3 * SECOND, ("7203", 106.5, 10i64))
        .push(4 * SECOND, ("6758", 44.0, 1i64));
    rows
}

#[test]
fn a_jump_is_told_and_a_small_move_is_not() {
    let mut rule = Harness::<Step>::new("{}").unwrap();
    let alerts = rule.evaluate(0, &prices()).unwrap();
    let found: Vec<_> = alerts
        .iter()
        .map(|alert| (alert.row, alert.key.as_str(), alert.code.as_str()))
        .collect();
    assert_eq!(found, [(2, "7203", "step_up"), (4, "6758", "step_down")]);
}

#[test]
fn thin_rows_are_not_told() {
    let mut rule = Harness::<Step>::new(r#"{ "volume_min": 5 }"#).unwrap();
    let alerts = rule.evaluate(0, &prices()).unwrap();
    assert_eq!(alerts.len(), 1, "a volume that is not known is not thin");
}

#[test]
fn calls_and_instances_do_not_matter() {
    let mut rule = Harness::<Step>::new("{}").unwrap();
    let whole = rule.evaluate(0, &prices()).unwrap();
    let mut rule = Harness::<Step>::new("{}").unwrap();
    assert_eq!(rule.evaluate_by_row(0, &prices()).unwrap(), whole);
}
