//! Conditions on a session's bounds that the optimiser pushed below the aggregate (from HAVING, or
//! from a query around it) go above it again: there a closed session is asked once, below it every
//! row would have to be kept until its session closes.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Aggregate, Expr, Filter, LogicalPlan};

use crate::plan::session_assign::over_session;
use crate::plan::streaming::reads_bounds;

/// The plan with such conditions lifted.
pub(super) fn lifted(plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(plan.transform_up(one)?.data)
}

fn one(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Aggregate(aggregate) = &plan else {
        return Ok(Transformed::no(plan));
    };
    let LogicalPlan::Filter(filter) = aggregate.input.as_ref() else {
        return Ok(Transformed::no(plan));
    };
    if !over_session(&filter.input) {
        return Ok(Transformed::no(plan));
    }
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for condition in split_conjunction_owned(filter.predicate.clone()) {
        // Columns of the grouping are the same in all rows of a group.
        let columns = condition.column_refs();
        let grouped = |c| {
            aggregate
                .group_expr
                .iter()
                .any(|e| matches!(e, Expr::Column(g) if g == c))
        };
        if reads_bounds(&condition, &filter.input)? && columns.into_iter().all(grouped) {
            above.push(condition);
        } else {
            below.push(condition);
        }
    }
    let Some(above) = conjunction(above) else {
        return Ok(Transformed::no(plan));
    };
    let input = match conjunction(below) {
        Some(rest) => {
            let rest = Filter::try_new(rest, Arc::clone(&filter.input))?;
            Arc::new(LogicalPlan::Filter(rest))
        }
        None => Arc::clone(&filter.input),
    };
    let aggregate = Aggregate::try_new_with_schema(
        input,
        aggregate.group_expr.clone(),
        aggregate.aggr_expr.clone(),
        Arc::clone(&aggregate.schema),
    )?;
    let filter = Filter::try_new(above, Arc::new(LogicalPlan::Aggregate(aggregate)))?;
    Ok(Transformed::yes(LogicalPlan::Filter(filter)))
}
