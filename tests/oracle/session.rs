//! SESSION: a pipeline with one query over sessions, and the same as a batch: a row whose distance
//! to the row of its key before it is a gap or more begins a session (lag), sessions of a key are
//! numbered by a running sum, and their bounds are the least and the greatest time of a number.

use super::aggregate::{Call, call, calls, condition};
use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::window::{asks_rare, interval, side_by_side};

/// Sessions per key.
struct Sessions {
    gap: i64,
    keys: Vec<String>,
}

impl Sessions {
    fn random(dice: &mut Dice, source: &Source, times: Times) -> Self {
        let names = source.key_names();
        let n = match names.len() {
            0 => 0,
            most => dice.below(most + 1),
        };
        // Distances below, at and above the gap are all there.
        Self {
            gap: times.grain * dice.pick(&[1, 2, 3, 6, 12]),
            keys: dice.subset(&names, n),
        }
    }

    /// As a table function over `input`.
    fn call(&self, input: &str) -> String {
        let keys: String = self.keys.iter().map(|k| format!(", {k}")).collect();
        format!("SESSION({input}, ts, {}{keys})", interval(self.gap))
    }

    /// A batch relation over `input`: its rows, each with `_ws` and `_we`.
    fn relation(&self, input: &str) -> String {
        let gap = self.gap;
        let by = |more: &str| {
            let columns: Vec<&str> = self.keys.iter().map(String::as_str).chain([more]).collect();
            let columns: Vec<&str> = columns.into_iter().filter(|c| !c.is_empty()).collect();
            match columns.as_slice() {
                [] => String::new(),
                some => format!("PARTITION BY {}", some.join(", ")),
            }
        };
        let (key, session) = (by(""), by("_n"));
        format!(
            "(SELECT *, min(_t) OVER ({session}) AS _ws, max(_t) OVER ({session}) + {gap} AS _we \
             FROM (SELECT *, sum(_new) OVER ({key} ORDER BY _t, _seq ROWS BETWEEN UNBOUNDED \
             PRECEDING AND CURRENT ROW) AS _n FROM (SELECT *, CASE WHEN _t - lag(_t) OVER ({key} \
             ORDER BY _t, _seq) < {gap} THEN 0 ELSE 1 END AS _new FROM {input}) AS a) AS b)"
        )
    }
}

/// What is asked of the sessions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Groups by both bounds and all keys: the engine keeps aggregates.
    Groups,
    /// Groups without some key, or with bounds in expressions: the engine keeps rows.
    Merged,
    /// The rows with their bounds.
    Rows,
}

/// Calls that read a bound.
fn of_bounds() -> Call {
    Call {
        engine: "count(*) FILTER (WHERE ts = window_start)".to_owned(),
        batch: "count(*) FILTER (WHERE _t = _ws)".to_owned(),
    }
}

/// A condition on the bounds of a result.
fn longer(sessions: &Sessions) -> Call {
    let gap = sessions.gap;
    Call {
        engine: format!("window_end - window_start > {}", interval(gap)),
        batch: format!("_we - _ws > {gap}"),
    }
}

/// What a query is made of.
struct Query {
    sessions: Sessions,
    shape: Shape,
    /// What is grouped by beside the bounds, as an expression and a name.
    groups: Vec<(String, String)>,
    calls: Vec<Call>,
    /// Conditions before and behind the sessions.
    before: String,
    behind: String,
    having: Option<Call>,
}

impl Query {
    fn random(dice: &mut Dice, source: &Source, times: Times, rare: bool) -> Self {
        let sessions = Sessions::random(dice, source, times);
        let shape = match dice.within(0, 9) {
            _ if rare => Shape::Groups,
            0..=5 => Shape::Groups,
            6..=7 => Shape::Merged,
            _ => Shape::Rows,
        };
        let named = |k: &String| (k.clone(), k.clone());
        let mut groups: Vec<_> = sessions.keys.iter().map(named).collect();
        let calls_n = 1 + dice.below(3);
        let mut calls = calls(dice, source, calls_n, rare);
        match shape {
            Shape::Groups => {
                if dice.percent(30) {
                    groups.push(("vi % 3".to_owned(), "g".to_owned()));
                }
                if dice.percent(30) {
                    let others = source.key_names();
                    let others = others.iter().filter(|k| !sessions.keys.contains(k));
                    groups.extend(others.map(named));
                }
            }
            Shape::Merged => {
                groups.pop();
                calls.push(of_bounds());
            }
            Shape::Rows => {}
        }
        let filter = |dice: &mut Dice, percent| match dice.percent(percent) {
            true => format!(" WHERE {}", condition(dice, source)),
            false => String::new(),
        };
        Self {
            before: filter(dice, 30),
            behind: filter(dice, 30),
            having: match dice.below(8) {
                0 => Some(call("count(*) > 1")),
                1 => Some(longer(&sessions)),
                _ => None,
            }
            .filter(|_| shape != Shape::Rows),
            sessions,
            shape,
            groups,
            calls,
        }
    }

    fn having(&self, side: fn(&Call) -> &String) -> String {
        let having = self.having.as_ref().map(side);
        having.map_or(String::new(), |h| format!(" HAVING {h}"))
    }

    fn list(&self, of: fn(&(String, String)) -> String) -> String {
        self.groups.iter().map(of).collect()
    }

    /// In the pipeline, in one of two ways to write it.
    fn engine(&self, dice: &mut Dice) -> String {
        let inner = format!("SELECT * FROM s{}", self.before);
        let (with, input) = match (self.before.as_str(), dice.below(2)) {
            ("", 0) => (String::new(), "s".to_owned()),
            (_, 0) => (format!("WITH c AS ({inner}) "), "c".to_owned()),
            _ => (String::new(), format!("({inner})")),
        };
        let from = format!("{}{}", self.sessions.call(&input), self.behind);
        if self.shape == Shape::Rows {
            let keys: String = self
                .sessions
                .keys
                .iter()
                .map(|k| format!("{k}, "))
                .collect();
            return format!("{with}SELECT window_start, window_end, ts, {keys}vi FROM {from}");
        }
        let calls = self.calls.iter().enumerate();
        let calls: Vec<_> = calls
            .map(|(i, c)| format!("{} AS a{i}", c.engine))
            .collect();
        format!(
            "{with}SELECT window_start, window_end, {}{} FROM {from} GROUP BY window_start, \
             window_end{}{}",
            self.list(|(e, n)| format!("{e} AS {n}, ")),
            calls.join(", "),
            self.list(|(e, _)| format!(", {e}")),
            self.having(|h| &h.engine),
        )
    }

    /// As a batch, of these calls.
    fn batch(&self, calls: &[Call]) -> String {
        let from = self
            .sessions
            .relation(&format!("(SELECT * FROM s{}) AS i", self.before));
        let from = format!("{from} AS w{}", self.behind);
        if self.shape == Shape::Rows {
            let keys: String = self
                .sessions
                .keys
                .iter()
                .map(|k| format!("{k}, "))
                .collect();
            return format!(
                "SELECT _ws AS window_start, _we AS window_end, _t AS ts, {keys}vi, _we - 1 AS \
                 _time FROM {from} ORDER BY _we, _seq"
            );
        }
        let calls = calls.iter().enumerate();
        let calls: String = calls
            .map(|(i, c)| format!("{} AS a{i}, ", c.batch))
            .collect();
        format!(
            "SELECT _ws AS window_start, _we AS window_end, {}{calls}_we - 1 AS _time FROM {from} \
             GROUP BY _ws, _we{}{} ORDER BY _we, _ws",
            self.list(|(e, n)| format!("{e} AS {n}, ")),
            self.list(|(e, _)| format!(", {e}")),
            self.having(|h| &h.batch),
        )
    }

    /// Within what rows keep their order.
    fn order(&self) -> Order {
        let groups = 2..2 + self.groups.len();
        Order::Key(match self.shape {
            Shape::Groups => groups.collect(),
            // Sessions of several keys may end together.
            Shape::Merged => std::iter::once(0).chain(groups).collect(),
            Shape::Rows => (3..3 + self.sessions.keys.len()).collect(),
        })
    }
}

/// SESSION.
pub(crate) fn session(seed: u64) -> Case {
    let mut dice = Dice::new("session", seed);
    let rare = asks_rare(seed);
    let keys = dice.below(4);
    let columns = Source::schema(&mut dice, keys);
    let times = Times::random(&mut dice, SECOND);
    let source = Source::random(&mut dice, "s", 0, columns, times);
    let query = Query::random(&mut dice, &source, times, rare);
    let engine = query.engine(&mut dice);
    let asked: Vec<String> = if rare {
        let calls = query.calls.iter();
        calls
            .map(|c| query.batch(std::slice::from_ref(c)))
            .collect()
    } else {
        vec![query.batch(&query.calls)]
    };
    let sql = asked.join(";\n");
    let (order, groups) = (query.order(), query.groups.len());
    Case {
        sources: vec![source],
        nodes: format!("[query.w]\nsql = \"\"\"{engine}\"\"\"\n"),
        drive: drive(&mut dice),
        pane: query.sessions.gap,
        answer: Box::new(move |batch: &BatchSql| {
            let answers: Vec<_> = asked.iter().map(|sql| batch.rows(sql)).collect();
            let rows = match answers.len() {
                1 => answers.into_iter().flatten().collect(),
                _ => side_by_side(answers, groups),
            };
            vec![Expected {
                stream: "w".to_owned(),
                order: order.clone(),
                upsert: false,
                rows: timed(rows),
            }]
        }),
        windows: None,
        sql,
    }
}
