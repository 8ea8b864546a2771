//! Rows of a `[[test]]` as columns: checked with the pipeline, value by value at its place, and
//! made into what stands in for a stream.

use arrow::array::{ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{Field, TimestampMicrosecondType};
use chrono_tz::Tz;
use std::sync::Arc;
use zaraba_config::document::{Located, Row, Value};
use zaraba_core::diagnostic::{Diagnostic, Diagnostics, Span};
use zaraba_core::error::{Error, Result};
use zaraba_core::stream::StreamSchema;
use zaraba_sql::plan::stage::{PlannedNode, Work};
use zaraba_sql::window::windows::Windows;

use crate::plan::{DELETED, PipelinePlan};
use crate::test_run::values::written;
use crate::wire::StandIn;

/// The columns of a window's result that tell its bounds.
const BOUNDS: (&str, &str) = ("window_start", "window_end");

/// What a check of rows has to know.
pub(crate) struct Checking<'a> {
    /// The stream that the rows are of, and its shape.
    pub(crate) stream: &'a Located<String>,
    pub(crate) schema: &'a StreamSchema,
    /// The nodes planned.
    pub(crate) nodes: &'a [PlannedNode],
    pub(crate) zone: Tz,
    /// The rows stand in for the stream; else they are expected of it.
    pub(crate) input: bool,
}

/// Finds what is wrong with the values of rows whose columns are known to be there.
pub(crate) fn check_rows(rows: &[Row], checking: &Checking<'_>, mistakes: &mut Diagnostics) {
    let Checking {
        stream,
        schema,
        nodes,
        input,
        ..
    } = checking;
    if *input && let Some((node, _)) = stream.value.split_once("__") {
        let message = format!("rows cannot stand in for a side stream; give rows for `{node}`");
        mistakes.push(Diagnostic::at(stream.span, message));
        return;
    }
    if *input && schema.time.is_none() {
        let message = format!(
            "rows cannot stand in for `{}`: it selects no event time",
            stream.value
        );
        mistakes.push(Diagnostic::at(stream.span, message));
        return;
    }
    for row in rows {
        for (column, value) in &row.columns {
            check_value(column, value, checking, mistakes);
        }
        if *input
            && let Some(time) = schema.time.as_ref().map(|t| t.name.as_str())
            && !has(row, time)
            && !(has(row, BOUNDS.0) && window_size(&stream.value, time, nodes).is_some())
        {
            let message = format!(
                "expected the event time `{time}` in a row of `{}`",
                stream.value
            );
            mistakes.push(Diagnostic::at(row.span, message));
        }
    }
}

fn has(row: &Row, column: &str) -> bool {
    row.columns.iter().any(|(name, _)| name.value == column)
}

fn check_value(
    column: &Located<String>,
    value: &Located<Value>,
    checking: &Checking<'_>,
    mistakes: &mut Diagnostics,
) {
    let Ok(field) = checking.schema.columns.field_with_name(&column.value) else {
        if column.value == DELETED && checking.input {
            let message = "a deletion cannot stand in for a row";
            mistakes.push(Diagnostic::at(column.span, message));
        } else if column.value == DELETED && !matches!(value.value, Value::Bool(_)) {
            let message = format!("expected true or false for `{DELETED}`");
            mistakes.push(Diagnostic::at(value.span, message));
        }
        return;
    };
    let values = [Some(value.value.clone())];
    let read = written(field, &values, value.span, checking.zone);
    let read = read.and_then(|one| {
        if checking.input {
            as_field(&one, field)
        } else {
            Ok(one)
        }
    });
    if let Err(error) = read {
        mistakes.push(Diagnostic::at(value.span, error.to_string()));
    }
}

/// A column in its own type.
fn as_field(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    cast(column, field.data_type()).map_err(|_| {
        let kind = field.data_type();
        Error::user(format!(
            "column `{}`: no value can be given for {kind}",
            field.name()
        ))
    })
}

/// The rows that stand in for a stream.
pub(super) fn stand_in(plan: &PipelinePlan, stream: &str, rows: &[Row]) -> Result<StandIn> {
    let Some(schema) = plan.streams.get(stream) else {
        return Err(Error::internal(format!(
            "no stream `{stream}` for rows of a test"
        )));
    };
    let Some(first) = rows.first() else {
        return Ok(StandIn::default());
    };
    let mut columns = Vec::with_capacity(schema.columns.fields().len());
    for field in schema.columns.fields() {
        let column = column(field, rows, first.span, plan.zone)?;
        columns.push(as_field(&column, field)?);
    }
    if let Some(time) = &schema.time
        && let Some(size) = window_size(stream, &time.name, &plan.nodes)
    {
        let (start, end) = (
            schema.columns.index_of(BOUNDS.0)?,
            schema.columns.index_of(BOUNDS.1)?,
        );
        columns[end] = ends(&columns[start], &columns[end], size);
    }
    let batch = RecordBatch::try_new(schema.columns.clone(), columns)?;
    Ok(StandIn {
        rows: vec![(0, batch)],
        partitions: 1,
    })
}

/// What rows say of a column, in the type in which it is compared.
pub(super) fn column(field: &Field, rows: &[Row], place: Span, zone: Tz) -> Result<ArrayRef> {
    let values: Vec<Option<Value>> = rows.iter().map(|row| value(row, field.name())).collect();
    written(field, &values, place, zone)
}

/// What a row says of a column.
pub(super) fn value(row: &Row, column: &str) -> Option<Value> {
    let found = row.columns.iter().find(|(name, _)| name.value == column);
    found.map(|(_, value)| value.value.clone())
}

/// The size of a node's windows, where its event time is `window_end` and could be told from
/// `window_start`.
fn window_size(node: &str, time: &str, nodes: &[PlannedNode]) -> Option<i64> {
    let planned = nodes.iter().find(|n| n.name == node)?;
    planned
        .output
        .columns
        .index_of(BOUNDS.0)
        .ok()
        .filter(|_| time == BOUNDS.1)?;
    planned.stages.iter().find_map(|stage| match &stage.work {
        // Where windows grow, a start has several ends.
        Work::Window(window) => match &window.spec {
            Windows::Fixed(spec) if !spec.grows => Some(spec.size),
            _ => None,
        },
        _ => None,
    })
}

/// `window_end`, from `window_start` where it was left out.
fn ends(starts: &ArrayRef, ends: &ArrayRef, size: i64) -> ArrayRef {
    let starts = starts.as_primitive::<TimestampMicrosecondType>();
    let ends = ends.as_primitive::<TimestampMicrosecondType>();
    let both = starts.iter().zip(ends.iter());
    let filled = both.map(|(start, end)| end.or_else(|| start?.checked_add(size)));
    Arc::new(
        filled
            .collect::<TimestampMicrosecondArray>()
            .with_timezone("UTC"),
    )
}
