//! The nodes of a pipeline that join two streams: within a distance, or window by window.

use super::dag::{Come, Dag, Node};
use super::dag_node::{facts, in_windows};
use super::dice::Dice;
use super::window::{Windows, interval};

/// What a join of two streams selects of its pairs.
struct Pairs {
    words: &'static str,
    /// Whether each row comes at most once, as it is.
    once: bool,
    /// Whose row it is: `a` or `b`.
    of: &'static str,
    vi: &'static str,
}

impl Pairs {
    fn random(dice: &mut Dice) -> Self {
        let (words, once, of) = dice.pick(&[
            ("JOIN", false, "a"),
            ("LEFT JOIN", false, "a"),
            ("RIGHT JOIN", false, "b"),
            ("LEFT SEMI JOIN", true, "a"),
            ("LEFT ANTI JOIN", true, "a"),
        ]);
        let vi = match once {
            true => "a.vi",
            false => dice.pick(&["b.vi", "a.vi - b.vi", "coalesce(b.vi, a.vi)", "a.vi"]),
        };
        Self {
            words,
            once,
            of,
            vi,
        }
    }

    /// The columns; `ts` as given.
    fn columns(&self, ts: &str) -> String {
        let Self { of, vi, .. } = self;
        format!("{ts} AS ts, {of}.k1 AS k1, {vi} AS vi, {of}.vf AS vf")
    }

    /// The batch side: its rows numbered as they come; `at`: when rows of the other side are joined.
    fn batch(&self, [a, b]: [&str; 2], on: &str, [ts, time, at]: [&str; 3]) -> String {
        let Self {
            words, of, once, ..
        } = self;
        let other = if *of == "a" { "b" } else { "a" };
        let behind = match once {
            true => String::new(),
            false => format!(", {other}.{at}, {other}._seq"),
        };
        // Of several matches each is numbered; a row that comes once keeps its sequence.
        let place = format!("row_number() OVER (ORDER BY {time}, {of}._seq{behind})");
        let seq = match once {
            true => format!("{of}._seq"),
            false => format!("CAST({place} AS BIGINT) - 1"),
        };
        format!(
            "SELECT {}, {time} AS _t, {seq} AS _seq, {place} AS _place FROM {a} AS a {words} {b} AS b \
             ON {on}",
            self.columns(ts)
        )
    }

    /// The node's marks.
    fn mark(&self, dag: &Dag, mut node: Node) -> Node {
        let inputs = [&dag.nodes[node.inputs[0]], &dag.nodes[node.inputs[1]]];
        let of = inputs[usize::from(self.of == "b")];
        let both = inputs.iter().all(|n| n.unique);
        node.come = if both { Come::Numbered } else { Come::Any };
        node.unique = if self.once { of.unique } else { both };
        node.lone = if self.once { of.lone } else { both };
        node.numbered |= !self.once;
        node.wide = !self.once;
        node.end = of.end;
        node.watermark = None;
        node
    }
}

/// Streams that can be joined.
fn meet(a: &Node, b: &Node) -> bool {
    facts(a) && facts(b) && a.key == b.key && !a.wide && !b.wide
}

/// Streams joined within a distance.
pub(crate) fn interval_join(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let (a, b) = dag.two(dice, meet)?;
    let names = [dag.nodes[a].name.as_str(), dag.nodes[b].name.as_str()];
    let pairs = Pairs::random(dice);
    let low = dag.times.grain * dice.within(-4, 2);
    let high = low + dag.times.grain * dice.within(0, 5);
    let engine = format!(
        "SELECT {} FROM {} a {} {} b ON a.k1 = b.k1 AND b.ts BETWEEN a.ts + {} AND a.ts + {}",
        pairs.columns(&format!("{}.ts", pairs.of)),
        names[0],
        pairs.words,
        names[1],
        interval(low),
        interval(high),
    );
    let on = format!("a.k1 = b.k1 AND b.ts - a.ts >= {low} AND b.ts - a.ts <= {high}");
    let [ts, time] = [format!("{}.ts", pairs.of), format!("{}._t", pairs.of)];
    let batch = pairs.batch(names, &on, [&ts, &time, "_t"]);
    Some(pairs.mark(dag, dag.query("interval_join", &[a, b], &engine, batch)))
}

/// Windows joined with windows: of rows, or the results of two queries.
pub(crate) fn window_join(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let results = dice.percent(40);
    let (a, b) = dag.two(dice, |a, b| meet(a, b) && (!results || (a.end && b.end)))?;
    let names = [dag.nodes[a].name.as_str(), dag.nodes[b].name.as_str()];
    let pairs = Pairs::random(dice);
    let of = pairs.of;
    let windows = (!results).then(|| Windows {
        grow: false,
        ..dag.windows(dice)
    });
    let (engine, batch) = if let Some(windows) = windows {
        windowed_pairs(&pairs, names, windows)
    } else {
        let engine = format!(
            "SELECT {} FROM {} a {} {} b ON a.k1 = b.k1 AND a.ts = b.ts",
            pairs.columns(&format!("{of}.ts")),
            names[0],
            pairs.words,
            names[1]
        );
        let on = "a.k1 = b.k1 AND a.ts = b.ts";
        (
            engine,
            pairs.batch(names, on, [&format!("{of}.ts"), &format!("{of}._t"), "_t"]),
        )
    };
    let mut node = pairs.mark(dag, dag.query("window_join", &[a, b], &engine, batch));
    if let Some(windows) = windows {
        // Within a window rows come by their own times.
        let (come, unique, lone) = (node.come, node.unique, node.lone);
        node = in_windows(node, windows);
        node.come = come;
        if !pairs.once {
            (node.unique, node.lone) = (unique, lone);
        }
    }
    Some(node)
}

/// Both sides of a join of windows of rows.
fn windowed_pairs(pairs: &Pairs, names: [&str; 2], windows: Windows) -> (String, String) {
    let of = pairs.of;
    let [one, other] = names.map(|n| windows.call(n, "ts"));
    let engine = format!(
        "SELECT {} FROM {one} a {} {other} b ON a.k1 = b.k1 AND a.window_end = b.window_end",
        pairs.columns(&format!("{of}.window_end")),
        pairs.words,
    );
    let [one, other] = names.map(|n| windows.relation(n, "_t"));
    let end = format!("({of}._ws + {})", windows.size);
    let on = "a.k1 = b.k1 AND a._ws = b._ws";
    (
        engine,
        pairs.batch([&one, &other], on, [&end, &format!("({end} - 1)"), "_ws"]),
    )
}
