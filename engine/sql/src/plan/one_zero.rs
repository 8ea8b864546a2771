//! Zero has no sign and NaN equals NaN. DataFusion says so of `=`, GROUP BY and joins; here it is
//! told for what else compares floats: `PARTITION BY` and `ORDER BY` of OVER, `count(DISTINCT …)`,
//! `nullif` and `CASE … WHEN`.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::WindowFunctionDefinition;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Case, Expr, ExprSchemable, LogicalPlan, lit, when};

use crate::one_form::function;

/// Rewrites a plan whose types are settled.
pub(crate) fn one_zero(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let new = expr.transform_up(|e| one(e, &schema))?;
            Ok(new.update_data(|e| name.restore(e)))
        })
    })?;
    rewritten.data.recompute_schema()
}

fn is_float(expr: &Expr, schema: &DFSchema) -> bool {
    expr.get_type(schema).is_ok_and(|t| t.is_floating())
}

/// Puts it into one form, if it is of floats: whether it was.
fn put(expr: &mut Expr, schema: &DFSchema) -> bool {
    let float = is_float(expr, schema);
    if float {
        *expr = function().call(vec![std::mem::take(expr)]);
    }
    float
}

fn put_all<'a>(exprs: impl IntoIterator<Item = &'a mut Expr>, schema: &DFSchema) -> bool {
    let put = exprs.into_iter().map(|e| put(e, schema));
    put.fold(false, |any, one| any | one)
}

fn one(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::WindowFunction(mut call) => {
            let counts = matches!(&call.fun, WindowFunctionDefinition::AggregateUDF(f) if f.name() == "count");
            let params = &mut call.params;
            let mut changed = put_all(&mut params.partition_by, schema);
            changed |= put_all(params.order_by.iter_mut().map(|s| &mut s.expr), schema);
            if counts && params.distinct {
                changed |= put_all(&mut params.args, schema);
            }
            let call = Expr::WindowFunction(call);
            Ok(Transformed::new_transformed(call, changed))
        }
        Expr::AggregateFunction(mut call) => {
            let counts = call.func.name() == "count" && call.params.distinct;
            let changed = counts && put_all(&mut call.params.args, schema);
            let call = Expr::AggregateFunction(call);
            Ok(Transformed::new_transformed(call, changed))
        }
        Expr::ScalarFunction(call)
            if call.func.name() == "nullif" && call.args.iter().any(|a| is_float(a, schema)) =>
        {
            let [value, other] = call.args.as_slice() else {
                return Ok(Transformed::no(Expr::ScalarFunction(call)));
            };
            let kind = Expr::ScalarFunction(call.clone()).get_type(schema)?;
            let null = lit(datafusion::common::ScalarValue::try_from(&kind)?);
            let otherwise = value.clone();
            let new = when(value.clone().eq(other.clone()), null).otherwise(otherwise)?;
            Ok(Transformed::yes(new))
        }
        Expr::Case(Case {
            expr: Some(value),
            when_then_expr,
            else_expr,
        }) if is_float(&value, schema) => {
            let equal = |(when, then): (Box<Expr>, Box<Expr>)| {
                (Box::new(value.as_ref().clone().eq(*when)), then)
            };
            let cases = when_then_expr.into_iter().map(equal).collect();
            Ok(Transformed::yes(Expr::Case(Case::new(
                None, cases, else_expr,
            ))))
        }
        other => Ok(Transformed::no(other)),
    }
}
