//! Windows of windows: an aggregate of an aggregate by the same window, a window over a windowed
//! query's `window_end`, queries over queries.

use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{SECOND, Source, Times};
use super::dice::Dice;
use super::window::Windows;

/// The inner aggregate: per window and key a count, a sum and the last value.
fn inner(dice: &mut Dice, windows: Windows, by: &str, input: &str) -> (String, String) {
    let group = |bounds: &str| {
        if by.is_empty() {
            bounds.to_owned()
        } else {
            format!("{bounds}, {by}")
        }
    };
    let columns = if by.is_empty() {
        String::new()
    } else {
        format!("{by}, ")
    };
    let filter = dice.pick(&["", " WHERE vi IS NOT NULL"]);
    let engine = format!(
        "SELECT window_start, window_end, {columns}count(*) AS n, sum(vi) AS total, \
         last_value(vi ORDER BY ts) AS newest FROM {}{filter} GROUP BY {}",
        windows.call(input, "ts"),
        group("window_start, window_end"),
    );
    let from = windows.relation(&format!("(SELECT * FROM {input}{filter})"), "_t");
    let batch = format!(
        "SELECT _ws, _ws + {size} AS _we, {columns}count(*) AS n, sum(vi) AS total, \
         last_value(vi ORDER BY _t, _seq) AS newest, max(_seq) AS _seq, _ws + {size} - 1 AS _t FROM \
         {from} AS w GROUP BY {}",
        group("_ws"),
        size = windows.size,
    );
    (engine, batch)
}

/// What is asked of the inner rows, as the pipeline and as the batch order them.
const OUTER: &str = "max(n) AS a, sum(total) AS b, count(*) AS c";

/// Nested windows.
pub(crate) fn nested(seed: u64) -> Case {
    let mut dice = Dice::new("nested", seed);
    let windows = if dice.percent(50) {
        Windows::tumble(&mut dice)
    } else {
        Windows::hop(&mut dice)
    };
    let times = Times::random(&mut dice, windows.pane());
    let keys = 1 + dice.below(2);
    let columns = Source::schema(&mut dice, keys);
    let source = Source::random(&mut dice, "s", 0, columns, times);
    let by = if dice.percent(80) { "k1" } else { "" };
    let (engine, batch) = inner(&mut dice, windows, by, "s");
    let (nodes, sql) = match dice.below(4) {
        0 => same_windows(&engine, &batch, windows.size),
        1 => same_windows_of_query(&engine, &batch, windows.size),
        2 => later_windows(&mut dice, &engine, &batch, windows, true),
        _ => later_windows(&mut dice, &engine, &batch, windows, false),
    };
    let asked = sql.clone();
    Case {
        sources: vec![source],
        nodes,
        drive: drive(&mut dice),
        pane: windows.slide,
        windows: None,
        answer: Box::new(move |batch: &BatchSql| {
            let rows = timed(batch.rows(&asked));
            let order = Order::Key(Vec::new());
            vec![Expected {
                stream: "q".to_owned(),
                order,
                upsert: false,
                rows,
            }]
        }),
        sql,
    }
}

/// An aggregate of an aggregate, in one query.
fn same_windows(engine: &str, batch: &str, size: i64) -> (String, String) {
    let nodes = format!(
        "[query.q]\nsql = \"\"\"SELECT window_start, window_end, {OUTER} FROM ({engine}) AS i GROUP \
         BY window_start, window_end\"\"\"\n"
    );
    (nodes, same_windows_batch(batch, size))
}

/// The same, in a query over a query.
fn same_windows_of_query(engine: &str, batch: &str, size: i64) -> (String, String) {
    let nodes = format!(
        "[query.i]\nsql = \"\"\"{engine}\"\"\"\n[query.q]\nsql = \"SELECT window_start, window_end, \
         {OUTER} FROM i GROUP BY window_start, window_end\"\n"
    );
    (nodes, same_windows_batch(batch, size))
}

fn same_windows_batch(batch: &str, size: i64) -> String {
    format!(
        "SELECT _ws, _we, {OUTER}, _ws + {size} - 1 AS _time FROM ({batch}) AS i GROUP BY _ws, _we \
         ORDER BY _ws"
    )
}

/// Longer windows over the windows' ends; ties are told apart by the largest sequence.
fn later_windows(
    dice: &mut Dice,
    engine: &str,
    batch: &str,
    windows: Windows,
    between: bool,
) -> (String, String) {
    let size = windows.slide * dice.within(1, 5);
    let slide = if dice.percent(50) {
        size
    } else {
        windows.slide
    };
    let outer = Windows {
        size,
        slide,
        offset: dice.pick(&[0, SECOND / 2]),
        grow: false,
    };
    let call = outer.call(
        "(SELECT window_end AS ended, n, total, newest FROM i)",
        "ended",
    );
    let over = outer.call("j", "ended");
    let select = "SELECT window_start, window_end, last_value(n ORDER BY ended) AS l, \
                  first_value(newest ORDER BY ended) AS f";
    let group = "GROUP BY window_start, window_end";
    let nodes = if between {
        format!(
            "[query.i]\nsql = \"\"\"{engine}\"\"\"\n[query.j]\nsql = \"SELECT window_end AS ended, \
             n, total, newest FROM i WHERE n > 1\"\n[query.q]\nsql = \"{select}, {OUTER} FROM {over} \
             {group}\"\n"
        )
    } else {
        format!(
            "[query.i]\nsql = \"\"\"{engine}\"\"\"\n[query.q]\nsql = \"{select}, {OUTER} FROM {call} \
             {group}\"\n"
        )
    };
    let filter = if between { " WHERE n > 1" } else { "" };
    let inner = format!("(SELECT n, total, newest, _seq, _t FROM ({batch}) AS i{filter})");
    let sql = format!(
        "SELECT _ws, _ws + {size} AS _we, last_value(n ORDER BY _t, _seq) AS l, first_value(newest \
         ORDER BY _t, _seq) AS f, {OUTER}, _ws + {size} - 1 AS _time FROM {} AS o GROUP BY _ws \
         ORDER BY _ws",
        outer.relation(&inner, "_t"),
    );
    (nodes, sql)
}
