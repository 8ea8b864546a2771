//! What raises alerts, below the table of nodes: how much rules cost, and how many alerts come. Rates
//! are over the last minute, or since the start where that is less.

use std::collections::{BTreeMap, VecDeque};

use indicatif::HumanCount;
use serde_json::Value;

/// The table's columns; numbers stand at the right.
pub(super) const COLUMNS: [&str; 10] = [
    "RULE",
    "KIND",
    "CALLS/s",
    "µs/CALL",
    "FUEL/CALL",
    "TRAPS",
    "SKIPPED",
    "ALERTS",
    "ALERTS/min",
    "LEFT OUT",
];

/// Over how long rates are, seconds.
const MINUTE: f64 = 60.0;

/// What a node had counted at a look.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    calls: u64,
    seconds: f64,
    fuel: u64,
    told: u64,
}

/// Looks of the last minute.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    looks: VecDeque<(f64, BTreeMap<String, Counted>)>,
    lines: Vec<[String; COLUMNS.len()]>,
}

impl Rules {
    /// Looks again. `uptime`: when, in seconds since the start.
    pub(super) fn take(&mut self, uptime: f64, stats: &Value) {
        // A run that was started again begins at nothing.
        if self
            .looks
            .back()
            .is_some_and(|(before, _)| *before >= uptime)
        {
            self.looks.clear();
        }
        while self
            .looks
            .get(1)
            .is_some_and(|(at, _)| uptime - at >= MINUTE)
        {
            self.looks.pop_front();
        }
        let none = (0.0, BTreeMap::new());
        let (since, before) = self.looks.front().unwrap_or(&none);
        let over = (uptime - since).max(f64::EPSILON);
        let mut now = BTreeMap::new();
        let mut lines = Vec::new();
        for node in stats["nodes"].as_array().into_iter().flatten() {
            let kind = node["kind"].as_str().unwrap_or_default();
            if !["alert", "rule"].contains(&kind) {
                continue;
            }
            let name = node["name"].as_str().unwrap_or_default();
            let counted = Counted::new(node);
            let before = before.get(name).copied().unwrap_or_default();
            lines.push(line(name, node, counted, before, over));
            now.insert(name.to_owned(), counted);
        }
        self.lines = lines;
        self.looks.push_back((uptime, now));
    }

    /// The lines of the table.
    pub(super) fn lines(&self) -> &[[String; COLUMNS.len()]] {
        &self.lines
    }
}

impl Counted {
    fn new(node: &Value) -> Self {
        let rule = &node["rule"];
        Self {
            calls: rule["calls"].as_u64().unwrap_or(0),
            seconds: rule["seconds"].as_f64().unwrap_or(0.0),
            fuel: rule["fuel"].as_u64().unwrap_or(0),
            told: node["rows_out"].as_u64().unwrap_or(0),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rates for eyes")]
fn line(
    name: &str,
    node: &Value,
    now: Counted,
    before: Counted,
    over: f64,
) -> [String; COLUMNS.len()] {
    let none = || "-".to_owned();
    let rule = &node["rule"];
    let of_rule = |text: String| if rule.is_object() { text } else { none() };
    let count = |n: u64| HumanCount(n).to_string();
    let counted = |of: &str| of_rule(count(rule[of].as_u64().unwrap_or(0)));
    let calls = now.calls.saturating_sub(before.calls) as f64;
    let per_call = |n: f64| match calls > 0.0 {
        true => of_rule(shown_rate(n / calls)),
        false => none(),
    };
    let told = now.told.saturating_sub(before.told) as f64;
    [
        name.to_owned(),
        node["kind"].as_str().unwrap_or_default().to_owned(),
        of_rule(shown_rate(calls / over)),
        per_call((now.seconds - before.seconds) * 1e6),
        per_call(now.fuel.saturating_sub(before.fuel) as f64),
        counted("traps"),
        counted("skipped"),
        count(now.told),
        shown_rate(told / over * MINUTE),
        count(node["suppressed"].as_u64().unwrap_or(0)),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate for eyes"
)]
/// A rate in few digits.
pub(super) fn shown_rate(rate: f64) -> String {
    if rate < 100.0 {
        format!("{rate:.1}")
    } else {
        HumanCount(rate as u64).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rates_are_over_the_last_minute() {
        let stats = |n: u64| {
            json!({ "nodes": [
                { "name": "ticks", "kind": "source", "rows_out": 9, "rule": null },
                { "name": "high", "kind": "alert", "rows_out": n, "suppressed": 1, "rule": null },
                { "name": "jump", "kind": "rule", "rows_out": 2 * n, "suppressed": 1200,
                  "rule": { "calls": 100 * n, "seconds": 0.001 * n as f64, "fuel": 5000 * n,
                            "traps": 3, "skipped": 4 } },
            ] })
        };
        let mut rules = Rules::default();
        let mut seen = |uptime: f64, n: u64| {
            rules.take(uptime, &stats(n));
            let lines = rules.lines().iter();
            lines.map(|line| line.join(" ")).collect::<Vec<String>>()
        };
        let expected = [
            "high alert - - - - - 2 12.0 1",
            "jump rule 20.0 10.0 50.0 3 4 4 24.0 1,200",
        ];
        assert_eq!(seen(10.0, 2), expected, "since the start");
        assert_eq!(seen(40.0, 2)[1], "jump rule 0.0 - - 3 4 4 0.0 1,200");
        assert_eq!(seen(70.0, 12)[0], "high alert - - - - - 12 10.0 1");
        // Since the second look: the first is more than a minute ago.
        assert_eq!(seen(100.0, 13)[0], "high alert - - - - - 13 11.0 1");
        assert_eq!(
            seen(5.0, 1)[0],
            "high alert - - - - - 1 12.0 1",
            "started again"
        );
    }
}
