//! Which column of a plan shows the event time of its rows.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::plan::catalog::StreamSource;
use crate::plan::join_kind::{self, join_of};
use crate::plan::over;
use crate::plan::session_assign::session;
use crate::plan::streaming::{is_expanded, time_offset};
use crate::plan::window_call::WindowAssign;

/// Where the event time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeOf {
    /// In this column of the plan's output.
    Column(usize),
    /// Beside the columns only: it was not selected.
    Dropped,
}

/// Finds it.
pub(crate) fn event_time(plan: &LogicalPlan) -> TimeOf {
    if let Some((join, above)) = join_of(plan) {
        return column(join_kind::times(join, above).first().copied());
    }
    match plan {
        LogicalPlan::TableScan(scan) => {
            let source = scan.source.downcast_ref::<StreamSource>();
            let name = source
                .and_then(|s| s.schema.time.as_ref())
                .map(|t| t.name.as_str());
            let fields = scan.projected_schema.fields();
            column(fields.iter().position(|f| Some(f.name().as_str()) == name))
        }
        LogicalPlan::Projection(projection) => {
            let inner = times(&projection.input);
            let is_time = |e: &Expr| {
                let of = plain(e).and_then(|c| index(&projection.input, c));
                of.is_some_and(|c| inner.contains(&c))
            };
            column(projection.expr.iter().position(is_time))
        }
        LogicalPlan::Aggregate(aggregate) => {
            let Some(end) = window_column(&aggregate.input, "window_end") else {
                return TimeOf::Dropped;
            };
            let is_end =
                |e: &Expr| plain(e).is_some_and(|c| index(&aggregate.input, c) == Some(end));
            column(aggregate.group_expr.iter().position(is_end))
        }
        LogicalPlan::Extension(extension) => {
            if session(plan).is_some() {
                return column(window_column(plan, "window_end"));
            }
            match extension.node.as_any().downcast_ref::<WindowAssign>() {
                Some(assign) => event_time(&assign.input),
                None => TimeOf::Dropped,
            }
        }
        LogicalPlan::Window(window) => match over::closes(window) {
            Some(end) => TimeOf::Column(end),
            None => event_time(&window.input),
        },
        LogicalPlan::Union(union) => {
            // A column that is a window's end in some branches only shows no one's time.
            let mut times = union.inputs.iter().map(|i| match event_time(i) {
                TimeOf::Column(column) => Some((column, time_offset(i, column))),
                TimeOf::Dropped => None,
            });
            let first = times.next().flatten();
            let agreed = first.filter(|_| times.all(|t| t == first));
            column(agreed.map(|(column, _)| column))
        }
        LogicalPlan::Distinct(_) => match window_column(plan, "window_end") {
            Some(end) => TimeOf::Column(end),
            None => TimeOf::Dropped,
        },
        LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_) => plan
            .inputs()
            .first()
            .map_or(TimeOf::Dropped, |i| event_time(i)),
        _ => TimeOf::Dropped,
    }
}

/// All columns that show it: windows that were joined have two.
fn times(plan: &LogicalPlan) -> Vec<usize> {
    match (join_of(plan), plan) {
        (Some((join, above)), _) => join_kind::times(join, above),
        (None, LogicalPlan::SubqueryAlias(alias)) => times(&alias.input),
        (None, LogicalPlan::Filter(filter)) => times(&filter.input),
        (None, plan) => match event_time(plan) {
            TimeOf::Column(column) => vec![column],
            TimeOf::Dropped => Vec::new(),
        },
    }
}

fn column(found: Option<usize>) -> TimeOf {
    found.map_or(TimeOf::Dropped, TimeOf::Column)
}

/// A column of the plan's output that is a bound of a window (by its origin, whatever it is called
/// now).
pub(crate) fn window_column(plan: &LogicalPlan, bound: &str) -> Option<usize> {
    if let Some((join, above)) = join_of(plan) {
        return join_kind::bounds(join, above, bound).first().copied();
    }
    match plan {
        LogicalPlan::TableScan(scan) if bound == "window_end" => {
            // A windowed query's stream: its time column is the window end.
            let time = scan
                .source
                .downcast_ref::<StreamSource>()?
                .schema
                .time
                .as_ref()?;
            let fields = scan.projected_schema.fields();
            fields
                .iter()
                .position(|f| time.offset == -1 && *f.name() == time.name)
        }
        LogicalPlan::Extension(extension) => {
            let fields = extension.node.schema().fields().len();
            let assign = extension.node.as_any().is::<WindowAssign>() || session(plan).is_some();
            assign.then(|| {
                if bound == "window_end" {
                    fields - 1
                } else {
                    fields - 2
                }
            })
        }
        LogicalPlan::Projection(projection) => {
            let inner = window_columns(&projection.input, bound);
            let same = |e: &Expr| {
                let of = plain(e).and_then(|c| index(&projection.input, c));
                of.is_some_and(|c| inner.contains(&c))
            };
            projection.expr.iter().position(same)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let inner = window_column(&aggregate.input, bound)?;
            let same =
                |e: &Expr| plain(e).is_some_and(|c| index(&aggregate.input, c) == Some(inner));
            aggregate.group_expr.iter().position(same)
        }
        // Rows of one time: of windows that have closed.
        LogicalPlan::Union(union) if bound == "window_end" => {
            let closed = |i: &Arc<LogicalPlan>| window_column(i, bound).filter(|_| !is_expanded(i));
            let mut ends = union.inputs.iter().map(closed);
            let first = ends.next().flatten();
            first.filter(|_| ends.all(|end| end == first))
        }
        LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Distinct(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_) => window_column(plan.inputs().first()?, bound),
        _ => None,
    }
}

/// All such columns: windows that were joined have two.
fn window_columns(plan: &LogicalPlan, bound: &str) -> Vec<usize> {
    match (join_of(plan), plan) {
        (Some((join, above)), _) => join_kind::bounds(join, above, bound),
        (None, LogicalPlan::SubqueryAlias(alias)) => window_columns(&alias.input, bound),
        (None, LogicalPlan::Filter(filter)) => window_columns(&filter.input, bound),
        (None, plan) => window_column(plan, bound).into_iter().collect(),
    }
}

/// The column that an expression is, under any aliases.
pub(crate) fn plain(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => plain(&alias.expr),
        _ => None,
    }
}

fn index(plan: &LogicalPlan, column: &Column) -> Option<usize> {
    plan.schema().maybe_index_of_column(column)
}
