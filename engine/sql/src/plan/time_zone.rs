//! Days and hours in SQL are those of the pipeline's time zone: `date_trunc`, `date_part` (EXTRACT)
//! and casts to a date see event time as the zone's clocks show it. Event time itself stays UTC.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, cast};
use zaraba_core::stream::event_time_type;

/// Functions whose answer depends on the zone, and whether it is a time again.
const FUNCTIONS: [(&str, bool); 2] = [("date_trunc", true), ("date_part", false)];

/// Rewrites a plan for a zone.
pub(crate) fn in_zone(plan: LogicalPlan, zone: &Arc<str>) -> Result<LogicalPlan> {
    let local = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(zone)));
    let rewritten = plan.transform_up_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let new = expr.transform_up(|e| one(e, &schema, &local))?;
            Ok(new.update_data(|e| name.restore(e)))
        })
    })?;
    rewritten.data.recompute_schema()
}

fn is_event_time(expr: &Expr, schema: &DFSchema) -> bool {
    expr.get_type(schema).is_ok_and(|t| t == event_time_type())
}

fn one(expr: Expr, schema: &DFSchema, local: &DataType) -> Result<Transformed<Expr>> {
    match expr {
        Expr::ScalarFunction(mut call) => {
            let found = FUNCTIONS.iter().find(|(name, _)| *name == call.func.name());
            let Some((_, back)) = found else {
                return Ok(Transformed::no(Expr::ScalarFunction(call)));
            };
            match call.args.get(1) {
                Some(time) if is_event_time(time, schema) => {
                    call.args[1] = cast(time.clone(), local.clone());
                    let call = Expr::ScalarFunction(call);
                    let call = if *back {
                        cast(call, event_time_type())
                    } else {
                        call
                    };
                    Ok(Transformed::yes(call))
                }
                _ => Ok(Transformed::no(Expr::ScalarFunction(call))),
            }
        }
        Expr::Cast(to)
            if *to.field.data_type() == DataType::Date32 && is_event_time(&to.expr, schema) =>
        {
            let time = cast(*to.expr, local.clone());
            Ok(Transformed::yes(cast(time, DataType::Date32)))
        }
        other => Ok(Transformed::no(other)),
    }
}
