//! The same rows raise the same alerts, with the same ids, however they are split into calls, however
//! often the instance is replaced, and after a restore; and ticks are in order with rows.

use super::*;

/// All rows and all ticks in calls of `size` rows.
fn run(size: i64, mut between: impl FnMut(&mut Rule) -> Option<Rule>) -> Vec<String> {
    let (mut rule, _) = hostile(json!({}));
    let mut out = Vec::new();
    let mut from = 0;
    while from < 300 {
        let to = (from + size).min(300);
        rule.process(0, &numbers(from, to), &mut out).unwrap();
        assert!(!rule.advance(at(to - 1), &mut out).unwrap());
        if let Some(fresh) = between(&mut rule) {
            rule = fresh;
        }
        from = to;
    }
    rule.end(at(299), &mut out).unwrap();
    lines(&out)
}

#[test]
fn calls_and_instances_do_not_matter() {
    let whole = run(300, |_| None);
    assert_eq!(
        whole.len(),
        300 + 6,
        "a row each, and ticks at 0, 60, …, 300"
    );
    for size in [1, 7, 64] {
        assert_eq!(run(size, |_| None), whole, "{size} rows a call");
    }
    let replaced = run(7, |rule| {
        rule.replace();
        None
    });
    assert_eq!(replaced, whole);
    let restored = run(13, |rule| {
        let snapshot = rule.snapshot().unwrap();
        let (mut fresh, _) = hostile(json!({}));
        fresh.restore(&snapshot).unwrap();
        Some(fresh)
    });
    assert_eq!(restored, whole);
}

#[test]
fn ids_differ() {
    let all = run(10, |_| None);
    let id = |line: &String| line.split(" id=").nth(1).unwrap()[..32].to_owned();
    let ids: std::collections::HashSet<String> = all.iter().map(id).collect();
    assert_eq!(ids.len(), all.len());
}

#[test]
fn a_tick_is_after_all_rows_up_to_it() {
    let (mut rule, _) = hostile(json!({}));
    let mut out = Vec::new();
    rule.process(0, &numbers(50, 130), &mut out).unwrap();
    let ticks = |out: &[Batch]| -> Vec<i64> {
        let ticks = totals(out).into_iter().filter(|(kind, _)| kind == "tick");
        ticks.map(|(_, total)| total).collect()
    };
    // Rows of 50..=60 are 11, of 50..=120 are 71.
    assert_eq!(ticks(&out), [11, 71]);
    assert!(
        !rule.advance(at(180), &mut out).unwrap(),
        "a row of 180 may still come"
    );
    assert_eq!(ticks(&out), [11, 71]);
    rule.advance(at(181), &mut out).unwrap();
    assert_eq!(ticks(&out), [11, 71, 80]);
}

#[test]
fn rows_without_a_value_that_is_needed_are_counted() {
    let (mut rule, _) = hostile(json!({}));
    let column = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
    let rows = RecordBatch::try_new(numbers_schema(), vec![column]).unwrap();
    let batch = Batch::new(rows, vec![1, 2, 3].into(), vec![1, 2, 3].into()).unwrap();
    let mut out = Vec::new();
    rule.process(0, &batch, &mut out).unwrap();
    assert_eq!(out[0].time.to_vec(), [1, 3]);
    assert_eq!(crate::meter::Meter::get(&rule.meter().without_value), 1);
}
