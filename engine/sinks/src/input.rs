//! What a sink is told of a stream before it runs, and how changes of an upsert stream are told
//! apart where rows are written one after the other.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::Port;
use zaraba_core::stream::{Changelog, StreamSchema};

/// The column that tells a new or changed row from a deletion.
pub const OP: &str = "__op";

/// One stream of a sink's `from`; its place in the list is its port.
#[derive(Clone, Debug)]
pub struct SinkInput {
    /// The stream's name.
    pub name: String,
    /// Its shape.
    pub schema: StreamSchema,
}

impl SinkInput {
    /// Where the key columns stand; none on an append stream.
    ///
    /// # Errors
    /// When a key column is not in the schema: a broken invariant of the caller.
    pub fn key(&self) -> Result<Option<Vec<usize>>> {
        let Changelog::Upsert { key } = &self.schema.changelog else {
            return Ok(None);
        };
        let at = |name: &String| Ok(self.schema.columns.index_of(name)?);
        key.iter()
            .map(at)
            .collect::<Result<_>>()
            .map(Some)
            .map_err(|e| e.at(&self.name))
    }

    /// The columns as they are written down: on an upsert stream behind the text column [`OP`].
    #[must_use]
    pub fn written_schema(&self) -> SchemaRef {
        if self.schema.changelog == Changelog::Append {
            return Arc::clone(&self.schema.columns);
        }
        let op = Arc::new(Field::new(OP, DataType::Utf8, false));
        let fields = self.schema.columns.fields().iter().map(Arc::clone);
        Arc::new(Schema::new(
            std::iter::once(op).chain(fields).collect::<Vec<_>>(),
        ))
    }

    /// Rows as they are written down, in [`SinkInput::written_schema`].
    ///
    /// # Errors
    /// When the rows are of another schema: a broken invariant of the caller.
    pub fn written_rows(&self, batch: &Batch) -> Result<RecordBatch> {
        if self.schema.changelog == Changelog::Append {
            return Ok(batch.rows.clone());
        }
        let op = |i| {
            if batch.is_deleted(i) {
                "delete"
            } else {
                "upsert"
            }
        };
        let ops: ArrayRef = Arc::new(StringArray::from_iter_values((0..batch.len()).map(op)));
        let columns = std::iter::once(ops).chain(batch.rows.columns().iter().map(Arc::clone));
        Ok(RecordBatch::try_new(
            self.written_schema(),
            columns.collect(),
        )?)
    }
}

/// The stream of a port.
pub(crate) fn at_port<T>(streams: &mut [T], port: Port) -> Result<&mut T> {
    let n = streams.len();
    streams
        .get_mut(port.0)
        .ok_or_else(|| Error::internal(format!("port {} of a sink with {n} inputs", port.0)))
}
