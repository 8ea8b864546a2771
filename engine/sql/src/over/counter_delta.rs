//! `counter_delta(value)`: how much a counter grew since the row before it in its partition. A
//! value below the one before means that the counter started again, from 0. Nulls are passed by:
//! they give null, and the next value is compared with the one before them.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{
    LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl,
};
use datafusion::physical_expr::PhysicalExpr;

/// Its name in SQL.
pub const NAME: &str = "counter_delta";

/// The growth from one value to the next; null from nothing.
///
/// # Errors
/// When the difference is outside the type.
pub(crate) fn delta(before: Option<&ScalarValue>, value: &ScalarValue) -> Result<ScalarValue> {
    let Some(before) = before else {
        return ScalarValue::try_from(&value.data_type());
    };
    match (value, before) {
        (ScalarValue::Int64(Some(value)), ScalarValue::Int64(Some(before))) if value >= before => {
            if let Some(grown) = value.checked_sub(*before) {
                return Ok(ScalarValue::Int64(Some(grown)));
            }
        }
        (ScalarValue::Int64(_), ScalarValue::Int64(_)) => return Ok(value.clone()),
        _ => {}
    }
    if value
        .partial_cmp(before)
        .is_some_and(std::cmp::Ordering::is_ge)
    {
        let grown = value.sub_checked(before)?;
        return grown.cast_to(&value.data_type());
    }
    Ok(value.clone())
}

/// The function, for DataFusion's planner and for queries over tables.
#[must_use]
pub fn function() -> Arc<WindowUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(WindowUDF::from(CounterDelta { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CounterDelta {
    signature: Signature,
}

impl WindowUDFImpl for CounterDelta {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [one] if one.is_numeric() => Ok(vec![one.clone()]),
            [one] if one.is_null() => Ok(vec![DataType::Int64]),
            [_] => plan_err!("{NAME}(value) takes a number"),
            several => plan_err!("{NAME}(value) takes one argument, found {}", several.len()),
        }
    }

    fn partition_evaluator(
        &self,
        _args: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Whole))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        match args.get_input_field(0) {
            Some(field) => Ok(Arc::new(Field::new(
                args.name(),
                field.data_type().clone(),
                true,
            ))),
            None => plan_err!("{NAME} takes one argument"),
        }
    }

    fn limit_effect(&self, _args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        LimitEffect::None
    }
}

/// All rows of a partition at once.
#[derive(Debug)]
struct Whole;

impl PartitionEvaluator for Whole {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let mut before: Option<ScalarValue> = None;
        let one = |row: usize| {
            let value = ScalarValue::try_from_array(&values[0], row)?;
            if value.is_null() {
                return Ok(value);
            }
            let grown = delta(before.as_ref(), &value);
            before = Some(value);
            grown
        };
        let grown = (0..rows).map(one).collect::<Result<Vec<_>>>()?;
        ScalarValue::iter_to_array(grown)
    }
}
