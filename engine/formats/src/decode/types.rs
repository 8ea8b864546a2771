//! Column types of a pipeline file and the Arrow types that stand for them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use zaraba_config::document::{ColumnDoc, ColumnType};
use zaraba_core::stream::event_time_type;

/// The Arrow type of a declared type.
#[must_use]
pub fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Timestamp => event_time_type(),
        ColumnType::Date => DataType::Date32,
        ColumnType::Text => DataType::Utf8,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
    }
}

/// A declared schema as Arrow fields, all of which may be null.
#[must_use]
pub fn arrow_schema(schema: &[ColumnDoc]) -> SchemaRef {
    let field = |c: &ColumnDoc| Field::new(&c.name.value, arrow_type(c.kind), true);
    Arc::new(Schema::new(schema.iter().map(field).collect::<Vec<_>>()))
}

/// An Arrow type in the words of a pipeline file, where it has one for it.
#[must_use]
pub fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Timestamp(..) if *kind == event_time_type() => "timestamp".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        DataType::List(of) | DataType::LargeList(of) => {
            format!("list of {}", type_name(of.data_type()))
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        other => other.to_string().to_lowercase(),
    }
}
