//! A row's values in words and as JSON: for templates, `args`, `evidence` and keys. Times are of
//! the pipeline's zone, with their offset.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use serde_json::Value;
use zaraba_core::error::Result;

/// A time in a zone, as ISO 8601 with the offset.
pub(crate) fn time_text(micros: i64, zone: Tz) -> String {
    match DateTime::from_timestamp_micros(micros) {
        Some(time) => time
            .with_timezone(&zone)
            .to_rfc3339_opts(SecondsFormat::AutoSi, zone == Tz::UTC),
        None => micros.to_string(),
    }
}

/// A value as JSON; what JSON has no number for is a text, and NaN and infinities are null.
pub(crate) fn json(column: &ArrayRef, row: usize, zone: Tz) -> Result<Value> {
    let one = column.slice(row, 1);
    if one.is_null(0) {
        return Ok(Value::Null);
    }
    let to = |kind: DataType| cast(&one, &kind);
    Ok(match one.data_type() {
        DataType::Dictionary(_, values) => json(&to((**values).clone())?, 0, zone)?,
        DataType::Boolean => Value::Bool(one.as_boolean().value(0)),
        DataType::UInt64 => Value::from(one.as_primitive::<UInt64Type>().value(0)),
        kind if kind.is_integer() => {
            let whole = to(DataType::Int64)?;
            Value::from(whole.as_primitive::<Int64Type>().value(0))
        }
        kind if kind.is_floating() || kind.is_decimal() => {
            let float = to(DataType::Float64)?;
            Value::from(float.as_primitive::<Float64Type>().value(0))
        }
        DataType::Timestamp(..) => {
            let time = to(DataType::Timestamp(
                TimeUnit::Microsecond,
                Some("UTC".into()),
            ))?;
            let micros = time.as_primitive::<TimestampMicrosecondType>().value(0);
            Value::from(time_text(micros, zone))
        }
        _ => {
            let options = FormatOptions::default();
            let text = ArrayFormatter::try_new(&one, &options)?;
            Value::from(text.value(0).to_string())
        }
    })
}

/// A value that JSON has, in words.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => format!("{float}"),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        Date32Array, Decimal128Array, Float64Array, Int32Array, StringArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        let decimal = Decimal128Array::from(vec![12_500])
            .with_precision_and_scale(10, 3)
            .unwrap();
        let time = TimestampMicrosecondArray::from(vec![1_763_078_400_000_000]);
        let columns: Vec<(ArrayRef, &str, &str)> = vec![
            (Arc::new(Int32Array::from(vec![7])), "7", "7"),
            (Arc::new(Int32Array::from(vec![None])), "null", "null"),
            (
                Arc::new(Float64Array::from(vec![52000.0])),
                "52000.0",
                "52000",
            ),
            (Arc::new(Float64Array::from(vec![f64::NAN])), "null", "null"),
            (Arc::new(decimal), "12.5", "12.5"),
            (Arc::new(StringArray::from(vec!["C"])), "\"C\"", "C"),
            (
                Arc::new(Date32Array::from(vec![20_434])),
                "\"2025-12-12\"",
                "2025-12-12",
            ),
            (
                Arc::new(time.with_timezone("UTC")),
                "\"2025-11-14T09:00:00+09:00\"",
                "2025-11-14T09:00:00+09:00",
            ),
        ];
        for (column, as_json, as_text) in columns {
            let value = json(&column, 0, Tz::Asia__Tokyo).unwrap();
            assert_eq!(
                (value.to_string().as_str(), text(&value).as_str()),
                (as_json, as_text)
            );
        }
    }
}
