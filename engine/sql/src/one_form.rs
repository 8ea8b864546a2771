//! Values that are equal, in one form. There are two zeros and many NaNs: zero has no sign and NaN
//! equals NaN wherever rows are told apart or put in order, so keys are compared in this form. The
//! rows themselves keep the value that came.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Floats that are one value in one form; other columns as they are.
pub(crate) fn one_form(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float64 => {
            let one = |v: f64| if v.is_nan() { f64::NAN } else { v + 0.0 };
            let floats = column.as_primitive::<Float64Type>();
            Arc::new(floats.unary::<_, Float64Type>(one))
        }
        DataType::Float32 => {
            let one = |v: f32| if v.is_nan() { f32::NAN } else { v + 0.0 };
            let floats = column.as_primitive::<Float32Type>();
            Arc::new(floats.unary::<_, Float32Type>(one))
        }
        _ => Arc::clone(column),
    }
}

/// All of them.
#[must_use]
pub fn all_in_one_form<'a>(columns: impl IntoIterator<Item = &'a ArrayRef>) -> Vec<ArrayRef> {
    columns.into_iter().map(one_form).collect()
}

/// The function that puts its argument into one form.
pub(crate) fn function() -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::from(OneForm { signature }))
}

/// That function.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OneForm {
    signature: Signature,
}

impl ScalarUDFImpl for OneForm {
    fn name(&self) -> &'static str {
        "__one_form"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(args[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&args.args)?;
        Ok(ColumnarValue::Array(one_form(&values[0])))
    }
}
