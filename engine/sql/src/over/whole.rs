//! The operator of an OVER whose partitions are parts of a window: in any order, with any frame.
//! Rows wait until their window ends; each partition is then evaluated as a batch, and its rows
//! are emitted as the window's result, at the window's end like that of an aggregate.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{SortOptions, concat, partition, take, take_record_batch};
use arrow::datatypes::{DataType, SchemaRef, TimestampMicrosecondType};
use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::WindowExpr;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{Epoch, EventTime};

use crate::failed;
use crate::over::call::Of;
use crate::over::frame::Frame;
use crate::over::kept::{Kept, Rows};
use crate::over::operator::ours;
use crate::over::partition::{Framed, Made};
use crate::rows::{FailedRow, Step, reason, record, run, sift};
use zaraba_core::in_order::{Ties, in_order};
use zaraba_core::packed;

/// Most rows emitted in one batch.
const EMIT_ROWS_MAX: usize = 8192;

/// How a call of a whole partition is answered.
#[derive(Clone, Debug)]
pub enum WholeCall {
    /// By DataFusion.
    DataFusion(Arc<dyn WindowExpr>),
    /// An aggregate over a frame of rows that moves, as in event time: DataFusion would subtract
    /// what leaves it, and a NaN would stay.
    Framed(Frame, Of),
}

/// What the operator does, as planned.
#[derive(Clone, Debug)]
pub struct WholePlan {
    /// The query's name.
    pub node: Arc<str>,
    /// What happens to a row before it waits: the last step adds the keys and what orders them.
    pub pre: Vec<Step>,
    /// The columns of a row as it waits.
    pub waits: SchemaRef,
    /// `PARTITION BY`
    pub keys: Vec<usize>,
    /// Which column is the end of the window.
    pub end: usize,
    /// `ORDER BY`
    pub order: Vec<(usize, SortOptions)>,
    /// Whether of rows that tie the later comes first: the first of `order` is the event time,
    /// descending.
    pub latest_first: bool,
    /// What the calls read: a row on which that fails is set aside when it comes.
    pub reads: Vec<Arc<dyn PhysicalExpr>>,
    /// The columns that framed calls look at.
    pub kept: Vec<usize>,
    /// The calls.
    pub calls: Vec<WholeCall>,
    /// The result: the input's columns, then one of each call.
    pub schema: SchemaRef,
}

impl WholePlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        "the rows of each window, until it closes".to_owned()
    }
}

/// The answers of a framed call over all rows of a partition.
fn framed(
    frame: Frame,
    of: &Of,
    rows: &Rows,
    kind: &DataType,
) -> datafusion::common::Result<ArrayRef> {
    let null = ScalarValue::try_from(kind)?;
    let mut framed = Framed::new(Made::new(of, 0)?, 0, 0);
    let answer = |number| {
        let answer = framed.answer(frame, of, rows, number)?;
        Ok(if answer.is_null() {
            null.clone()
        } else {
            answer
        })
    };
    let answers = (0..rows.end()).map(answer);
    ScalarValue::iter_to_array(answers.collect::<datafusion::common::Result<Vec<_>>>()?)
}

/// The operator.
pub struct OverWhole {
    plan: Arc<WholePlan>,
    /// The rows of each window, by its end, in batches each of which is longer than the next.
    windows: BTreeMap<i64, Vec<Batch>>,
    watermark: EventTime,
    ended: bool,
    /// Results not yet emitted.
    pending: Option<Batch>,
}

impl OverWhole {
    /// No rows yet.
    #[must_use]
    pub const fn new(plan: Arc<WholePlan>) -> Self {
        Self {
            plan,
            windows: BTreeMap::new(),
            watermark: EventTime::MIN,
            ended: false,
            pending: None,
        }
    }

    /// Puts rows to their windows.
    fn put(&mut self, rows: &Batch) -> Result<()> {
        let ends = rows.rows.column(self.plan.end);
        let ends = ends.as_primitive::<TimestampMicrosecondType>();
        let mut windows: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        for (row, end) in (0u32..).zip(ends.values()) {
            windows.entry(*end).or_default().push(row);
        }
        for (end, indices) in windows {
            let mut part = rows.take(&UInt32Array::from(indices))?;
            let batches = self.windows.entry(end).or_default();
            while let Some(before) = batches.pop_if(|b| b.len() <= part.len()) {
                part = Batch::concat(&self.plan.waits, &[before, part])?;
            }
            batches.push(part);
        }
        Ok(())
    }

    /// Evaluates a window.
    fn close(&self, end: i64, batches: &[Batch], out: &mut Output) -> Result<Batch> {
        let plan = &self.plan;
        let rows = in_order(&plan.waits, Ties::ByContent, batches)?;
        let sorted = self.sorted(&rows)?;
        let by_key = take_record_batch(&rows.rows, &sorted)?;
        let keys: Vec<ArrayRef> = plan
            .keys
            .iter()
            .map(|k| Arc::clone(by_key.column(*k)))
            .collect();
        let mut answers: Vec<Vec<ArrayRef>> = vec![Vec::new(); plan.calls.len()];
        let mut failed = Vec::new();
        let mut good = vec![true; rows.len()];
        for range in partition(&keys)?.ranges() {
            let part = by_key.slice(range.start, range.len());
            match self.evaluate(&part) {
                Ok(columns) => {
                    for (answers, column) in answers.iter_mut().zip(columns) {
                        answers.push(column);
                    }
                }
                Err(error) => {
                    let n = range.len();
                    for (c, answers) in answers.iter_mut().enumerate() {
                        let kind = plan.schema.field(self.inputs() + c).data_type();
                        answers.push(arrow::array::new_null_array(kind, n));
                    }
                    for row in range.map(|at| sorted.value(at)) {
                        good[row as usize] = false;
                        failed.push(FailedRow {
                            row: self.result(&rows.slice(row as usize, 1), &[], end)?,
                            reason: reason(&error),
                        });
                    }
                }
            }
        }
        failed::send(&plan.node, &mut failed, out)?;
        // Where each row is among the sorted.
        let mut places = vec![0u32; rows.len()];
        for (place, row) in (0u32..).zip(sorted.values()) {
            places[*row as usize] = place;
        }
        let places = UInt32Array::from(places);
        let mut columns = Vec::with_capacity(answers.len());
        for parts in &answers {
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            columns.push(take(&concat(&parts)?, &places, None)?);
        }
        let all = self
            .result(&rows, &columns, end)?
            .filter(&BooleanArray::from(good))?;
        let mut order: Vec<u32> = (0u32..).take(all.len()).collect();
        order.sort_by_key(|i| all.seq[*i as usize]);
        all.take(&UInt32Array::from(order))
    }

    /// How many columns the input has.
    fn inputs(&self) -> usize {
        self.plan.schema.fields().len() - self.plan.calls.len()
    }

    /// The rows in the order of (keys, order); those that tie as they are, or the other way round.
    fn sorted(&self, rows: &Batch) -> Result<UInt32Array> {
        let mut order: Vec<u32> = (0u32..).take(rows.len()).collect();
        if self.plan.latest_first {
            order.reverse();
        }
        let plain = SortOptions::default();
        let keys = self.plan.keys.iter().map(|k| (*k, plain));
        let by: Vec<(usize, SortOptions)> = keys.chain(self.plan.order.iter().copied()).collect();
        let sort = |(c, o): &(usize, SortOptions)| {
            SortField::new_with_options(rows.rows.column(*c).data_type().clone(), *o)
        };
        let converter = RowConverter::new(by.iter().map(sort).collect())?;
        let columns: Vec<ArrayRef> = by
            .iter()
            .map(|(c, _)| Arc::clone(rows.rows.column(*c)))
            .collect();
        let bytes = converter.convert_columns(&columns)?;
        order.sort_by(|a, b| bytes.row(*a as usize).cmp(&bytes.row(*b as usize)));
        Ok(UInt32Array::from(order))
    }

    /// What framed calls look at.
    fn kept(&self, rows: &RecordBatch) -> datafusion::common::Result<Rows> {
        let mut kept = Rows::default();
        if self.plan.kept.is_empty() {
            return Ok(kept);
        }
        for i in 0..rows.num_rows() {
            let value = |c: &usize| ScalarValue::try_from_array(rows.column(*c), i);
            let values = self.plan.kept.iter().map(value);
            let values = values.collect::<datafusion::common::Result<_>>()?;
            kept.push(Kept { time: 0, values });
        }
        Ok(kept)
    }

    /// What the calls say of one partition.
    fn evaluate(&self, rows: &RecordBatch) -> datafusion::common::Result<Vec<ArrayRef>> {
        let schema = &self.plan.schema;
        let fields = &schema.fields()[self.inputs()..];
        let kept = self.kept(rows)?;
        let one = |(call, field): (&WholeCall, &arrow::datatypes::FieldRef)| {
            let column = match call {
                WholeCall::DataFusion(call) => call.evaluate(rows)?,
                WholeCall::Framed(frame, of) => framed(*frame, of, &kept, field.data_type())?,
            };
            Ok(arrow::compute::cast(&column, field.data_type())?)
        };
        self.plan.calls.iter().zip(fields).map(one).collect()
    }

    /// Rows of the result, or of its input where there are no answers.
    fn result(&self, rows: &Batch, answers: &[ArrayRef], end: i64) -> Result<Batch> {
        let mut columns = rows.rows.columns()[..self.inputs()].to_vec();
        columns.extend(answers.iter().cloned());
        let fields: Vec<usize> = (0..columns.len()).collect();
        let schema = Arc::new(self.plan.schema.project(&fields)?);
        let rows_of = record(&schema, columns, rows.len()).map_err(|e| ours(&e))?;
        let time = ScalarBuffer::from(vec![end - 1; rows.len()]);
        Batch::new(rows_of, time, rows.seq.clone())
    }

    /// Emits some of what is pending, or closes the next window.
    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        let pending = match self.pending.take() {
            Some(pending) => pending,
            None => {
                let first = self.windows.first_entry();
                let due = first.filter(|w| self.ended || *w.key() <= self.watermark.0);
                let Some((end, batches)) = due.map(|w| w.remove_entry()) else {
                    if !self.ended {
                        out.watermark(self.watermark);
                    }
                    return Ok(Progress::Done);
                };
                self.close(end, &batches, out)?
            }
        };
        let n = pending.len().min(EMIT_ROWS_MAX);
        out.rows(pending.slice(0, n));
        if n < pending.len() {
            self.pending = Some(pending.slice(n, pending.len() - n));
        }
        Ok(Progress::More)
    }
}

impl Operator for OverWhole {
    fn process(&mut self, _port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let mut bad = Vec::new();
        let plan = Arc::clone(&self.plan);
        let mut work = |rows: &Batch| {
            let rows = run(&plan.pre, rows)?;
            for read in &plan.reads {
                read.evaluate(&rows.rows)?;
            }
            Ok(rows)
        };
        for good in sift(&rows, &mut bad, &mut work) {
            self.put(&good)?;
        }
        failed::send(&self.plan.node, &mut bad, out)?;
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.watermark = watermark;
        self.step(out)
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        self.step(out)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.ended = true;
        self.step(out)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        snapshot.push("watermark", vec![self.watermark.0], Vec::new());
        for (end, batches) in &self.windows {
            let segment = |b: &Batch| Ok(Segment::new(packed::pack(b)?));
            let segments = batches.iter().map(segment).collect::<Result<_>>()?;
            snapshot.push("window", vec![*end], segments);
        }
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.watermark = EventTime(snapshot.part("watermark")?.numbers[0]);
        for part in snapshot.parts("window") {
            let end = part
                .numbers
                .first()
                .ok_or_else(|| Error::internal("a window without end"))?;
            let batch = |s: &Arc<Segment>| packed::unpack(&s.rows);
            let batches = part.segments.iter().map(batch).collect::<Result<_>>()?;
            self.windows.insert(*end, batches);
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let held = self.windows.values().flatten().chain(&self.pending);
        held.map(Batch::bytes).sum()
    }
}
