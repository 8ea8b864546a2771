//! OVER whose partitions are parts of a window: running figures within it, emitted row by row, and
//! ranks in any order, emitted when it closes.

use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed};
use super::data::{Source, Times};
use super::dice::Dice;
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

/// A case: calls over partitions of windows.
pub(crate) fn running(seed: u64) -> Case {
    let mut dice = Dice::new("running", seed);
    let windows = if dice.percent(60) { Windows::tumble(&mut dice) } else { Windows::hop(&mut dice) };
    let times = Times::random(&mut dice, windows.pane());
    let keys = dice.below(3);
    let columns = Source::schema(&mut dice, keys);
    let source = Source::random(&mut dice, "s", 0, columns, times);
    let names = source.key_names();
    let n = dice.below(names.len() + 1);
    let by: String = dice.subset(&names, n).iter().map(|k| format!(", {k}")).collect();
    let whole = dice.percent(50);
    let order = dice.pick(&ORDERS);
    let (mut engine, mut batch) = (Vec::new(), Vec::new());
    for i in 0..1 + dice.below(3) {
        let call = if whole { dice.pick(&WHOLE) } else { dice.pick(&RUNNING) };
        let frame = dice.pick(&FRAMES);
        let over = |bounds: &str, order: &str| format!("OVER (PARTITION BY {bounds}{by}{order})");
        let side = |bounds: &str, orders: [String; 4]| {
            let [plain, told, value, value_told] = orders;
            let framed = format!("{value_told} ROWS BETWEEN {frame}");
            let call = call
                .replace("ROWS%", &over(bounds, &framed))
                .replace('@', &over(bounds, &plain))
                .replace('#', &over(bounds, &told))
                .replace('~', &over(bounds, &value))
                .replace('^', &over(bounds, &value_told));
            format!("{call} AS a{i}")
        };
        let by = |order: &str| format!(" ORDER BY {order}");
        let time = |order: &str| if whole { String::new() } else { by(order) };
        engine.push(side("window_start, window_end", [time("ts"), time("ts"), by(order), by(order)]));
        batch.push(side(
            "_ws",
            [
                time("_t"),
                time("_t, _seq"),
                by(&order.replace("ts", "_t")),
                by(&told_apart(order)),
            ],
        ));
    }
    let ranked = whole && engine[0].starts_with("row_number");
    let top = if ranked { " WHERE a0 <= 3" } else { "" };
    let keys: String = names.iter().map(|k| format!("{k}, ")).collect();
    let Windows { size, .. } = windows;
    let time = if whole {
        format!("_ws + {size} - 1")
    } else {
        "_t".to_owned()
    };
    let sql = format!(
        "SELECT _ws AS window_start, _t AS ts, {keys}vi, {} _time FROM (SELECT *, {time} AS _time, \
         {} FROM {} AS w) AS o{top} ORDER BY _ws, {}",
        (0..batch.len()).map(|i| format!("a{i}, ")).collect::<String>(),
        batch.join(", "),
        windows.relation("s", "_t"),
        if time == "_t" { "_t, _seq" } else { "_seq" },
    );
    let nodes = format!(
        "[query.q]\nsql = \"\"\"SELECT window_start, ts, {keys}vi, {} FROM (SELECT *, {} FROM \
         {}){top}\"\"\"\n",
        (0..engine.len()).map(|i| format!("a{i}")).collect::<Vec<_>>().join(", "),
        engine.join(", "),
        windows.call("s", "ts"),
    );
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
