//! Every misdeed is contained: the call that did it has no effect, the calls around it have all of
//! theirs, and the log says why.

use super::*;
use crate::meter::Meter;

/// Rows 10..20, 20..30 and 30..40 (no tick is among them), the misdeed in the middle.
fn three_calls(rule: &mut Rule) -> Vec<(String, i64)> {
    let mut out = Vec::new();
    for from in [10, 20, 30] {
        rule.process(0, &numbers(from, from + 10), &mut out)
            .unwrap();
    }
    totals(&out)
}

fn expected() -> Vec<(String, i64)> {
    // The middle ten rows count for nothing.
    (1..=20).map(|total| ("row".to_owned(), total)).collect()
}

#[test]
fn each_misdeed_costs_its_own_rows_only() {
    let small = || Limits {
        state: 256 << 10,
        // Enough for each to go as far as its own limit.
        fuel: 20_000_000,
        ..Limits::default()
    };
    for (what, reason) in [
        ("loop", "it used up the fuel of a call (20200000)"),
        ("memory", "of memory; `limits.memory` is 33554432"),
        ("recursion", "its calls nest too deep"),
        (
            "trap",
            "it trapped: wasm trap: wasm `unreachable` instruction executed",
        ),
        ("error", "the rule says: it has had enough"),
        (
            "many alerts",
            "it raised 10011 alerts in a call, at most 10000 are allowed",
        ),
        (
            "big alerts",
            "it handed over more than 8388608 bytes (`limits.output`)",
        ),
        (
            "one text",
            "it handed over more than 8388608 bytes (`limits.output`)",
        ),
        (
            "wrong type",
            "the output `total` is text, the manifest says int64",
        ),
        (
            "wrong number",
            "an alert with 2 output fields, the manifest says 1",
        ),
        ("wrong row", "an alert of row 1000000, the call had 10"),
        ("state", "its state grew past 262144 bytes"),
        ("state then trap", "it trapped"),
        ("scan", "it used up the fuel of a call"),
        (
            "another time",
            "it asked about 1970-01-01T01:00:25Z; the rows of the call are of",
        ),
    ] {
        let (mut rule, lines) = hostile_with(json!({ "what": what, "at": 25 }), small());
        assert_eq!(three_calls(&mut rule), expected(), "{what}");
        let said = lines.all();
        assert_eq!(said.len(), 2, "{what}: tried again, then skipped: {said:?}");
        assert!(
            said[0].starts_with("a call failed and is tried again: "),
            "{said:?}"
        );
        let then = match what {
            "loop" | "scan" => ", and paused for 1s of event time",
            _ => "",
        };
        let skipped = format!("10 rows up to 1970-01-01T00:00:29Z skipped{then}: ");
        assert!(said[1].starts_with(&skipped), "{said:?}");
        assert!(said[1].contains(reason), "{what}: {said:?}");
        let meter = rule.meter();
        assert_eq!(Meter::get(&meter.failures), 2, "{what}");
        assert_eq!(Meter::get(&meter.skipped), 10, "{what}");
        assert_eq!(Meter::get(&meter.rows), 20, "{what}");
        assert_eq!(Meter::get(&meter.instances), 3, "{what}");
    }
}

#[test]
fn a_deadline_stands_behind_the_fuel() {
    let limits = Limits {
        fuel: u64::MAX / 2,
        deadline: std::time::Duration::from_millis(50),
        ..Limits::default()
    };
    let (mut rule, lines) = hostile_with(json!({ "what": "loop", "at": 25 }), limits);
    assert_eq!(three_calls(&mut rule), expected());
    assert!(
        lines.all()[1].contains("it ran past its deadline of 50 ms"),
        "{:?}",
        lines.all()
    );
}

#[test]
fn a_trap_at_the_thousandth_row_skips_its_call() {
    let (mut rule, _) = hostile(json!({ "what": "trap", "at": 999 }));
    let mut out = Vec::new();
    for from in (0..2000).step_by(100) {
        rule.process(0, &numbers(from, from + 100), &mut out)
            .unwrap();
    }
    let rows = totals(&out)
        .into_iter()
        .filter(|(kind, _)| kind == "row")
        .count();
    // Ticks part calls: the tick of 960 does, and 961..1000 is the call that traps.
    assert_eq!(rows, 2000 - 39);
}

#[test]
fn a_megabyte_of_log_is_cut_and_the_call_counts() {
    let (mut rule, lines) = hostile(json!({ "what": "log", "at": 15 }));
    let mut out = Vec::new();
    rule.process(0, &numbers(10, 20), &mut out).unwrap();
    assert_eq!(out[0].len(), 10);
    let said = lines.all();
    assert_eq!(
        said.len(),
        65,
        "64 KiB in lines of 1 KiB, and what was dropped"
    );
    assert_eq!(
        said[64],
        "982080 bytes of its lines were dropped; a call may write 65536"
    );
}

#[test]
fn standard_output_in_a_loop_is_cut_and_ends() {
    let limits = Limits {
        fuel: 1_000_000,
        ..Limits::default()
    };
    let (mut rule, lines) = hostile_with(json!({ "what": "stdout", "at": 25 }), limits);
    assert_eq!(three_calls(&mut rule), expected());
    let (written, said): (Vec<_>, Vec<_>) = lines
        .all()
        .into_iter()
        .partition(|line| line == "and on and on it goes");
    let bytes: usize = written.iter().map(|line| line.len() + 1).sum();
    assert!((65_500 * 2..=65_536 * 2).contains(&bytes), "{bytes}");
    let [dropped, again, dropped_again, skipped] = &said[..] else {
        panic!("{said:?}")
    };
    let cut = " bytes of its lines were dropped; a call may write 65536";
    assert!(dropped.ends_with(cut), "{dropped}");
    // What it may do does not depend on the machine.
    assert_eq!(dropped, dropped_again);
    let reason = "it used up what imports may move in a call";
    assert_eq!(
        *again,
        format!("a call failed and is tried again: {reason}")
    );
    assert_eq!(
        *skipped,
        format!("10 rows up to 1970-01-01T00:00:29Z skipped: {reason}")
    );
}

#[test]
fn a_line_is_one_line() {
    let (mut rule, lines) = hostile(json!({ "what": "log control", "at": 15 }));
    rule.process(0, &numbers(15, 16), &mut Vec::new()).unwrap();
    assert_eq!(lines.all(), [r"one\nline \u{1b}[2J only"]);
}

#[test]
fn a_rule_that_keeps_failing_is_paused_for_event_time() {
    let limits = Limits {
        failures: 2,
        pause: 10_000_000,
        pause_max: 20_000_000,
        ..Limits::default()
    };
    let (mut rule, lines) = hostile_with(json!({ "what": "trap" }), limits);
    let mut out = Vec::new();
    for second in 1..60 {
        rule.process(0, &numbers(second, second + 1), &mut out)
            .unwrap();
    }
    assert!(totals(&out).is_empty());
    let paused: Vec<String> = lines
        .all()
        .into_iter()
        .filter(|l| l.contains("paused"))
        .collect();
    let until = |second: i64, pause: &str| {
        format!(
            "1 rows up to 1970-01-01T00:00:{second:02}Z skipped, and paused for {pause} of event time"
        )
    };
    // Fails at 1 and 2, sleeps 10 s; fails at 12, sleeps 20 s; and so on.
    for (line, (second, pause)) in
        paused
            .iter()
            .zip([(2, "10s"), (12, "20s"), (32, "20s"), (52, "20s")])
    {
        assert!(line.starts_with(&until(second, pause)), "{line}");
    }
    assert_eq!(paused.len(), 4);
    assert_eq!(Meter::get(&rule.meter().skipped), 59);
    assert_eq!(Meter::get(&rule.meter().calls), 10);
}

#[test]
fn a_rule_that_loops_is_paused_at_once() {
    let (mut rule, lines) = hostile(json!({ "what": "loop" }));
    let mut out = Vec::new();
    // Ten rows a second: pauses of 1, 2 and 4 seconds.
    for tenth in 0..40 {
        let rows = numbers(1, 2);
        let time = vec![1_000_000 + tenth * 100_000].into();
        let rows = Batch::new(rows.rows, time, rows.seq).unwrap();
        rule.process(0, &rows, &mut out).unwrap();
    }
    assert!(totals(&out).is_empty());
    let said = lines.all();
    let paused: Vec<&String> = said.iter().filter(|l| l.contains("paused")).collect();
    for (line, pause) in paused.iter().zip(["1s", "2s", "4s"]) {
        let says = format!("and paused for {pause} of event time: it used up the fuel of a call");
        assert!(line.contains(&says), "{line}");
    }
    assert_eq!(paused.len(), 3);
    // Each was tried once: in a fresh instance.
    assert_eq!(Meter::get(&rule.meter().calls), 3);
}
