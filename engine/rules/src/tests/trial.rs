//! A plugin on trial: one that is as the contract wants it, and one that is not.

use super::*;
use crate::trial::Trial;

fn outcomes(params: Value) -> Vec<(bool, usize)> {
    let trial = Trial::made_up(&HOSTILE, object(params), 200).unwrap();
    let outcomes = trial.test().unwrap();
    outcomes
        .map(|outcome| outcome.unwrap())
        .map(|outcome| (outcome.passed(), outcome.alerts.len()))
        .collect()
}

#[test]
fn a_rule_that_keeps_the_contract_passes() {
    let plugin = Plugin::from_file(&HOST, &built("step")).unwrap();
    let trial = Trial::made_up(&plugin, Map::new(), 500).unwrap();
    let outcomes: Vec<_> = trial.test().unwrap().map(|o| o.unwrap()).collect();
    assert_eq!(outcomes.len(), 5);
    assert!(outcomes.iter().all(|o| o.passed()), "{outcomes:?}");
    assert!(
        outcomes[0].alerts.len() > 10,
        "made-up rows jump: {outcomes:?}"
    );
}

#[test]
fn every_shipped_rule_keeps_the_contract() {
    // Whether there is anything to compare: made-up rows seldom are of one contract twice, or all red.
    for (name, params, raises) in [
        ("all-red", json!({}), false),
        ("band-crossing", json!({ "profile": "vix" }), true),
        ("divergence", json!({}), true),
        // Of its clock it wants no column: the rows have times alone.
        ("feed-stall", json!({ "after": "10s" }), true),
        ("oi-jump", json!({}), true),
        ("price-jump", json!({}), false),
        ("session-move", json!({}), true),
        ("volume-surge", json!({}), true),
    ] {
        let plugin = Plugin::from_file(&HOST, &built(name)).unwrap();
        let trial = Trial::made_up(&plugin, object(params), 400).unwrap();
        assert_eq!(trial.rows(), 400 * plugin.manifest().streams.len());
        let outcomes: Vec<_> = trial.test().unwrap().map(|o| o.unwrap()).collect();
        assert!(outcomes.iter().all(|o| o.passed()), "{name}: {outcomes:?}");
        assert_eq!(!outcomes[0].alerts.is_empty(), raises, "{name}");
    }
}

#[test]
fn what_goes_wrong_is_told() {
    let passed = outcomes(json!({}));
    assert!(passed.iter().all(|(passed, _)| *passed), "{passed:?}");
    let plugin = &HOSTILE;
    let trial = Trial::made_up(plugin, object(json!({ "what": "loop" })), 50).unwrap();
    let first = trial.test().unwrap().next().unwrap().unwrap();
    let (line, _) = first.trouble.unwrap();
    assert!(line.contains("used up the fuel"), "{line}");
    let forgets = Trial::made_up(plugin, object(json!({ "what": "remember" })), 200).unwrap();
    let outcomes: Vec<_> = forgets.test().unwrap().map(|o| o.unwrap()).collect();
    let passed: Vec<bool> = outcomes.iter().map(|o| o.passed()).collect();
    assert_eq!(passed, [true, true, true, true, false]);
    let found = outcomes[4].difference.clone().unwrap();
    assert!(
        found.got.unwrap().contains("total=1"),
        "a fresh instance counts from 1"
    );
}

#[test]
fn a_pace_is_measured() {
    let plugin = Plugin::from_file(&HOST, &built("step")).unwrap();
    let trial = Trial::made_up(&plugin, Map::new(), 500).unwrap();
    let pace = trial.bench(64).unwrap();
    assert!(pace.fuel_per_row > 0 && pace.memory > 0, "{pace:?}");
    let empty = Trial::made_up(&plugin, Map::new(), 0).unwrap();
    let error = empty.bench(64).unwrap_err().to_string();
    assert!(error.contains("no rows"), "{error}");
}
