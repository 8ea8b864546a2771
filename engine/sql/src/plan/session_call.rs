//! `SESSION(input, time, gap, key…)` in FROM: its gap and its keys, checked.

use std::sync::Arc;

use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNode};
use datafusion::sql::sqlparser::ast::Expr as SqlExpr;

use crate::plan::mistake::SqlMistake;
use crate::plan::session_assign::SessionAssign;
use crate::plan::window_call::{Call, Failed, above_zero, micros, spanned};

impl Call<'_> {
    /// Plans the call over its input.
    pub(super) fn session(
        &self,
        input: LogicalPlan,
        gap: &SqlExpr,
        keys: &[&SqlExpr],
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan, Failed> {
        if let SqlExpr::Identifier(_) | SqlExpr::CompoundIdentifier(_) = gap {
            let mistake = SqlMistake::new(format!(
                "expected an interval such as INTERVAL '1 minute', found `{gap}`"
            ));
            let help = format!("keys come behind the gap: {}", self.usage());
            return Err(spanned(mistake.help(help), gap));
        }
        let length = micros(gap, context)?;
        above_zero(length, gap)?;
        let mut columns = Vec::with_capacity(keys.len());
        for key in keys {
            let column = key_column(key, &input, context)?;
            if columns.contains(&column) {
                let mistake = SqlMistake::new(format!("the key `{key}` is named twice"));
                return Err(spanned(mistake, *key));
            }
            columns.push(column);
        }
        let assign = SessionAssign::new(input, length, columns)?;
        let node: Arc<dyn UserDefinedLogicalNode> = Arc::new(assign);
        Ok(LogicalPlan::Extension(Extension { node }))
    }
}

/// A key: a column of the input, of a type that can be compared.
fn key_column(
    key: &SqlExpr,
    input: &LogicalPlan,
    context: &mut dyn RelationPlannerContext,
) -> Result<Expr, Failed> {
    let schema = input.schema();
    let expr = context.sql_to_expr(key.clone(), schema)?;
    let Expr::Column(column) = &expr else {
        let literal = matches!(&expr, Expr::Literal(value, _) if is_interval(value));
        let help = if literal {
            "SESSION has one interval, the gap; the sessions of a key end when nothing comes for \
             that long"
        } else {
            "compute it first: SESSION((SELECT *, … AS key FROM input), time, gap, key)"
        };
        let mistake = SqlMistake::new(format!(
            "expected a column of the input as a key, found the expression `{key}`"
        ));
        return Err(spanned(mistake.help(help), key));
    };
    let kind = schema
        .maybe_index_of_column(column)
        .map(|i| schema.field(i).data_type().clone());
    let comparable = |k| RowConverter::supports_fields(&[SortField::new(k)]);
    if !kind.clone().is_some_and(comparable) {
        let mistake = SqlMistake::new(format!("the column `{key}` cannot be a key"));
        return Err(spanned(mistake, key));
    }
    Ok(expr)
}

const fn is_interval(value: &ScalarValue) -> bool {
    matches!(
        value,
        ScalarValue::IntervalMonthDayNano(_)
            | ScalarValue::IntervalDayTime(_)
            | ScalarValue::IntervalYearMonth(_)
    )
}
