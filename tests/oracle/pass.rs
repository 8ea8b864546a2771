//! Queries without a window: conditions, projections, expressions that fail on some rows, windows
//! as plain columns, UNION ALL of several sources, queries over queries.

use super::aggregate::condition;
use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::window::Windows;

/// One SELECT: the columns as the pipeline and as a batch ask for them.
struct Branch {
    engine: String,
    batch: String,
}

/// A column beside a condition: the expression, and the rows on which it does not fail.
const EXPRESSIONS: [(&str, &str); 5] = [
    ("vi * 2 + 1", "true"),
    ("coalesce(vf, -1.0)", "true"),
    ("CASE WHEN vi > 5 THEN 'high' ELSE 'low' END", "true"),
    ("vi / (vi - 3)", "vi IS NULL OR vi <> 3"),
    ("vf IS NULL", "true"),
];

fn branch(dice: &mut Dice, source: &Source, number: usize, expression: (&str, &str)) -> Branch {
    let name = &source.name;
    let condition = if dice.percent(60) {
        condition(dice, source)
    } else {
        "true".to_owned()
    };
    let (value, works) = expression;
    let columns = format!("{number} AS branch, vi, {value} AS x, vf");
    Branch {
        engine: format!("SELECT ts, {columns} FROM {name} WHERE {condition}"),
        batch: format!(
            "SELECT _t AS ts, {columns}, _seq, _t FROM {name} WHERE ({condition}) AND ({works})"
        ),
    }
}

/// The two sides of a case, the pipeline's nodes and the batch, and which rows have an order.
fn union(dice: &mut Dice, sources: &[Source]) -> (String, String, Order) {
    let expression = dice.pick(&EXPRESSIONS);
    let mut branches = Vec::new();
    for number in 0..1 + dice.below(3) {
        let source = &sources[number % sources.len()];
        branches.push(branch(dice, source, number, expression));
    }
    let all = |side: fn(&Branch) -> &str| {
        branches
            .iter()
            .map(side)
            .collect::<Vec<_>>()
            .join(" UNION ALL ")
    };
    let (engine, batch) = (all(|b| &b.engine), all(|b| &b.batch));
    let chained = dice.percent(30);
    let nodes = if chained {
        format!(
            "[query.first]\nsql = \"\"\"{engine}\"\"\"\n[query.q]\nsql = \"SELECT ts, branch, vi, \
             x, vf FROM first WHERE vi IS NULL OR vi <> 7\"\n"
        )
    } else {
        format!("[query.q]\nsql = \"\"\"{engine}\"\"\"\n")
    };
    let last = if chained {
        "vi IS NULL OR vi <> 7"
    } else {
        "true"
    };
    // Branches of one source come in the order of time, and rows that tie in that of branches;
    // else each partition keeps its own. (A plain `branch` is a constant of each branch, which
    // DataFusion's batch loses from the order.)
    let tied = branches.len() > sources.len();
    let (partition, order, key) = if tied {
        ("", "_t, _seq, _seq + branch", Order::Key(Vec::new()))
    } else {
        let partition = ", CAST(floor(_seq / 1099511627776) AS BIGINT) AS _p";
        (partition, "_seq", Order::Partition(vec![1]))
    };
    let sql = format!(
        "SELECT ts, branch, vi, x, vf{partition}, _t AS _time FROM ({batch}) AS u WHERE {last} \
         ORDER BY {order}"
    );
    (nodes, sql, key)
}

/// Windows as columns: a row for each window that holds it.
fn expanded(dice: &mut Dice, source: &Source, windows: Windows) -> (String, String) {
    let condition = condition(dice, source);
    let nodes = format!(
        "[query.q]\nsql = \"\"\"SELECT window_start, window_end, ts, vi FROM {} WHERE \
         {condition}\"\"\"\n",
        windows.call(&source.name, "ts")
    );
    let sql = format!(
        "SELECT _ws, _ws + {} AS _we, _t AS ts, vi, CAST(floor(_seq / 1099511627776) AS BIGINT) AS \
         _p, _t AS _time FROM {} AS w WHERE {condition} ORDER BY _seq, _ws",
        windows.size,
        windows.relation(&source.name, "_t"),
    );
    (nodes, sql)
}

/// Rows that pass through.
pub(crate) fn pass(seed: u64) -> Case {
    let mut dice = Dice::new("pass", seed);
    let times = Times::random(&mut dice, SECOND);
    let keys = dice.below(3);
    let columns = Source::schema(&mut dice, keys);
    let n = 1 + dice.below(3);
    let sources: Vec<Source> = (0u8..)
        .zip(["s", "r", "z"])
        .take(n)
        .map(|(ordinal, name)| Source::random(&mut dice, name, ordinal, columns.clone(), times))
        .collect();
    let windowed = n == 1 && dice.percent(30);
    let (nodes, sql, order) = if windowed {
        let windows = Windows::hop(&mut dice);
        let (nodes, sql) = expanded(&mut dice, &sources[0], windows);
        (nodes, sql, Order::Partition(Vec::new()))
    } else {
        union(&mut dice, &sources)
    };
    let asked = sql.clone();
    Case {
        sources,
        nodes,
        drive: drive(&mut dice),
        pane: SECOND,
        windows: None,
        answer: Box::new(move |batch: &BatchSql| {
            let rows = timed(batch.rows(&asked));
            vec![Expected {
                stream: "q".to_owned(),
                order: order.clone(),
                upsert: false,
                rows,
            }]
        }),
        sql,
    }
}
