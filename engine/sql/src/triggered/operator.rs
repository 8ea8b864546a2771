//! The operator of a query over tables: rows wait in the tables' readers until a tick; at a tick
//! the query runs over a consistent snapshot, and what it answers is emitted at the tick's time.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, collect};
use tokio::runtime::Runtime;
use zaraba_config::document::{Emit, Trigger};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{Epoch, EventTime, duration_text};

use crate::failed;
use crate::functions::QueryTime;
use crate::plan::catalog::Catalog;
use crate::plan::parse::Parsed;
use crate::plan::triggered::{compile, compile_condition};
use crate::rows::{reason, record};
use crate::table::reader::{TableReader, TableShape};
use crate::triggered::changes::Changes;
use crate::triggered::scan::Slot;
use crate::triggered::schedule::Schedule;

/// What the operator does, as planned.
pub struct TriggeredPlan {
    /// The query's name.
    pub node: Arc<str>,
    /// The query.
    pub parsed: Parsed,
    /// The tables it reads, in the order of its ports.
    pub tables: Vec<TableShape>,
    /// When it runs.
    pub trigger: Trigger,
    /// Whether its answer depends on now().
    pub asks_now: bool,
    /// The key columns of its result, and what it emits.
    pub key: Vec<usize>,
    /// What it emits.
    pub emit: Emit,
    /// The result's columns.
    pub schema: SchemaRef,
    /// What the query can name.
    pub catalog: Catalog,
}

impl TriggeredPlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        let tables: Vec<&str> = self.tables.iter().map(|t| t.name.as_str()).collect();
        let when = match self.trigger {
            Trigger::Every(every) => format!("at each {} of event time", duration_text(every)),
            Trigger::OnChange(0) => "at each event time at which a table changed".to_owned(),
            Trigger::OnChange(i) => format!("at changes, at most each {}", duration_text(i)),
        };
        format!(
            "runs {when}; keeps the rows of {} and its last result",
            tables.join(", ")
        )
    }
}

/// The operator.
pub struct TriggeredOperator {
    plan: Arc<TriggeredPlan>,
    readers: Vec<TableReader>,
    slots: Vec<Slot>,
    time: QueryTime,
    physical: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    runtime: Option<Runtime>,
    schedule: Schedule,
    changes: Changes,
    watermark: EventTime,
    last_event: Option<i64>,
    ended: bool,
}

impl TriggeredOperator {
    /// Plans the query; no rows yet.
    ///
    /// # Errors
    /// When it cannot be planned: it was checked before, so a broken invariant.
    pub fn new(plan: Arc<TriggeredPlan>) -> Result<Self> {
        let ours = |e: DataFusionError| Error::internal(e.to_string());
        let time = QueryTime::default();
        let slots: Vec<Slot> = plan
            .tables
            .iter()
            .map(|t| Slot::new(Arc::clone(&t.schema)))
            .collect();
        let mut readers = Vec::with_capacity(plan.tables.len());
        for shape in &plan.tables {
            let condition = shape.drop_when.as_deref();
            let drop_when = condition
                .map(|c| compile_condition(c, shape, &plan.catalog, &time))
                .transpose()
                .map_err(|m| Error::internal(m.to_string()))?;
            readers.push(TableReader::new(shape, drop_when)?);
        }
        let named = plan
            .tables
            .iter()
            .map(|t| t.name.clone())
            .zip(slots.iter().cloned());
        let catalog = plan.catalog.with_now(&time).with_snapshots(named);
        let physical = compile(&plan.parsed, &catalog).map_err(ours)?;
        Ok(Self {
            readers,
            slots,
            time,
            physical,
            context: catalog.state().task_ctx(),
            runtime: None,
            schedule: Schedule::new(plan.trigger, plan.asks_now),
            changes: Changes::new(&plan.schema, plan.key.clone())?,
            watermark: EventTime::MIN,
            last_event: None,
            ended: false,
            plan,
        })
    }

    /// The next tick that may run.
    fn due(&self) -> Option<i64> {
        let change = self
            .readers
            .iter()
            .filter_map(TableReader::next_change)
            .min();
        let tick = self.schedule.next(change)?;
        if !self.ended {
            return (tick < self.watermark.0).then_some(tick);
        }
        let last_event = self.last_event?;
        let waiting = self.readers.iter().any(|r| r.next_row().is_some());
        let finished = self.schedule.last.is_some_and(|l| l >= last_event) && !waiting;
        (!finished && tick <= self.schedule.final_tick(last_event)).then_some(tick)
    }

    /// Runs one tick, or says that none is due.
    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        let Some(tick) = self.due() else {
            if !self.ended {
                out.watermark(self.watermark);
            }
            return Ok(Progress::Done);
        };
        self.schedule.last = Some(tick);
        self.time.set(tick);
        for (reader, slot) in self.readers.iter_mut().zip(&self.slots) {
            reader.go_to(tick)?;
            slot.fill(reader.rows()?);
        }
        match self.run() {
            Ok(result) => self.emit(result, tick, out)?,
            Err(error) => {
                let bad = zaraba_core::source::BadRow {
                    reason: reason(&error),
                    place: self.plan.node.to_string(),
                    row: format!("the tick at {}", EventTime(tick)),
                };
                let batch = zaraba_core::bad_rows::batch(&[bad], &[tick], &[0])?;
                out.rows_to(zaraba_core::output::OutPort::Errors, batch);
            }
        }
        Ok(Progress::More)
    }

    /// Runs the query over what the slots hold.
    fn run(&mut self) -> datafusion::common::Result<RecordBatch> {
        let plan = reset_plan_states(Arc::clone(&self.physical))?;
        let runtime = match &self.runtime {
            Some(runtime) => runtime,
            None => {
                let built = tokio::runtime::Builder::new_current_thread().build()?;
                self.runtime.insert(built)
            }
        };
        let batches = runtime.block_on(collect(plan, Arc::clone(&self.context)))?;
        let columns = batches.iter().map(|b| {
            let schema = Arc::clone(&self.plan.schema);
            record(&schema, b.columns().to_vec(), b.num_rows())
        });
        let batches = columns.collect::<datafusion::common::Result<Vec<_>>>()?;
        Ok(arrow::compute::concat_batches(&self.plan.schema, &batches)?)
    }

    fn emit(&mut self, result: RecordBatch, tick: i64, out: &mut Output) -> Result<()> {
        match self.plan.emit {
            Emit::All => {
                let n = result.num_rows();
                let seq = (0..n as u64).collect();
                out.rows(Batch::new(result, vec![tick; n].into(), seq)?);
            }
            Emit::Changes => {
                let mut bad = Vec::new();
                out.rows(self.changes.take(result, tick, &mut bad)?);
                failed::send(&self.plan.node, &mut bad, out)?;
            }
        }
        Ok(())
    }
}

impl Operator for TriggeredOperator {
    fn process(&mut self, port: Port, rows: Batch, _out: &mut Output) -> Result<Progress> {
        let newest = rows.time.iter().copied().max();
        self.last_event = self.last_event.max(newest);
        self.readers[port.0].push(rows);
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
        let optional = |v: Option<i64>| v.map_or_else(Vec::new, |v| vec![v]);
        snapshot.push("watermark", vec![self.watermark.0], Vec::new());
        snapshot.push("last tick", optional(self.schedule.last), Vec::new());
        snapshot.push("last event", optional(self.last_event), Vec::new());
        let last = Segment::new(self.changes.last().clone());
        snapshot.push("result", Vec::new(), vec![last]);
        for (port, reader) in (0i64..).zip(&self.readers) {
            reader.save(port, &mut snapshot)?;
        }
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.watermark = EventTime(snapshot.part("watermark")?.numbers[0]);
        self.schedule.last = snapshot.part("last tick")?.numbers.first().copied();
        self.last_event = snapshot.part("last event")?.numbers.first().copied();
        self.changes
            .restore(snapshot.part("result")?.segments[0].rows.clone())?;
        for (port, reader) in (0i64..).zip(&mut self.readers) {
            reader.load(port, snapshot)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.readers.iter().map(TableReader::size).sum::<usize>() + self.changes.size()
    }
}
