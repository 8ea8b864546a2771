//! Single values as they cross the boundary: keys of tables, arguments, evidence, output fields.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType as Arrow, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use zaraba_core::error::Result;
use zaraba_core::stream::event_time_type;
use zaraba_core::time::iso8601;

pub use crate::bindings::zaraba::rules::types::{DataType, Value};

/// A type as users write it.
#[must_use]
pub const fn type_name(of: DataType) -> &'static str {
    match of {
        DataType::Boolean => "boolean",
        DataType::Int64 => "int64",
        DataType::Float64 => "float64",
        DataType::Text => "text",
        DataType::Timestamp => "timestamp",
        DataType::Date => "date",
    }
}

/// The type of a column of such values.
pub(crate) fn arrow_type(of: DataType) -> Arrow {
    match of {
        DataType::Boolean => Arrow::Boolean,
        DataType::Int64 => Arrow::Int64,
        DataType::Float64 => Arrow::Float64,
        DataType::Text => Arrow::Utf8,
        DataType::Timestamp => event_time_type(),
        DataType::Date => Arrow::Date32,
    }
}

/// The type of a stream's column as users write it, where they can.
pub(crate) fn shown(of: &Arrow) -> String {
    match of {
        Arrow::Dictionary(_, value) => shown(value),
        Arrow::Boolean => "boolean".to_owned(),
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => "text".to_owned(),
        Arrow::Date32 => "date".to_owned(),
        Arrow::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp".to_owned(),
        Arrow::Int32 | Arrow::Int64 | Arrow::Float64 => of.to_string().to_lowercase(),
        other => other.to_string(),
    }
}

/// The type of a value; none of a null.
pub(crate) const fn type_of(value: &Value) -> Option<DataType> {
    match value {
        Value::Null => None,
        Value::Boolean(_) => Some(DataType::Boolean),
        Value::Int64(_) => Some(DataType::Int64),
        Value::Float64(_) => Some(DataType::Float64),
        Value::Text(_) => Some(DataType::Text),
        Value::Timestamp(_) => Some(DataType::Timestamp),
        Value::Date(_) => Some(DataType::Date),
    }
}

/// A value as JSON: times as ISO 8601, a number that JSON does not know as null.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Int64(value) => (*value).into(),
        Value::Float64(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::Timestamp(micros) => iso8601(*micros).into(),
        Value::Date(days) => date_text(*days).into(),
    }
}

/// A value as templates see it: as JSON, but a number stays one that JSON does not know.
pub(crate) fn seen(value: &Value) -> minijinja::Value {
    match value {
        Value::Float64(number) => (*number).into(),
        other => minijinja::Value::from(minijinja::value::Serde(json(other))),
    }
}

fn date_text(days: i32) -> String {
    let midnight = i64::from(days) * zaraba_core::time::DAY;
    iso8601(midnight)
        .chars()
        .take_while(|c| *c != 'T')
        .collect()
}

/// Values of one type as a column.
pub(crate) fn column<'a>(of: DataType, values: impl Iterator<Item = &'a Value>) -> ArrayRef {
    macro_rules! collect {
        ($array:ty, $variant:ident, $take:expr) => {
            values
                .map(|value| match value {
                    Value::$variant(value) => Some(($take)(value)),
                    _ => None,
                })
                .collect::<$array>()
        };
    }
    match of {
        DataType::Boolean => Arc::new(collect!(BooleanArray, Boolean, |v: &bool| *v)),
        DataType::Int64 => Arc::new(collect!(Int64Array, Int64, |v: &i64| *v)),
        DataType::Float64 => Arc::new(collect!(Float64Array, Float64, |v: &f64| *v)),
        DataType::Text => Arc::new(collect!(StringArray, Text, |v: &'a String| v.as_str())),
        DataType::Timestamp => Arc::new(
            collect!(TimestampMicrosecondArray, Timestamp, |v: &i64| *v).with_timezone("UTC"),
        ),
        DataType::Date => Arc::new(collect!(Date32Array, Date, |v: &i32| *v)),
    }
}

/// A column's values as those of a type that it fits.
pub(crate) fn values(of_stream: &ArrayRef, of: DataType) -> Result<Vec<Value>> {
    let column = cast(of_stream, &arrow_type(of))?;
    macro_rules! read {
        ($array:expr, $variant:ident, $take:expr) => {
            $array
                .iter()
                .map(|value| value.map_or(Value::Null, |v| Value::$variant(($take)(v))))
                .collect()
        };
    }
    Ok(match of {
        DataType::Boolean => read!(column.as_boolean(), Boolean, |v| v),
        DataType::Int64 => read!(column.as_primitive::<Int64Type>(), Int64, |v| v),
        DataType::Float64 => read!(column.as_primitive::<Float64Type>(), Float64, |v| v),
        DataType::Text => read!(column.as_string::<i32>(), Text, str::to_owned),
        DataType::Timestamp => {
            let column = column.as_primitive::<TimestampMicrosecondType>();
            read!(column, Timestamp, |v| v)
        }
        DataType::Date => read!(column.as_primitive::<Date32Type>(), Date, |v| v),
    })
}
