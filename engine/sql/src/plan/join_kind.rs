//! What kind of join a plan's join is, and what of its inputs' event time and windows is left in
//! its result.

use datafusion::common::{DFSchema, JoinType};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Join, LogicalPlan, Operator};

use crate::plan::catalog::StreamSource;
use crate::plan::event_time::{TimeOf, event_time, plain, window_column};

/// An input of a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Left,
    Right,
}

/// The kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With a table, which is this input.
    Table(Of),
    /// Of windows: the columns in which both have the window's end.
    Windows([usize; 2]),
    /// Of streams, by the distance of their event times.
    Streams,
}

/// A join, and the condition of a filter right above it: before the optimizer has run,
/// `FROM a, b WHERE …` has its conditions there.
pub(crate) fn join_of(plan: &LogicalPlan) -> Option<(&Join, Option<&Expr>)> {
    match plan {
        LogicalPlan::Join(join) => Some((join, None)),
        LogicalPlan::Filter(filter) => match filter.input.as_ref() {
            LogicalPlan::Join(join) => Some((join, Some(&filter.predicate))),
            _ => None,
        },
        _ => None,
    }
}

/// The table that a plan shows, row by row.
pub(crate) fn table_of(plan: &LogicalPlan) -> Option<&StreamSource> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let source = scan.source.downcast_ref::<StreamSource>();
            source.filter(|s| s.table)
        }
        LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => {
            table_of(plan.inputs().first()?)
        }
        _ => None,
    }
}

/// The scan of that table.
pub(crate) fn scan_of(plan: &LogicalPlan) -> &LogicalPlan {
    match (plan, plan.inputs().first()) {
        (LogicalPlan::TableScan(_), _) | (_, None) => plan,
        (_, Some(input)) => scan_of(input),
    }
}

/// The kind of a join; `above`: the condition of a filter above it.
pub(crate) fn kind(join: &Join, above: Option<&Expr>) -> Kind {
    if table_of(&join.right).is_some() {
        Kind::Table(Of::Right)
    } else if table_of(&join.left).is_some() {
        Kind::Table(Of::Left)
    } else {
        same_windows(join, above).map_or(Kind::Streams, Kind::Windows)
    }
}

/// The columns of a window's end, if the join says that they are equal.
fn same_windows(join: &Join, above: Option<&Expr>) -> Option<[usize; 2]> {
    let ends = [
        window_column(&join.left, "window_end")?,
        window_column(&join.right, "window_end")?,
    ];
    let is = |expr: &Expr, schema: &DFSchema, end: usize| {
        plain(expr).and_then(|c| schema.maybe_index_of_column(c)) == Some(end)
    };
    let equal = |a: &Expr, b: &Expr| {
        is(a, join.left.schema(), ends[0]) && is(b, join.right.schema(), ends[1])
    };
    let said = |condition: &Expr| match condition {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if *op == Operator::Eq => {
            equal(left, right) || equal(right, left)
        }
        _ => false,
    };
    let conditions = join.filter.iter().chain(above).flat_map(split_conjunction);
    let found = join.on.iter().any(|(a, b)| equal(a, b)) || conditions.into_iter().any(said);
    found.then_some(ends)
}

/// The input whose rows' times the result has; none: of either.
pub(crate) fn preserved(join: &Join, kind: Kind) -> Option<Of> {
    match kind {
        Kind::Table(Of::Right) => Some(Of::Left),
        Kind::Table(Of::Left) => Some(Of::Right),
        Kind::Windows(_) | Kind::Streams => match join.join_type {
            JoinType::Inner | JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => {
                Some(Of::Left)
            }
            JoinType::Right | JoinType::RightSemi | JoinType::RightAnti => Some(Of::Right),
            JoinType::Full | JoinType::LeftMark | JoinType::RightMark => None,
        },
    }
}

/// A column of an input as a column of the result.
fn in_result(join: &Join, of: Of, column: usize) -> usize {
    let alone = matches!(join.join_type, JoinType::RightSemi | JoinType::RightAnti);
    match of {
        Of::Right if !alone => join.left.schema().fields().len() + column,
        _ => column,
    }
}

pub(crate) fn input(join: &Join, of: Of) -> &LogicalPlan {
    match of {
        Of::Left => &join.left,
        Of::Right => &join.right,
    }
}

/// The columns of the result that show its event time, the first one first.
pub(crate) fn times(join: &Join, above: Option<&Expr>) -> Vec<usize> {
    let kind = kind(join, above);
    let Some(of) = preserved(join, kind) else {
        return Vec::new();
    };
    if let Kind::Windows([left, right]) = kind {
        let both = [
            in_result(join, Of::Left, left),
            in_result(join, Of::Right, right),
        ];
        return match (join.join_type, of) {
            (JoinType::Inner, _) => both.to_vec(),
            (_, Of::Left) => vec![both[0]],
            (_, Of::Right) => vec![in_result(join, of, right)],
        };
    }
    match event_time(input(join, of)) {
        TimeOf::Column(column) => vec![in_result(join, of, column)],
        TimeOf::Dropped => Vec::new(),
    }
}

/// The columns of the result that are a window's bound, the first one first.
pub(crate) fn bounds(join: &Join, above: Option<&Expr>, bound: &str) -> Vec<usize> {
    let kind = kind(join, above);
    if let (Kind::Windows(_), "window_end") = (kind, bound) {
        return times(join, above);
    }
    let of = preserved(join, kind);
    let found = of.and_then(|of| Some((of, window_column(input(join, of), bound)?)));
    let found = found.map(|(of, column)| in_result(join, of, column));
    found.into_iter().collect()
}
