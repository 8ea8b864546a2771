//! Conditions go down to the rows that they read, but not those of an outer or ANTI join that may
//! fail: as a filter of the other input such a condition would take the failing row away, and the
//! preserved row would say "no match" where nobody knows. They stay with the pair.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// The rule.
#[derive(Debug, Default)]
pub(super) struct PushDown(PushDownFilter);

impl OptimizerRule for PushDown {
    fn name(&self) -> &'static str {
        "push_down"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let mut held = Vec::new();
        let plan = at_join(plan, &mut |filter| {
            let (stays, goes) = filter
                .into_iter()
                .flat_map(split_conjunction_owned)
                .partition(may_fail);
            held = stays;
            conjunction(goes as Vec<Expr>)
        })?;
        let pushed = self.0.rewrite(plan, config)?;
        if held.is_empty() {
            return Ok(pushed);
        }
        pushed.map_data(|plan| {
            at_join(plan, &mut |filter| {
                conjunction(filter.into_iter().chain(std::mem::take(&mut held)))
            })
        })
    }
}

/// Changes the condition of the outer or ANTI join that the plan is, under no more than filters.
fn at_join(
    plan: LogicalPlan,
    change: &mut dyn FnMut(Option<Expr>) -> Option<Expr>,
) -> Result<LogicalPlan> {
    Ok(match plan {
        LogicalPlan::Filter(mut filter) => {
            let input = at_join(Arc::unwrap_or_clone(filter.input), change)?;
            filter.input = Arc::new(input);
            LogicalPlan::Filter(filter)
        }
        LogicalPlan::Join(mut join) => {
            let filters = matches!(
                join.join_type,
                JoinType::Inner | JoinType::LeftSemi | JoinType::RightSemi
            );
            if !filters {
                join.filter = change(join.filter);
            }
            LogicalPlan::Join(join)
        }
        other => other,
    })
}

/// Whether there may be a row on which the expression fails: all but what surely does not.
fn may_fail(expr: &Expr) -> bool {
    let mut found = false;
    let walked = expr.apply(|e| {
        found = match e {
            Expr::BinaryExpr(binary) => !compares(binary.op),
            Expr::Column(_)
            | Expr::Literal(..)
            | Expr::Alias(_)
            | Expr::Between(_)
            | Expr::Case(_)
            | Expr::InList(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsNotNull(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsNull(_)
            | Expr::IsTrue(_)
            | Expr::IsUnknown(_)
            | Expr::Not(_) => false,
            _ => true,
        };
        Ok(if found {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    });
    found || walked.is_err()
}

/// Whether it takes any two values of a type.
const fn compares(op: Operator) -> bool {
    matches!(
        op,
        Operator::And
            | Operator::Or
            | Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}
