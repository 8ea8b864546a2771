//! What happens to a row on its own: columns picked, filtered, computed, put into windows. A list
//! of steps over a batch; a row on which an expression fails is set aside with the reason, and
//! the rows around it go on.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray, UInt32Array,
    new_null_array,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::batch::Batch;
use zaraba_core::error::Error;

use crate::one_form::all_in_one_form;
use crate::plan::wording::decapitalised;
use crate::window::windows::Windows;

/// One step.
#[derive(Clone, Debug)]
pub enum Step {
    /// Keeps these columns.
    Pick(Vec<usize>),
    /// Keeps the rows for which it is true.
    Filter(Arc<dyn PhysicalExpr>),
    /// Computes new columns.
    Compute(Vec<Arc<dyn PhysicalExpr>>, SchemaRef),
    /// Adds `window_start` and `window_end`: a row for each window that holds it.
    Window(Windows, SchemaRef),
    /// Adds `window_start` and `window_end` as nulls: nobody reads them, panes stand in.
    Blank(SchemaRef),
    /// Moves the event time to just before the window end in this column.
    Retime(usize),
    /// Keeps the rows whose keys are of this share.
    Share(Share),
}

/// One of several shares of all keys.
#[derive(Clone, Debug)]
pub struct Share {
    /// The keys.
    pub keys: Vec<Arc<dyn PhysicalExpr>>,
    /// Which share.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

impl Share {
    fn of_batch(&self, batch: &Batch) -> datafusion::common::Result<Batch> {
        let n = batch.len();
        let key = |e: &Arc<dyn PhysicalExpr>| e.evaluate(&batch.rows)?.into_array(n);
        let keys = self.keys.iter().map(key);
        let keys: Vec<ArrayRef> = keys.collect::<datafusion::common::Result<_>>()?;
        let keys = all_in_one_form(&keys);
        let mut hashes = vec![0; n];
        create_hashes(&keys, &RandomState::default(), &mut hashes)?;
        let mine = hashes
            .iter()
            .map(|h| Some((h >> 32) as usize % self.of == self.index));
        batch.filter(&mine.collect()).map_err(external)
    }
}

/// A row on which an expression failed.
#[derive(Clone, Debug)]
pub struct FailedRow {
    /// The row, as the node received it.
    pub row: Batch,
    /// Why.
    pub reason: String,
}

/// Runs the steps over a batch.
///
/// # Errors
/// When an expression fails on a row.
pub fn run(steps: &[Step], batch: &Batch) -> datafusion::common::Result<Batch> {
    let mut batch = batch.clone();
    for (i, step) in steps.iter().enumerate() {
        if batch.is_empty() {
            let schema = schema_after(&steps[i..], &batch.rows.schema());
            return Ok(Batch::empty(schema));
        }
        batch = match step.apply(&batch) {
            Ok(next) => next,
            Err(_) if batch.len() == 1 && of_another(&steps[i..]) => {
                let schema = schema_after(&steps[i..], &batch.rows.schema());
                return Ok(Batch::empty(schema));
            }
            Err(error) => return Err(error),
        };
    }
    Ok(batch)
}

/// Whether a row that fails here is told of by another copy of the stage: before its share is
/// known, the first one does.
fn of_another(steps: &[Step]) -> bool {
    let later = |step: &Step| matches!(step, Step::Share(share) if share.index > 0);
    steps.iter().any(later)
}

/// Does `work` on a batch. If it fails, halves the batch until the failing rows stand alone, in
/// `failed`, and the rest is done.
pub fn sift<T>(
    batch: &Batch,
    failed: &mut Vec<FailedRow>,
    work: &mut impl FnMut(&Batch) -> datafusion::common::Result<T>,
) -> Vec<T> {
    match work(batch) {
        Ok(done) => vec![done],
        Err(error) if batch.len() <= 1 => {
            failed.push(FailedRow {
                row: batch.clone(),
                reason: reason(&error),
            });
            Vec::new()
        }
        Err(_) => {
            let half = batch.len() / 2;
            let mut done = sift(&batch.slice(0, half), failed, work);
            done.extend(sift(&batch.slice(half, batch.len() - half), failed, work));
            done
        }
    }
}

/// The columns that come out of the steps, given those that go in.
#[must_use]
pub fn schema_after(steps: &[Step], input: &SchemaRef) -> SchemaRef {
    let mut schema = Arc::clone(input);
    for step in steps {
        match step {
            Step::Pick(columns) => {
                if let Ok(picked) = schema.project(columns) {
                    schema = Arc::new(picked);
                }
            }
            Step::Compute(_, s) | Step::Window(_, s) | Step::Blank(s) => schema = Arc::clone(s),
            Step::Filter(_) | Step::Retime(_) | Step::Share(_) => {}
        }
    }
    schema
}

/// What users are told of an error in an expression.
#[must_use]
pub fn reason(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::ArrowError(e, _) => match e.as_ref() {
            ArrowError::ArithmeticOverflow(m) => {
                format!(
                    "overflow: {}",
                    m.trim_start_matches("Overflow happened on: ")
                )
            }
            ArrowError::DivideByZero => "division by zero".to_owned(),
            ArrowError::CastError(m) | ArrowError::ComputeError(m) | ArrowError::ParseError(m) => {
                decapitalised(m)
            }
            other => other.to_string(),
        },
        DataFusionError::Execution(m) => decapitalised(m),
        other => other.to_string(),
    }
}

impl Step {
    fn apply(&self, batch: &Batch) -> datafusion::common::Result<Batch> {
        match self {
            Self::Pick(columns) => Ok(with_rows(batch, batch.rows.project(columns)?)),
            Self::Filter(predicate) => {
                let mask = predicate.evaluate(&batch.rows)?.into_array(batch.len())?;
                batch.filter(mask.as_boolean()).map_err(external)
            }
            Self::Compute(expressions, schema) => {
                let column =
                    |e: &Arc<dyn PhysicalExpr>| e.evaluate(&batch.rows)?.into_array(batch.len());
                let columns = expressions
                    .iter()
                    .map(column)
                    .collect::<datafusion::common::Result<Vec<_>>>()?;
                Ok(with_rows(batch, record(schema, columns, batch.len())?))
            }
            Self::Window(spec, schema) => expand(batch, spec, schema),
            Self::Blank(schema) => {
                let mut columns = batch.rows.columns().to_vec();
                for field in &schema.fields()[columns.len()..] {
                    columns.push(new_null_array(field.data_type(), batch.len()));
                }
                Ok(with_rows(batch, record(schema, columns, batch.len())?))
            }
            Self::Share(share) => share.of_batch(batch),
            Self::Retime(column) => {
                let ends = batch
                    .rows
                    .column(*column)
                    .as_primitive::<TimestampMicrosecondType>();
                let mut batch = batch.clone();
                batch.time = ends.values().iter().map(|end| end - 1).collect();
                Ok(batch)
            }
        }
    }
}

/// A batch with other columns and the same number of rows.
fn with_rows(batch: &Batch, rows: RecordBatch) -> Batch {
    Batch {
        rows,
        time: batch.time.clone(),
        seq: batch.seq.clone(),
        deleted: batch.deleted.clone(),
    }
}

/// Columns as a record batch, of a known length even without columns.
///
/// # Errors
/// When the columns are not of the schema.
pub fn record(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> datafusion::common::Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

/// An error of ours where DataFusion's are expected.
pub fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Repeats each row for each of its windows and adds the window's bounds.
fn expand(batch: &Batch, spec: &Windows, schema: &SchemaRef) -> datafusion::common::Result<Batch> {
    let mut rows: Vec<u32> = Vec::with_capacity(batch.len());
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for (row, time) in (0u32..).zip(batch.time.iter()) {
        for (start, end) in spec.windows(*time) {
            rows.push(row);
            starts.push(start);
            ends.push(end);
        }
    }
    let one_each = rows.len() == batch.len() && !spec.several_panes();
    let repeated = if one_each {
        batch.clone()
    } else {
        batch.take(&UInt32Array::from(rows)).map_err(external)?
    };
    let mut columns = repeated.rows.columns().to_vec();
    columns.push(bound(starts));
    columns.push(bound(ends));
    let n = repeated.len();
    Ok(with_rows(&repeated, record(schema, columns, n)?))
}

/// Times as a column.
#[must_use]
pub fn bound(times: impl Into<ScalarBuffer<i64>>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::new(times.into(), None).with_timezone("UTC"))
}
