//! `SESSION(input, time, gap, key…)` as a node of the logical plan: it adds `window_start` and
//! `window_end`, and needs its keys whatever is selected above.

use std::collections::HashSet;
use std::fmt;

use datafusion::common::{DFSchemaRef, DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use crate::plan::event_time::{TimeOf, event_time, plain, window_column};
use crate::plan::window_call::with_bounds;

/// Puts each row of its input into a session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SessionAssign {
    /// The input.
    pub(crate) input: LogicalPlan,
    /// Rows of a key that are closer than this are of one session, microseconds.
    pub(crate) gap: i64,
    /// The keys: plain columns of the input.
    keys: Vec<Expr>,
    schema: DFSchemaRef,
}

impl PartialOrd for SessionAssign {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.gap.partial_cmp(&other.gap)
    }
}

impl SessionAssign {
    /// Over an input that has these columns.
    pub(crate) fn new(input: LogicalPlan, gap: i64, keys: Vec<Expr>) -> Result<Self> {
        let schema = with_bounds(&input)?;
        Ok(Self {
            input,
            gap,
            keys,
            schema,
        })
    }

    /// The keys, among the input's columns.
    pub(crate) fn key_columns(&self) -> Vec<usize> {
        let column = |e| self.input.schema().maybe_index_of_column(plain(e)?);
        self.keys.iter().filter_map(column).collect()
    }
}

impl UserDefinedLogicalNodeCore for SessionAssign {
    fn name(&self) -> &str {
        "SessionAssign"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.clone()
    }

    /// A condition on anything but a key would take rows out of sessions that they hold together.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let keys = self.key_columns();
        let fields = self.schema.fields().iter().enumerate();
        fields
            .filter(|(i, _)| !keys.contains(i))
            .map(|(_, f)| f.name().clone())
            .collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        write!(
            f,
            "SessionAssign: gap={} keys=[{}]",
            self.gap,
            keys.join(", ")
        )
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        match <[LogicalPlan; 1]>::try_from(inputs) {
            Ok([input]) => Self::new(input, self.gap, exprs),
            Err(_) => Err(DataFusionError::Internal("a session has one input".into())),
        }
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let inputs = self.input.schema().fields().len();
        let mut needed: Vec<usize> = output_columns
            .iter()
            .copied()
            .filter(|c| *c < inputs)
            .chain(self.key_columns())
            .collect();
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed])
    }
}

/// The SESSION that a plan is.
pub(crate) fn session(plan: &LogicalPlan) -> Option<&SessionAssign> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
        _ => None,
    }
}

/// Where columns of the SESSION below stand in the plan's output; none where one is no longer a
/// column as it is.
fn carried(
    plan: &LogicalPlan,
    columns: fn(&SessionAssign) -> Option<Vec<usize>>,
) -> Option<Vec<usize>> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let inner = carried(&projection.input, columns)?;
            let schema = projection.input.schema();
            let is = |e: &Expr, column| {
                plain(e).is_some_and(|c| schema.maybe_index_of_column(c) == Some(column))
            };
            inner
                .into_iter()
                .map(|column| projection.expr.iter().position(|e| is(e, column)))
                .collect()
        }
        LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => {
            carried(plan.inputs().first()?, columns)
        }
        _ => columns(session(plan)?),
    }
}

/// Whether nothing but columns picked and rows left out lies between a plan and a SESSION.
pub(crate) fn over_session(plan: &LogicalPlan) -> bool {
    carried(plan, |_| Some(Vec::new())).is_some()
}

/// The column with the rows' own times, which are not their event time behind a SESSION.
pub(crate) fn row_time(plan: &LogicalPlan) -> Option<usize> {
    let time = |assign: &SessionAssign| match event_time(&assign.input) {
        TimeOf::Column(column) => Some(vec![column]),
        TimeOf::Dropped => None,
    };
    carried(plan, time)?.pop()
}

/// Whether a grouping names both bounds and all keys of the SESSION below: then a group is a part
/// of one session, and its state can be kept while the session is open.
pub(crate) fn groups_by_session(group: &[Expr], input: &LogicalPlan) -> bool {
    let column = |e: &Expr| plain(e).and_then(|c| input.schema().maybe_index_of_column(c));
    let grouped: Vec<usize> = group.iter().filter_map(column).collect();
    let bounds = ["window_start", "window_end"].map(|b| window_column(input, b));
    let bounds = bounds
        .iter()
        .all(|b| b.is_some_and(|b| grouped.contains(&b)));
    bounds
        && carried(input, |s| Some(s.key_columns()))
            .is_some_and(|keys| keys.iter().all(|k| grouped.contains(k)))
}
