//! `snapshot_at`: of each key the newest row as of the last moment, in place of the newest of all.
//! Rows fold into one per key until the watermark reaches the moment, and come out with its time.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{Epoch, EventTime};

use crate::table::keyed::KeyedRows;
use crate::table::moments::Moments;
use zaraba_core::in_order::{InOrder, Ties};
use zaraba_core::packed;

/// Most rows emitted in one call.
const EMIT_ROWS_MAX: usize = 8192;

/// What the stage does, as planned.
pub struct SnapshotAtPlan {
    /// When.
    pub moments: Moments,
    /// The columns.
    pub schema: SchemaRef,
    /// The key columns.
    pub key: Vec<usize>,
}

impl SnapshotAtPlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        let moment = self.moments.moment;
        format!("one row per key that changed since the last {moment}, emitted at the next")
    }
}

/// The operator.
pub struct SnapshotAt {
    plan: Arc<SnapshotAtPlan>,
    /// Rows that the watermark has not passed.
    waiting: InOrder,
    /// Rows that it has, in order, not yet folded.
    ready: Option<Batch>,
    /// The newest of each key since the last moment; a last column says which are deletions.
    folded: KeyedRows,
    /// When they come out; none: there are none.
    moment: Option<i64>,
    /// Rows on their way out.
    pending: Option<Batch>,
    watermark: EventTime,
    ended: bool,
}

/// The columns of what is folded: the rows', and whether they are deletions.
fn folded_columns(plan: &SnapshotAtPlan) -> SchemaRef {
    let deleted = Arc::new(Field::new("__deleted", DataType::Boolean, true));
    let fields = plan.schema.fields().iter().cloned().chain([deleted]);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// No rows, with the column for deletions.
fn nothing(plan: &SnapshotAtPlan) -> Result<KeyedRows> {
    KeyedRows::new(folded_columns(plan), plan.key.clone(), None)
}

impl SnapshotAt {
    /// No rows yet.
    ///
    /// # Errors
    /// When a key column's type has no order.
    pub fn new(plan: Arc<SnapshotAtPlan>) -> Result<Self> {
        Ok(Self {
            waiting: InOrder::new(Arc::clone(&plan.schema), Ties::ByContent),
            ready: None,
            folded: nothing(&plan)?,
            moment: None,
            pending: None,
            watermark: EventTime::MIN,
            ended: false,
            plan,
        })
    }

    fn fold(&mut self, rows: &Batch) -> Result<()> {
        let deleted: BooleanArray = (0..rows.len()).map(|i| Some(rows.is_deleted(i))).collect();
        let mut columns = rows.rows.columns().to_vec();
        columns.push(Arc::new(deleted));
        let folded = RecordBatch::try_new(folded_columns(&self.plan), columns)?;
        let mut batch = rows.with_rows(folded)?;
        batch.deleted = None;
        self.folded.apply(&batch)
    }

    /// Takes what was folded out, as rows of the moment.
    fn take_out(&mut self, moment: i64) -> Result<()> {
        let folded = std::mem::replace(&mut self.folded, nothing(&self.plan)?).all()?;
        let last = self.plan.schema.fields().len();
        let deleted = folded.rows.column(last).as_boolean().values().clone();
        let columns: Vec<usize> = (0..last).collect();
        self.pending = Some(Batch {
            rows: folded.rows.project(&columns)?,
            time: vec![moment; folded.seq.len()].into(),
            seq: folded.seq,
            deleted: (deleted.count_set_bits() > 0).then_some(deleted),
        });
        Ok(())
    }

    fn gather(&mut self) -> Result<()> {
        let until = (!self.ended).then_some(self.watermark.0);
        self.ready = self.waiting.before(until)?;
        Ok(())
    }

    /// Emits some rows, folds some, or takes out what a moment has come for.
    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        if let Some(pending) = self.pending.take() {
            let n = pending.len().min(EMIT_ROWS_MAX);
            out.rows(pending.slice(0, n));
            if n < pending.len() {
                self.pending = Some(pending.slice(n, pending.len() - n));
            }
            return Ok(Progress::More);
        }
        let next = self.ready.as_ref().map(|rows| rows.time[0]);
        if let Some(moment) = self.moment {
            let reached =
                self.ended && next.is_none() || self.watermark.0 >= moment && next.is_none();
            if reached || next.is_some_and(|time| time >= moment) {
                self.moment = None;
                self.take_out(moment)?;
                return Ok(Progress::More);
            }
        }
        if let (Some(ready), Some(time)) = (self.ready.take(), next) {
            let moment = self.moment.unwrap_or_else(|| self.plan.moments.after(time));
            self.moment = Some(moment);
            let n = ready.time.partition_point(|t| *t < moment);
            self.fold(&ready.slice(0, n))?;
            if n < ready.len() {
                self.ready = Some(ready.slice(n, ready.len() - n));
            }
            return Ok(Progress::More);
        }
        if !self.ended {
            out.watermark(self.watermark);
        }
        Ok(Progress::Done)
    }
}

impl Operator for SnapshotAt {
    fn process(&mut self, _port: Port, rows: Batch, _out: &mut Output) -> Result<Progress> {
        self.waiting.push(rows)?;
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
        let moment = self.moment.unwrap_or(i64::MIN);
        snapshot.push("clock", vec![self.watermark.0, moment], Vec::new());
        let folded = packed::pack(&self.folded.all()?)?;
        snapshot.push("folded", Vec::new(), vec![Segment::new(folded)]);
        self.waiting.save("waiting", &mut snapshot)?;
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        if let [watermark, moment] = snapshot.part("clock")?.numbers[..] {
            self.watermark = EventTime(watermark);
            self.moment = (moment != i64::MIN).then_some(moment);
        }
        for segment in &snapshot.part("folded")?.segments {
            self.folded.apply(&packed::unpack(&segment.rows)?)?;
        }
        self.waiting.load("waiting", snapshot)
    }

    fn state_bytes(&self) -> usize {
        let parts = [&self.ready, &self.pending];
        let parts = parts.into_iter().flatten().map(Batch::bytes);
        self.folded.size() + self.waiting.size() + parts.sum::<usize>()
    }
}
