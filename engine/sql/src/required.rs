//! `required(value, what)`: the value, of any type; a row where it is null fails. A feed says so
//! which columns it cannot do without: the row goes to `NODE__errors` instead of on.

use std::sync::Arc;

use arrow::array::Array;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

const USAGE: &str = "required(value, what)";

/// The function.
pub(crate) fn function() -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::from(Required { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Required {
    signature: Signature,
}

impl ScalarUDFImpl for Required {
    fn name(&self) -> &str {
        "required"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, found: &[DataType]) -> Result<Vec<DataType>> {
        let [value, what] = found else {
            return plan_err!("{USAGE}: expected 2 arguments, found {}", found.len());
        };
        if !what.is_string() {
            return plan_err!("{USAGE}: expected a text for what, found {what}");
        }
        Ok(vec![value.clone(), DataType::Utf8])
    }

    fn return_type(&self, found: &[DataType]) -> Result<DataType> {
        Ok(found.first().cloned().unwrap_or(DataType::Null))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let what = args.scalar_arguments.get(1).copied().flatten();
        if what.and_then(|what| what.try_as_str().flatten()).is_none() {
            return plan_err!("{USAGE}: expected a text in quotes for what");
        }
        let fields = args.arg_fields.iter();
        let types: Vec<DataType> = fields.map(|field| field.data_type().clone()).collect();
        let kind = self.return_type(&types)?;
        Ok(Arc::new(Field::new(self.name(), kind, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, what] = args.args.as_slice() else {
            return exec_err!("{USAGE}: expected 2 arguments");
        };
        let missing = match value {
            ColumnarValue::Scalar(value) => value.is_null(),
            ColumnarValue::Array(values) => values.logical_null_count() > 0,
        };
        if missing && args.number_rows > 0 {
            let what = match what {
                ColumnarValue::Scalar(ScalarValue::Utf8(Some(what))) => what.as_str(),
                _ => "a value",
            };
            return exec_err!("expected {what}, found none");
        }
        Ok(value.clone())
    }
}
