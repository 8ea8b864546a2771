//! A decimal beside a float becomes a float. DataFusion makes both a `decimal(30, 15)`, which has no
//! NaN, nothing beyond 15 digits on either side, and no way to say that it lost something. A float
//! that is written as a number takes the decimal's side: `price > 0.1` is exact.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Projection, Union, cast};

/// Functions whose result is one of their arguments.
const PICKING: [&str; 4] = ["coalesce", "nullif", "greatest", "least"];

/// Rewrites a plan whose types are not yet settled.
pub(crate) fn as_floats(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let new = expr.transform_up(|e| Ok(one(e, &schema)))?;
            Ok(new.update_data(|e| name.restore(e)))
        })?;
        node.transform_data(|node| match node {
            LogicalPlan::Union(union) => as_union(union),
            other => Ok(Transformed::no(other)),
        })?
        .map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(rewritten.data)
}

/// Whether a value is a decimal, and whether it is a float that is no written number.
fn sort(expr: &Expr, schema: &DFSchema) -> (bool, bool) {
    match expr.get_type(schema) {
        Ok(kind) => (kind.is_decimal(), kind.is_floating() && !is_number(expr)),
        Err(_) => (false, false),
    }
}

fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(..) => true,
        Expr::Negative(inner) => is_number(inner),
        _ => false,
    }
}

/// Makes the decimals of some values floats, if there is a float among them.
fn put(values: &mut [&mut Expr], schema: &DFSchema) -> bool {
    let sorts: Vec<_> = values.iter().map(|v| sort(v, schema)).collect();
    if !sorts.iter().any(|(_, float)| *float) {
        return false;
    }
    let mut any = false;
    for (value, (decimal, _)) in values.iter_mut().zip(sorts) {
        if decimal {
            **value = cast(std::mem::take(*value), DataType::Float64);
            any = true;
        }
    }
    any
}

fn one(mut expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let changed = match &mut expr {
        Expr::BinaryExpr(binary) => put(&mut [&mut binary.left, &mut binary.right], schema),
        Expr::Between(between) => put(
            &mut [&mut between.expr, &mut between.low, &mut between.high],
            schema,
        ),
        Expr::InList(list) => {
            let mut all: Vec<&mut Expr> = vec![&mut list.expr];
            all.extend(&mut list.list);
            put(&mut all, schema)
        }
        Expr::Case(case) => {
            let (mut asked, mut given): (Vec<&mut Expr>, Vec<&mut Expr>) = (Vec::new(), Vec::new());
            let switch = case.expr.is_some();
            asked.extend(case.expr.as_deref_mut());
            for (when, then) in &mut case.when_then_expr {
                if switch {
                    asked.push(when);
                }
                given.push(then);
            }
            given.extend(case.else_expr.as_deref_mut());
            let asked = put(&mut asked, schema);
            put(&mut given, schema) || asked
        }
        Expr::ScalarFunction(call) if PICKING.contains(&call.func.name()) => {
            put(&mut call.args.iter_mut().collect::<Vec<_>>(), schema)
        }
        _ => false,
    };
    Transformed::new_transformed(expr, changed)
}

/// A union's columns: floats where one branch has a float and another a decimal.
fn as_union(union: Union) -> Result<Transformed<LogicalPlan>> {
    let has = |column: usize, is: fn(&DataType) -> bool| {
        let types = union
            .inputs
            .iter()
            .filter_map(|i| i.schema().fields().get(column));
        types.into_iter().any(|f| is(f.data_type()))
    };
    let mixed: Vec<bool> = (0..union.schema.fields().len())
        .map(|c| has(c, DataType::is_floating) && has(c, DataType::is_decimal))
        .collect();
    if !mixed.contains(&true) {
        return Ok(Transformed::no(LogicalPlan::Union(union)));
    }
    let mut inputs = Vec::with_capacity(union.inputs.len());
    for input in union.inputs {
        let columns = input.schema().iter().zip(&mixed);
        let columns = columns.map(|((qualifier, field), mixed)| {
            let column = Expr::from((qualifier, field));
            if *mixed && field.data_type().is_decimal() {
                cast(column, DataType::Float64).alias_qualified(qualifier.cloned(), field.name())
            } else {
                column
            }
        });
        let columns = columns.collect();
        let input = Projection::try_new(columns, input)?;
        inputs.push(Arc::new(LogicalPlan::Projection(input)));
    }
    let union = Union::try_new_with_loose_types(inputs)?;
    Ok(Transformed::yes(LogicalPlan::Union(union)))
}
