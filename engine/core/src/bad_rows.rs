//! The columns of every `NODE__errors` stream, and rows for it.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::batch::Batch;
use crate::error::Result;
use crate::source::BadRow;
use crate::stream::{Changelog, StreamSchema, TimeColumn, event_time_type};

/// `time, reason, place, row`: when (by event time, as far as the stream had come), what was
/// expected and what came, where (a file and a line, a node), and the row as text.
#[must_use]
pub fn columns() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("time", event_time_type(), false),
        Field::new("reason", DataType::Utf8, false),
        Field::new("place", DataType::Utf8, false),
        Field::new("row", DataType::Utf8, false),
    ]))
}

/// The shape of every `NODE__errors` stream.
#[must_use]
pub fn stream() -> StreamSchema {
    StreamSchema {
        columns: columns(),
        time: Some(TimeColumn {
            name: "time".into(),
            offset: 0,
        }),
        changelog: Changelog::Append,
    }
}

/// Bad rows as rows of the errors stream.
///
/// # Errors
/// When Arrow refuses: a broken invariant.
pub fn batch(bad: &[BadRow], time: &[i64], seq: &[u64]) -> Result<Batch> {
    let text = |of: fn(&BadRow) -> &String| -> ArrayRef {
        Arc::new(bad.iter().map(|b| Some(of(b))).collect::<StringArray>())
    };
    let times = ScalarBuffer::from(time.to_vec());
    let shown = TimestampMicrosecondArray::new(times.clone(), None).with_timezone("UTC");
    let rows = RecordBatch::try_new(
        columns(),
        vec![
            Arc::new(shown),
            text(|b| &b.reason),
            text(|b| &b.place),
            text(|b| &b.row),
        ],
    )?;
    Batch::new(rows, times, ScalarBuffer::from(seq.to_vec()))
}

/// The first row as `column=value` pairs.
#[must_use]
pub fn as_text(rows: &RecordBatch) -> String {
    let options = FormatOptions::new().with_null("null");
    let schema = rows.schema();
    let pairs = schema
        .fields()
        .iter()
        .zip(rows.columns())
        .map(
            |(field, column)| match ArrayFormatter::try_new(column, &options) {
                Ok(formatter) => format!("{}={}", field.name(), formatter.value(0)),
                Err(_) => format!("{}=?", field.name()),
            },
        );
    pairs.collect::<Vec<_>>().join(" ")
}
