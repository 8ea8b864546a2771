//! The harness finds rules that the engine would not run the same twice, and does with rows, ticks,
//! tables and texts what the engine does.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use zaraba_sdk::alert::{Alerts, Severity};
use zaraba_sdk::calendar::{
    Phase, next_sq, phase_at, session_at, trading_day, trading_days_between,
};
use zaraba_sdk::harness::calendar::set_holidays;
use zaraba_sdk::harness::{Harness, Table};
use zaraba_sdk::input::{Date, Input, Timestamp};
use zaraba_sdk::manifest::{DataType, Manifest};
use zaraba_sdk::rule::Rule;
use zaraba_sdk::state::Keyed;
use zaraba_sdk::text::Text;
use zaraba_sdk::{Params, Row, tables};

#[derive(Row)]
struct Tick {
    n: i64,
}

#[derive(Row)]
struct Clock {}

#[derive(Row)]
#[expect(dead_code, reason = "a key is named, not read")]
struct Key<'a> {
    name: Text<'a>,
}

#[derive(Row)]
struct Named<'a> {
    name: Text<'a>,
    weight: f64,
}

#[derive(Params)]
struct How {
    /// What to do.
    #[param(one_of = ["memory", "size", "other_time", "count"])]
    what: String,
}

/// Counts rows, in one of four ways, of which one is right.
struct Counter {
    what: String,
    seen: i64,
}

const COUNT: Keyed<i64> = Keyed::new("count");

impl Rule for Counter {
    type Params = How;

    fn manifest() -> Manifest {
        Manifest::new("counter", "1.0.0", "Counts")
            .reads::<Tick>("ticks")
            .reads::<Clock>("clock")
            .looks_into::<Key, Named>("names", true)
            .adds("at", DataType::Timestamp, "When")
            .every(10_000_000)
            .says(
                "row",
                "ja",
                "{{ n }}件 {{ '%+.1f' | format(value) }}",
                "{{ at }}",
            )
            .says("row", "en", "{{ n }} rows", "")
    }

    fn new(params: How) -> Self {
        Self {
            what: params.what,
            seen: 0,
        }
    }

    fn evaluate(&mut self, input: &Input, alerts: &mut Alerts) -> Result<(), String> {
        if input.stream() == 1 {
            return Ok(());
        }
        for row in input.rows::<Tick>() {
            let count = COUNT.get("n", row.time).unwrap_or(0) + 1;
            COUNT.set("n", &count);
            self.seen += 1;
            if self.what == "other_time" {
                let _ = COUNT.get("n", row.time.plus(1));
            }
            let n = match self.what.as_str() {
                "memory" => self.seen,
                "size" => input.len() as i64,
                _ => count,
            };
            let draft = alerts.open(row.index, Severity::Info, "row").code("row");
            draft
                .figure(row.n as f64, 0.0, "")
                .arg("n", n)
                .field(row.time);
        }
        Ok(())
    }

    fn tick(&mut self, at: Timestamp, alerts: &mut Alerts) -> Result<(), String> {
        let n = COUNT.get("n", at).unwrap_or(0);
        alerts
            .open(0, Severity::Watch, "tick")
            .arg("n", n)
            .field(at);
        Ok(())
    }
}

fn ticks() -> Table {
    let mut rows = Table::new(&["n", "unused"]);
    for i in 0..60 {
        let n = (i % 5 > 0).then_some(i);
        rows.push(1_000_000 * i, (n, "x"));
    }
    rows
}

fn clock() -> Table {
    let mut rows = Table::new(&[]);
    rows.push(3_000_000, ())
        .push(3_500_000, ())
        .push(65_000_000, ());
    rows
}

fn raised(what: &str) -> Vec<zaraba_sdk::harness::Raised> {
    let params = format!(r#"{{ "what": "{what}" }}"#);
    Harness::<Counter>::raised(&params, &[&ticks(), &clock()]).unwrap()
}

#[test]
fn rows_and_ticks_come_in_order() {
    let alerts = raised("count");
    let rows: Vec<_> = alerts.iter().filter(|a| a.kind == "row").collect();
    assert_eq!(rows.len(), 48); // rows without a value never come
    assert_eq!(
        (rows[0].row, rows[47].row, rows[47].time),
        (1, 59, 59_000_000)
    );
    assert_eq!(
        (rows[0].title("ja"), rows[0].message("ja")),
        ("1件 +1.0", "1970-01-01T00:00:01Z")
    );
    assert_eq!(rows[47].title("en"), "48 rows");
    // A tick comes behind the row of its own time; the last is the first that is not before the last
    // row.
    let ticks = alerts.iter().filter(|a| a.kind == "tick");
    let ticks: Vec<_> = ticks
        .map(|a| (a.time / 1_000_000, a.args[0].value.clone()))
        .collect();
    let expected = [0, 10, 20, 30, 40, 50, 60, 70].map(|at: i64| {
        let rows = (0..=at.min(59)).filter(|i| i % 5 > 0).count() as i64;
        (at, rows.into())
    });
    assert_eq!(ticks, expected);
}

#[test]
#[should_panic(expected = "first difference")]
fn a_rule_that_remembers_in_itself_is_found() {
    raised("memory");
}

#[test]
#[should_panic(expected = "first difference")]
fn a_rule_that_looks_at_the_size_of_a_call_is_found() {
    raised("size");
}

#[test]
#[should_panic(expected = "asked about")]
fn a_rule_that_asks_about_another_time_is_found() {
    raised("other_time");
}

#[test]
fn tables_are_as_of_a_time() {
    let mut rule = Harness::<Counter>::new(r#"{ "what": "count" }"#).unwrap();
    for (time, name, weight) in [(1, "b", 1.0), (2, "a", 2.0), (5, "b", 3.0), (6, "ab", 4.0)] {
        rule.put(0, time, (name,), (name, weight));
    }
    let at = |prefix: &[zaraba_sdk::alert::Value], at| {
        let found = tables::scan(0, prefix, Timestamp(at));
        let rows = found.rows::<Named>();
        rows.map(|row| (row.time.0, row.name.as_str().to_owned(), row.weight))
            .collect::<Vec<_>>()
    };
    let (a, b) = ("a".to_owned(), "b".to_owned());
    assert_eq!(at(&[], 4), [(2, a.clone(), 2.0), (1, b.clone(), 1.0)]);
    assert_eq!(at(&["b".into()], 6), [(5, b, 3.0)]);
    assert_eq!(at(&[], 0), []);
    let found = tables::lookup(0, &["a".into()], Timestamp(9)).unwrap();
    assert_eq!(found, ["a".into(), 2.0.into()]);
}

#[test]
fn the_calendar_knows_weekdays_and_what_it_is_told() {
    let tokyo = |day: i64, hours: i64, minutes: i64| {
        Timestamp((day * 1440 + (hours - 9) * 60 + minutes) * 60_000_000)
    };
    let friday = 20_406; // 2025-11-14
    let day = |at| trading_day("OSE.future", at).to_string();
    assert_eq!(day(tokyo(friday, 15, 45)), "2025-11-14"); // the closing auction
    assert_eq!(day(tokyo(friday, 15, 46)), "2025-11-17");
    assert_eq!(day(tokyo(friday + 1, 5, 0)), "2025-11-17"); // Saturday morning
    assert_eq!(session_at("OSE.future", tokyo(friday + 2, 12, 0)), None);
    assert_eq!(phase_at("TSE.cash", tokyo(friday, 12, 0)), Phase::Closed);
    assert_eq!(phase_at("OSE.option", tokyo(friday, 17, 0)), Phase::Zaraba);
    let sq = |day: i32| (next_sq(Date(day)).0.to_string(), next_sq(Date(day)).1);
    assert_eq!(sq(20_406), ("2025-11-14".to_owned(), 0));
    assert_eq!(sq(20_407), ("2025-12-12".to_owned(), 27));
    assert_eq!(sq(20_434), ("2025-12-12".to_owned(), 0));
    let between = || trading_days_between("OSE.future", Date(20_406), Date(20_413));
    assert_eq!(between(), 5);
    set_holidays(&[Date(20_409), Date(20_434)]);
    assert_eq!(
        (day(tokyo(friday, 18, 0)), between()),
        ("2025-11-18".to_owned(), 4)
    );
    assert_eq!(sq(20_407), ("2025-12-11".to_owned(), 26));
    set_holidays(&[]);
}
