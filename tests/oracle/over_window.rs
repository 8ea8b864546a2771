//! OVER whose partitions are parts of a window: running figures within it, emitted row by row, and
//! ranks in any order, emitted when it closes.

use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{Source, Times};
use super::dice::Dice;
use super::over::range_frame;
use super::window::Windows;

/// Running figures: `@` stands for `OVER (…)` by time, `#` for the same with ties told apart.
const RUNNING: [&str; 11] = [
    "sum(vi) @",
    "count(*) @",
    "min(vi) @",
    "max(vi) @",
    "avg(vi) @",
    "var_pop(vi) @",
    "count(vf) @",
    "row_number() #",
    "rank() @",
    "dense_rank() @",
    "lag(vi, 2) #",
];

/// Figures over a frame of time within a window, after which a key without rows may be forgotten
/// long before its window ends: `@` stands for `OVER (…)` by time with the frame.
const RANGED: [&str; 6] = [
    "sum(vi) @",
    "count(*) @",
    "min(vi) @",
    "max(vi) @",
    "avg(vi) @",
    "count(vf) @",
];

/// Figures of whole partitions: `~` stands for `OVER (…)` by a value, `^` for the same with ties
/// told apart, `@` for no order, `ROWS%` for one of [`FRAMES`].
const WHOLE: [&str; 14] = [
    "row_number() ^",
    "rank() ~",
    "dense_rank() ~",
    "sum(vi) @",
    "count(*) @",
    "max(vi) @",
    "lead(vi) ^",
    "lag(vi, 1, -1) ^",
    "ntile(3) ^",
    "first_value(vi) ^",
    "percent_rank() ~",
    "sum(vi) ROWS%",
    "max(vi) ROWS%",
    "avg(vi) ROWS%",
];

/// Frames of rows within a whole partition.
const FRAMES: [&str; 4] = [
    "2 PRECEDING AND CURRENT ROW",
    "1 PRECEDING AND 2 FOLLOWING",
    "CURRENT ROW AND UNBOUNDED FOLLOWING",
    "1 FOLLOWING AND 3 FOLLOWING",
];

/// How whole partitions are ordered.
const ORDERS: [&str; 5] = [
    "vi DESC NULLS LAST",
    "vi NULLS FIRST",
    "vf NULLS LAST, vi DESC NULLS FIRST",
    "ts DESC",
    "vi % 2 NULLS FIRST, ts",
];

/// Ties behind an order: in the direction of the time where that comes first.
fn told_apart(order: &str) -> String {
    match order {
        "ts DESC" => "_t DESC, _seq DESC".to_owned(),
        other => format!("{}, _t, _seq", other.replace("ts", "_t")),
    }
}

/// One call: `bounds` are the columns of the window, `orders` those that `@`, `#`, `~` and `^` stand
/// for.
fn call(template: &str, bounds: &str, by: &str, orders: [&str; 4], frame: &str) -> String {
    let over = |order: &str| {
        let order = if order.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {order}")
        };
        format!("OVER (PARTITION BY {bounds}{by}{order})")
    };
    let [plain, told, value, value_told] = orders;
    template
        .replace(
            "ROWS%",
            &over(&format!("{value_told} ROWS BETWEEN {frame}")),
        )
        .replace('@', &over(plain))
        .replace('#', &over(told))
        .replace('~', &over(value))
        .replace('^', &over(value_told))
}

/// Calls of one kind, as the engine and as a batch are asked.
fn calls(dice: &mut Dice, by: &str, whole: bool) -> (Vec<String>, Vec<String>) {
    let order = dice.pick(&ORDERS);
    let (by_time, told) = (order.replace("ts", "_t"), told_apart(order));
    let (mut engine, mut batch) = (Vec::new(), Vec::new());
    for i in 0..1 + dice.below(3) {
        let pool = if whole { &WHOLE[..] } else { &RUNNING[..] };
        let (template, frame) = (dice.pick(pool), dice.pick(&FRAMES));
        let (ts, time, tied) = if whole {
            ("", "", "")
        } else {
            ("ts", "_t", "_t, _seq")
        };
        let ours = call(
            template,
            "window_start, window_end",
            by,
            [ts, ts, order, order],
            frame,
        );
        let theirs = call(template, "_ws", by, [time, tied, &by_time, &told], frame);
        engine.push(format!("{ours} AS a{i}"));
        batch.push(format!("{theirs} AS a{i}"));
    }
    (engine, batch)
}

/// Calls over frames of time.
fn ranged(dice: &mut Dice, by: &str, grain: i64) -> (Vec<String>, Vec<String>) {
    let (mut engine, mut batch) = (Vec::new(), Vec::new());
    for i in 0..1 + dice.below(3) {
        let template = dice.pick(&RANGED);
        let (ours, theirs) = range_frame(dice, grain);
        let over = |bounds: &str, time: &str, frame: &str| {
            let over = format!("OVER (PARTITION BY {bounds}{by} ORDER BY {time}{frame})");
            format!("{} AS a{i}", template.replace('@', &over))
        };
        engine.push(over("window_start, window_end", "ts", &ours));
        batch.push(over("_ws", "_t", &theirs));
    }
    (engine, batch)
}

/// The pipeline's node and the batch's SQL.
fn sides(dice: &mut Dice, source: &Source, windows: Windows, grain: i64) -> (String, String) {
    let names = source.key_names();
    let n = dice.below(names.len() + 1);
    let by = dice.subset(&names, n);
    let by: String = by.iter().map(|k| format!(", {k}")).collect();
    let whole = dice.percent(50);
    let (engine, batch) = if !whole && dice.percent(50) {
        ranged(dice, &by, grain)
    } else {
        calls(dice, &by, whole)
    };
    let ranked = engine[0].starts_with("row_number") && whole;
    let top = if ranked { " WHERE a0 <= 3" } else { "" };
    let keys: String = names.iter().map(|k| format!("{k}, ")).collect();
    // Whole partitions are a window's result; their rows come in the order of their places.
    let (time, order) = if whole {
        (format!("_ws + {} - 1", windows.size), "_seq")
    } else {
        ("_t".to_owned(), "_t, _seq")
    };
    let answers: Vec<String> = (0..batch.len()).map(|i| format!("a{i}")).collect();
    let answers = answers.join(", ");
    let sql = format!(
        "SELECT _ws AS window_start, _t AS ts, {keys}vi, {answers}, _time FROM (SELECT *, {time} AS \
         _time, {} FROM {} AS w) AS o{top} ORDER BY _ws, {order}",
        batch.join(", "),
        windows.relation("s", "_t"),
    );
    let nodes = format!(
        "[query.q]\nsql = \"\"\"SELECT window_start, ts, {keys}vi, {answers} FROM (SELECT *, {} FROM \
         {}){top}\"\"\"\n",
        engine.join(", "),
        windows.call("s", "ts"),
    );
    (nodes, sql)
}

/// A case: calls over partitions of windows.
pub(crate) fn running(seed: u64) -> Case {
    let mut dice = Dice::new("running", seed);
    let windows = if dice.percent(60) {
        Windows::tumble(&mut dice)
    } else {
        Windows::hop(&mut dice)
    };
    let times = Times::random(&mut dice, windows.pane());
    let keys = dice.below(3);
    let columns = Source::schema(&mut dice, keys);
    let source = Source::random(&mut dice, "s", 0, columns, times);
    let (nodes, sql) = sides(&mut dice, &source, windows, times.grain);
    let asked = sql.clone();
    Case {
        nodes,
        drive: drive(&mut dice),
        pane: windows.slide,
        windows: Some(windows),
        answer: Box::new(move |batch: &BatchSql| {
            vec![Expected {
                stream: "q".to_owned(),
                order: Order::Key(vec![0]),
                upsert: false,
                rows: timed(batch.rows(&asked)),
            }]
        }),
        sources: vec![source],
        sql,
    }
}
