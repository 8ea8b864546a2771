//! The briefs' bands at their edges, hysteresis, parameters, and random values against plain words.

use std::collections::BTreeMap;

use zaraba_sdk::alert::{AlertState, Severity, Value};
use zaraba_sdk::harness::{Harness, Raised, Random, Table};

use crate::BandCrossing;

fn raised(params: &str, values: &[f64]) -> Vec<Raised> {
    let mut rows = Table::new(&["value"]);
    for (i, value) in values.iter().enumerate() {
        rows.push(i as i64, (*value,));
    }
    Harness::<BandCrossing>::raised(params, &[&rows]).unwrap()
}

/// The band that a value alone is in, by what is said of it; empty where nothing is.
fn band(profile: &str, value: f64) -> String {
    let alerts = raised(&format!(r#"{{ "profile": "{profile}" }}"#), &[value]);
    let band = alerts.first().map(|alert| alert.title("ja").to_owned());
    let band = band.and_then(|title| title.split(' ').next_back().map(str::to_owned));
    band.unwrap_or_default()
}

#[test]
fn the_briefs_bands_begin_where_the_briefs_say() {
    for (value, expected) in [
        (9.99, "異常低位"),
        (10.0, ""),
        (20.0, ""),
        (20.01, "不安上昇"),
        (30.0, "不安上昇"),
        (30.01, "注意"),
        (40.0, "注意"),
        (40.01, "混乱"),
    ] {
        assert_eq!(band("nikkei_vi", value), expected, "{value}");
    }
    for (value, expected) in [
        (9.0, "極端な低位"),
        (14.0, ""),
        (24.9, ""),
        (25.0, "警戒への移行"),
        (30.0, "不安心理"),
        (40.0, "混乱"),
        (50.0, "混乱"),
        (51.0, "極度"),
    ] {
        assert_eq!(band("vix", value), expected, "{value}");
    }
    for (value, expected) in [
        (0.69, "コール偏重"),
        (0.86, ""),
        (1.3, ""),
        (1.31, "プット偏重"),
    ] {
        assert_eq!(band("pcr", value), expected, "{value}");
    }
}

#[test]
fn a_crossing_opens_goes_on_and_clears() {
    let values = [18.0, 31.2, 29.4, 45.0, 28.0, 24.6, 24.4];
    let alerts = raised(
        r#"{ "profile": "vix", "back": 0.5, "name": "VIX" }"#,
        &values,
    );
    let found: Vec<_> = alerts
        .iter()
        .map(|a| {
            (
                a.state,
                a.severity,
                a.title("ja"),
                a.message("en"),
                a.threshold.unwrap(),
            )
        })
        .collect();
    use AlertState::{Clear, Open, Update};
    let (uneasy, wary, anxious) = ("normal to uneasy", "turning wary", "anxious");
    let body = |before: &str, now: &str| format!("{before} → {now}");
    assert_eq!(
        found,
        [
            (
                Open,
                Severity::Watch,
                "VIX 31.20 不安心理",
                &*body(uneasy, anxious),
                30.0
            ),
            (
                Update,
                Severity::Info,
                "VIX 29.40 警戒への移行",
                &*body(anxious, wary),
                30.0
            ),
            (
                Update,
                Severity::High,
                "VIX 45.00 混乱",
                &*body(wary, "turmoil"),
                40.0
            ),
            (
                Update,
                Severity::Info,
                "VIX 28.00 警戒への移行",
                &*body("turmoil", wary),
                30.0
            ),
            (
                Clear,
                Severity::Info,
                "VIX 24.40 平常〜やや不安定",
                &*body(wary, uneasy),
                25.0
            ),
        ]
    );
    assert_eq!(alerts[0].fields, ["anxious".into(), Value::from(uneasy)]);
}

#[test]
fn what_is_no_number_crosses_nothing() {
    let values = [18.0, f64::NAN, 31.0, f64::NAN, f64::INFINITY, -5.0];
    let alerts = raised(r#"{ "profile": "vix" }"#, &values);
    let rows: Vec<u32> = alerts.iter().map(|alert| alert.row).collect();
    assert_eq!(rows, [2, 5]);
}

#[test]
fn parameters_are_checked_as_a_whole() {
    for (params, reason) in [
        ("{}", "`profile` is needed, or two `bands` or more"),
        (
            r#"{ "profile": "vi" }"#,
            r#"`profile` must be one of "nikkei_vi", "pcr", "vix", not "vi""#,
        ),
        (
            r#"{ "profile": "vix", "bands": [{ "name": "a" }] }"#,
            "`profile` or `bands`, not both",
        ),
        (
            r#"{ "bands": [{ "name": "a", "from": 1 }, { "name": "b", "from": 2 }] }"#,
            "`bands[0]` is the lowest: it has neither `from` nor `above`",
        ),
        (
            r#"{ "bands": [{ "name": "a" }, { "name": "b" }] }"#,
            "`bands[1]` needs `from` or `above`",
        ),
        (
            r#"{ "bands": [{ "name": "a" }, { "name": "b", "from": 2 }, { "name": "c", "from": 2 }] }"#,
            "`bands[2]` does not begin above the one before it",
        ),
        (
            r#"{ "bands": [{ "name": "a" }, { "name": "b", "from": 2, "above": 2 }] }"#,
            "`bands[1]` has `from` and `above`: one of them",
        ),
        (
            r#"{ "bands": [{ "name": "a", "severity": "huge" }] }"#,
            r#"`bands[0].severity` must be one of "info", "watch", "high", "critical", not "huge""#,
        ),
        (
            r#"{ "bands": [{ "nmae": "a" }] }"#,
            "`bands[0].nmae` is no parameter: there are `name`, `ja`, `from`, `above`, `severity`",
        ),
    ] {
        assert_eq!(Harness::<BandCrossing>::new(params).unwrap_err(), reason);
    }
}

#[test]
fn random_values_raise_what_plain_words_say() {
    let params = r#"{ "back": 2, "bands": [
        { "name": "low", "severity": "watch" }, { "name": "fine", "from": 10 },
        { "name": "good", "from": 20 }, { "name": "high", "above": 30, "severity": "high" }] }"#;
    let mut random = Random::new(11);
    let (mut table, mut expected) = (Table::new(&["key", "value"]), Vec::new());
    let mut held: BTreeMap<&str, &str> = BTreeMap::new();
    for i in 0..1_500 {
        let (key, value) = (random.one_of(&["a", "b"]), random.below(40) as f64);
        table.push(i, (key, value));
        // Upwards at once; downwards two below the edge of the band that it is in.
        let alone = |value: f64| match value {
            ..10.0 => "low",
            ..20.0 => "fine",
            ..=30.0 => "good",
            _ => "high",
        };
        let before = held.get(key).copied().unwrap_or("none");
        let rank = |name| {
            ["none", "low", "fine", "good", "high"]
                .iter()
                .position(|n| *n == name)
        };
        let (up, down) = (alone(value), alone(value + 2.0));
        let now = if rank(up) >= rank(before) {
            up
        } else if rank(down) >= rank(before) {
            before
        } else {
            down
        };
        held.insert(key, now);
        let matters = |name: &str| name == "low" || name == "high";
        let state = match (matters(before), matters(now)) {
            _ if before == now => continue,
            (false, true) => AlertState::Open,
            (true, true) => AlertState::Update,
            (true, false) => AlertState::Clear,
            (false, false) => continue,
        };
        expected.push((i as u32, key.to_owned(), state, Value::from(now)));
    }
    let alerts = Harness::<BandCrossing>::raised(params, &[&table]).unwrap();
    let found: Vec<_> = alerts
        .iter()
        .map(|a| (a.row, a.key.clone(), a.state, a.fields[0].clone()))
        .collect();
    assert!(expected.len() > 300, "{}", expected.len());
    assert_eq!(found, expected);
}
