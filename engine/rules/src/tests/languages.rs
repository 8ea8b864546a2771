//! The rule of `sdk/examples`, in Rust, JavaScript and Python, on the same made-up rows: the same
//! alerts with the same ids, in calls of any size, in fresh instances too.

use arrow::array::{ArrayRef, DictionaryArray, Float64Array, StringArray};
use arrow::datatypes::Int32Type;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use zaraba_core::snapshot::{Segment, Snapshot};

use super::*;
use crate::language::Language;
use crate::rule::complete_params;
use crate::state::State;

/// Compiling an interpreter takes half a minute: compiled code is kept beside the plugins.
static KEPT: LazyLock<Host> = LazyLock::new(|| {
    let beside = built("compiled").with_extension("");
    Host::new(Some(beside)).unwrap()
});

fn load(name: &str) -> Plugin {
    Plugin::from_file(&KEPT, &built(name)).unwrap()
}

static RUST: LazyLock<Plugin> = LazyLock::new(|| load("step"));
static JAVASCRIPT: LazyLock<Plugin> = LazyLock::new(|| load("step-js"));
static PYTHON: LazyLock<Plugin> = LazyLock::new(|| load("step-py"));

fn all() -> [&'static Plugin; 3] {
    [&RUST, &JAVASCRIPT, &PYTHON]
}

/// One test, so that one process compiles the interpreters.
#[test]
fn one_rule_in_three_languages() {
    three_languages_say_the_same_of_themselves();
    three_languages_raise_the_same_alerts();
    limits_of_a_language_are_enough();
    an_exception_says_where();
}

/// A made-up row: seconds after the one before, symbol, price, volume, venue.
type Made = (i64, usize, f64, Option<i64>, Option<&'static str>);

fn made() -> impl Strategy<Value = Vec<Made>> {
    let gap = prop_oneof![4 => 0..3i64, 1 => 100..900i64, 1 => 3000..5000i64];
    // Prices that a computer cannot write exactly, and those that divide to what is no number.
    let price = prop_oneof![8 => 90.0..110.0f64, 1 => -5.0..5.0f64, 1 => prop::num::f64::ANY];
    let big = prop_oneof![0..20i64, Just(i64::MAX), Just((1 << 53) + 1)];
    let venue = prop::option::of(prop::sample::select(vec!["TSE", "大阪", ""]));
    let row = (gap, 0..4usize, price, prop::option::of(big), venue);
    prop::collection::vec(row, 1..60)
}

const SYMBOLS: [&str; 4] = ["7203", "日経", "", "é\u{1f600}"];

fn rows(made: &[Made], coded: bool) -> Batch {
    let symbols = made.iter().map(|row| Some(SYMBOLS[row.1]));
    let symbols: ArrayRef = if coded {
        Arc::new(symbols.collect::<DictionaryArray<Int32Type>>())
    } else {
        Arc::new(symbols.collect::<StringArray>())
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("symbol", symbols),
        (
            "price",
            Arc::new(made.iter().map(|row| Some(row.2)).collect::<Float64Array>()),
        ),
        (
            "volume",
            Arc::new(made.iter().map(|row| row.3).collect::<Int64Array>()),
        ),
        (
            "venue",
            Arc::new(made.iter().map(|row| row.4).collect::<StringArray>()),
        ),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let mut now = 1_764_000_000;
    let times = made.iter().map(|row| {
        now += row.0;
        now * 1_000_000
    });
    let times: Vec<i64> = times.collect();
    Batch::new(rows, times.into(), (0..made.len() as u64).collect()).unwrap()
}

/// The alerts of a plugin for rows in calls of a size, and what it logged.
fn alerts(plugin: &Plugin, rows: &Batch, size: usize, fresh: bool) -> (Vec<String>, Vec<String>) {
    let said = Lines::default();
    let schema = rows.rows.schema();
    let streams = [("prices", schema.as_ref())];
    let params = object(json!({ "volume_min": 3, "jump_pct": 4.5 }));
    let around = around(&said, plugin.limits());
    let mut rule = Rule::new("step", plugin, &params, &streams, around).unwrap();
    let mut out = Vec::new();
    for from in (0..rows.len()).step_by(size) {
        let part = rows.slice(from, size.min(rows.len() - from));
        rule.process(0, &part, &mut out).unwrap();
        if fresh {
            rule.replace();
        }
    }
    rule.end(EventTime(rows.time[rows.len() - 1]), &mut out)
        .unwrap();
    (lines(&out), said.all())
}

fn three_languages_raise_the_same_alerts() {
    let mut runner = TestRunner::new(Config::with_cases(24));
    let mut raised = 0;
    runner
        .run(&(made(), any::<bool>()), |(made, coded)| {
            let rows = rows(&made, coded);
            let (whole, said) = alerts(&RUST, &rows, usize::MAX >> 1, false);
            assert!(said.is_empty(), "{said:?}");
            for plugin in all() {
                for (size, fresh) in [(1, false), (7, false), (7, true), (60, false)] {
                    let (found, said) = alerts(plugin, &rows, size, fresh);
                    let language = plugin.language().name();
                    prop_assert!(said.is_empty(), "{language}: {said:?}");
                    prop_assert_eq!(&found, &whole, "{} in calls of {}", language, size);
                }
            }
            Ok(())
        })
        .unwrap();
    let rows = rows(
        &[(0, 0, 100.0, None, None), (1, 0, 120.0, None, None)],
        false,
    );
    for plugin in all() {
        raised += alerts(plugin, &rows, 1, false).0.len();
    }
    assert_eq!(raised, 3, "there is something to compare");
}

fn three_languages_say_the_same_of_themselves() {
    let [rust, others @ ..] = all();
    let columns = |plugin: &Plugin| format!("{:?}", plugin.manifest().streams);
    let defaults = |plugin| Value::Object(complete_params(plugin, &Map::new()).unwrap());
    for other in others {
        assert_eq!(columns(other), columns(rust));
        assert_eq!(other.manifest().outputs, rust.manifest().outputs);
        assert_eq!(other.manifest().timer, rust.manifest().timer);
        let (ours, theirs) = (defaults(rust), defaults(other));
        let number = |value: &Value, name: &str| value[name].as_f64();
        for name in ["jump_pct", "volume_min", "silent_s"] {
            assert_eq!(number(&theirs, name), number(&ours, name), "{name}");
        }
    }
    let found = all().map(Plugin::language);
    let expected = [Language::Compiled, Language::JavaScript, Language::Python];
    assert_eq!(found, expected);
}

/// As many rows as may come in a call, and then as many calls as make garbage: within the limits, and
/// far from them, or a busy machine would meet the deadline.
fn limits_of_a_language_are_enough() {
    for plugin in all() {
        let limits = plugin.limits();
        let made: Vec<Made> = (0..2048)
            .map(|i| {
                (
                    1,
                    i % 4,
                    100.0 + (i % 7) as f64,
                    Some(i as i64),
                    Some("TSE"),
                )
            })
            .collect();
        let rows = rows(&made, false);
        let said = Lines::default();
        let schema = rows.rows.schema();
        let streams = [("prices", schema.as_ref())];
        let around = around(&said, limits.clone());
        let mut rule = Rule::new("step", plugin, &Map::new(), &streams, around).unwrap();
        let mut out = Vec::new();
        rule.process(0, &rows, &mut out).unwrap();
        assert!(said.all().is_empty(), "{:?}", said.all());
        let meter = rule.meter();
        let used = crate::meter::Meter::get(&meter.fuel);
        let calls = crate::meter::Meter::get(&meter.calls);
        let most = limits.fuel * calls + limits.fuel_per_row * rows.len() as u64;
        assert!(used * 2 < most, "{used} of {most}");
    }
}

/// An exception is an error of the call, and says where it comes from: here a state that another
/// program wrote.
fn an_exception_says_where() {
    let rows = rows(&[(0, 0, 100.0, None, None)], false);
    let schema = rows.rows.schema();
    for (plugin, place) in [(&JAVASCRIPT, "zaraba.js"), (&PYTHON, "decoder.py")] {
        let said = Lines::default();
        let streams = [("prices", schema.as_ref())];
        let around = around(&said, plugin.limits());
        let mut rule = Rule::new("step", plugin, &Map::new(), &streams, around).unwrap();
        let mut state = State::default();
        let (key, value) = (SYMBOLS[0].into(), b"not JSON".to_vec());
        state.set(key, value, None, 1000).unwrap();
        let (mut snapshot, before) = (Snapshot::default(), rule.snapshot().unwrap());
        snapshot.push("state", vec![], vec![Segment::new(state.rows().unwrap())]);
        for name in ["ordinals", "tick", "trouble"] {
            let part = before.part(name).unwrap();
            snapshot.push(name, part.numbers.clone(), part.segments.clone());
        }
        rule.restore(&snapshot).unwrap();
        rule.process(0, &rows, &mut Vec::new()).unwrap();
        let [first, ..] = &said.all()[..] else {
            panic!("it failed in silence")
        };
        assert!(
            first.contains("the rule says: ") && first.contains(place),
            "{first}"
        );
    }
}
