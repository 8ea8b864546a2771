//! Typed state, hysteresis and parameters, natively.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use zaraba_sdk::Params;
use zaraba_sdk::alert::{AlertState, Severity};
use zaraba_sdk::hysteresis::{Change, Levels};
use zaraba_sdk::input::{Date, Timestamp};
use zaraba_sdk::params::{parse, schema_text};
use zaraba_sdk::serde_json::{Value, from_str, json};
use zaraba_sdk::state::Keyed;

#[test]
fn values_come_back_until_their_end() {
    let seen: Keyed<(String, Option<f64>, Vec<i64>)> = Keyed::new("seen");
    let value = ("語".to_owned(), Some(1.5), vec![1, -2]);
    let at = Timestamp;
    seen.set_until("a", &value, at(10));
    assert_eq!(seen.get("a", at(9)), Some(value));
    assert_eq!(seen.get("a", at(10)), None);
    seen.delete("a");
    assert_eq!(seen.get("a", at(0)), None);
}

#[test]
fn maps_do_not_see_each_others_keys() {
    let (a, ab): (Keyed<i64>, Keyed<i64>) = (Keyed::new("a"), Keyed::new("ab"));
    let at = Timestamp(0);
    a.set("bx", &1);
    ab.set("x", &2);
    assert_eq!((a.get("bx", at), ab.get("x", at)), (Some(1), Some(2)));
    assert_eq!(a.scan("", at), [("bx".to_owned(), 1)]);
    // More than a page of the import.
    for i in 0..2500 {
        ab.set(&format!("n{i:04}"), &i);
    }
    let found: Vec<i64> = ab.scan("n", at).into_iter().map(|(_, n)| n).collect();
    assert_eq!(found, (0..2500).collect::<Vec<_>>());
}

#[test]
fn a_value_of_another_type_counts_as_none() {
    Keyed::<u8>::new("x").set("k", &1);
    assert_eq!(Keyed::<String>::new("x").get("k", Timestamp(0)), None);
}

#[test]
fn levels_open_rise_fall_back_and_clear() {
    let levels = [
        (20.0, Severity::High),
        (5.0, Severity::Info),
        (10.0, Severity::Watch),
    ];
    let levels = Levels::new("levels", &levels, 1.0);
    let step = |figure: f64| {
        let change = levels.step("k", figure, Timestamp(0));
        change.map(
            |Change {
                 state,
                 severity,
                 threshold,
             }| (state, severity, threshold),
        )
    };
    use AlertState::{Clear, Open, Update};
    for (figure, expected) in [
        (4.9, None),
        (5.0, Some((Open, Severity::Info, 5.0))),
        (4.5, None), // not far enough below 5
        (f64::NAN, None),
        (25.0, Some((Update, Severity::High, 20.0))),
        (19.5, None),
        (18.9, Some((Update, Severity::Watch, 10.0))),
        (3.9, Some((Clear, Severity::Info, 5.0))),
        (4.5, None), // cleared: the threshold itself counts again
        (11.0, Some((Open, Severity::Watch, 10.0))),
    ] {
        assert_eq!(step(figure), expected, "{figure}");
    }
}

#[derive(Debug, PartialEq, Params)]
struct All {
    /// A share.
    #[param(default = 0.5, min = 0.0, max = 1.0)]
    share: f64,
    /// How many.
    count: i64,
    /// Which ones.
    #[param(default = ["a"])]
    names: Vec<String>,
    /// Whether.
    really: Option<bool>,
}

#[test]
fn parameters_have_a_schema_and_are_read_by_it() {
    let schema: Value = from_str(&schema_text::<All>()).unwrap();
    assert_eq!(
        schema,
        json!({
            "type": "object",
            "properties": {
                "share": {
                    "type": "number", "minimum": 0.0, "maximum": 1.0, "default": 0.5,
                    "description": "A share"
                },
                "count": { "type": "integer", "description": "How many" },
                "names": {
                    "type": "array", "items": { "type": "string" }, "default": ["a"],
                    "description": "Which ones"
                },
                "really": { "type": "boolean", "description": "Whether" },
            },
            "required": ["count"],
            "additionalProperties": false,
        })
    );
    let read = parse::<All>(r#"{ "count": 3 }"#).unwrap();
    let expected = All {
        share: 0.5,
        count: 3,
        names: vec!["a".into()],
        really: None,
    };
    assert_eq!(read, expected);
    for (params, reason) in [
        ("{}", "`count` is missing: an integer"),
        (
            r#"{ "count": 1, "share": 2 }"#,
            "`share` must be at most 1, not 2",
        ),
        (
            r#"{ "count": 1, "names": [1] }"#,
            "`names[0]` must be a string, not 1",
        ),
        (
            r#"{ "count": 1, "cuont": 1 }"#,
            "`cuont` is no parameter: there are `share`, `count`, `names`, `really`",
        ),
        ("[]", "parameters are an object, not []"),
    ] {
        assert_eq!(parse::<All>(params).unwrap_err(), reason);
    }
}

#[test]
fn dates_read_as_they_are_written() {
    for (days, text) in [
        (0, "1970-01-01"),
        (20_434, "2025-12-12"),
        (11_016, "2000-02-29"),
        (-1, "1969-12-31"),
    ] {
        assert_eq!(Date(days).to_string(), text);
    }
}
