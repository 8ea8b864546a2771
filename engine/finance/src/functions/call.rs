//! A function over the calendar, as DataFusion knows it: what its arguments are, what it gives,
//! and its work on columns. Wrong types, numbers of arguments and constants are found by planning.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::calendar::Calendar;
use crate::functions::arguments::{Argument, coerced};

/// A function's work: its arguments, each of its kind's type, and how many rows they are.
pub(crate) type Work = fn(&Calendar, &[ColumnarValue], usize) -> Result<ArrayRef>;

/// A function.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Names and kinds of its arguments.
    pub(crate) arguments: &'static [Argument],
    /// How many of the last ones may be left out.
    pub(crate) optional: usize,
    pub(crate) result: fn() -> DataType,
    pub(crate) work: Work,
}

impl Function {
    /// The function over a calendar.
    pub(crate) fn over(self, calendar: &Calendar) -> Arc<ScalarUDF> {
        Arc::new(ScalarUDF::from(Call {
            function: self,
            calendar: calendar.clone(),
            signature: Signature::user_defined(Volatility::Immutable),
        }))
    }
}

struct Call {
    function: Function,
    calendar: Calendar,
    signature: Signature,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.function.name)
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.function.name == other.function.name && self.calendar.is_same(&other.calendar)
    }
}

impl Eq for Call {}

impl Hash for Call {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.name.hash(state);
    }
}

impl ScalarUDFImpl for Call {
    fn name(&self) -> &str {
        self.function.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, found: &[DataType]) -> Result<Vec<DataType>> {
        let Function {
            name,
            arguments,
            optional,
            ..
        } = self.function;
        coerced(name, arguments, optional, found)
    }

    fn return_type(&self, _found: &[DataType]) -> Result<DataType> {
        Ok((self.function.result)())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let constants = args.scalar_arguments.iter();
        for ((_, kind), constant) in self.function.arguments.iter().zip(constants) {
            let text = constant.and_then(ScalarValue::try_as_str).flatten();
            if let Some(mistake) = text.and_then(|text| kind.mistake(text)) {
                return plan_err!("{mistake}");
            }
        }
        let result = (self.function.result)();
        Ok(Arc::new(Field::new(self.function.name, result, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let column = (self.function.work)(&self.calendar, &args.args, rows)?;
        if column.len() != rows {
            return exec_err!("{}: {} rows of {rows}", self.function.name, column.len());
        }
        Ok(ColumnarValue::Array(column))
    }
}
