//! Indicators in event time. As a batch, those of the last n rows are sums over frames, written so
//! that whole numbers leave no rounding; those that go on from what they were, and those that sort,
//! are reckoned by hand from the rows of each key: the weights of all rows before, not step by step.

use std::collections::BTreeMap;

use super::aggregate::condition;
use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::value::{Value, line};
use super::window::Windows;

/// A call of an indicator.
struct Call {
    /// `sma`, or `bollinger` with the part of its band behind it.
    name: &'static str,
    part: &'static str,
    /// Its values: columns.
    values: Vec<&'static str>,
    n: i64,
    /// `PARTITION BY`, beside the window.
    keys: Vec<String>,
}

/// Names, how many values, least n.
const INDICATORS: [(&str, &str, usize, i64); 15] = [
    ("sma", "", 1, 1),
    ("ema", "", 1, 1),
    ("rsi", "", 1, 2),
    ("atr", "", 3, 1),
    ("bollinger", "lower", 1, 2),
    ("bollinger", "middle", 1, 2),
    ("bollinger", "upper", 1, 2),
    ("rci", "", 1, 2),
    ("vwap", "", 2, 0),
    ("zscore", "", 1, 2),
    ("zscore_mad", "", 1, 2),
    ("percentile_rank", "", 1, 1),
    ("rolling_corr", "", 2, 2),
    ("ols_beta", "", 2, 2),
    ("advance_decline_ratio", "", 2, 1),
];

/// Those that are reckoned by hand.
const BY_HAND: [&str; 5] = ["ema", "rsi", "atr", "rci", "zscore_mad"];

impl Call {
    fn random(dice: &mut Dice, names: &[String]) -> Self {
        let (name, part, values, least) = dice.pick(&INDICATORS);
        let several = dice.below(names.len() + 1);
        Self {
            name,
            part,
            values: (0..values).map(|_| dice.pick(&["vi", "vf"])).collect(),
            n: if least == 0 { 0 } else { dice.within(least, 7) },
            keys: dice.subset(names, several),
        }
    }

    /// `PARTITION BY` the window, if there is one, and the keys.
    fn partition(&self, window: &str) -> String {
        let window = (!window.is_empty()).then(|| window.to_owned());
        let all: Vec<String> = window.into_iter().chain(self.keys.clone()).collect();
        if all.is_empty() {
            return String::new();
        }
        format!("PARTITION BY {} ", all.join(", "))
    }

    /// As the engine is asked.
    fn engine(&self, window: &str) -> String {
        let mut arguments: Vec<String> = self.values.iter().map(|v| (*v).to_owned()).collect();
        if self.n > 0 {
            arguments.push(self.n.to_string());
        }
        if self.name == "bollinger" {
            arguments.push("1.5".to_owned());
        }
        let over = format!("OVER ({}ORDER BY ts)", self.partition(window));
        let call = format!("{}({}) {over}", self.name, arguments.join(", "));
        match self.part {
            "" => call,
            part => format!("({call})['{part}']"),
        }
    }

    /// As a batch is asked: `@` stands for the frame, `%` for all rows up to this one.
    fn expression(&self) -> String {
        let n = self.n;
        let column = |i: usize| format!("CAST({} AS DOUBLE)", self.values[i % self.values.len()]);
        let (x, y) = (column(0), column(1));
        // n² times the variance, n² times the covariance: whole numbers.
        let variance = |x: &str| format!("({n} * sum({x} * {x}) @ - sum({x}) @ * sum({x}) @)");
        let both = format!("({n} * sum({x} * {y}) @ - sum({x}) @ * sum({y}) @)");
        let (vx, vy) = (variance(&x), variance(&y));
        match (self.name, self.part) {
            ("sma", _) | (_, "middle") => format!("sum({x}) @ / {n}"),
            (_, "lower") => format!("(sum({x}) @ - 1.5 * sqrt({vx})) / {n}"),
            (_, "upper") => format!("(sum({x}) @ + 1.5 * sqrt({vx})) / {n}"),
            ("zscore", _) => {
                format!("CASE WHEN {vx} > 0 THEN ({n} * {x} - sum({x}) @) / sqrt({vx}) END")
            }
            ("percentile_rank", _) => {
                let not_above =
                    |i| format!(" + CASE WHEN lag({x}, {i}) % <= {x} THEN 1 ELSE 0 END");
                let before: String = (1..n).map(not_above).collect();
                format!("100.0 * (1{before}) / {n}")
            }
            ("rolling_corr", _) => format!(
                "CASE WHEN {vx} > 0 AND {vy} > 0 THEN {both} / (sqrt({vx}) * sqrt({vy})) END"
            ),
            ("ols_beta", _) => format!("CASE WHEN {vy} > 0 THEN {both} / {vy} END"),
            ("advance_decline_ratio", _) => {
                format!("CASE WHEN sum({y}) @ <> 0 THEN 100 * sum({x}) @ / sum({y}) @ END")
            }
            ("vwap", _) => {
                format!("CASE WHEN sum({y}) % <> 0 THEN sum({x} * {y}) % / sum({y}) % END")
            }
            _ => "CAST(NULL AS DOUBLE)".to_owned(),
        }
    }

    /// The batch's column: found by the row's place among those that count.
    fn batch(&self, window: &str, rows: &str) -> String {
        let all = format!("OVER ({}ORDER BY _t, _seq)", self.partition(window));
        let before = (self.n - 1).max(0);
        let frame = all.replace(
            ')',
            &format!(" ROWS BETWEEN {before} PRECEDING AND CURRENT ROW)"),
        );
        let known = |v: &&str| format!("{v} IS NOT NULL AND NOT isnan(CAST({v} AS DOUBLE))");
        let known: Vec<String> = self.values.iter().map(known).collect();
        let value = self.expression().replace('@', &frame).replace('%', &all);
        format!(
            "(SELECT max(b._v) FROM (SELECT _seq AS _s, CASE WHEN row_number() {all} >= {} THEN \
             {value} END AS _v FROM {rows} AS g WHERE {}) AS b WHERE b._s = a._seq)",
            self.n,
            known.join(" AND "),
        )
    }

    /// The answers of one key's rows, reckoned by hand.
    fn by_hand(&self, rows: &[Vec<f64>]) -> Vec<Option<f64>> {
        let n = usize::try_from(self.n).unwrap();
        let first = |row: &Vec<f64>| row[0];
        let values: Vec<f64> = rows.iter().map(first).collect();
        let changes = |of: fn(f64) -> f64| values.windows(2).map(|w| of(w[1] - w[0])).collect();
        let windows = |of: fn(&[f64]) -> Option<f64>| {
            let at = |i: usize| (i + 1 >= n).then(|| of(&values[i + 1 - n..=i])).flatten();
            (0..values.len()).map(at).collect()
        };
        match self.name {
            "ema" => weighted(&values, n, 2.0 / (n as f64 + 1.0)),
            "rsi" => {
                let rises: Vec<f64> = changes(|c| if c > 0.0 { c } else { 0.0 });
                let moves: Vec<f64> = changes(f64::abs);
                let rises = weighted(&rises, n, 1.0 / n as f64);
                let moves = weighted(&moves, n, 1.0 / n as f64);
                let share = |(r, m): (Option<f64>, Option<f64>)| match (r?, m?) {
                    (_, 0.0) => Some(0.0),
                    (rise, all) => Some(rise / all * 100.0),
                };
                let shares = rises.into_iter().zip(moves).map(share);
                values
                    .first()
                    .map(|_| None)
                    .into_iter()
                    .chain(shares)
                    .collect()
            }
            "atr" => {
                let range = |w: &[Vec<f64>]| {
                    let ends = [w[1][0], w[1][1], w[0][2]];
                    let apart = [ends[0] - ends[1], ends[0] - ends[2], ends[1] - ends[2]];
                    apart[0].max(apart[1].abs()).max(apart[2].abs())
                };
                let ranges: Vec<f64> = rows.windows(2).map(range).collect();
                let ranges = weighted(&ranges, n, 1.0 / n as f64);
                values
                    .first()
                    .map(|_| None)
                    .into_iter()
                    .chain(ranges)
                    .collect()
            }
            "rci" => windows(rci),
            "zscore_mad" => windows(zscore_mad),
            other => panic!("{other} is not reckoned by hand"),
        }
    }
}

/// A mean of the first n, and what came later, each weighing less with every row behind it.
fn weighted(values: &[f64], n: usize, weight: f64) -> Vec<Option<f64>> {
    let at = |i: usize| {
        let age = |j: usize| (1.0 - weight).powi(i32::try_from(i - j).unwrap());
        (i + 1 >= n).then(|| {
            let seed = values[..n].iter().sum::<f64>() / n as f64 * age(n - 1);
            seed + (n..=i).map(|j| weight * values[j] * age(j)).sum::<f64>()
        })
    };
    (0..values.len()).map(at).collect()
}

/// By the definition: ranks are counted, one value against all.
fn rci(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let count = |of: &dyn Fn(&f64) -> bool| values.iter().filter(|v| of(v)).count() as f64;
    let distance = |(age, value): (usize, &f64)| {
        let rank = count(&|v| v > value) + (count(&|v| v == value) + 1.0) / 2.0;
        (rank - (age + 1) as f64).powi(2)
    };
    let squares: f64 = values.iter().rev().enumerate().map(distance).sum();
    Some((1.0 - 6.0 * squares / (n * (n * n - 1.0))) * 100.0)
}

fn zscore_mad(values: &[f64]) -> Option<f64> {
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let n = values.len();
        (values[(n - 1) / 2] + values[n / 2]) / 2.0
    };
    let middle = median(values.to_vec());
    let deviation = median(values.iter().map(|v| (v - middle).abs()).collect());
    (deviation > 0.0).then(|| (values[values.len() - 1] - middle) / (deviation * 1.4826))
}

/// A number that counts.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(i) => Some(*i as f64),
        Value::Float(f) if !f.is_nan() => Some(*f),
        _ => None,
    }
}

/// Columns of the batch's rows behind the answers: the values and the window.
const BEHIND: [&str; 3] = ["vi", "vf", "_w"];

/// Puts the answers that are reckoned by hand into the batch's rows, and takes away what they are
/// reckoned from.
fn fill(rows: &mut [Vec<Value>], calls: &[Call], names: &[String]) {
    let width = rows.first().map_or(0, Vec::len);
    let behind = |name: &str| {
        let at = BEHIND.iter().position(|b| *b == name).unwrap();
        width - 1 - BEHIND.len() + at
    };
    for (i, call) in calls.iter().enumerate() {
        if rows.is_empty() || !BY_HAND.contains(&call.name) {
            continue;
        }
        let mut groups: BTreeMap<String, (Vec<usize>, Vec<Vec<f64>>)> = BTreeMap::new();
        for (place, row) in rows.iter().enumerate() {
            let key = |k: &String| row[1 + names.iter().position(|n| n == k).unwrap()].clone();
            let mut keys: Vec<Value> = call.keys.iter().map(key).collect();
            keys.push(row[behind("_w")].clone());
            let values = call.values.iter().map(|v| number(&row[behind(v)]));
            if let Some(values) = values.collect::<Option<Vec<f64>>>() {
                let group = groups.entry(line(&keys)).or_default();
                group.0.push(place);
                group.1.push(values);
            }
        }
        for (places, values) in groups.into_values() {
            for (place, answer) in places.into_iter().zip(call.by_hand(&values)) {
                rows[place][1 + names.len() + i] = answer.map_or(Value::Null, Value::Float);
            }
        }
    }
    for row in rows {
        let time = row.pop().unwrap();
        row.truncate(width - 1 - BEHIND.len());
        row.push(time);
    }
}

/// A case.
pub(crate) fn indicator(seed: u64) -> Case {
    let mut dice = Dice::new("indicator", seed);
    let windows = dice.percent(30).then(|| Windows::tumble(&mut dice));
    let pane = windows.map_or(10 * SECOND, |w| w.size);
    let times = Times::random(&mut dice, pane);
    let keys = dice.below(3);
    let columns = Source::schema(&mut dice, keys);
    let source = Source::random(&mut dice, "s", 0, columns, times);
    let names = source.key_names();
    let calls: Vec<Call> = (0..1 + dice.below(4))
        .map(|_| Call::random(&mut dice, &names))
        .collect();
    let condition = dice.percent(30).then(|| condition(&mut dice, &source));
    let filter = condition.map_or(String::new(), |c| format!(" WHERE {c}"));
    let (from, relation, ours, theirs) = match windows {
        Some(windows) => (
            windows.call("s", "ts"),
            format!(
                "(SELECT *, _ws AS _w FROM {} AS w)",
                windows.relation("s", "_t")
            ),
            "window_start, window_end",
            "_w",
        ),
        None => (
            "s".to_owned(),
            "(SELECT *, 0 AS _w FROM s)".to_owned(),
            "",
            "",
        ),
    };
    let rows = format!("(SELECT * FROM {relation} AS r{filter})");
    let listed = |of: &dyn Fn(&Call) -> String| {
        let one = |(i, call): (usize, &Call)| format!("{} AS a{i}", of(call));
        calls
            .iter()
            .enumerate()
            .map(one)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let nodes = format!(
        "[query.q]\nsql = \"\"\"SELECT ts, {}{} FROM {from}{filter}\"\"\"\n",
        names.iter().map(|k| format!("{k}, ")).collect::<String>(),
        listed(&|call| call.engine(ours)),
    );
    let sql = format!(
        "SELECT a._t AS ts, {}{}, vi, vf, _w, a._t AS _time FROM {rows} AS a ORDER BY a._t, a._seq",
        names.iter().map(|k| format!("a.{k}, ")).collect::<String>(),
        listed(&|call| call.batch(theirs, &rows)),
    );
    let asked = sql.clone();
    Case {
        nodes,
        drive: drive(&mut dice),
        pane,
        windows,
        answer: Box::new(move |batch: &BatchSql| {
            let mut rows = batch.rows(&asked);
            fill(&mut rows, &calls, &names);
            vec![Expected {
                stream: "q".to_owned(),
                order: Order::Key(Vec::new()),
                upsert: false,
                rows: timed(rows),
            }]
        }),
        sources: vec![source],
        sql,
    }
}

/// The pipeline file with every n of an indicator a row longer.
pub(crate) fn with_longer_n(toml: &str) -> String {
    let mut parts: Vec<String> = toml.split(") OVER (").map(str::to_owned).collect();
    let calls = parts.len() - 1;
    for part in &mut parts[..calls] {
        let (before, arguments) = part.rsplit_once('(').unwrap();
        let longer = |a: &str| {
            a.parse::<i64>()
                .map_or(a.to_owned(), |n| (n + 1).to_string())
        };
        let arguments: Vec<String> = arguments.split(", ").map(longer).collect();
        *part = format!("{before}({}", arguments.join(", "));
    }
    parts.join(") OVER (")
}
