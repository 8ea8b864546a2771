//! Whole numbers that overflow are failures, not other numbers: DataFusion's `+`, `-` and `*` wrap
//! around unless each is told not to. Sums inside aggregates still wrap (see the reference).

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::BinaryExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

/// The expression, which fails on a row where it overflows.
pub(crate) fn exact(expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
    let one = |e: Arc<dyn PhysicalExpr>| {
        let wraps = e.downcast_ref::<BinaryExpr>().filter(|binary| {
            matches!(
                binary.op(),
                Operator::Plus | Operator::Minus | Operator::Multiply
            )
        });
        let Some(binary) = wraps else {
            return Ok(Transformed::no(e));
        };
        let binary = binary.clone().with_fail_on_overflow(true);
        Ok(Transformed::yes(Arc::new(binary) as _))
    };
    expr.transform_up(one).data()
}

/// The plan with such expressions where it filters and computes.
pub(crate) fn exact_plan(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let one = |node: Arc<dyn ExecutionPlan>| {
        if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
            let mut exprs = Vec::with_capacity(projection.expr().len());
            for ProjectionExpr { expr, alias } in projection.expr() {
                exprs.push(ProjectionExpr {
                    expr: exact(Arc::clone(expr))?,
                    alias: alias.clone(),
                });
            }
            let projection = ProjectionExec::try_new(exprs, Arc::clone(projection.input()))?;
            return Ok(Transformed::yes(Arc::new(projection) as _));
        }
        if let Some(filter) = node.downcast_ref::<FilterExec>() {
            let predicate = exact(Arc::clone(filter.predicate()))?;
            let filter = FilterExecBuilder::from(filter)
                .with_predicate(predicate)
                .build()?;
            return Ok(Transformed::yes(Arc::new(filter) as _));
        }
        Ok(Transformed::no(node))
    };
    plan.transform_up(one).data()
}
