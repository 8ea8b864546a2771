//! Arguments of functions: which types they may have, and their values row by row. A constant is a
//! column of one value.

use arrow::array::{Array, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion_common::{Result, exec_datafusion_err, exec_err, plan_err};
use datafusion_expr::ColumnarValue;

use crate::calendar::Venue;
use crate::contract::{ContractMonth, Product, Vendor};

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Any number; a float when it is computed with.
    Number,
    /// A text.
    Text,
    /// A date, or a text that is one.
    Date,
    /// A time.
    Time,
    /// A number or a text.
    NumberOrText,
    /// A month such as `2026-09`.
    Month,
    /// The name of a venue.
    Venue,
    /// The name of a product.
    Product,
    /// The name of a vendor.
    Vendor,
}

/// An argument: its name and what it is.
pub(crate) type Argument = (&'static str, Kind);

fn is_text(found: &DataType) -> bool {
    match found {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

impl Kind {
    /// The type that an argument of this type is cast to; none if it is another thing.
    fn cast(self, found: &DataType) -> Option<DataType> {
        let number = found.is_numeric() || found.is_null();
        let text = is_text(found) || found.is_null();
        match self {
            Self::Number | Self::NumberOrText if number => Some(DataType::Float64),
            Self::Number => None,
            Self::Date if text || matches!(found, DataType::Date32 | DataType::Date64) => {
                Some(DataType::Date32)
            }
            Self::Time if found.is_null() || matches!(found, DataType::Timestamp(_, _)) => {
                let micros = arrow::datatypes::TimeUnit::Microsecond;
                Some(DataType::Timestamp(micros, Some("UTC".into())))
            }
            Self::Date | Self::Time => None,
            _ => text.then_some(DataType::Utf8),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Date => "a date",
            Self::Time => "a timestamp",
            Self::NumberOrText => "a number or a text",
            Self::Month => "a month such as '2026-09'",
            Self::Venue => "a venue such as 'OSE.future'",
            Self::Product => "a product such as 'NK225.option'",
            Self::Vendor => "a vendor such as 'qri'",
        }
    }

    /// What is wrong with a constant.
    pub(crate) fn mistake(self, constant: &str) -> Option<String> {
        match self {
            Self::Month => constant
                .parse::<ContractMonth>()
                .err()
                .map(|e| e.to_string()),
            Self::Venue => constant.parse::<Venue>().err().map(|e| e.to_string()),
            Self::Product => constant.parse::<Product>().err().map(|e| e.to_string()),
            Self::Vendor => constant.parse::<Vendor>().err().map(|e| e.to_string()),
            _ => None,
        }
    }
}

/// What the arguments are cast to.
///
/// # Errors
/// When there are more, or fewer, or one is of another type.
pub(crate) fn coerced(
    function: &str,
    arguments: &[Argument],
    optional: usize,
    found: &[DataType],
) -> Result<Vec<DataType>> {
    let names: Vec<&str> = arguments.iter().map(|(name, _)| *name).collect();
    let usage = format!("{function}({})", names.join(", "));
    if found.len() > arguments.len() || found.len() + optional < arguments.len() {
        let (least, most) = (arguments.len() - optional, arguments.len());
        let expected = match (least, most) {
            (1, 1) => "1 argument".to_owned(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} or {most} arguments"),
        };
        return plan_err!("{usage}: expected {expected}, found {}", found.len());
    }
    let cast = |((name, kind), found): (&Argument, &DataType)| match kind.cast(found) {
        Some(cast) => Ok(cast),
        None => plan_err!(
            "{usage}: expected {} for {name}, found {found}",
            kind.name()
        ),
    };
    arguments.iter().zip(found).map(cast).collect()
}

/// The numbers of some arguments, row by row.
pub(crate) struct Numbers<const N: usize> {
    columns: [Float64Array; N],
    nullable: bool,
}

impl<const N: usize> Numbers<N> {
    /// The columns of exactly `N` arguments.
    pub(crate) fn new(arguments: &[ColumnarValue], rows: usize) -> Result<Self> {
        let column = |argument: &ColumnarValue| {
            let array = argument.to_array(rows)?;
            let numbers = array.as_primitive_opt::<Float64Type>();
            numbers
                .cloned()
                .ok_or_else(|| exec_datafusion_err!("expected numbers"))
        };
        let columns = arguments.iter().map(column).collect::<Result<Vec<_>>>()?;
        let nullable = columns.iter().any(|column| column.null_count() > 0);
        match columns.try_into() {
            Ok(columns) => Ok(Self { columns, nullable }),
            Err(_) => exec_err!("expected {N} numbers"),
        }
    }

    /// A row, unless one of its numbers is null.
    pub(crate) fn row(&self, row: usize) -> Option<[f64; N]> {
        if self.nullable && self.columns.iter().any(|column| column.is_null(row)) {
            return None;
        }
        Some(std::array::from_fn(|i| self.columns[i].value(row)))
    }
}
