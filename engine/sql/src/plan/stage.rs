//! What a query becomes: a few stages, each of which makes one operator. The runtime wires them.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use zaraba_core::operator::Operator;
use zaraba_core::stream::StreamSchema;

use crate::join::as_of::{AsOfJoin, AsOfPlan};
use crate::join::interval::{IntervalJoin, IntervalPlan};
use crate::merge::Merge;
use crate::number::Number;
use crate::over::operator::Over;
use crate::over::plan::OverPlan;
use crate::over::whole::{OverWhole, WholePlan};
use crate::pass_through::PassThrough;
use crate::plan::mistake::SqlMistake;
use crate::rows::Step;
use crate::session::operator::{Session, SessionPlan};
use crate::table::operator::{TableOperator, TablePlan};
use crate::table::snapshot_at::{SnapshotAt, SnapshotAtPlan};
use crate::triggered::operator::{TriggeredOperator, TriggeredPlan};
use crate::window::aggregate::{WindowAggregate, WindowPlan};
use crate::window::in_session::{InSession, InSessionPlan};
use zaraba_core::in_order::Ties;

/// Where a stage reads from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A stream of the pipeline, and which of its columns are needed (none: all).
    Stream(String, Option<Vec<usize>>),
    /// Another stage of the same query.
    Stage(usize),
}

/// What a stage does.
#[derive(Clone)]
pub enum Work {
    /// Rows on their own; the steps of each input.
    PassThrough(Vec<Vec<Step>>),
    /// Streams of one shape as one, in order.
    Merge(Ties),
    /// Rows that may tie, with sequences of their own.
    Number,
    /// Rows in an exchange's sessions.
    InSession(Arc<InSessionPlan>),
    /// A windowed aggregate.
    Window(Arc<WindowPlan>),
    /// Sessions.
    Session(Arc<SessionPlan>),
    /// OVER in event time.
    Over(Arc<OverPlan>),
    /// OVER of the partitions of a window.
    OverWhole(Arc<WholePlan>),
    /// The rows of a table as of a past moment.
    SnapshotAt(Arc<SnapshotAtPlan>),
    /// A table.
    Table(Arc<TablePlan>),
    /// A query over tables.
    Triggered(Arc<TriggeredPlan>),
    /// A stream with a table.
    AsOf(Arc<AsOfPlan>),
    /// Streams or windows with each other.
    Interval(Arc<IntervalPlan>),
    /// What another crate does with rows: alerts, rules.
    Foreign(Arc<dyn Foreign>),
}

/// The work of a stage that is no SQL. This crate knows nothing more of it.
pub trait Foreign: Send + Sync {
    /// Makes the operator of a node.
    ///
    /// # Errors
    /// When it cannot be made of what was checked before.
    fn operator(&self, node: &str) -> zaraba_core::error::Result<Box<dyn Operator>>;

    /// One line for `explain`: what it keeps, and for how long.
    fn describe(&self) -> String;

    /// The kind of its node and what it does, in a graph.
    fn kind(&self) -> (&'static str, &'static str);
}

impl Work {
    /// What happens to its result rows, where it can do that itself.
    pub(crate) fn post(&mut self) -> Option<&mut Vec<Step>> {
        match self {
            Self::Window(plan) => Arc::get_mut(plan).map(|plan| &mut plan.post),
            Self::Session(plan) => Arc::get_mut(plan).map(|plan| &mut plan.post),
            _ => None,
        }
    }
}

/// One stage.
#[derive(Clone)]
pub struct Stage {
    /// Its inputs, in the order of its ports.
    pub inputs: Vec<Input>,
    /// What it does.
    pub work: Work,
    /// The columns that it emits.
    pub schema: SchemaRef,
}

/// A node as planned: its stages, the last of which emits the node's stream.
#[derive(Clone)]
pub struct PlannedNode {
    /// The node's name.
    pub name: String,
    /// Its stages, each behind those that it reads.
    pub stages: Vec<Stage>,
    /// The shape of its stream.
    pub output: StreamSchema,
    /// The shape of `NODE__unassigned`, where it has one: a stage whose work is
    /// [`Work::InSession`] fills it.
    pub unassigned: Option<StreamSchema>,
    /// What is no mistake, and most likely not meant.
    pub warnings: Vec<SqlMistake>,
    /// The logical plan as text, for `explain`.
    pub explained: String,
}

impl Stage {
    /// Makes its operator.
    ///
    /// # Errors
    /// When DataFusion cannot plan what was checked before: a broken invariant.
    pub fn operator(&self, node: &str) -> zaraba_core::error::Result<Box<dyn Operator>> {
        Ok(match &self.work {
            Work::PassThrough(steps) => Box::new(PassThrough::new(node, steps.clone())),
            Work::Merge(ties) => Box::new(Merge::new(
                Arc::clone(&self.schema),
                *ties,
                self.inputs.len(),
            )),
            Work::Number => Box::new(Number::new()),
            Work::InSession(plan) => Box::new(InSession::new(Arc::clone(plan))),
            Work::Window(plan) => Box::new(WindowAggregate::new(Arc::clone(plan))),
            Work::Session(plan) => Box::new(Session::new(Arc::clone(plan))?),
            Work::Over(plan) => Box::new(Over::new(Arc::clone(plan))?),
            Work::OverWhole(plan) => Box::new(OverWhole::new(Arc::clone(plan))),
            Work::SnapshotAt(plan) => Box::new(SnapshotAt::new(Arc::clone(plan))?),
            Work::Table(plan) => Box::new(TableOperator::new(Arc::clone(plan))?),
            Work::Triggered(plan) => Box::new(TriggeredOperator::new(Arc::clone(plan))?),
            Work::AsOf(plan) => Box::new(AsOfJoin::new(Arc::clone(plan))?),
            Work::Interval(plan) => Box::new(IntervalJoin::new(Arc::clone(plan))?),
            Work::Foreign(work) => work.operator(node)?,
        })
    }

    /// One line for `explain`: what it keeps, and for how long.
    #[must_use]
    pub fn state(&self) -> String {
        match &self.work {
            Work::PassThrough(_) => "rows on their own; no state".into(),
            Work::Merge(_) => "rows that the watermark has not passed, to be put in order".into(),
            Work::Number => "how many rows there were".into(),
            Work::InSession(plan) => plan.describe(),
            Work::Window(plan) => plan.describe(),
            Work::Session(plan) => plan.describe(),
            Work::Over(plan) => plan.describe(),
            Work::OverWhole(plan) => plan.describe(),
            Work::SnapshotAt(plan) => plan.describe(),
            Work::Table(plan) => plan.describe(),
            Work::Triggered(plan) => plan.describe(),
            Work::AsOf(plan) => plan.describe(),
            Work::Interval(plan) => plan.describe(),
            Work::Foreign(work) => work.describe(),
        }
    }
}
