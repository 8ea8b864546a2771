//! A batch as one record batch and back, for snapshots: event time, sequence and deletions become
//! columns behind the rows'.

use std::sync::Arc;

use crate::batch::Batch;
use crate::error::{Error, Result};
use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, UInt64Type};

/// As one record batch.
///
/// # Errors
/// When Arrow refuses: a broken invariant.
pub fn pack(batch: &Batch) -> Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = batch.rows.schema().fields().iter().cloned().collect();
    let mut columns = batch.rows.columns().to_vec();
    let deleted: BooleanArray = (0..batch.len())
        .map(|i| Some(batch.is_deleted(i)))
        .collect();
    let own: [(&str, ArrayRef); 3] = [
        ("__time", batch.time_array()),
        ("__seq", batch.seq_array()),
        ("__deleted", Arc::new(deleted)),
    ];
    for (name, column) in own {
        fields.push(Arc::new(Field::new(
            name,
            column.data_type().clone(),
            false,
        )));
        columns.push(column);
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

/// Back from [`pack`].
///
/// # Errors
/// When it did not come from there.
pub fn unpack(packed: &RecordBatch) -> Result<Batch> {
    let own = packed.num_columns().checked_sub(3);
    let types = [DataType::Int64, DataType::UInt64, DataType::Boolean];
    let own = own.filter(|own| (0..3).all(|i| *packed.column(own + i).data_type() == types[i]));
    let own = own.ok_or_else(|| Error::internal("a segment that is no packed batch"))?;
    let rows = packed.project(&(0..own).collect::<Vec<_>>())?;
    let time = packed
        .column(own)
        .as_primitive::<Int64Type>()
        .values()
        .clone();
    let seq = packed
        .column(own + 1)
        .as_primitive::<UInt64Type>()
        .values()
        .clone();
    let deleted = packed.column(own + 2).as_boolean().values().clone();
    let mut batch = Batch::new(rows, time, seq)?;
    batch.deleted = (deleted.count_set_bits() > 0).then_some(deleted);
    Ok(batch)
}
