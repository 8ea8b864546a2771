//! Queries over tables: one batch query for each tick, the ticks by a few lines of arithmetic, and
//! what changed from one answer to the next.

use std::collections::BTreeMap;

use super::batch::BatchSql;
use super::case::{Case, Expected, Order, Out, drive, upserts};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::table::{Table, at, sources};
use super::value::{Value, line, rows};

/// When a query runs.
#[derive(Clone, Copy, Debug)]
enum Trigger {
    Every(i64),
    OnChange(i64),
}

/// A query over tables.
#[derive(Clone, Debug)]
struct Query {
    name: String,
    sql: String,
    /// Names of the key columns, and their places in the result.
    key: Vec<String>,
    places: Vec<usize>,
    trigger: Trigger,
    all: bool,
    /// It may answer otherwise at each tick.
    asks_now: bool,
}

impl Query {
    fn toml(&self) -> String {
        let when = match self.trigger {
            Trigger::Every(every) => format!("every = \"{every}us\""),
            Trigger::OnChange(0) => "on_change = true".to_owned(),
            Trigger::OnChange(i) => format!("on_change = true\nmin_interval = \"{i}us\""),
        };
        let keys: Vec<String> = self.key.iter().map(|k| format!("\"{k}\"")).collect();
        let emit = if self.all {
            "emit = \"all\"".to_owned()
        } else {
            format!("key = [{}]", keys.join(", "))
        };
        format!(
            "[query.{}]\n{when}\n{emit}\nsql = \"\"\"{}\"\"\"\n",
            self.name, self.sql
        )
    }

    /// Its ticks, given the times at which its tables change, the last of the rows that feed
    /// them, and the last watermark.
    fn ticks(&self, changes: &[i64], end: Option<i64>, watermark: i64) -> Vec<i64> {
        let Some(end) = end else { return Vec::new() };
        let multiple = |time: i64, every: i64| -(-time).div_euclid(every) * every;
        // The last tick of a finished input; later ones only where the watermark asks for them.
        let finish = match self.trigger {
            Trigger::Every(every) => multiple(end, every),
            Trigger::OnChange(interval) => end + interval,
        };
        let mut ticks: Vec<i64> = Vec::new();
        loop {
            let last = ticks.last().copied();
            let next = changes
                .iter()
                .filter(|c| last.is_none_or(|l| **c > l))
                .min()
                .copied();
            let tick = match (self.trigger, last) {
                (Trigger::Every(every), Some(last)) if self.asks_now => Some(last + every),
                (Trigger::Every(every), _) => next.map(|n| multiple(n, every)),
                (Trigger::OnChange(interval), Some(last)) => next.map(|n| n.max(last + interval)),
                (Trigger::OnChange(_), None) => next,
            };
            match tick {
                Some(tick) if tick < watermark => ticks.push(tick),
                Some(tick) if tick <= finish && last.is_none_or(|l| l < end) => ticks.push(tick),
                _ => return ticks,
            }
        }
    }

    /// What it emits of the answer at a tick, given the last: all of it, or what changed.
    fn emits(
        &self,
        tick: i64,
        answer: Vec<Vec<Value>>,
        last: &mut BTreeMap<String, Vec<Value>>,
        into: &mut Vec<Out>,
    ) {
        let out = |deleted, values| Out {
            time: tick,
            deleted,
            values,
        };
        if self.all {
            into.extend(answer.into_iter().map(|values| out(false, values)));
            return;
        }
        let mut found: BTreeMap<String, Vec<Vec<Value>>> = BTreeMap::new();
        for row in answer {
            let key: Vec<Value> = self.places.iter().map(|p| row[*p].clone()).collect();
            found.entry(line(&key)).or_default().push(row);
        }
        // Several rows of one key are an error: the key has none.
        found.retain(|_, rows| rows.len() == 1);
        let now: BTreeMap<String, Vec<Value>> = found
            .into_iter()
            .map(|(key, mut rows)| (key, rows.remove(0)))
            .collect();
        for (key, row) in &now {
            if last.get(key).is_none_or(|old| line(old) != line(row)) {
                into.push(out(false, row.clone()));
            }
        }
        for (key, row) in last.iter() {
            if !now.contains_key(key) {
                into.push(out(true, row.clone()));
            }
        }
        *last = now;
    }

    /// Everything it emits; `prepare` puts the tables of a tick there and answers what stands
    /// before the query.
    fn run(
        &self,
        batch: &BatchSql,
        ticks: &[i64],
        prepare: &dyn Fn(i64) -> String,
    ) -> (Vec<Out>, Vec<(i64, arrow::array::RecordBatch)>) {
        let (mut outs, mut answers) = (Vec::new(), Vec::new());
        let mut last = BTreeMap::new();
        for tick in ticks {
            let with = prepare(*tick);
            let answer = batch.batch(&format!("{with} {}", at(&self.sql, *tick)));
            self.emits(*tick, rows(&answer), &mut last, &mut outs);
            answers.push((*tick, answer));
        }
        (outs, answers)
    }
}

/// A query over tables `t` and perhaps `u`.
#[expect(clippy::too_many_lines, reason = "a table of queries")]
fn random_query(dice: &mut Dice, tables: &[Table], times: Times) -> Query {
    let first = &tables[0];
    let by = first.columns[1].clone();
    let age = times.grain * dice.within(1, 9);
    let recent = format!("ts > now() - INTERVAL '{age} microseconds'");
    let of = |names: &[String]| names.join(", ");
    let one = vec![by.clone()];
    let (sql, key) = match dice.below(8) {
        0 => (
            format!("SELECT {by}, count(*) AS n, sum(vi) AS s FROM t GROUP BY {by}"),
            one,
        ),
        1 => (
            "SELECT count(*) AS n, sum(vi) AS s, max(vi) AS m FROM t".to_owned(),
            Vec::new(),
        ),
        2 if !first.key.is_empty() => {
            let keys = of(&first.key);
            let sql = format!("SELECT {keys}, vi, vf FROM t WHERE vi IS NULL OR vi > 3");
            (sql, first.key.clone())
        }
        3 => ("SELECT vi, vf FROM t".to_owned(), vec!["vi".to_owned()]),
        4 => {
            let sql = format!("SELECT {by}, count(*) AS n FROM t WHERE {recent} GROUP BY {by}");
            (sql, one)
        }
        5 => {
            let sql = format!(
                "SELECT {by}, count(*) AS n, now() AS asked FROM t WHERE {recent} GROUP BY {by}"
            );
            (sql, one)
        }
        _ => match tables.get(1) {
            Some(second) => {
                let other = &second.columns[1];
                let sql = format!(
                    "SELECT a.{by}, a.n, b.m FROM (SELECT {by}, count(*) AS n FROM t GROUP BY {by}) \
                     AS a LEFT JOIN (SELECT {other} AS o, max(vi) AS m FROM u GROUP BY {other}) AS \
                     b ON a.{by} = b.o"
                );
                (sql, one)
            }
            None => (
                format!("SELECT {by}, sum(vf) AS s FROM t GROUP BY {by}"),
                one,
            ),
        },
    };
    let drops_by_now = tables
        .iter()
        .filter(|t| t.name == "t" || sql.contains("FROM u"))
        .any(|t| t.drop_when.as_ref().is_some_and(|d| d.contains("now()")));
    let asks_now = sql.contains("now()") || drops_by_now;
    let shown: Vec<&str> = sql["SELECT ".len()..]
        .split(" FROM ")
        .next()
        .unwrap()
        .split(", ")
        .collect();
    let place = |k: &String| {
        shown
            .iter()
            .position(|c| c.trim_start_matches("a.") == k)
            .unwrap()
    };
    Query {
        name: "q".to_owned(),
        places: key.iter().map(place).collect(),
        key,
        sql,
        trigger: Trigger::OnChange(0),
        all: dice.percent(25),
        asks_now,
    }
}

/// A trigger that runs some dozens of times over the rows' times.
fn random_trigger(dice: &mut Dice, sources: &[Source], times: Times) -> Trigger {
    let kept = || sources.iter().flat_map(Source::kept).map(|r| r.time);
    let span = kept().max().unwrap_or(0) - kept().min().unwrap_or(0);
    if dice.percent(40) {
        return Trigger::OnChange(dice.pick(&[0, 1, 3, 10]) * times.grain);
    }
    let least = (span / times.grain / 40).max(1);
    let every = times.grain * least * dice.within(1, 6);
    Trigger::Every(if dice.percent(25) {
        every / 2 * 3
    } else {
        every
    })
}

/// What a tick needs of the tables: their rows up to it, as relations before the query.
fn with(tables: &[Table], tick: i64) -> String {
    let each = tables
        .iter()
        .map(|t| format!("{} AS ({})", t.name, t.snapshot(tick)));
    format!("WITH {}", each.collect::<Vec<_>>().join(", "))
}

/// Triggered queries.
pub(crate) fn triggered(seed: u64) -> Case {
    let mut dice = Dice::new("triggered", seed);
    let times = Times::random(&mut dice, SECOND);
    let mut sources = sources(&mut dice, times);
    let most = if dice.percent(70) { 60 } else { 120 };
    for source in &mut sources {
        source.rows.truncate(most);
    }
    let (first, before) = Table::random(&mut dice, "t", &sources, times, true);
    let mut tables = vec![first];
    let mut nodes = format!("{before}{}", tables[0].toml());
    if dice.percent(50) {
        // Over the same source as the first (a diamond), or over both.
        let (second, before) = Table::random(&mut dice, "u", &sources, times, true);
        nodes.push_str(&format!("{before}{}", second.toml()));
        tables.push(second);
    }
    let mut query = random_query(&mut dice, &tables, times);
    query.trigger = random_trigger(&mut dice, &sources, times);
    if !query.sql.contains("FROM u") {
        tables.truncate(1);
    }
    nodes.push_str(&query.toml());
    let over = (!query.all && !query.sql.contains("SELECT vi, vf") && dice.percent(30))
        .then(|| over(&mut dice, &query, &sources, times, &mut nodes));
    let used = nodes.clone();
    sources.retain(|s| s.name == "s" || used.contains("FROM r"));
    let pane = match query.trigger {
        Trigger::Every(every) => every,
        Trigger::OnChange(_) => times.grain,
    };
    let sql = format!("{}\n{}", with(&tables, 0), query.sql);
    Case {
        sources,
        nodes,
        drive: drive(&mut dice),
        pane,
        windows: None,
        answer: Box::new(move |batch: &BatchSql| answer(batch, &tables, &query, over.as_ref())),
        sql,
    }
}

/// A query over the query: as a table under its own name, or through a table.
fn over(
    dice: &mut Dice,
    query: &Query,
    sources: &[Source],
    times: Times,
    nodes: &mut String,
) -> Query {
    let through = dice.percent(40) && !query.key.is_empty();
    let from = if through { "v" } else { "q" };
    if through {
        let keys: Vec<String> = query.key.iter().map(|k| format!("\"{k}\"")).collect();
        nodes.push_str(&format!(
            "[table.v]\nfrom = \"q\"\nkey = [{}]\n",
            keys.join(", ")
        ));
    }
    let name = if query.sql.contains(" AS n") || query.sql.contains("a.n") {
        "n"
    } else {
        "vi"
    };
    let name = if query.sql.contains("sum(vf) AS s") {
        "s"
    } else {
        name
    };
    let over = Query {
        name: "p".to_owned(),
        sql: format!("SELECT count(*) AS many, sum({name}) AS total FROM {from}"),
        key: Vec::new(),
        places: Vec::new(),
        trigger: random_trigger(dice, sources, times),
        all: dice.percent(30),
        asks_now: false,
    };
    nodes.push_str(&over.toml());
    over
}

fn answer(
    batch: &BatchSql,
    tables: &[Table],
    query: &Query,
    over: Option<&Query>,
) -> Vec<Expected> {
    let (mut changes, mut end, mut watermark) = (Vec::new(), None, i64::MIN);
    let times = |sql: &str| upserts(batch.rows(sql)).into_iter().map(|o| o.time);
    let mut kept = Vec::new();
    for table in tables {
        let table = table.kept(batch);
        changes.extend(times(&table.all_changes()));
        end = end.max(times(&table.changes()).max());
        watermark = watermark.max(table.watermark);
        kept.push(table);
    }
    let ticks = query.ticks(&changes, end, watermark);
    let (rows, answers) = query.run(batch, &ticks, &|tick| with(&kept, tick));
    // All rows of a tick come in any order.
    let columns = |sql: &str| {
        sql.split(" FROM ")
            .next()
            .map_or(0, |s| s.split(", ").count())
    };
    let order = |q: &Query| match q.all {
        true => Order::Key((0..columns(&q.sql)).collect()),
        false => Order::Key(q.places.clone()),
    };
    let mut expected = Vec::new();
    if let Some(over) = over {
        let changes: Vec<i64> = rows.iter().map(|o| o.time).collect();
        let ticks = over.ticks(&changes, changes.iter().max().copied(), watermark);
        let (rows, _) = over.run(batch, &ticks, &|tick| {
            let last = answers.iter().rev().find(|(t, _)| *t <= tick).unwrap();
            batch.table("q", last.1.clone());
            batch.table("v", last.1.clone());
            String::new()
        });
        expected.push(Expected {
            stream: "p".to_owned(),
            order: order(over),
            upsert: !over.all,
            rows,
        });
    }
    expected.push(Expected {
        stream: "q".to_owned(),
        order: order(query),
        upsert: !query.all,
        rows,
    });
    expected
}
