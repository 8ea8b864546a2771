//! The time to the special quotation in SQL: `years_to_sq(ts, sq_date)`.

use std::sync::Arc;

use arrow::array::{AsArray, Float64Array};
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::functions::arguments::{Argument, Kind, coerced};
use crate::pricing::years::years_between;

const ARGUMENTS: [Argument; 2] = [("ts", Kind::Time), ("sq_date", Kind::Date)];

#[derive(Debug, PartialEq, Eq, Hash)]
struct YearsToSq {
    signature: Signature,
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Arc<ScalarUDF>> {
    let signature = Signature::user_defined(Volatility::Immutable);
    vec![Arc::new(ScalarUDF::from(YearsToSq { signature }))]
}

impl ScalarUDFImpl for YearsToSq {
    fn name(&self) -> &str {
        "years_to_sq"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, found: &[DataType]) -> Result<Vec<DataType>> {
        coerced(self.name(), &ARGUMENTS, 0, found)
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&call.args)?;
        let [times, dates] = &arrays[..] else {
            return exec_err!("years_to_sq: expected two arguments");
        };
        let (Some(times), Some(dates)) = (
            times.as_primitive_opt::<TimestampMicrosecondType>(),
            dates.as_primitive_opt::<Date32Type>(),
        ) else {
            return exec_err!("years_to_sq: expected a timestamp and a date");
        };
        let one = |(ts, sq): (Option<i64>, Option<i32>)| Some(years_between(ts?, sq?));
        let years: Float64Array = times.iter().zip(dates.iter()).map(one).collect();
        Ok(ColumnarValue::Array(Arc::new(years)))
    }
}
