//! A table's own node: a stream in, an upsert stream by the table's key out, in the order of
//! (time, sequence). Rows wait until the watermark has passed them. With `ttl`, rows that expire
//! are emitted as deletions at the time at which they do.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::buffer::BooleanBuffer;
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{Epoch, EventTime};

use crate::table::keyed::KeyedRows;
use crate::table::reader::TableShape;
use zaraba_core::in_order::{InOrder, Ties};
use zaraba_core::packed;

/// Most rows emitted in one call.
const EMIT_ROWS_MAX: usize = 8192;

/// What the node does, as planned.
pub struct TablePlan {
    /// The table.
    pub shape: TableShape,
    /// `drop_when`, where it does not ask for now(): such rows are deletions at once.
    pub drop_at_once: Option<Arc<dyn PhysicalExpr>>,
}

impl TablePlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        let key: Vec<&str> = self
            .shape
            .key
            .iter()
            .map(|k| self.shape.schema.field(*k).name().as_str())
            .collect();
        let bound = match &self.shape.ttl {
            Some(ttl) => format!("for {ttl}"),
            None => "for ever (no ttl)".to_owned(),
        };
        format!("the newest row per ({}), kept {bound}", key.join(", "))
    }
}

/// The operator.
pub struct TableOperator {
    plan: Arc<TablePlan>,
    /// Only to know what expires.
    rows: Option<KeyedRows>,
    /// Rows that the watermark has not passed.
    waiting: InOrder,
    /// Rows that it has, in order, not yet emitted.
    ready: Option<Batch>,
    watermark: EventTime,
    ended: bool,
}

impl TableOperator {
    /// No rows yet.
    ///
    /// # Errors
    /// When a key column's type has no order.
    pub fn new(plan: Arc<TablePlan>) -> Result<Self> {
        let shape = &plan.shape;
        let rows = match shape.ttl {
            Some(_) => {
                let schema = Arc::clone(&shape.schema);
                Some(KeyedRows::new(
                    schema,
                    shape.key.clone(),
                    shape.ttl.clone(),
                )?)
            }
            None => None,
        };
        let watermark = EventTime::MIN;
        let waiting = InOrder::new(Arc::clone(&plan.shape.schema), Ties::ByContent);
        Ok(Self {
            plan,
            rows,
            waiting,
            ready: None,
            watermark,
            ended: false,
        })
    }

    /// Takes from the waiting rows those that the watermark has passed, in order.
    fn gather(&mut self) -> Result<()> {
        self.ready = if self.ended {
            self.waiting.before(None)?
        } else {
            self.waiting.before(Some(self.watermark.0))?
        };
        Ok(())
    }

    /// Emits some of what is ready.
    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        let Some(ready) = self.ready.take() else {
            if !self.ended {
                let until = self.watermark.0.saturating_sub(1);
                if let Some(rows) = &mut self.rows
                    && let Some(expired) = rows.expire(until)?
                {
                    out.rows(expired);
                }
                out.watermark(self.watermark);
            }
            return Ok(Progress::Done);
        };
        // Up to the next row that expires, so that deletions come in their order.
        let expiry = self.rows.as_ref().and_then(KeyedRows::next_expiry);
        let n = match expiry {
            Some(expiry) => ready
                .time
                .partition_point(|t| *t < expiry)
                .min(EMIT_ROWS_MAX),
            None if self.rows.is_some() => ready.time.partition_point(|t| *t <= ready.time[0]),
            None => ready.len().min(EMIT_ROWS_MAX),
        };
        if n == 0 {
            if let Some(rows) = &mut self.rows
                && let Some(expired) = rows.expire(ready.time[0])?
            {
                out.rows(expired);
            }
        } else {
            let part = ready.slice(0, n);
            if let Some(rows) = &mut self.rows {
                rows.apply(&part)?;
            }
            out.rows(part);
        }
        if n < ready.len() {
            self.ready = Some(ready.slice(n, ready.len() - n));
        }
        Ok(Progress::More)
    }

    /// Marks as deletions the rows that `drop_when` drops at once.
    fn drop_at_once(&self, batch: Batch) -> Result<Batch> {
        let Some(predicate) = &self.plan.drop_at_once else {
            return Ok(batch);
        };
        let mask = predicate
            .evaluate(&batch.rows)
            .and_then(|v| v.into_array(batch.len()))
            .map_err(|e| Error::outside(format!("{}: drop_when: {e}", self.plan.shape.name)))?;
        let mask = mask.as_boolean();
        let gone = |i| batch.is_deleted(i) || (mask.is_valid(i) && mask.value(i));
        let deleted: BooleanBuffer = (0..batch.len()).map(gone).collect();
        Ok(Batch {
            deleted: (deleted.count_set_bits() > 0).then_some(deleted),
            ..batch
        })
    }
}

impl Operator for TableOperator {
    fn process(&mut self, _port: Port, rows: Batch, _out: &mut Output) -> Result<Progress> {
        let rows = self.drop_at_once(rows)?;
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
        snapshot.push("watermark", vec![self.watermark.0], Vec::new());
        if let Some(rows) = &self.rows {
            let all = packed::pack(&rows.all()?)?;
            snapshot.push("rows", Vec::new(), vec![Segment::new(all)]);
        }
        self.waiting.save("waiting", &mut snapshot)?;
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.watermark = EventTime(snapshot.part("watermark")?.numbers[0]);
        if let Some(rows) = &mut self.rows {
            rows.apply(&packed::unpack(&snapshot.part("rows")?.segments[0].rows)?)?;
        }
        self.waiting.load("waiting", snapshot)
    }

    fn state_bytes(&self) -> usize {
        let rows = self.rows.as_ref().map_or(0, KeyedRows::size);
        rows + self.waiting.size() + self.ready.as_ref().map_or(0, Batch::bytes)
    }
}
