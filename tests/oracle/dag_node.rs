//! The nodes of a pipeline at random: each as the engine is asked, and as SQL over the batch results
//! of its inputs.

use super::dag::{Batch, Come, Dag, Node};
use super::dag_join::{interval_join, window_join};
use super::dag_table::{as_of_join, table, triggered};
use super::data::Kind;
use super::dice::Dice;
use super::window::{Windows, interval};

/// Makes a node over those that are there, if some fit.
pub(crate) type Maker = fn(&Dag, &mut Dice) -> Option<Node>;

/// All kinds: how one is made, whether it reads tables, and how often it is tried.
pub(crate) const KINDS: [(Maker, bool, usize); 12] = [
    (pass, false, 3),
    (union, false, 4),
    (window, false, 5),
    (regroup, false, 2),
    (session, false, 2),
    (over, false, 4),
    (over_window, false, 2),
    (interval_join, false, 4),
    (window_join, false, 4),
    (table, false, 9),
    (as_of_join, true, 18),
    (triggered, true, 20),
];

const CONDITIONS: [&str; 6] = [
    "vi > 3",
    "(vi IS NULL OR vi <> 2)",
    "vf IS NOT NULL",
    "k1 IS NOT NULL",
    "coalesce(vi, 0) <= 12",
    "true",
];

impl Dag {
    /// One of the nodes for which a condition holds; the last of them more often.
    pub(crate) fn one(&self, dice: &mut Dice, fits: impl Fn(&Node) -> bool) -> Option<usize> {
        let all: Vec<usize> = (0..self.nodes.len())
            .filter(|i| fits(&self.nodes[*i]))
            .collect();
        let last = *all.last()?;
        Some(if dice.percent(50) {
            last
        } else {
            dice.pick(&all)
        })
    }

    /// Two of them that fit each other; two that come from one node more often.
    pub(crate) fn two(
        &self,
        dice: &mut Dice,
        fits: impl Fn(&Node, &Node) -> bool,
    ) -> Option<(usize, usize)> {
        let all = 0..self.nodes.len();
        let mut pairs: Vec<(usize, usize)> = all
            .clone()
            .flat_map(|i| all.clone().map(move |j| (i, j)))
            .filter(|(i, j)| fits(&self.nodes[*i], &self.nodes[*j]))
            .collect();
        let meet =
            |(i, j): &(usize, usize)| i != j && !self.nodes[*i].of.is_disjoint(&self.nodes[*j].of);
        if dice.percent(70) && pairs.iter().any(meet) {
            pairs.retain(meet);
        }
        (!pairs.is_empty()).then(|| dice.pick(&pairs))
    }

    /// A query's node: a stream of facts, as its first input is.
    pub(crate) fn query(
        &self,
        construct: &'static str,
        inputs: &[usize],
        engine: &str,
        batch: String,
    ) -> Node {
        let name = format!("n{}", self.nodes.len());
        let first = &self.nodes[inputs[0]];
        Node {
            toml: format!("[query.{name}]\nsql = \"\"\"{engine}\"\"\"\n"),
            name,
            construct,
            batch: Batch::Sql(batch),
            upsert: false,
            end: first.end,
            unique: first.unique,
            lone: first.lone,
            numbered: inputs.iter().any(|i| self.nodes[*i].numbered),
            come: if first.unique {
                Come::Sorted
            } else {
                Come::Any
            },
            wide: inputs.iter().any(|i| self.nodes[*i].wide),
            key: first.key,
            ttl: None,
            watermark: first.watermark,
            of: std::collections::BTreeSet::new(),
            inputs: inputs.to_vec(),
        }
    }

    /// Windows over times like these.
    pub(crate) fn windows(&self, dice: &mut Dice) -> Windows {
        let slide = self.times.grain * dice.within(1, 6);
        let (size, grow) = match dice.within(0, 9) {
            0..=4 => (slide, false),
            5..=7 => (slide * dice.within(2, 4), false),
            _ => (slide * dice.within(1, 4), true),
        };
        let offset = dice.pick(&[0, 0, slide / 2, -slide / 4]);
        Windows {
            size,
            slide,
            offset,
            grow,
        }
    }
}

pub(crate) fn facts(node: &Node) -> bool {
    !node.upsert
}

/// Rows that pass through.
fn pass(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let input = dag.one(dice, facts)?;
    let (from, condition) = (&dag.nodes[input], dice.pick(&CONDITIONS));
    let value = dice.pick(&["vi", "vi * 2 - 1", "CASE WHEN vf > 5 THEN vi ELSE 0 END"]);
    let select = format!("SELECT ts, k1, {value} AS vi, vf");
    let engine = format!("{select} FROM {} WHERE {condition}", from.name);
    let batch = format!("{select}, _t, _seq FROM {} WHERE {condition}", from.name);
    let mut node = dag.query("pass", &[input], &engine, batch);
    node.come = match from.come {
        Come::Numbered => Come::Any,
        come => come,
    };
    Some(node)
}

/// UNION ALL of two.
fn union(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let fits = |a: &Node, b: &Node| facts(a) && facts(b) && a.end == b.end && a.key == b.key;
    let (a, b) = dag.two(dice, fits)?;
    let [one, other] = [&dag.nodes[a], &dag.nodes[b]];
    let condition = dice.pick(&CONDITIONS);
    // Of one input either row goes one way.
    let split = dice.percent(70);
    let rest = if split {
        format!("NOT coalesce({condition}, false)")
    } else {
        dice.pick(&CONDITIONS).to_owned()
    };
    let all = |hidden: [&str; 2]| {
        let [first, second] = hidden;
        format!(
            "SELECT ts, k1, vi, vf{first} FROM {} WHERE {condition} UNION ALL SELECT ts, k1, vi, \
             vf{second} FROM {} WHERE {rest}",
            one.name, other.name
        )
    };
    let apart = one.of.is_disjoint(&other.of) && !(one.numbered && other.numbered);
    let batch = match apart {
        true => all([", _t, _seq"; 2]),
        // Branches that may tie: numbered by time, sequence and branch.
        false => format!(
            "SELECT ts, k1, vi, vf, _t, CAST(row_number() OVER (ORDER BY _t, _seq, _b) AS BIGINT) - 1 \
             AS _seq FROM ({}) AS u",
            all([", _t, _seq, 0 AS _b", ", _t, _seq, 1 AS _b"])
        ),
    };
    let mut node = dag.query("union", &[a, b], &all([""; 2]), batch);
    node.unique = one.unique && other.unique;
    node.lone = node.unique && (!apart || (one.lone && other.lone));
    node.numbered |= !apart;
    // Branches that cannot tie run side by side.
    node.come = match node.unique && !apart {
        true => Come::Sorted,
        false => Come::Any,
    };
    node.watermark = None;
    Some(node)
}

/// What a group gives: `vi` and `vf`; calls by order only where rows have one.
fn calls(dice: &mut Dice, unique: bool) -> (String, String) {
    let plain = if dice.percent(50) || !unique { 0 } else { 1 };
    let call = |dice: &mut Dice, of: [&[&'static str]; 2]| dice.pick(of[plain]);
    let vi = call(
        dice,
        [
            &["count(*)", "sum(vi)", "max(vi)", "min(vi)"],
            &["last_value(vi ORDER BY #)", "first_value(vi ORDER BY #)"],
        ],
    );
    let vf = call(
        dice,
        [
            &["sum(vf)"],
            &["last_value(vf ORDER BY #)", "first_value(vf ORDER BY #)"],
        ],
    );
    let calls = format!("{vi} AS vi, {vf} AS vf");
    (calls.replace('#', "ts"), calls.replace('#', "_t, _seq"))
}

/// TUMBLE, HOP, CUMULATE.
fn window(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let input = dag.one(dice, facts)?;
    let from = &dag.nodes[input];
    let windows = dag.windows(dice);
    let (engine, batch) = calls(dice, from.unique);
    let (key, by) = match dice.percent(80) {
        true => ("k1", ", k1"),
        false => ("max(vi) % 3 AS k1", ""),
    };
    let (end, bounds) = match windows.grow {
        true => ("_we".to_owned(), "_ws, _we"),
        false => (format!("_ws + {}", windows.size), "_ws"),
    };
    let engine = format!(
        "SELECT window_end AS ts, {key}, {engine} FROM {} GROUP BY window_start, window_end{by}",
        windows.call(&from.name, "ts")
    );
    let batch = format!(
        "SELECT {end} AS ts, {key}, {batch}, {end} - 1 AS _t, max(_seq) AS _seq FROM {} AS w GROUP \
         BY {bounds}{by}",
        windows.relation(&from.name, "_t")
    );
    let mut node = in_windows(dag.query("window", &[input], &engine, batch), windows);
    node.wide = false;
    if by.is_empty() {
        node = whole(node);
    }
    Some(node)
}

/// A node whose rows are windows' results: each of its input's rows is there at most once in each.
pub(crate) fn in_windows(mut node: Node, windows: Windows) -> Node {
    node.end = true;
    node.unique = node.lone;
    node.lone &= windows.size == windows.slide;
    node.come = if node.unique { Come::Sorted } else { Come::Any };
    node
}

/// A node that has one row at a time.
fn whole(mut node: Node) -> Node {
    node.key = Kind::Int;
    (node.unique, node.come, node.wide) = (true, Come::Sorted, false);
    node
}

/// Groups of a result by its own windows.
fn regroup(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let input = dag.one(dice, |n| facts(n) && n.end)?;
    let from = &dag.nodes[input];
    let (engine, batch) = calls(dice, false);
    let key = "max(vi) % 3 AS k1";
    let engine = format!("SELECT ts, {key}, {engine} FROM {} GROUP BY ts", from.name);
    let batch = format!(
        "SELECT ts, {key}, {batch}, ts - 1 AS _t, max(_seq) AS _seq FROM {} GROUP BY ts",
        from.name
    );
    Some(whole(dag.query("regroup", &[input], &engine, batch)))
}

/// SESSION.
fn session(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let input = dag.one(dice, facts)?;
    let from = &dag.nodes[input];
    let gap = dag.times.grain * dice.pick(&[1, 2, 3, 6]);
    let (engine, batch) = calls(dice, from.unique);
    let engine = format!(
        "SELECT window_end AS ts, k1, {engine} FROM SESSION({}, ts, {}, k1) GROUP BY window_start, \
         window_end, k1",
        from.name,
        interval(gap)
    );
    let bounds = format!(
        "(SELECT *, min(_t) OVER (PARTITION BY k1, _n) AS _ws, max(_t) OVER (PARTITION BY k1, _n) + \
         {gap} AS _we FROM (SELECT *, sum(_new) OVER (PARTITION BY k1 ORDER BY _t, _seq ROWS \
         BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _n FROM (SELECT *, CASE WHEN _t - lag(_t) \
         OVER (PARTITION BY k1 ORDER BY _t, _seq) < {gap} THEN 0 ELSE 1 END AS _new FROM {}) AS a) \
         AS b)",
        from.name
    );
    let batch = format!(
        "SELECT _we AS ts, k1, {batch}, _we - 1 AS _t, max(_seq) AS _seq FROM {bounds} AS w GROUP BY \
         _ws, _we, k1"
    );
    let mut node = dag.query("session", &[input], &engine, batch);
    (node.end, node.wide, node.watermark) = (true, false, None);
    node.unique = node.lone;
    node.come = if node.unique { Come::Sorted } else { Come::Any };
    Some(node)
}

/// OVER in event time.
fn over(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let input = dag.one(dice, facts)?;
    let from = &dag.nodes[input];
    let by = dice.pick(&["PARTITION BY k1 ", ""]);
    let length = dag.times.grain * dice.within(0, 6);
    let following = dice.percent(25);
    let after = |text: String| match following {
        true => format!("{text} FOLLOWING"),
        false => "CURRENT ROW".to_owned(),
    };
    let range = |length: String, time: &str| {
        let end = after(length.clone());
        format!("OVER ({by}ORDER BY {time} RANGE BETWEEN {length} PRECEDING AND {end})")
    };
    let back = dice.within(0, 4);
    let frame = format!("ROWS BETWEEN {back} PRECEDING AND CURRENT ROW");
    let row = |order: &str, frame: &str| format!("OVER ({by}ORDER BY {order} {frame})");
    let ranged = !from.unique || dice.percent(40);
    let (vi, vf) = if ranged {
        (dice.pick(&["sum(vi) @", "count(*) @", "max(vi) @"]), "vf")
    } else {
        let vi = [
            "sum(vi) ~",
            "lag(vi) #",
            "CAST(row_number() # AS BIGINT)",
            "min(vi) ~",
            "counter_delta(vi) #",
        ];
        (
            dice.pick(&vi),
            dice.pick(&["first_value(vf) ~", "lag(vf, 2) #", "vf"]),
        )
    };
    let written = |text: &str, time: &str, order: &str, length: String| {
        text.replace('@', &range(length, time))
            .replace('~', &row(order, &frame))
            .replace('#', &row(order, ""))
    };
    let ours = |text: &str| written(text, "ts", "ts", interval(length));
    let theirs = |text: &str| match text {
        "counter_delta(vi) #" => growth(by, &from.name),
        _ => written(text, "_t", "_t, _seq", length.to_string()),
    };
    let engine = format!(
        "SELECT ts, k1, {} AS vi, {} AS vf FROM {}",
        ours(vi),
        ours(vf),
        from.name
    );
    let batch = format!(
        "SELECT ts, k1, {} AS vi, {} AS vf, _t, _seq FROM {} AS a",
        theirs(vi),
        theirs(vf),
        from.name
    );
    let mut node = dag.query("over", &[input], &engine, batch);
    if ranged && following {
        node.watermark = None;
    }
    Some(node)
}

/// What a counter grew by, as over.rs has it.
fn growth(by: &str, rows: &str) -> String {
    format!(
        "(SELECT max(CASE WHEN b._before IS NULL THEN NULL WHEN b._now >= b._before THEN b._now - \
         b._before ELSE b._now END) FROM (SELECT _t AS _at, _seq AS _s, vi AS _now, lag(vi) OVER \
         ({by}ORDER BY _t, _seq) AS _before FROM {rows} AS g WHERE vi IS NOT NULL) AS b WHERE b._s \
         = a._seq AND b._at = a._t)"
    )
}

/// OVER whose partitions are parts of a window.
fn over_window(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let input = dag.one(dice, |n| facts(n) && n.unique)?;
    let from = &dag.nodes[input];
    let windows = Windows {
        grow: false,
        ..dag.windows(dice)
    };
    let call = dice.pick(&["row_number()", "first_value(vi)", "lead(vi)"]);
    let over = |bounds: &str, ties: &str| {
        let over = format!("OVER (PARTITION BY {bounds}, k1 ORDER BY vi DESC NULLS LAST{ties})");
        format!("{call} {over} AS a0")
    };
    let top = if call == "row_number()" {
        " WHERE a0 <= 2"
    } else {
        ""
    };
    // A number of rows is unsigned, other streams' are not.
    let vi = "CAST(a0 AS BIGINT) AS vi";
    let engine = format!(
        "SELECT window_end AS ts, k1, {vi}, vf FROM (SELECT *, {} FROM {}){top}",
        over("window_start, window_end", ""),
        windows.call(&from.name, "ts"),
    );
    let size = windows.size;
    let batch = format!(
        "SELECT _ws + {size} AS ts, k1, {vi}, vf, _ws + {size} - 1 AS _t, _seq FROM (SELECT *, \
         {} FROM {} AS w) AS o{top}",
        over("_ws", ", _t, _seq"),
        windows.relation(&from.name, "_t"),
    );
    Some(in_windows(
        dag.query("over_window", &[input], &engine, batch),
        windows,
    ))
}
