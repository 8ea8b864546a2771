//! TRADING_SESSION: a pipeline with one query over an exchange's sessions, and the same as a batch:
//! a join with a list of sessions made by hand. The rows outside them are a stream, too.

use super::aggregate::{Call, calls, condition};
use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::market_hours::{Session, VENUES, sessions, source, times};
use super::window::{asks_rare, interval, side_by_side};

const DAY: i64 = 86_400 * SECOND;

/// What a query is made of.
struct Query {
    venue: &'static str,
    /// By how much windows grow within a session.
    step: Option<i64>,
    /// The sessions around the rows.
    sessions: Vec<Session>,
    /// What is grouped by beside the bounds: in the pipeline, as a batch, its name.
    groups: Vec<[String; 3]>,
    calls: Vec<Call>,
    /// Rows with their bounds in place of groups.
    rows: bool,
    /// Conditions before and behind the sessions.
    before: String,
    behind: String,
    columns: Vec<String>,
}

impl Query {
    fn random(dice: &mut Dice, source: &Source, times: Times, rare: bool) -> Self {
        let venue = dice.pick(&VENUES);
        let minutes = dice.pick(&[7, 30, 45, 60, 180, 420, 1440]);
        let step = dice.percent(40).then_some(minutes * 60 * SECOND);
        let known = || source.kept().map(|row| row.time);
        let near = known().min().unwrap_or(times.origin) - 2 * DAY
            ..known().max().unwrap_or(times.origin) + 6 * DAY;
        let names = source.key_names();
        let n = dice.below(names.len() + 1);
        let keys = dice.subset(&names, n).into_iter();
        let mut groups: Vec<[String; 3]> = keys.map(|k| [k.clone(), k.clone(), k]).collect();
        if dice.percent(30) {
            let call = format!("trading_day(ts, '{venue}')");
            groups.push([call, "_day".to_owned(), "day".to_owned()]);
        }
        let calls_n = 1 + dice.below(3);
        let filter = |dice: &mut Dice| match dice.percent(25) {
            true => format!(" WHERE {}", condition(dice, source)),
            false => String::new(),
        };
        Self {
            venue,
            step,
            sessions: sessions(venue)
                .into_iter()
                .filter(|s| near.contains(&s.start))
                .collect(),
            groups,
            calls: calls(dice, source, calls_n, rare),
            rows: !rare && dice.percent(25),
            before: filter(dice),
            behind: filter(dice),
            columns: source.columns[1..].iter().map(|c| c.name.clone()).collect(),
        }
    }

    fn list(&self, of: impl Fn(&[String; 3]) -> String) -> String {
        self.groups.iter().map(of).collect()
    }

    /// In the pipeline, in one of two ways to write it.
    fn engine(&self, dice: &mut Dice) -> String {
        let Self {
            venue,
            before,
            behind,
            ..
        } = self;
        let input = match (before.as_str(), dice.below(2)) {
            ("", 0) => "s".to_owned(),
            _ => format!("(SELECT * FROM s{before})"),
        };
        let step = self
            .step
            .map_or(String::new(), |s| format!(", {}", interval(s)));
        let from = format!("TRADING_SESSION({input}, ts, '{venue}'{step}){behind}");
        if self.rows {
            let groups = self.list(|[call, _, name]| format!("{call} AS {name}, "));
            return format!("SELECT window_start, window_end, {groups}ts, vi FROM {from}");
        }
        let calls = self.calls.iter().enumerate();
        let calls: Vec<_> = calls
            .map(|(i, c)| format!("{} AS a{i}", c.engine))
            .collect();
        format!(
            "SELECT window_start, window_end, {}{} FROM {from} GROUP BY window_start, window_end{}",
            self.list(|[call, _, name]| format!("{call} AS {name}, ")),
            calls.join(", "),
            self.list(|[call, ..]| format!(", {call}")),
        )
    }

    /// The sessions as a relation: their bounds and trading days.
    fn list_of_sessions(&self) -> String {
        let row = |s: &Session| format!("({}, {}, CAST({} AS INT))", s.start, s.end, s.day);
        let rows: Vec<String> = self.sessions.iter().map(row).collect();
        format!("(VALUES {}) AS w(_ws, _end, _day)", rows.join(", "))
    }

    /// A batch relation: the rows, each with `_ws`, `_we` and `_day` for each of its windows.
    fn relation(&self) -> String {
        let (input, list) = (self.input(), self.list_of_sessions());
        let Some(step) = self.step else {
            return format!(
                "(SELECT i.*, _ws, _end AS _we, _day FROM {input} AS i JOIN {list} ON _t >= _ws AND \
                 _t < _end)"
            );
        };
        // Every end of a step up to the session's own, each once.
        let steps: Vec<String> = (1..=DAY / step)
            .map(|k| format!("({})", k * step))
            .collect();
        format!(
            "(SELECT i.*, _ws, CASE WHEN _ws + _k < _end THEN _ws + _k ELSE _end END AS _we, _day \
             FROM {input} AS i JOIN {list} ON _t >= _ws AND _t < _end JOIN (VALUES {}) AS k(_k) ON \
             _t < _ws + _k AND _ws + _k - {step} < _end)",
            steps.join(", ")
        )
    }

    fn input(&self) -> String {
        format!("(SELECT * FROM s{})", self.before)
    }

    /// As a batch, of these calls.
    fn batch(&self, calls: &[Call]) -> String {
        let from = format!("{} AS r{}", self.relation(), self.behind);
        if self.rows {
            let groups = self.list(|[_, batch, name]| format!("{batch} AS {name}, "));
            return format!(
                "SELECT _ws AS window_start, _we AS window_end, {groups}_t AS ts, vi, {PARTITION}, \
                 _t AS _time FROM {from} ORDER BY _seq, _we"
            );
        }
        let calls = calls.iter().enumerate();
        let calls: String = calls
            .map(|(i, c)| format!("{} AS a{i}, ", c.batch))
            .collect();
        format!(
            "SELECT _ws AS window_start, _we AS window_end, {}{calls}_we - 1 AS _time FROM {from} \
             GROUP BY _ws, _we{} ORDER BY _we",
            self.list(|[_, batch, name]| format!("{batch} AS {name}, ")),
            self.list(|[_, batch, _]| format!(", {batch}")),
        )
    }

    /// The rows outside the sessions, as a batch.
    fn outside(&self) -> String {
        let (input, list) = (self.input(), self.list_of_sessions());
        format!(
            "SELECT _t AS ts, {}, {PARTITION}, _t AS _time FROM {input} AS i LEFT JOIN {list} ON _t \
             >= _ws AND _t < _end WHERE _ws IS NULL ORDER BY _seq",
            self.columns.join(", ")
        )
    }

    fn order(&self) -> Order {
        match self.rows {
            true => Order::Partition(Vec::new()),
            false => Order::Key((2..2 + self.groups.len()).collect()),
        }
    }
}

/// The number of a row's partition.
const PARTITION: &str = "CAST(floor(_seq / 1099511627776) AS BIGINT) AS _p";

/// TRADING_SESSION.
pub(crate) fn trading_session(seed: u64) -> Case {
    let mut dice = Dice::new("trading_session", seed);
    let rare = asks_rare(seed);
    let keys = dice.below(4);
    let times = times(&mut dice);
    let source = source(&mut dice, keys, times);
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
    let outside = query.outside();
    let sql = format!("{};\n{outside}", asked.join(";\n"));
    let (order, groups) = (query.order(), query.groups.len());
    Case {
        sources: vec![source],
        nodes: format!("[query.w]\nsql = \"\"\"{engine}\"\"\"\n"),
        drive: drive(&mut dice),
        pane: DAY / 4,
        windows: None,
        answer: Box::new(move |batch: &BatchSql| {
            let answers: Vec<_> = asked.iter().map(|sql| batch.rows(sql)).collect();
            let rows = match answers.len() {
                1 => answers.into_iter().flatten().collect(),
                _ => side_by_side(answers, groups),
            };
            let stream = |name: &str, order: &Order, rows| Expected {
                stream: name.to_owned(),
                order: order.clone(),
                upsert: false,
                rows: timed(rows),
            };
            vec![
                stream("w", &order, rows),
                stream(
                    "w__unassigned",
                    &Order::Partition(Vec::new()),
                    batch.rows(&outside),
                ),
            ]
        }),
        sql,
    }
}
