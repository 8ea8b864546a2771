//! Days and hours in SQL are those of the pipeline's time zone: `date_trunc`, `date_part`
//! (EXTRACT), `to_char` and casts to a date or a text see event time as the zone's clocks show it,
//! and a time written without a zone is read so. Event time itself stays UTC. Behind `AT TIME ZONE`
//! they are those of the zone named there.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::functions::datetime::to_local_time;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, cast};
use zaraba_core::stream::event_time_type;

/// Functions whose answer depends on the zone: which argument is the time, and whether the answer
/// is a time again.
const FUNCTIONS: [(&str, usize, bool); 3] = [
    ("date_trunc", 1, true),
    ("date_part", 1, false),
    ("to_char", 0, false),
];

/// Rewrites a plan for a zone; none: UTC.
pub(crate) fn in_zone(plan: LogicalPlan, zone: Option<&Arc<str>>) -> Result<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let new = expr.transform_up(|e| one(e, &schema, zone))?;
            Ok(new.update_data(|e| name.restore(e)))
        })
    })?;
    rewritten.data.recompute_schema()
}

fn is_event_time(expr: &Expr, schema: &DFSchema) -> bool {
    expr.get_type(schema)
        .is_ok_and(|t| matches!(t, DataType::Timestamp(_, Some(_))))
}

/// A time as its own zone's clocks show it, where `AT TIME ZONE` gave it one that is not UTC, else as
/// the pipeline's do; none where there is nothing to change.
fn local(
    time: Expr,
    schema: &DFSchema,
    zone: Option<&Arc<str>>,
) -> std::result::Result<Expr, Expr> {
    match (time.get_type(schema), zone) {
        (Ok(DataType::Timestamp(_, Some(own))), _) if own.as_ref() != "UTC" => Ok(time),
        (_, Some(zone)) => {
            let local = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(zone)));
            Ok(cast(time, local))
        }
        (_, None) => Err(time),
    }
}

/// Whether it is written without a zone: a text, a date, or a TIMESTAMP made from one.
fn zoneless(expr: &Expr, schema: &DFSchema) -> bool {
    match expr.get_type(schema) {
        Ok(kind) if kind.is_string() || kind == DataType::Date32 => true,
        Ok(DataType::Timestamp(_, None)) => match expr {
            Expr::Cast(to) => zoneless(&to.expr, schema),
            Expr::Literal(..) => true,
            _ => false,
        },
        _ => false,
    }
}

/// Reads it as the zone's clocks show it.
fn read_in(expr: Expr, unit: TimeUnit, zone: &Arc<str>) -> Expr {
    let wall = cast(expr, DataType::Timestamp(unit, None));
    cast(wall, DataType::Timestamp(unit, Some(Arc::clone(zone))))
}

/// The text that a time without a zone is made of, as in `TIMESTAMP '…'`; else the time.
fn text_of(expr: Expr, schema: &DFSchema) -> Result<std::result::Result<Expr, Expr>> {
    if expr.get_type(schema)?.is_string() {
        return Ok(Ok(expr));
    }
    Ok(match expr {
        Expr::Cast(made)
            if made.expr.get_type(schema)?.is_string()
                && matches!(made.field.data_type(), DataType::Timestamp(_, None)) =>
        {
            Ok(*made.expr)
        }
        other => Err(other),
    })
}

fn one(expr: Expr, schema: &DFSchema, zone: Option<&Arc<str>>) -> Result<Transformed<Expr>> {
    match expr {
        Expr::ScalarFunction(mut call) => {
            let found = FUNCTIONS
                .iter()
                .find(|(name, ..)| *name == call.func.name());
            match found {
                Some((_, at, back)) if is_event_time_at(&call.args, *at, schema) => {
                    let Ok(time) = local(call.args[*at].clone(), schema, zone) else {
                        return Ok(Transformed::no(Expr::ScalarFunction(call)));
                    };
                    call.args[*at] = if call.func.name() == "to_char" {
                        // It does not look at zones: hand it what the clocks show.
                        to_local_time().call(vec![time])
                    } else {
                        time
                    };
                    let call = Expr::ScalarFunction(call);
                    Ok(Transformed::yes(if *back {
                        cast(call, event_time_type())
                    } else {
                        call
                    }))
                }
                _ => Ok(Transformed::no(Expr::ScalarFunction(call))),
            }
        }
        Expr::Cast(to) => {
            let kind = to.field.data_type().clone();
            match (&kind, zone) {
                (DataType::Timestamp(unit, Some(_)), Some(zone)) if zoneless(&to.expr, schema) => {
                    // A text may still name a zone of its own.
                    let time = match text_of(*to.expr, schema)? {
                        Ok(text) => cast(text, DataType::Timestamp(*unit, Some(Arc::clone(zone)))),
                        Err(wall) => read_in(wall, *unit, zone),
                    };
                    Ok(Transformed::yes(cast(time, kind)))
                }
                (kind, _)
                    if (*kind == DataType::Date32 || kind.is_string())
                        && is_event_time(&to.expr, schema) =>
                {
                    Ok(match local(*to.expr, schema, zone) {
                        Ok(time) => Transformed::yes(cast(time, kind.clone())),
                        Err(time) => Transformed::no(cast(time, kind.clone())),
                    })
                }
                _ => Ok(Transformed::no(Expr::Cast(to))),
            }
        }
        other => Ok(Transformed::no(other)),
    }
}

fn is_event_time_at(args: &[Expr], at: usize, schema: &DFSchema) -> bool {
    args.get(at).is_some_and(|time| is_event_time(time, schema))
}
