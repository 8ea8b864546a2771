//! Arguments of calls that are constants, and of which the planner takes what it can make of them:
//! a default of another type, the row number zero. Refused, since nobody would be told.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};

use crate::plan::mistake::{SqlMistake, find_word};
use crate::plan::over::{literal, place};

/// The first of them.
///
/// # Errors
/// When there is one.
pub(crate) fn refuse(plan: &LogicalPlan, sql: &str) -> Result<(), SqlMistake> {
    let mut found = None;
    let _ = plan.apply_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        node.apply_expressions(|expr| {
            expr.apply(|inner| {
                found = one(inner, &schema, sql);
                Ok(match found {
                    Some(_) => TreeNodeRecursion::Stop,
                    None => TreeNodeRecursion::Continue,
                })
            })
        })
    });
    found.map_or(Ok(()), Err)
}

fn one(expr: &Expr, schema: &DFSchema, sql: &str) -> Option<SqlMistake> {
    let (name, args) = match expr {
        Expr::WindowFunction(call) => (call.fun.name(), &call.params.args),
        Expr::AggregateFunction(call) => (call.func.name(), &call.params.args),
        _ => return None,
    };
    let mistake = match name {
        "nth_value" => nth(args.get(1)?)?,
        "lag" | "lead" => shift(name, args, schema)?,
        _ => return None,
    };
    let over = matches!(expr, Expr::WindowFunction(_));
    let at = if over {
        place(sql, name)
    } else {
        find_word(sql, name)
    };
    Some(SqlMistake { at, ..mistake })
}

/// Rows are counted from 1, or backwards from -1.
fn nth(number: &Expr) -> Option<SqlMistake> {
    let help = "nth_value(value, 1) is the first row of the frame, nth_value(value, -1) the last";
    let Some(number) = literal(number) else {
        let message = "which row nth_value() takes is a constant";
        return Some(SqlMistake::new(message).help(help));
    };
    let zero = number.cast_to(&DataType::Int64).ok() == Some(ScalarValue::Int64(Some(0)));
    zero.then(|| SqlMistake::new("nth_value(value, 0): rows are counted from 1").help(help))
}

/// The offset and the default of `lag` and `lead`.
fn shift(name: &str, args: &[Expr], schema: &DFSchema) -> Option<SqlMistake> {
    if args.get(1).is_some_and(|offset| literal(offset).is_none()) {
        let message = format!("the offset of {name}() is a constant, a number of rows");
        return Some(SqlMistake::new(message).help(format!("write {name}(value, 1)")));
    }
    let default = args.get(2)?;
    let Some(default) = literal(default) else {
        let help =
            format!("coalesce({name}(value), other) takes another column where there is no row");
        let message = format!("the default of {name}() is a constant");
        return Some(SqlMistake::new(message).help(help));
    };
    let kind = args.first()?.get_type(schema).ok()?;
    if fits(default, &kind) {
        return None;
    }
    let message = format!(
        "the default of {name}() is of the column's type, {}; found {default}",
        crate::plan::wording::typed(&kind.to_string())
    );
    let help = format!("give one of that type, or cast the column: {name}(CAST(value AS …), 1, …)");
    Some(SqlMistake::new(message).help(help))
}

/// Whether a value is one of the type, nothing lost.
fn fits(value: &ScalarValue, kind: &DataType) -> bool {
    let own = value.data_type();
    if value.is_null() || own == *kind {
        return true;
    }
    let Ok(cast) = value.cast_to(kind) else {
        return false;
    };
    // A literal in quotes is of the type that it is used as.
    own.is_string()
        || (own.is_numeric()
            && kind.is_numeric()
            && cast.cast_to(&own).ok().as_ref() == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults() {
        let int = |n| ScalarValue::Int64(Some(n));
        let float = |n| ScalarValue::Float64(Some(n));
        let text = |t: &str| ScalarValue::Utf8(Some(t.to_owned()));
        for (value, kind, expected) in [
            (int(0), DataType::Int64, true),
            (int(0), DataType::Float64, true),
            (int(0), DataType::Int32, true),
            (int(i64::MAX), DataType::Int32, false),
            (float(2.0), DataType::Int64, true),
            (float(2.5), DataType::Int64, false),
            (float(2.5), DataType::Decimal128(10, 2), true),
            (ScalarValue::Null, DataType::Int64, true),
            (text("7"), DataType::Int64, true),
            (text("x"), DataType::Int64, false),
            (int(5), DataType::Date32, false),
            (int(5), DataType::Utf8, false),
        ] {
            assert_eq!(fits(&value, &kind), expected, "{value:?} as {kind}");
        }
    }
}
