//! The state against a plain map, under random writes.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, StringArray};
use arrow::datatypes::Int64Type;

use super::*;

/// What a row is: its key, and its value or none for a deletion.
type Change = (i64, Option<i64>);

fn batch(changes: &[Change]) -> Batch {
    let columns: [(&str, ArrayRef); 3] = [
        (
            "value",
            Arc::new(Int64Array::from_iter(changes.iter().map(|c| c.1))),
        ),
        (
            "key",
            Arc::new(Int64Array::from_iter_values(changes.iter().map(|c| c.0))),
        ),
        (
            "side",
            Arc::new(StringArray::from_iter_values(
                changes.iter().map(|c| side(c.0)),
            )),
        ),
    ];
    let n = changes.len();
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let mut batch = Batch::new(rows, vec![0; n].into(), vec![0; n].into()).unwrap();
    batch.deleted = Some(changes.iter().map(|c| c.1.is_none()).collect());
    batch
}

fn side(key: i64) -> &'static str {
    if key % 2 == 0 { "C" } else { "P" }
}

fn state() -> State {
    State::new(&batch(&[]).rows.schema(), &[2, 1]).unwrap()
}

/// The picked rows as (side, key) → value.
fn read(rows: &Rows, picks: &[Pick]) -> Vec<((String, i64), Option<i64>)> {
    let one = |(b, r): &Pick| {
        let (batch, row) = (&rows.batches[*b as usize], *r as usize);
        let number = |name: &str| {
            batch[name]
                .as_primitive::<Int64Type>()
                .iter()
                .nth(row)
                .flatten()
        };
        let side = batch["side"].as_string::<i32>().value(row).to_owned();
        ((side, number("key").unwrap()), number("value"))
    };
    picks.iter().map(one).collect()
}

/// A generator of its own, so that a failure is the same at every run.
fn random(seed: &mut u64) -> i64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    i64::try_from(*seed >> 33).unwrap()
}

#[test]
fn like_a_map() {
    let (mut state, mut model, mut seed) = (state(), BTreeMap::new(), 1);
    let mut changed: Vec<(u64, (String, i64))> = Vec::new();
    let mut last = 0;
    for round in 0..400 {
        let changes: Vec<Change> = (0..random(&mut seed) % 60)
            .map(|_| (random(&mut seed) % 90, random(&mut seed)))
            .map(|(key, value)| (key, (value % 3 > 0).then_some(value)))
            .collect();
        if changes.is_empty() {
            continue;
        }
        let replaced = state.apply(&batch(&changes), last + 1).unwrap();
        for (i, (key, value)) in changes.iter().enumerate() {
            last += 1;
            changed.push((last, (side(*key).to_owned(), *key)));
            match value {
                Some(value) => model.insert((side(*key).to_owned(), *key), Some(*value)),
                None => model.remove(&(side(*key).to_owned(), *key)),
            };
            let later = changes[i + 1..].iter().any(|(other, _)| other == key);
            assert_eq!(replaced[i], later, "row {i} of round {round}");
        }
        let snapshot = state.snapshot();
        let expected: Vec<_> = model.clone().into_iter().collect();
        assert_eq!(read(&snapshot, &snapshot.live), expected);
        assert!(snapshot.deleted.is_empty());
        let since = last.saturating_sub(u64::try_from(random(&mut seed) % 500).unwrap());
        check_since(&state, since, &changed, &model);
    }
    let used = state.live.len() + state.deleted.len();
    assert!(
        state.held_rows <= 2 * used + SLACK_ROWS + 60,
        "{} rows held",
        state.held_rows
    );
    assert!(
        last > 2 * SLACK_ROWS as u64 / 2,
        "{last} rows are too few to have been copied out"
    );
}

fn check_since(
    state: &State,
    seq: u64,
    changed: &[(u64, (String, i64))],
    model: &BTreeMap<(String, i64), Option<i64>>,
) {
    let mut keys: Vec<_> = changed
        .iter()
        .filter(|(s, _)| *s > seq)
        .map(|(_, k)| k)
        .collect();
    keys.sort();
    keys.dedup();
    let rows = state.since(seq).unwrap();
    let (live, gone): (Vec<_>, Vec<_>) = keys.into_iter().partition(|k| model.contains_key(*k));
    let expected: Vec<_> = live.into_iter().map(|k| (k.clone(), model[k])).collect();
    assert_eq!(read(&rows, &rows.live), expected);
    let keys: Vec<_> = read(&rows, &rows.deleted)
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, gone.into_iter().cloned().collect::<Vec<_>>());
}

#[test]
fn old_deletions_are_forgotten_and_known_to_be() {
    let mut state = state();
    let n = i64::try_from(DELETIONS_MAX).unwrap() + 1;
    let changes: Vec<Change> = (0..n).map(|key| (key, None)).collect();
    assert!(state.remembers(0));
    state.apply(&batch(&changes), 1).unwrap();
    assert!(state.deleted.len() <= DELETIONS_MAX / 2 + 1);
    assert!(!state.remembers(0) && state.since(0).is_none());
    let rows = state.since(state.forgotten).unwrap();
    assert_eq!(rows.deleted.len(), state.deleted.len());
}

#[test]
fn without_key_columns_there_is_one_row() {
    let mut state = State::new(&batch(&[]).rows.schema(), &[]).unwrap();
    state
        .apply(&batch(&[(1, Some(10)), (2, Some(20))]), 1)
        .unwrap();
    let rows = state.snapshot();
    assert_eq!(read(&rows, &rows.live), [(("C".to_owned(), 2), Some(20))]);
    state.apply(&batch(&[(2, None)]), 3).unwrap();
    assert!(state.snapshot().live.is_empty());
    assert_eq!(state.since(2).unwrap().deleted.len(), 1);
}
