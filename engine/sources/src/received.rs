//! Times that rows do not have: the moment at which a live source got them (`received = true`). It
//! wraps the connector, so that connectors know nothing of it.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use zaraba_config::document::ColumnDoc;
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::mapped::Mapped;
use zaraba_core::source::{Source, SourceRows};

/// A connector with these columns, with the time of receipt where a row has none.
pub fn received<S: Source>(
    inner: S,
    schema: &[ColumnDoc],
    clock: Arc<dyn Clock>,
) -> impl Source + use<S> {
    let named = schema.iter().filter(|column| column.received);
    let columns: Vec<String> = named.map(|column| column.name.value.clone()).collect();
    Mapped::new(inner, move |rows| fill(rows, &columns, &*clock))
}

fn fill(rows: SourceRows, columns: &[String], clock: &dyn Clock) -> Result<SourceRows> {
    if columns.is_empty() {
        return Ok(rows);
    }
    let schema = rows.rows.schema();
    let mut arrays = rows.rows.columns().to_vec();
    let now = clock.now().0;
    for name in columns {
        let at = schema.index_of(name)?;
        let times = arrays[at].as_primitive::<TimestampMicrosecondType>();
        let filled = times.iter().map(|time| time.unwrap_or(now));
        let filled = TimestampMicrosecondArray::from_iter_values(filled);
        arrays[at] = Arc::new(filled.with_timezone("UTC")) as ArrayRef;
    }
    Ok(SourceRows {
        rows: RecordBatch::try_new(schema, arrays)?,
        ..rows
    })
}
