//! Values as a pipeline file writes them, and columns as a pipeline emits them, brought to common
//! types so that they can be compared and shown.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, ColumnType, Located, Value};
use zaraba_core::diagnostic::Span;
use zaraba_core::error::Result;
use zaraba_formats::decode::{arrow_type, column_of};

/// The type in which values of a column are written in a pipeline file. What has none is text.
fn kind_of(column: &DataType) -> ColumnType {
    match column {
        DataType::Timestamp(..) => ColumnType::Timestamp,
        DataType::Date32 | DataType::Date64 => ColumnType::Date,
        DataType::Boolean => ColumnType::Bool,
        DataType::Decimal128(precision, scale) => ColumnType::Decimal(*precision, *scale),
        other if other.is_integer() => ColumnType::Int64,
        other if other.is_floating() => ColumnType::Float64,
        _ => ColumnType::Text,
    }
}

/// The zone in which a column's times are written and shown. Times without a zone are as they are.
fn zone_of(column: &DataType, zone: Tz) -> Tz {
    match column {
        DataType::Timestamp(_, None) => Tz::UTC,
        _ => zone,
    }
}

/// Values written for a column, in the type in which they are compared; none is a null.
pub(super) fn written(
    field: &Field,
    values: &[Option<Value>],
    place: Span,
    zone: Tz,
) -> Result<ArrayRef> {
    let doc = ColumnDoc {
        name: Located {
            value: field.name().clone(),
            span: place,
        },
        kind: kind_of(field.data_type()),
        format: None,
        zone: None,
        at: None,
        received: false,
        from: None,
        nulls: Vec::new(),
        thousands: None,
        optional: true,
        default: None,
        generate: None,
    };
    column_of(&doc, values, zone_of(field.data_type(), zone))
}

/// A column as it was emitted, in the type in which it is compared.
pub(super) fn emitted(column: &ArrayRef) -> Result<ArrayRef> {
    let kind = kind_of(column.data_type());
    let plain = matches!(
        column.data_type(),
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..)
    );
    if kind == ColumnType::Text && *column.data_type() != DataType::Utf8 && !plain {
        let shown = texts(column)?.into_iter();
        return Ok(Arc::new(shown.collect::<StringArray>()));
    }
    Ok(cast(column, &arrow_type(kind))?)
}

/// A column as texts for people, times in the zone of the pipeline.
pub(super) fn shown(column: &ArrayRef, like: &DataType, zone: Tz) -> Result<Vec<String>> {
    let local = match column.data_type() {
        DataType::Timestamp(..) => {
            let zone = zone_of(like, zone).name().into();
            cast(
                column,
                &DataType::Timestamp(TimeUnit::Microsecond, Some(zone)),
            )?
        }
        _ => Arc::clone(column),
    };
    let shown = texts(&local)?.into_iter();
    Ok(shown
        .map(|text| text.unwrap_or_else(|| "null".to_owned()))
        .collect())
}

fn texts(column: &ArrayRef) -> Result<Vec<Option<String>>> {
    let options = FormatOptions::new();
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let text = |i| column.is_valid(i).then(|| formatter.value(i).to_string());
    Ok((0..column.len()).map(text).collect())
}
