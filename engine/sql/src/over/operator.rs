//! The operator of an OVER in event time. A row waits until the watermark has passed its time, and
//! the time up to which its frames look ahead; then it is answered with its own time and sequence.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::BooleanArray;
use datafusion::common::{DataFusionError, ScalarValue};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{Epoch, EventTime};

use crate::failed;
use crate::over::partitions::Partitions;
use crate::over::plan::OverPlan;
use crate::over::saved;
use crate::rows::{FailedRow, reason, record, run, sift};
use zaraba_core::in_order::{InOrder, Ties};
use zaraba_core::packed;

/// Most rows answered in one call.
const EMIT_ROWS_MAX: usize = 8192;

/// The operator.
pub struct Over {
    plan: Arc<OverPlan>,
    waiting: InOrder,
    /// Rows that the watermark has passed, in order, with the numbers of their partitions; they
    /// may still wait for rows of later times.
    held: VecDeque<(Batch, Vec<u32>)>,
    partitions: Partitions,
    watermark: EventTime,
    ended: bool,
}

/// An error where every row was fit: ours.
pub(crate) fn ours(error: &DataFusionError) -> Error {
    Error::internal(error.to_string())
}

impl Over {
    /// No rows yet.
    ///
    /// # Errors
    /// When a key column's type has no order.
    pub fn new(plan: Arc<OverPlan>) -> Result<Self> {
        let partitions = Partitions::new(&plan, &plan.waits).map_err(|e| ours(&e))?;
        Ok(Self {
            waiting: InOrder::new(Arc::clone(&plan.waits), Ties::ByContent),
            plan,
            held: VecDeque::new(),
            partitions,
            watermark: EventTime::MIN,
            ended: false,
        })
    }

    /// The rows that the watermark has passed go to their partitions.
    fn gather(&mut self) -> Result<()> {
        let until = (!self.ended).then_some(self.watermark.0);
        if let Some(rows) = self.waiting.before(until)? {
            let numbers = self.hold(&rows).map_err(|e| ours(&e))?;
            self.held.push_back((rows, numbers));
        }
        Ok(())
    }

    fn hold(&mut self, rows: &Batch) -> datafusion::common::Result<Vec<u32>> {
        let numbers = self.partitions.find(&self.plan, &rows.rows)?;
        self.partitions
            .keep(&self.plan, &rows.rows, &rows.time, &numbers)?;
        Ok(numbers)
    }

    /// The time before which rows are answered.
    fn due(&self) -> i64 {
        if self.ended {
            return i64::MAX;
        }
        self.watermark.minus(self.plan.following()).0
    }

    /// Answers some of the rows that are due.
    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        let due = self.due();
        let Some((rows, mut numbers)) = self.held.pop_front() else {
            return self.done(due, out);
        };
        let n = rows
            .time
            .partition_point(|t| *t < due || self.ended)
            .min(EMIT_ROWS_MAX);
        let more = n > 0;
        if n < rows.len() {
            let rest = numbers.split_off(n);
            self.held.push_front((rows.slice(n, rows.len() - n), rest));
        }
        if more {
            self.answer(&rows.slice(0, n), &numbers, out)?;
            return Ok(Progress::More);
        }
        self.done(due, out)
    }

    fn done(&mut self, due: i64, out: &mut Output) -> Result<Progress> {
        if !self.ended {
            self.partitions
                .forget(&self.plan, due)
                .map_err(|e| ours(&e))?;
            out.watermark(EventTime(due));
        }
        Ok(Progress::Done)
    }

    /// Answers rows, which come in their order.
    fn answer(&mut self, rows: &Batch, numbers: &[u32], out: &mut Output) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let mut answers: Vec<Vec<ScalarValue>> =
            vec![Vec::with_capacity(rows.len()); plan.calls.len()];
        let mut failed = Vec::new();
        let mut good = vec![true; rows.len()];
        let nulls: Vec<ScalarValue> = plan
            .calls
            .iter()
            .map(|c| ScalarValue::try_from(&c.output))
            .collect::<datafusion::common::Result<_>>()
            .map_err(|e| ours(&e))?;
        for (i, number) in numbers.iter().enumerate() {
            let time = rows.time[i];
            let value = |column: usize| ScalarValue::try_from_array(rows.rows.column(column), i);
            let work = |p: &mut crate::over::partition::Partition| {
                let mut wrong = None;
                for (c, call) in plan.calls.iter().enumerate() {
                    let answer = p.answer(c, call, time, value).unwrap_or_else(|e| {
                        wrong = Some(e);
                        ScalarValue::Null
                    });
                    let answer = if answer.is_null() {
                        nulls[c].clone()
                    } else {
                        answer
                    };
                    answers[c].push(answer);
                }
                p.next += 1;
                p.trim(&plan.calls);
                Ok(wrong)
            };
            if let Some(error) = self.partitions.with(*number, work).map_err(|e| ours(&e))? {
                good[i] = false;
                failed.push(FailedRow {
                    row: self.input(&rows.slice(i, 1))?,
                    reason: reason(&error),
                });
            }
            self.partitions.answered(&plan, time, *number);
        }
        let mut columns = self.input(rows)?.rows.columns().to_vec();
        for answers in answers {
            columns.push(ScalarValue::iter_to_array(answers).map_err(|e| ours(&e))?);
        }
        let all = record(&plan.schema, columns, rows.len()).map_err(|e| ours(&e))?;
        let all = rows.with_rows(all)?;
        out.rows(all.filter(&BooleanArray::from(good))?);
        failed::send(&plan.node, &mut failed, out)
    }

    /// Rows as they came, without the columns that were added.
    fn input(&self, rows: &Batch) -> Result<Batch> {
        let n = self.plan.schema.fields().len() - self.plan.calls.len();
        rows.with_rows(rows.rows.project(&(0..n).collect::<Vec<_>>())?)
    }
}

impl Operator for Over {
    fn process(&mut self, _port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let mut bad = Vec::new();
        for good in sift(&rows, &mut bad, &mut |rows| run(&self.plan.pre, rows)) {
            self.waiting.push(good)?;
        }
        failed::send(&self.plan.node, &mut bad, out)?;
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.watermark = watermark;
        self.gather()?;
        self.step(out)
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        self.step(out)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.ended = true;
        self.gather()?;
        self.step(out)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        snapshot.push("watermark", vec![self.watermark.0], Vec::new());
        self.waiting.save("waiting", &mut snapshot)?;
        for (rows, _) in &self.held {
            snapshot.push("held", Vec::new(), vec![Segment::new(packed::pack(rows)?)]);
        }
        saved::save(&self.plan, &mut self.partitions, &mut snapshot).map_err(|e| ours(&e))?;
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.watermark = EventTime(snapshot.part("watermark")?.numbers[0]);
        self.waiting.load("waiting", snapshot)?;
        saved::restore(&self.plan, &mut self.partitions, snapshot).map_err(|e| ours(&e))?;
        for part in snapshot.parts("held") {
            let rows = packed::unpack(&part.segments[0].rows)?;
            let numbers = self
                .partitions
                .find(&self.plan, &rows.rows)
                .map_err(|e| ours(&e))?;
            self.held.push_back((rows, numbers));
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let held = self
            .held
            .iter()
            .map(|(rows, n)| rows.bytes() + n.capacity() * 4);
        self.waiting.size() + held.sum::<usize>() + self.partitions.size()
    }
}
