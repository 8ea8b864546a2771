//! A function over the calendar, as DataFusion knows it: what its arguments are, what it gives,
//! and its work on columns. Wrong types, numbers of arguments and constants are found by planning.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion_common::{Result, ScalarValue, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::calendar::{Calendar, Venue};
use crate::contract::{ContractMonth, Product, Vendor};

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A time.
    Time,
    /// A date, or a text that is one.
    Date,
    /// A number.
    Number,
    /// Any text.
    Text,
    /// A month such as `2026-09`.
    Month,
    /// The name of a venue.
    Venue,
    /// The name of a product.
    Product,
    /// The name of a vendor.
    Vendor,
}

fn is_text(found: &DataType) -> bool {
    match found {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

impl Kind {
    /// The type that an argument is cast to; none where it is another thing.
    fn cast(self, found: &DataType) -> Option<DataType> {
        let (fits, cast) = match self {
            Self::Time => (
                matches!(found, DataType::Timestamp(_, _)),
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ),
            Self::Date => (
                matches!(found, DataType::Date32 | DataType::Date64) || is_text(found),
                DataType::Date32,
            ),
            Self::Number => (found.is_numeric(), DataType::Float64),
            _ => (is_text(found), DataType::Utf8),
        };
        (fits || found.is_null()).then_some(cast)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Time => "a timestamp",
            Self::Date => "a date",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Month => "a month such as '2026-09'",
            Self::Venue => "a venue such as 'OSE.future'",
            Self::Product => "a product such as 'NK225.option'",
            Self::Vendor => "a vendor such as 'qri'",
        }
    }

    /// What is wrong with a constant.
    fn mistake(self, constant: &str) -> Option<String> {
        match self {
            Self::Month => constant
                .parse::<ContractMonth>()
                .err()
                .map(|e| e.to_string()),
            Self::Venue => constant.parse::<Venue>().err().map(|e| e.to_string()),
            Self::Product => constant.parse::<Product>().err().map(|e| e.to_string()),
            Self::Vendor => constant.parse::<Vendor>().err().map(|e| e.to_string()),
            Self::Time | Self::Date | Self::Number | Self::Text => None,
        }
    }
}

/// A function's work: its arguments, each of its kind's type, and how many rows they are.
pub(crate) type Work = fn(&Calendar, &[ColumnarValue], usize) -> Result<ArrayRef>;

/// A function.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// Names and kinds of its arguments.
    pub(crate) arguments: &'static [(&'static str, Kind)],
    /// How many of the last ones may be left out.
    pub(crate) optional: usize,
    pub(crate) result: fn() -> DataType,
    pub(crate) work: Work,
}

impl Function {
    /// `trading_day(ts, venue)`
    fn usage(&self) -> String {
        let names: Vec<&str> = self.arguments.iter().map(|(name, _)| *name).collect();
        format!("{}({})", self.name, names.join(", "))
    }

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
        let (most, usage) = (self.function.arguments.len(), self.function.usage());
        let least = most - self.function.optional;
        if !(least..=most).contains(&found.len()) {
            let expected = match (least, most) {
                (1, 1) => "1 argument".to_owned(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} or {most} arguments"),
            };
            return plan_err!("{usage}: expected {expected}, found {}", found.len());
        }
        let cast = |((name, kind), found): (&(&str, Kind), &DataType)| match kind.cast(found) {
            Some(cast) => Ok(cast),
            None => plan_err!(
                "{usage}: expected {} for {name}, found {found}",
                kind.name()
            ),
        };
        self.function
            .arguments
            .iter()
            .zip(found)
            .map(cast)
            .collect()
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
