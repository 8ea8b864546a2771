//! A case: sources, a pipeline over them, how it is driven, and what a batch answers; and the
//! comparison of the two.

use std::collections::BTreeMap;

use zaraba_core::batch::Batch;
use zaraba_runtime::plan::PipelinePlan;
use zaraba_runtime::wire::StandIn;

use super::batch::BatchSql;
use super::data::Source;
use super::dice::Dice;
use super::faults::Fault;
use super::value::{Value, line, rows};
use super::window::Windows;
use crate::engine::harness::{Drive, planned, run_changed};

/// Rows that are shown of what differs.
const SHOWN: usize = 8;

/// One row of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Out {
    /// Its event time.
    pub(crate) time: i64,
    pub(crate) deleted: bool,
    pub(crate) values: Vec<Value>,
}

impl Out {
    fn line(&self) -> String {
        let sign = if self.deleted { "-" } else { "+" };
        format!("{sign} @{} {}", self.time, line(&self.values))
    }

    fn same(&self, other: &Self) -> bool {
        self.time == other.time
            && self.deleted == other.deleted
            && self.values.len() == other.values.len()
            && self
                .values
                .iter()
                .zip(&other.values)
                .all(|(a, b)| a.same(b))
    }
}

/// Within what rows keep their order.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Rows of equal values in these columns.
    Key(Vec<usize>),
    /// Rows of one partition and equal values in these columns; the batch side has the
    /// partition's number in its last column.
    Partition(Vec<usize>),
}

/// What a stream must be.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) stream: String,
    pub(crate) order: Order,
    /// Whether rows replace each other.
    pub(crate) upsert: bool,
    pub(crate) rows: Vec<Out>,
}

/// Answers what streams must be; the sources' rows that are not late are there as tables.
pub(crate) type Answer = Box<dyn Fn(&BatchSql) -> Vec<Expected>>;

/// One case.
pub(crate) struct Case {
    pub(crate) sources: Vec<Source>,
    /// Tables and queries.
    pub(crate) nodes: String,
    pub(crate) drive: Drive,
    /// Length of a pane (or from tick to tick), to count the cases that have several.
    pub(crate) pane: i64,
    /// The windows, where the case has them.
    pub(crate) windows: Option<Windows>,
    pub(crate) answer: Answer,
    /// The batch side's SQL, to be shown.
    pub(crate) sql: String,
}

/// A way to drive a case.
pub(crate) fn drive(dice: &mut Dice) -> Drive {
    let threads = dice.percent(15);
    Drive {
        seed: (!threads).then(|| dice.within(0, i64::MAX) as u64),
        batch_rows: dice.pick(&[1, 2, 3, 7, 64, 1000, 8192]),
        kill: !threads && dice.percent(50),
    }
}

/// Why a case failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine refused or broke off.
    Broken(String),
    /// It gave other rows.
    Differs(String),
}

impl Case {
    /// The pipeline file.
    pub(crate) fn toml(&self) -> String {
        let sources: String = self.sources.iter().map(Source::toml).collect();
        format!("name = \"case\"\n{sources}{}", self.nodes)
    }

    /// What a batch answers.
    pub(crate) fn expected(&self, batch: &BatchSql) -> Vec<Expected> {
        for source in &self.sources {
            batch.table(&source.name, source.table());
        }
        (self.answer)(batch)
    }

    /// Runs both sides and compares.
    pub(crate) fn check(&self, batch: &BatchSql, fault: Option<Fault>) -> Result<(), Failure> {
        self.check_against(self.expected(batch), fault)
    }

    /// Runs the engine and compares.
    pub(crate) fn check_against(
        &self,
        mut expected: Vec<Expected>,
        fault: Option<Fault>,
    ) -> Result<(), Failure> {
        let toml = fault.map_or_else(|| self.toml(), |f| f.change_file(&self.toml()));
        let plan = planned(&toml).map_err(Failure::Broken)?;
        for source in &self.sources {
            let late = format!("{}__late", source.name);
            if let Some(schema) = plan.streams.get(&late) {
                let names: Vec<&str> = schema
                    .columns
                    .fields()
                    .iter()
                    .map(|f| f.name().as_str())
                    .collect();
                expected.push(late_stream(source, &names));
            }
        }
        let inputs = self
            .sources
            .iter()
            .map(|s| (s.name.clone(), stand_in(s, &plan)));
        let inputs: BTreeMap<String, StandIn> = inputs.collect();
        let streams: Vec<&str> = expected.iter().map(|e| e.stream.as_str()).collect();
        let change = |graph| match fault {
            Some(fault) => fault.change_graph(graph, self.windows),
            None => graph,
        };
        let given = run_changed(&plan, &inputs, &streams, self.drive, &change)
            .map_err(|e| Failure::Broken(e.to_string()))?;
        for (expected, given) in expected.iter().zip(&given) {
            compare(expected, given).map_err(Failure::Differs)?;
        }
        Ok(())
    }
}

/// Rows as the plan wants them: what nobody reads is left out.
fn stand_in(source: &Source, plan: &PipelinePlan) -> StandIn {
    let columns = &plan.streams[&source.name].columns;
    let mut batches = source.batches();
    for (_, batch) in &mut batches {
        let schema = batch.schema();
        let indices: Vec<usize> = columns
            .fields()
            .iter()
            .map(|f| schema.index_of(f.name()).unwrap())
            .collect();
        *batch = batch.project(&indices).unwrap();
    }
    StandIn {
        rows: batches,
        partitions: source.partitions,
    }
}

/// Exactly the late rows, each beside how far its partition had come.
fn late_stream(source: &Source, names: &[&str]) -> Expected {
    let mut rows = Vec::new();
    for row in &source.rows {
        let Some(late_at) = row.late_at else { continue };
        let mut values = Vec::new();
        for name in names {
            values.push(match source.columns.iter().position(|c| c.name == *name) {
                Some(0) => Value::Int(row.time.into()),
                Some(i) => row.values[i - 1].clone(),
                None => Value::Int(late_at.into()),
            });
        }
        values.push(Value::Int((source.seq(row) >> 40).into()));
        rows.push(Out {
            time: late_at,
            deleted: false,
            values,
        });
    }
    let (stream, order) = (
        format!("{}__late", source.name),
        Order::Partition(Vec::new()),
    );
    Expected {
        stream,
        order,
        upsert: false,
        rows,
    }
}

/// The rows of one stream as they came.
fn given_rows(batches: &[Batch], order: &Order) -> Vec<Out> {
    let mut outs = Vec::new();
    for batch in batches {
        for (i, mut values) in rows(&batch.rows).into_iter().enumerate() {
            if matches!(order, Order::Partition(_)) {
                values.push(Value::Int((batch.seq[i] >> 40).into()));
            }
            outs.push(Out {
                time: batch.time[i],
                deleted: batch.is_deleted(i),
                values,
            });
        }
    }
    outs
}

/// Rows by their key, in their order.
fn by_key<'a>(outs: &'a [Out], order: &Order) -> BTreeMap<String, Vec<&'a Out>> {
    let mut groups: BTreeMap<String, Vec<&Out>> = BTreeMap::new();
    for out in outs {
        let key = match order {
            Order::Key(columns) => line(
                &columns
                    .iter()
                    .map(|c| out.values[*c].clone())
                    .collect::<Vec<_>>(),
            ),
            Order::Partition(columns) => {
                let last = out.values.len() - 1;
                let all = columns.iter().chain([&last]);
                line(&all.map(|c| out.values[*c].clone()).collect::<Vec<_>>())
            }
        };
        groups.entry(key).or_default().push(out);
    }
    groups
}

/// The same rows, in the same order per key.
fn compare(expected: &Expected, given: &[Batch]) -> Result<(), String> {
    let given = given_rows(given, &expected.order);
    let wanted = by_key(&expected.rows, &expected.order);
    let came = by_key(&given, &expected.order);
    let keys: std::collections::BTreeSet<&String> = wanted.keys().chain(came.keys()).collect();
    let none = Vec::new();
    for key in keys {
        let wanted = wanted.get(key).unwrap_or(&none);
        let came = came.get(key).unwrap_or(&none);
        let first = wanted.iter().zip(came).position(|(a, b)| !a.same(b));
        let shorter = wanted.len().min(came.len());
        if let Some(at) = first.or((wanted.len() != came.len()).then_some(shorter)) {
            let shown = |outs: &[&Out]| {
                let lines = outs
                    .iter()
                    .skip(at)
                    .take(SHOWN)
                    .map(|o| format!("    {}\n", o.line()));
                lines.collect::<String>()
            };
            return Err(format!(
                "stream `{}`, key ({key}): {} rows expected, {} came; from row {at} on\n  \
                 expected\n{}  came\n{}",
                expected.stream,
                wanted.len(),
                came.len(),
                shown(wanted),
                shown(came),
            ));
        }
    }
    Ok(())
}

/// Rows of a query whose last column is the event time.
pub(crate) fn timed(rows: Vec<Vec<Value>>) -> Vec<Out> {
    let out = |mut values: Vec<Value>| {
        let time = time(values.pop().as_ref());
        Out {
            time,
            deleted: false,
            values,
        }
    };
    rows.into_iter().map(out).collect()
}

/// Rows of a query whose last columns are whether a row is a deletion, and the event time.
pub(crate) fn upserts(rows: Vec<Vec<Value>>) -> Vec<Out> {
    let out = |mut values: Vec<Value>| {
        let time = time(values.pop().as_ref());
        let deleted = matches!(values.pop(), Some(Value::Bool(true)));
        Out {
            time,
            deleted,
            values,
        }
    };
    rows.into_iter().map(out).collect()
}

fn time(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Int(time)) => i64::try_from(*time).unwrap(),
        other => panic!("the last column is no time: {other:?}"),
    }
}
