//! What a declared alert does, as planned, and what it needs of each row, computed a batch at a time.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt8Array, new_null_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use zaraba_core::alert::Severity;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_sql::rows::{FailedRow, Step, run, sift};

use crate::held::number_of;
use crate::machine::Times;
use crate::told::Teller;

/// What the alert does, as planned.
pub(crate) struct Declared {
    pub(crate) name: Arc<str>,
    /// Of the stream's rows: the columns kept, then `when`, `clear` if there is one, a condition a
    /// severity, and the figures that there are.
    pub(crate) steps: Vec<Step>,
    pub(crate) kept: SchemaRef,
    /// [`working`]'s, of these.
    pub(crate) working: SchemaRef,
    pub(crate) has_clear: bool,
    /// The worst first.
    pub(crate) severities: Vec<Severity>,
    pub(crate) always: Option<Severity>,
    pub(crate) has_value: bool,
    pub(crate) has_threshold: bool,
    /// Places of the key among the columns kept.
    pub(crate) keys: Vec<usize>,
    pub(crate) times: Times,
    pub(crate) teller: Arc<Teller>,
}

/// What a row is told by, beside the columns kept: whether it holds, whether what is open is over,
/// the severity's number, figure and threshold.
pub(crate) fn working(kept: &Schema) -> SchemaRef {
    let mut fields: Vec<_> = kept.fields().iter().cloned().collect();
    let own = [
        ("__holds", DataType::Boolean),
        ("__over", DataType::Boolean),
        ("__severity", DataType::UInt8),
        ("__value", DataType::Float64),
        ("__threshold", DataType::Float64),
    ];
    let own = own.map(|(name, kind)| Arc::new(Field::new(name, kind, true)));
    fields.extend(own);
    Arc::new(Schema::new(fields))
}

impl Declared {
    /// Rows of the stream as rows of [`working`]; those on which an expression fails are set aside.
    pub(crate) fn compute(&self, rows: &Batch, failed: &mut Vec<FailedRow>) -> Result<Vec<Batch>> {
        let done = sift(rows, failed, &mut |rows| run(&self.steps, rows));
        done.iter().map(|batch| self.judged(batch)).collect()
    }

    fn judged(&self, batch: &Batch) -> Result<Batch> {
        let n = batch.len();
        let wrong = || Error::internal("an alert's conditions are not of the planned types");
        let columns = batch.rows.columns();
        let (kept, computed) = columns
            .split_at_checked(self.kept.fields().len())
            .ok_or_else(wrong)?;
        let mut computed = computed.iter();
        let mut condition = || {
            let of = computed.next().and_then(|column| column.as_boolean_opt());
            of.map(true_where).ok_or_else(wrong)
        };
        let when = condition()?;
        let over = if self.has_clear { condition()? } else { !&when };
        let over = match &batch.deleted {
            Some(deleted) => &over | deleted,
            None => over,
        };
        let holds = &when & &!&over;
        let mut severity = vec![self.always.map_or(0, number_of); n];
        for of in &self.severities {
            for row in condition()?.set_indices() {
                if severity[row] == 0 {
                    severity[row] = number_of(*of);
                }
            }
        }
        let mut figure = |there: bool| match there {
            true => computed.next().cloned().ok_or_else(wrong),
            false => Ok(new_null_array(&DataType::Float64, n)),
        };
        let (value, threshold) = (figure(self.has_value)?, figure(self.has_threshold)?);
        let mut all: Vec<ArrayRef> = kept.to_vec();
        all.push(Arc::new(BooleanArray::new(holds, None)));
        all.push(Arc::new(BooleanArray::new(over, None)));
        all.push(Arc::new(UInt8Array::from(severity)));
        all.extend([value, threshold]);
        batch.with_rows(RecordBatch::try_new(Arc::clone(&self.working), all)?)
    }
}

/// Where a column is true: null is not.
fn true_where(column: &BooleanArray) -> BooleanBuffer {
    match column.nulls() {
        Some(nulls) => column.values() & nulls.inner(),
        None => column.values().clone(),
    }
}

/// What an alert does as of now: who runs it and who changes it share this.
#[derive(Clone)]
pub(crate) struct Current(Arc<Mutex<Arc<Declared>>>);

impl Current {
    pub(crate) fn new(declared: Arc<Declared>) -> Self {
        Self(Arc::new(Mutex::new(declared)))
    }

    pub(crate) fn now(&self) -> Arc<Declared> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn put(&self, next: Declared) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }
}
