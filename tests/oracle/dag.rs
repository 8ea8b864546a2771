//! Whole pipelines: two to six nodes of any construct, over sources and over each other. All streams
//! have one shape (`ts`, `k1`, `vi`, `vf`), so that any can feed any. The batch side of a node is SQL
//! over the batch results of its inputs, put there as tables whose columns `_t` and `_seq` are the
//! rows' event time and sequence. All nodes' outputs are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};

use super::batch::BatchSql;
use super::case::{Case, Expected, Order, drive, timed, upserts};
use super::dag_node::{KINDS, Maker};
use super::data::{Kind, SECOND, Source, Times};
use super::dice::Dice;
use super::run::{CASES, Construct, asked};
use super::table::Table;
use super::value::Value;

/// In what order a stream's rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Come {
    /// As in the partitions of one source.
    Arrived,
    /// By (time, sequence).
    Sorted,
    /// By a column `_place` of the batch side.
    Numbered,
    /// Not said.
    Any,
}

/// When a query over tables runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trigger {
    Every(i64),
    OnChange(i64),
}

/// The batch side of a node.
#[derive(Clone, Debug)]
pub(crate) enum Batch {
    /// A source: its rows as they are.
    Source,
    Sql(String),
    /// A table: its rows, and itself, to be asked for its changes.
    Table(String, Box<Table>),
    /// The tables, when it runs, and its answers at all ticks.
    Triggered(Vec<String>, Trigger, String),
}

/// A source, a table or a query.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) construct: &'static str,
    pub(crate) toml: String,
    pub(crate) batch: Batch,
    /// Whether rows replace each other.
    pub(crate) upsert: bool,
    /// Whether `ts` is the end of a window: a microsecond behind the event time.
    pub(crate) end: bool,
    /// Whether no two rows have one time and sequence. Others feed only nodes whose answers do not
    /// depend on the order of ties: which of them is the newer is not said.
    pub(crate) unique: bool,
    /// Whether no two rows have one sequence, at whatever times: a row is then in one window's
    /// group, and no two groups tie.
    pub(crate) lone: bool,
    /// Whether sequences are numbers of its own, or of a node that it is made of.
    pub(crate) numbered: bool,
    pub(crate) come: Come,
    /// Whether it may have as many rows as pairs.
    pub(crate) wide: bool,
    /// The type of `k1`.
    pub(crate) key: Kind,
    /// When a table's rows are gone.
    pub(crate) ttl: Option<i64>,
    /// The watermark behind its last row, where that is known.
    pub(crate) watermark: Option<i64>,
    /// The nodes it is made of, by their places; itself, too.
    pub(crate) of: BTreeSet<usize>,
    pub(crate) inputs: Vec<usize>,
}

/// A pipeline.
pub(crate) struct Dag {
    pub(crate) nodes: Vec<Node>,
    sources: Vec<Source>,
    pub(crate) times: Times,
}

fn source(place: usize, source: &Source) -> Node {
    Node {
        name: source.name.clone(),
        construct: "source",
        toml: String::new(),
        batch: Batch::Source,
        upsert: false,
        end: false,
        unique: true,
        lone: true,
        numbered: false,
        come: Come::Arrived,
        wide: false,
        key: source.columns[1].kind,
        ttl: None,
        watermark: Some(source.last_watermark().unwrap_or(i64::MIN)),
        of: BTreeSet::from([place]),
        inputs: Vec::new(),
    }
}

impl Dag {
    fn random(dice: &mut Dice) -> Self {
        let times = Times::random(dice, SECOND);
        let mut columns = Source::schema(dice, 1);
        columns.truncate(4);
        let n = dice.pick(&[1, 2, 2]);
        let mut sources: Vec<Source> = (0u8..)
            .zip(["s", "r"])
            .take(n)
            .map(|(ordinal, name)| Source::random(dice, name, ordinal, columns.clone(), times))
            .collect();
        for source in &mut sources {
            // Joins of joins must end.
            source.rows.truncate(80);
        }
        let nodes = sources.iter().enumerate().map(|(i, s)| source(i, s));
        let mut dag = Self {
            nodes: nodes.collect(),
            sources,
            times,
        };
        let wanted = n + dice.pick(&[2, 3, 3, 4, 4, 5, 5, 6, 6]);
        while dag.nodes.len() < wanted {
            let tables = dag.nodes.iter().any(|n| n.upsert);
            let pool: Vec<Maker> = KINDS
                .iter()
                .filter(|(_, reads, _)| tables || !reads)
                .flat_map(|(make, _, weight)| std::iter::repeat_n(*make, *weight))
                .collect();
            let make = dice.pick(&pool);
            if let Some(mut node) = make(&dag, dice) {
                let place = dag.nodes.len();
                for input in &node.inputs {
                    node.of.extend(&dag.nodes[*input].of);
                }
                node.of.insert(place);
                dag.nodes.push(node);
            }
        }
        dag.only_read();
        dag
    }

    /// Drops the source that nobody reads.
    fn only_read(&mut self) {
        let read = |name: &str| {
            let place = self.nodes.iter().position(|n| n.name == name);
            self.nodes
                .iter()
                .any(|n| n.inputs.iter().any(|i| Some(*i) == place))
        };
        let gone: Vec<String> = self
            .sources
            .iter()
            .map(|s| s.name.clone())
            .filter(|name| !read(name))
            .collect();
        self.sources.retain(|s| !gone.contains(&s.name));
        // Sequences begin with a source's place in the file.
        for (ordinal, source) in (0u8..).zip(&mut self.sources) {
            source.ordinal = ordinal;
        }
        for node in &mut self.nodes {
            if gone.contains(&node.name) {
                node.construct = "unread";
            }
        }
    }

    /// The nodes that are not sources.
    fn made(&self) -> impl Iterator<Item = &Node> {
        self.nodes
            .iter()
            .filter(|n| !matches!(n.batch, Batch::Source))
    }

    /// Whether two inputs of some node come from one node.
    fn diamond(&self) -> bool {
        self.made().any(|node| {
            let of = |i: usize| &self.nodes[node.inputs[i]].of;
            node.inputs.len() == 2 && node.inputs[0] != node.inputs[1] && !of(0).is_disjoint(of(1))
        })
    }

    /// Whether some node feeds several.
    fn fans_out(&self) -> bool {
        (0..self.nodes.len()).any(|i| self.made().filter(|n| n.inputs.contains(&i)).count() > 1)
    }
}

/// A list of ticks as a table: number and time.
fn ticks_table(ticks: &[i64]) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("i", DataType::Int64, false),
        Field::new("tick", DataType::Int64, false),
    ]);
    let numbers: Int64Array = (0i64..).take(ticks.len()).collect();
    let times = Int64Array::from(ticks.to_vec());
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(numbers), Arc::new(times)]).unwrap()
}

impl Trigger {
    /// When it runs, given the times at which its tables changed.
    fn ticks(self, changes: &BTreeSet<i64>) -> Vec<i64> {
        match self {
            Self::Every(every) => {
                let up = |t: &i64| -(-t).div_euclid(every) * every;
                changes
                    .iter()
                    .map(up)
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect()
            }
            Self::OnChange(interval) => {
                let mut ticks: Vec<i64> = Vec::new();
                for change in changes {
                    match ticks.last() {
                        Some(last) if last >= change => {}
                        Some(last) => ticks.push((*change).max(last + interval)),
                        None => ticks.push(*change),
                    }
                }
                ticks
            }
        }
    }
}

/// What changed from one answer to the next.
fn changed(answers: &str, ticks: &str) -> String {
    format!(
        "SELECT n.k1, n.vi, n.vf, false AS _deleted, n.tick AS _t, 0 AS _seq FROM {answers} AS n \
         LEFT JOIN {answers} AS p ON p.i = n.i - 1 AND (p.k1 IS NOT DISTINCT FROM n.k1) WHERE p.i IS \
         NULL OR (n.vi IS DISTINCT FROM p.vi) OR (n.vf IS DISTINCT FROM p.vf) UNION ALL SELECT p.k1, \
         p.vi, p.vf, true AS _deleted, p.tick AS _t, 0 AS _seq FROM (SELECT a.i, a.k1, a.vi, a.vf, \
         c.i AS next, c.tick FROM {answers} AS a JOIN {ticks} AS c ON c.i = a.i + 1) AS p LEFT JOIN \
         {answers} AS n ON n.i = p.next AND (n.k1 IS NOT DISTINCT FROM p.k1) WHERE n.i IS NULL"
    )
}

impl Node {
    /// Puts its rows there as a table under its name.
    fn put(&self, batch: &BatchSql) {
        let name = &self.name;
        let sql = match &self.batch {
            Batch::Source => format!("SELECT _t AS ts, k1, vi, vf, _t, _seq FROM {name}"),
            Batch::Sql(sql) | Batch::Table(sql, _) => sql.clone(),
            Batch::Triggered(tables, trigger, sql) => {
                let times = tables.iter().map(|t| format!("SELECT _t FROM {t}"));
                let times: Vec<String> = times.collect();
                let rows = batch.rows(&times.join(" UNION ALL "));
                let changes = rows.into_iter().map(|row| match row[0] {
                    Value::Int(t) => i64::try_from(t).unwrap(),
                    _ => panic!("no time"),
                });
                let ticks = format!("{name}__ticks");
                batch.table(&ticks, ticks_table(&trigger.ticks(&changes.collect())));
                let answers = format!("{name}__answers");
                batch.table(&answers, batch.batch(sql));
                changed(&answers, &ticks)
            }
        };
        batch.table(name, batch.batch(&sql));
    }

    /// Its output, by what lies under its name.
    fn expected(&self, batch: &BatchSql) -> Expected {
        let name = &self.name;
        let ask = |more: &str, by: &str| {
            let sql = format!("SELECT ts, k1, vi, vf, {more}_t AS _time FROM {name} ORDER BY {by}");
            timed(batch.rows(&sql))
        };
        let (order, rows) = match (&self.batch, self.come) {
            (Batch::Triggered(..), _) => {
                let sql = format!(
                    "SELECT k1, vi, vf, _deleted, _t AS _time FROM {name} ORDER BY _t, _deleted"
                );
                (Order::Key(vec![0]), upserts(batch.rows(&sql)))
            }
            (Batch::Table(_, table), _) => {
                let key = table.columns.iter().position(|c| c == "k1").unwrap();
                let rows = if table.columns.len() < 4 {
                    // Of a changelog: what came.
                    format!("SELECT k1, vi, vf, _deleted, _t AS _time FROM {name} ORDER BY _t")
                } else {
                    table.changes()
                };
                (Order::Key(vec![key]), upserts(batch.rows(&rows)))
            }
            (_, Come::Arrived) => {
                let partition = "CAST(floor(_seq / 1099511627776) AS BIGINT) AS _p, ";
                (Order::Partition(Vec::new()), ask(partition, "_seq"))
            }
            (_, Come::Sorted) => (Order::Key(Vec::new()), ask("", "_t, _seq")),
            (_, Come::Numbered) => (Order::Key(Vec::new()), ask("", "_place")),
            (_, Come::Any) => (Order::Key(vec![0, 1, 2, 3]), ask("", "_t")),
        };
        Expected {
            stream: name.clone(),
            order,
            upsert: self.upsert,
            rows,
        }
    }

    /// The batch side, to be shown.
    fn shown(&self) -> String {
        match &self.batch {
            Batch::Source => String::new(),
            Batch::Sql(sql) | Batch::Table(sql, _) | Batch::Triggered(_, _, sql) => {
                format!("{}: {sql}\n", self.name)
            }
        }
    }
}

fn generate(seed: u64) -> (Dag, Dice) {
    let mut dice = Dice::new("dag", seed);
    (Dag::random(&mut dice), dice)
}

/// A pipeline of several nodes.
pub(crate) fn dag(seed: u64) -> Case {
    let (dag, mut dice) = generate(seed);
    let toml: String = dag.nodes.iter().map(|n| n.toml.as_str()).collect();
    let sql: String = dag.nodes.iter().map(Node::shown).collect();
    let nodes: Vec<Node> = dag
        .nodes
        .into_iter()
        .filter(|n| n.construct != "unread")
        .collect();
    Case {
        sources: dag.sources,
        nodes: toml,
        drive: drive(&mut dice),
        pane: dag.times.grain * 3,
        windows: None,
        answer: Box::new(move |batch: &BatchSql| {
            let mut expected = Vec::new();
            for node in &nodes {
                node.put(batch);
                if !matches!(node.batch, Batch::Source) {
                    expected.push(node.expected(batch));
                }
            }
            expected
        }),
        sql,
    }
}

/// Least share of pipelines, in a hundred, that have a construct, or are of a form.
const LEAST: [(&str, u64); 18] = [
    ("diamond", 40),
    ("fan-out", 70),
    ("pass", 15),
    ("union", 12),
    ("window", 30),
    ("regroup", 2),
    ("session", 10),
    ("over", 20),
    ("over_window", 8),
    ("interval_join", 12),
    ("window_join", 8),
    ("as_of_join", 12),
    ("table", 30),
    ("triggered", 12),
    ("table of triggered", 2),
    ("as-of join of triggered", 2),
    ("window of a result", 10),
    ("over of a result", 5),
];

/// What is true of a pipeline.
fn parts(dag: &Dag) -> BTreeSet<&'static str> {
    let mut parts: BTreeSet<&str> = dag.made().map(|n| n.construct).collect();
    let reads = |construct: &str, of: &dyn Fn(&Node) -> bool| {
        dag.made()
            .any(|n| n.construct == construct && n.inputs.iter().any(|i| of(&dag.nodes[*i])))
    };
    // A table of a triggered query counts as one, too.
    let triggered = |n: &Node| {
        let made = |i: &usize| dag.nodes[*i].construct == "triggered";
        n.construct == "triggered" || (n.construct == "table" && n.of.iter().any(made))
    };
    for (name, holds) in [
        ("diamond", dag.diamond()),
        ("fan-out", dag.fans_out()),
        ("table of triggered", reads("table", &triggered)),
        ("as-of join of triggered", reads("as_of_join", &triggered)),
        ("window of a result", reads("window", &|n| n.end)),
        ("over of a result", reads("over", &|n| n.end)),
    ] {
        if holds {
            parts.insert(name);
        }
    }
    parts
}

/// Prints what the pipelines are made of, and fails where some of it is rare.
pub(crate) fn shares(construct: Construct) {
    if asked().is_some() {
        return;
    }
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
    for seed in 0..CASES {
        let (dag, _) = generate(seed);
        *sizes.entry(dag.made().count()).or_default() += 1;
        for part in parts(&dag) {
            *counts.entry(part).or_default() += 1;
        }
    }
    let share = |name: &str| counts.get(name).copied().unwrap_or(0) * 100 / CASES;
    let shown: Vec<String> = LEAST
        .iter()
        .map(|(name, _)| format!("{name} {} %", share(name)))
        .collect();
    println!("{}: {}; nodes: {sizes:?}", construct.name, shown.join(", "));
    for (name, least) in LEAST {
        let share = share(name);
        assert!(
            share >= least,
            "{}: {name} {share} %, expected {least} %",
            construct.name
        );
    }
    assert!((2..=6).all(|n| sizes.get(&n).is_some_and(|c| *c >= CASES / 20)));
}
