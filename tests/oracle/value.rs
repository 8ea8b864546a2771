//! Cells of a result as plain values, so that what the engine gave and what a batch gave can be
//! compared whatever Arrow types carry them: times and dates are integers, decimals are integers
//! of their last place.

use std::fmt;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampNanosecondType, UInt64Type,
};

/// One cell.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    /// Equal; floats within 1e-9 of the larger, NaN equals NaN.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => {
                let near = 1e-9 * a.abs().max(b.abs()).max(1.0);
                (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= near
            }
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            _ => false,
        }
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn is_nan(&self) -> bool {
        matches!(self, Self::Float(f) if f.is_nan())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) if x.is_nan() => f.write_str("NaN"),
            Self::Float(x) => write!(f, "{x:?}"),
            Self::Text(t) => write!(f, "{t:?}"),
            Self::List(values) => {
                let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", shown.join(", "))
            }
        }
    }
}

/// Cells in one line; what rows are grouped by and shown as.
pub(crate) fn line(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
    shown.join(" | ")
}

/// The rows of a batch.
pub(crate) fn rows(batch: &RecordBatch) -> Vec<Vec<Value>> {
    let columns: Vec<Vec<Value>> = batch.columns().iter().map(cells).collect();
    (0..batch.num_rows())
        .map(|r| columns.iter().map(|c| c[r].clone()).collect())
        .collect()
}

/// The cells of a column.
fn cells(array: &ArrayRef) -> Vec<Value> {
    (0..array.len())
        .map(|i| {
            if array.is_null(i) {
                Value::Null
            } else {
                cell(array, i)
            }
        })
        .collect()
}

fn cell(array: &ArrayRef, i: usize) -> Value {
    match array.data_type() {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(i)),
        DataType::Int32 => Value::Int(array.as_primitive::<Int32Type>().value(i).into()),
        DataType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(i).into()),
        DataType::UInt64 => Value::Int(array.as_primitive::<UInt64Type>().value(i).into()),
        DataType::Date32 => Value::Int(array.as_primitive::<Date32Type>().value(i).into()),
        DataType::Decimal128(..) => Value::Int(array.as_primitive::<Decimal128Type>().value(i)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Value::Int(
            array
                .as_primitive::<TimestampMicrosecondType>()
                .value(i)
                .into(),
        ),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let nanos = array.as_primitive::<TimestampNanosecondType>().value(i);
            assert_eq!(nanos % 1000, 0, "a time between two microseconds");
            Value::Int((nanos / 1000).into())
        }
        DataType::Float64 => Value::Float(array.as_primitive::<Float64Type>().value(i)),
        DataType::Utf8 => Value::Text(array.as_string::<i32>().value(i).to_owned()),
        DataType::LargeUtf8 => Value::Text(array.as_string::<i64>().value(i).to_owned()),
        DataType::Utf8View => Value::Text(array.as_string_view().value(i).to_owned()),
        DataType::List(_) => Value::List(cells(&array.as_list::<i32>().value(i))),
        other => panic!("no cell of the type {other}"),
    }
}
