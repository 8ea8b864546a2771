//! The answer of `/api/stats` as lines of a table.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{BinaryBytes, HumanCount};
use serde_json::Value;
use zaraba::text_width;

use crate::failure::Failure;
use crate::remote::Remote;
use crate::top::rules::{self, Rules, shown_rate};
use crate::top::{Sort, alerts};

/// The table's columns; numbers stand at the right.
pub(super) const COLUMNS: [&str; 12] = [
    "NODE", "KIND", "IN/s", "OUT/s", "IN", "OUT", "LATE", "BAD", "QUEUE", "BUSY", "STATE", "LAG",
];
/// Columns before this one are words.
pub(super) const WORDS: usize = 2;

/// A node at one look.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    name: String,
    kind: String,
    rates: (Option<f64>, Option<f64>),
    rows: (u64, u64),
    late: u64,
    bad: u64,
    queue: Option<(u64, u64)>,
    /// Share of the time since the last look that it worked.
    busy: f64,
    state: u64,
    lag: Option<f64>,
    event_time: Option<String>,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pipeline: String,
    uptime: f64,
    clients: u64,
    nodes: Vec<Node>,
    rules: Rules,
    /// The newest alerts, a line each.
    alerts: Vec<String>,
    /// Busy seconds of each node when it was looked at before, and when that was.
    before: (f64, BTreeMap<String, f64>),
}

impl Seen {
    /// Looks again.
    pub(super) fn look(&mut self, remote: &Remote) -> Result<(), Failure> {
        let text = remote.get("/api/stats")?;
        let stats: Option<Value> = serde_json::from_str(&text).ok();
        let stats = stats.filter(|s| s["nodes"].is_array() && s["pipeline"].is_string());
        self.take(&stats.ok_or_else(|| remote.stranger(&text))?);
        self.alerts = alerts::newest(remote);
        Ok(())
    }

    fn take(&mut self, stats: &Value) {
        let uptime = stats["uptime"].as_f64().unwrap_or(0.0);
        let (since, busy_before) = std::mem::take(&mut self.before);
        // A run that was started again begins at nothing.
        let (since, busy_before) = if since < uptime {
            (since, busy_before)
        } else {
            (0.0, BTreeMap::new())
        };
        stats["pipeline"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.pipeline);
        self.uptime = uptime;
        self.clients = stats["clients"]["now"].as_u64().unwrap_or(0);
        self.before.0 = uptime;
        self.nodes.clear();
        for node in stats["nodes"].as_array().into_iter().flatten() {
            let name = node["name"].as_str().unwrap_or_default().to_owned();
            let worked = node["busy_seconds"].as_f64().unwrap_or(0.0);
            let before = busy_before.get(&name).copied().unwrap_or(0.0);
            self.before.1.insert(name.clone(), worked);
            let busy = (worked - before) / (uptime - since).max(f64::EPSILON);
            self.nodes.push(Node::new(name, node, busy));
        }
        self.rules.take(uptime, stats);
    }

    /// What is said above the table.
    pub(super) fn head(&self) -> String {
        let (n, s) = (self.clients, if self.clients == 1 { "" } else { "s" });
        let mut head = format!("{}: up {}, {n} client{s}", self.pipeline, time(self.uptime));
        // The node that is furthest behind says how far the pipeline has come.
        if let Some(reached) = self
            .nodes
            .iter()
            .filter_map(|n| n.event_time.as_ref())
            .min()
        {
            head += &format!(", at {reached}");
        }
        head
    }

    /// The lines of the table.
    pub(super) fn rows(&self, sort: Sort) -> Vec<[String; COLUMNS.len()]> {
        let mut nodes: Vec<&Node> = self.nodes.iter().collect();
        match sort {
            Sort::Pipeline => {}
            Sort::Name => nodes.sort_by(|a, b| a.name.cmp(&b.name)),
            _ => nodes.sort_by(|a, b| b.by(sort).total_cmp(&a.by(sort))),
        }
        nodes.into_iter().map(Node::cells).collect()
    }

    /// The table of what raises alerts below that, its head first; none where nothing does.
    pub(super) fn rules(&self) -> Vec<String> {
        match self.rules.lines() {
            [] => Vec::new(),
            lines => aligned(&rules::COLUMNS, lines),
        }
    }

    /// What is said below the tables.
    pub(super) fn alerts(&self) -> &[String] {
        &self.alerts
    }

    /// All of it as text.
    pub(super) fn text(&self, sort: Sort) -> String {
        let mut text = self.head() + "\n";
        let nodes = aligned(&COLUMNS, &self.rows(sort));
        let below = self.rules().into_iter().chain(self.alerts.iter().cloned());
        for line in nodes.into_iter().chain(below) {
            text += &line;
            text.push('\n');
        }
        text
    }
}

/// A table as lines, its head first.
fn aligned<const N: usize>(head: &[&str; N], rows: &[[String; N]]) -> Vec<String> {
    let head = head.map(str::to_owned);
    let all = || std::iter::once(&head).chain(rows);
    let width = |i: usize| all().map(|row| text_width(&row[i])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let space = " ".repeat(width - text_width(cell));
            line += if i == 0 { "" } else { "  " };
            line += &(if i < WORDS {
                cell.clone() + &space
            } else {
                space + cell
            });
        }
        line.trim_end().to_owned()
    };
    all().map(line).collect()
}

impl Node {
    fn new(name: String, node: &Value, busy: f64) -> Self {
        let count = |of: &str| node[of].as_u64().unwrap_or(0);
        let queue = &node["queue"];
        Self {
            name,
            kind: node["kind"].as_str().unwrap_or_default().to_owned(),
            rates: (
                node["rows_in_per_second"].as_f64(),
                node["rows_out_per_second"].as_f64(),
            ),
            rows: (count("rows_in"), count("rows_out")),
            late: count("late"),
            bad: count("bad") + count("unassigned"),
            queue: queue["used"].as_u64().zip(queue["bound"].as_u64()),
            busy,
            state: count("state_bytes"),
            lag: node["lag_seconds"].as_f64(),
            event_time: node["event_time"].as_str().map(str::to_owned),
        }
    }

    /// What it is sorted by.
    #[expect(clippy::cast_precision_loss, reason = "an order for eyes")]
    fn by(&self, sort: Sort) -> f64 {
        match sort {
            Sort::Pipeline | Sort::Name => 0.0,
            Sort::In => self.rates.0.unwrap_or(0.0),
            Sort::Out => self.rates.1.unwrap_or(0.0),
            Sort::Lag => self.lag.unwrap_or(f64::NEG_INFINITY),
            Sort::Queue => (self.queue).map_or(0.0, |(used, bound)| used as f64 / bound as f64),
            Sort::Busy => self.busy,
            Sort::Bad => (self.bad + self.late) as f64,
            Sort::State => self.state as f64,
        }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let none = || "-".to_owned();
        let rate = |rate: Option<f64>| rate.map_or_else(none, shown_rate);
        let count = |n: u64| HumanCount(n).to_string();
        [
            self.name.clone(),
            self.kind.clone(),
            rate(self.rates.0),
            rate(self.rates.1),
            count(self.rows.0),
            count(self.rows.1),
            count(self.late),
            count(self.bad),
            (self.queue).map_or_else(none, |(used, bound)| format!("{used}/{bound}")),
            format!("{:.0} %", self.busy * 100.0),
            BinaryBytes(self.state).to_string(),
            self.lag.map_or_else(none, time),
        ]
    }
}

/// `0.3 s`, `2 m 5 s`, `3 h 4 m`, `2 d 1 h`; of a clock that goes behind: less than nothing.
fn time(seconds: f64) -> String {
    if seconds.abs() < 60.0 {
        return format!("{seconds:.1} s");
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    let whole = Duration::try_from_secs_f64(seconds.abs()).unwrap_or(Duration::MAX);
    let whole = whole.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let first = units.iter().position(|(n, _)| whole >= *n).unwrap_or(3);
    let parts = units
        .iter()
        .skip(first)
        .take(2)
        .scan(whole, |left, (n, unit)| {
            let of = *left / n;
            *left %= n;
            Some(format!("{of} {unit}"))
        });
    sign.to_owned() + &parts.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times() {
        for (seconds, expected) in [
            (0.25, "0.2 s"),
            (-3.0, "-3.0 s"),
            (125.0, "2 m 5 s"),
            (11_045.0, "3 h 4 m"),
            (176_400.0, "2 d 1 h"),
        ] {
            assert_eq!(time(seconds), expected);
        }
    }

    fn stats(uptime: f64, busy: f64) -> Value {
        let node = |name: &str, rate: f64, used: u64| {
            json!({
                "name": name, "kind": "query", "rows_in": 1200, "rows_out": 7, "late": 1, "bad": 0,
                "unassigned": 2, "rows_in_per_second": rate, "rows_out_per_second": null,
                "queue": { "used": used, "bound": 16 }, "busy_seconds": busy,
                "state_bytes": 2048, "lag_seconds": null,
                "event_time": "2025-11-14T09:00:00Z",
            })
        };
        json!({
            "pipeline": "p", "uptime": uptime, "clients": { "now": 1 },
            "nodes": [node("b", 99.96, 3), node("板", 1234.5, 16)],
        })
    }

    #[test]
    fn a_table_by_any_column() {
        let mut seen = Seen::default();
        seen.take(&stats(10.0, 1.0));
        let expected = "\
p: up 10.0 s, 1 client, at 2025-11-14T09:00:00Z
NODE  KIND    IN/s  OUT/s     IN  OUT  LATE  BAD  QUEUE  BUSY     STATE  LAG
b     query  100.0      -  1,200    7     1    2   3/16  10 %  2.00 KiB    -
板    query  1,234      -  1,200    7     1    2  16/16  10 %  2.00 KiB    -
";
        assert_eq!(seen.text(Sort::Pipeline), expected);
        let first = |seen: &Seen, sort| seen.rows(sort)[0][0].clone();
        assert_eq!(first(&seen, Sort::Name), "b");
        for sort in [Sort::In, Sort::Queue] {
            assert_eq!(first(&seen, sort), "板", "{sort:?}");
        }
        seen.take(&stats(12.0, 2.0));
        assert_eq!(
            seen.rows(Sort::Pipeline)[0][9],
            "50 %",
            "since the last look"
        );
        seen.take(&stats(4.0, 1.0));
        assert_eq!(seen.rows(Sort::Pipeline)[0][9], "25 %", "started again");
    }
}
