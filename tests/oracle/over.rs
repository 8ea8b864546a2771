//! OVER in event time: frames of rows and of time, and functions of the row before. As a batch:
//! OVER again, ordered by time and the hidden sequence. DataFusion subtracts what leaves a frame,
//! so that a NaN would stay in a sum: the batch side takes NaN apart.

use super::aggregate::condition;
use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::window::interval;

/// A call before its `OVER`, as the engine is asked and as a batch is. In both, `@` stands for the
/// whole of `OVER (…)`.
type Template = (&'static str, &'static str);

/// Calls whose answer does not depend on the order of rows of equal time.
const UNORDERED: [Template; 19] = [
    ("sum(vi) @", "sum(vi) @"),
    ("count(*) @", "count(*) @"),
    ("count(vf) @", "count(vf) @"),
    ("avg(vi) @", "avg(vi) @"),
    ("min(vi) @", "min(vi) @"),
    ("max(vi) @", "max(vi) @"),
    ("max(vt) @", "max(vt) @"),
    ("sum(vd) @", "sum(vd) @"),
    ("min(vd) @", "min(vd) @"),
    ("var_pop(vi) @", "var_pop(vi) @"),
    ("sum(vi * 2 + 1) @", "sum(vi * 2 + 1) @"),
    ("median(vi) @", "median(vi) @"),
    ("covar_pop(vi, vi * 3 + 1) @", "covar_pop(vi, vi * 3 + 1) @"),
    ("count(DISTINCT vi) @", "count(DISTINCT vi) @"),
    (
        "sum(vi) FILTER (WHERE vf > 3) @",
        "sum(CASE WHEN vf > 3 THEN vi END) @",
    ),
    (
        "max(vi) FILTER (WHERE vi % 2 = 0) @",
        "max(CASE WHEN vi % 2 = 0 THEN vi END) @",
    ),
    (
        "sum(vf) @",
        "CASE WHEN sum(CASE WHEN isnan(vf) THEN 1 ELSE 0 END) @ > 0 THEN CAST('NaN' AS DOUBLE) ELSE \
         sum(CASE WHEN NOT isnan(vf) THEN vf END) @ END",
    ),
    (
        "max(vf) @",
        "CASE WHEN sum(CASE WHEN isnan(vf) THEN 1 ELSE 0 END) @ > 0 THEN CAST('NaN' AS DOUBLE) ELSE \
         max(CASE WHEN NOT isnan(vf) THEN vf END) @ END",
    ),
    (
        "min(vf) @",
        "CASE WHEN count(CASE WHEN NOT isnan(vf) THEN vf END) @ = 0 AND \
         sum(CASE WHEN isnan(vf) THEN 1 ELSE 0 END) @ > 0 THEN CAST('NaN' AS DOUBLE) ELSE \
         min(CASE WHEN NOT isnan(vf) THEN vf END) @ END",
    ),
];

/// Calls that take one of the frame's rows.
const ORDERED: [Template; 6] = [
    ("first_value(vi) @", "first_value(vi) @"),
    ("last_value(vf) @", "last_value(vf) @"),
    ("nth_value(vi, 2) @", "nth_value(vi, 2) @"),
    ("first_value(vt) @", "first_value(vt) @"),
    (
        "first_value(vi) IGNORE NULLS @",
        "first_value(vi) IGNORE NULLS @",
    ),
    (
        "last_value(vi) IGNORE NULLS @",
        "last_value(vi) IGNORE NULLS @",
    ),
];

/// Calls without a frame. `vi`'s growth as a batch is in a column of its own.
const SHIFTED: [Template; 11] = [
    ("lag(vi) @", "lag(vi) @"),
    ("lag(vf, 2) @", "lag(vf, 2) @"),
    ("lag(vi, 3, -1) @", "lag(vi, 3, -1) @"),
    ("lag(vt) @", "lag(vt) @"),
    ("lag(vi * 10 - 1) @", "lag(vi * 10 - 1) @"),
    ("lag(vi) IGNORE NULLS @", "lag(vi) IGNORE NULLS @"),
    ("row_number() @", "row_number() @"),
    ("rank() @", "rank() OVER (#ORDER BY _t)"),
    ("dense_rank() @", "dense_rank() OVER (#ORDER BY _t)"),
    ("counter_delta(vi) @", "^vi"),
    ("counter_delta(vf) @", "^vf"),
];

/// One call: both sides.
struct Pair {
    engine: String,
    batch: String,
}

fn partition(keys: &[String]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    format!("PARTITION BY {} ", keys.join(", "))
}

/// What a counter grew by: among the values that are not null, the row's own (the greatest of one)
/// beside the one before.
fn growth(column: &str, keys: &[String], rows: &str) -> String {
    let over = format!("OVER ({}ORDER BY _t, _seq)", partition(keys));
    format!(
        "(SELECT max(CASE WHEN b._before IS NULL THEN NULL WHEN b._now >= b._before THEN b._now - \
         b._before ELSE b._now END) FROM (SELECT _seq AS _s, {column} AS _now, lag({column}) {over} \
         AS _before FROM {rows} AS g WHERE {column} IS NOT NULL) AS b WHERE b._s = a._seq)"
    )
}

fn pair(template: Template, keys: &[String], frame: (&str, &str), order: &str, rows: &str) -> Pair {
    let by = partition(keys);
    let (engine, batch) = template;
    let batch = match batch.strip_prefix('^') {
        Some(column) => growth(column, keys, rows),
        None => batch
            .replace('@', &format!("OVER ({by}ORDER BY {order}{})", frame.1))
            .replace('#', &by),
    };
    Pair {
        engine: engine.replace('@', &format!("OVER ({by}ORDER BY ts{})", frame.0)),
        batch,
    }
}

fn known(source: &Source, template: &Template) -> bool {
    let columns = ["vt", "vd", "vb"];
    columns
        .iter()
        .all(|c| source.has(c) || !template.0.contains(c))
}

/// A frame of rows, the same in both tongues.
fn rows_frame(dice: &mut Dice) -> String {
    let start = dice.within(0, 7);
    let end = if dice.percent(70) {
        "CURRENT ROW".to_owned()
    } else {
        format!("{} PRECEDING", dice.within(0, start))
    };
    format!(" ROWS BETWEEN {start} PRECEDING AND {end}")
}

/// A frame of time, in both tongues.
pub(crate) fn range_frame(dice: &mut Dice, grain: i64) -> (String, String) {
    let length = |dice: &mut Dice| {
        let exact = grain * dice.pick(&[0, 1, 2, 5, 20]);
        (exact + dice.pick(&[0, 0, 0, 1, -1])).max(0)
    };
    let start = length(dice);
    let (engine, batch) = match dice.within(0, 3) {
        0 | 1 => ("CURRENT ROW".to_owned(), "CURRENT ROW".to_owned()),
        2 => {
            let end = length(dice).min(start);
            (
                format!("{} PRECEDING", interval(end)),
                format!("{end} PRECEDING"),
            )
        }
        _ => {
            let end = length(dice);
            (
                format!("{} FOLLOWING", interval(end)),
                format!("{end} FOLLOWING"),
            )
        }
    };
    (
        format!(" RANGE BETWEEN {} PRECEDING AND {engine}", interval(start)),
        format!(" RANGE BETWEEN {start} PRECEDING AND {batch}"),
    )
}

/// A frame without a bound at its start, in both tongues.
fn running_frame(dice: &mut Dice, grain: i64) -> (String, String) {
    let length = grain * dice.within(0, 5);
    let (start, time) = ("BETWEEN UNBOUNDED PRECEDING AND", interval(length));
    match dice.within(0, 3) {
        0 => (String::new(), String::new()),
        1 => {
            let frame = format!(" ROWS {start} {} PRECEDING", dice.within(0, 4));
            (frame.clone(), frame)
        }
        2 => (
            format!(" RANGE {start} {time} PRECEDING"),
            format!(" RANGE {start} {length} PRECEDING"),
        ),
        _ => (
            format!(" RANGE {start} {time} FOLLOWING"),
            format!(" RANGE {start} {length} FOLLOWING"),
        ),
    }
}

/// The nodes, in one of four ways to write them; the batch's rows.
fn nodes(dice: &mut Dice, source: &Source, calls: &[Pair], condition: Option<&str>) -> String {
    let name = &source.name;
    let keys: String = source
        .key_names()
        .iter()
        .map(|k| format!("{k}, "))
        .collect();
    let calls: Vec<String> = calls
        .iter()
        .enumerate()
        .map(|(i, c)| format!("{} AS a{i}", c.engine))
        .collect();
    let select = format!("SELECT ts, {keys}{} FROM", calls.join(", "));
    let filter = condition.map_or(String::new(), |c| format!(" WHERE {c}"));
    let inner = format!("SELECT * FROM {name}{filter}");
    match dice.below(4) {
        0 => format!("[query.q]\nsql = \"\"\"{select} {name}{filter}\"\"\"\n"),
        1 => format!("[query.q]\nsql = \"\"\"{select} ({inner}) AS c\"\"\"\n"),
        2 => format!("[query.q]\nsql = \"\"\"WITH c AS ({inner}) {select} c\"\"\"\n"),
        _ => format!(
            "[query.first]\nsql = \"\"\"{inner}\"\"\"\n[query.q]\nsql = \"\"\"{select} first\"\"\"\n"
        ),
    }
}

/// What the calls of a construct are picked from.
enum Kind {
    Rows,
    Range,
    Lag,
}

/// The batch's SQL over `rows`.
fn batch_sql(names: &[String], pairs: &[Pair], rows: &str) -> String {
    let keys: String = names.iter().map(|k| format!("a.{k}, ")).collect();
    let calls: String = pairs
        .iter()
        .enumerate()
        .map(|(i, c)| format!("{} AS a{i}, ", c.batch))
        .collect();
    format!("SELECT a._t AS ts, {keys}{calls}a._t AS _time FROM {rows} AS a ORDER BY a._t, a._seq")
}

fn case(name: &str, seed: u64, kind: &Kind) -> Case {
    let mut dice = Dice::new(name, seed);
    let times = Times::random(&mut dice, 10 * SECOND);
    let keys = dice.below(4);
    let columns = Source::schema(&mut dice, keys);
    let source = Source::random(&mut dice, "s", 0, columns, times);
    let condition = dice.percent(40).then(|| condition(&mut dice, &source));
    let filter = condition
        .as_ref()
        .map_or(String::new(), |c| format!(" WHERE {c}"));
    let rows = format!("(SELECT * FROM s{filter})");
    let names = source.key_names();
    let mut by = dice.subset(&names, names.len().min(1 + keys / 2));
    let mut pairs = Vec::new();
    for _ in 0..1 + dice.below(4) {
        if dice.percent(30) {
            let n = dice.below(names.len() + 1);
            by = dice.subset(&names, n);
        }
        let pool: Vec<Template> = match kind {
            Kind::Rows => UNORDERED.iter().chain(&ORDERED).copied().collect(),
            Kind::Range => UNORDERED.to_vec(),
            Kind::Lag => SHIFTED.to_vec(),
        };
        let pool: Vec<Template> = pool.into_iter().filter(|t| known(&source, t)).collect();
        let template = dice.pick(&pool);
        pairs.push(match kind {
            Kind::Rows => {
                let frame = rows_frame(&mut dice);
                pair(template, &by, (&frame, &frame), "_t, _seq", &rows)
            }
            Kind::Range => {
                let (engine, batch) = range_frame(&mut dice, times.grain);
                pair(template, &by, (&engine, &batch), "_t", &rows)
            }
            Kind::Lag => pair(template, &by, ("", ""), "_t, _seq", &rows),
        });
    }
    // Running totals of keys for ever: their state is small.
    if matches!(kind, Kind::Lag) && dice.percent(40) {
        let template = dice.pick(&UNORDERED[..6]);
        let (engine, batch) = running_frame(&mut dice, times.grain);
        let order = if batch.starts_with(" ROWS") {
            "_t, _seq"
        } else {
            "_t"
        };
        pairs.push(pair(template, &by, (&engine, &batch), order, &rows));
    }
    let sql = batch_sql(&names, &pairs, &rows);
    let asked = sql.clone();
    Case {
        nodes: nodes(&mut dice, &source, &pairs, condition.as_deref()),
        drive: drive(&mut dice),
        pane: 10 * SECOND,
        windows: None,
        answer: Box::new(move |batch: &BatchSql| {
            // Every row is emitted in the order of (time, sequence), whatever its key.
            vec![Expected {
                stream: "q".to_owned(),
                order: Order::Key(Vec::new()),
                upsert: false,
                rows: timed(batch.rows(&asked)),
            }]
        }),
        sources: vec![source],
        sql,
    }
}

/// Frames of rows.
pub(crate) fn over_rows(seed: u64) -> Case {
    case("over_rows", seed, &Kind::Rows)
}

/// Frames of time.
pub(crate) fn over_range(seed: u64) -> Case {
    case("over_range", seed, &Kind::Range)
}

/// The rows before, and numbers of rows.
pub(crate) fn lag(seed: u64) -> Case {
    case("lag", seed, &Kind::Lag)
}
