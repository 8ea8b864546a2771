//! Sessions' aggregates: groups within sessions, by the session's number and the keys of GROUP BY.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{SchemaRef, UInt64Type};
use datafusion::common::DataFusionError;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

use crate::agg::state::{AggPlan, AggState};
use crate::rows::{FailedRow, Step, bound, record, run, sift};
use crate::session::kept::Kept;
use crate::session::open::Closed;
use crate::session::runs::by_session;
use crate::window::aggregate::GroupColumn;

/// What is aggregated, as planned.
pub struct SessionGroups {
    /// What happens to a row between its session and the aggregate.
    pub steps: Vec<Step>,
    /// The columns behind those steps, and last the session's number.
    pub numbered: SchemaRef,
    /// What is aggregated; its first key is the session's number.
    pub agg: Arc<AggPlan>,
    /// The result's columns before the aggregates; keys are counted behind the session's number.
    pub groups: Vec<GroupColumn>,
    /// The result's columns.
    pub schema: SchemaRef,
}

/// The groups of open sessions.
pub(super) struct Groups {
    plan: Arc<SessionGroups>,
    head: AggState,
}

fn ours(error: DataFusionError) -> Error {
    Error::internal(error.to_string())
}

impl Groups {
    /// None yet.
    pub(super) fn new(plan: Arc<SessionGroups>) -> Result<Self> {
        let head = AggState::new(&plan.agg).map_err(ours)?;
        Ok(Self { plan, head })
    }

    fn merged(&self, parts: &[RecordBatch]) -> datafusion::common::Result<AggState> {
        let mut state = AggState::new(&self.plan.agg)?;
        for part in parts {
            state.merge(part)?;
        }
        Ok(state)
    }
}

/// A batch whose times are the rows' places in `rows`: steps carry them along.
fn placed(rows: &Batch) -> Batch {
    let mut placed = rows.clone();
    placed.time = (0i64..).take(rows.len()).collect();
    placed
}

fn place(time: i64) -> usize {
    usize::try_from(time).unwrap_or_default()
}

impl Kept for Groups {
    fn take(&mut self, rows: &Batch, ids: &[u64], failed: &mut Vec<FailedRow>) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let mut work = |part: &Batch| {
            let mut part = run(&plan.steps, part)?;
            if part.is_empty() {
                return Ok(None);
            }
            let numbers = part.time.iter().map(|t| ids[place(*t)]);
            let numbers: ArrayRef = Arc::new(numbers.collect::<UInt64Array>());
            part.time = part.time.iter().map(|t| rows.time[place(*t)]).collect();
            let mut columns = part.rows.columns().to_vec();
            columns.push(numbers);
            part.rows = record(&plan.numbered, columns, part.len())?;
            plan.agg.evaluate(&part).map(Some)
        };
        let before = failed.len();
        for rows in sift(&placed(rows), failed, &mut work).into_iter().flatten() {
            self.head.update(&rows).map_err(ours)?;
        }
        for FailedRow { row, .. } in &mut failed[before..] {
            row.time = row.time.iter().map(|t| rows.time[place(*t)]).collect();
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<Option<RecordBatch>> {
        if self.head.is_empty() {
            return Ok(None);
        }
        let fresh = AggState::new(&self.plan.agg).map_err(ours)?;
        let mut head = std::mem::replace(&mut self.head, fresh);
        by_session(head.seal().map_err(ours)?).map(Some)
    }

    fn merge(&self, runs: &[RecordBatch]) -> Result<RecordBatch> {
        let mut merged = self.merged(runs).map_err(ours)?;
        by_session(merged.seal().map_err(ours)?)
    }

    fn close(&self, parts: &[RecordBatch], closed: &BTreeMap<u64, Closed>) -> Result<Batch> {
        let schema = &self.plan.schema;
        if parts.is_empty() {
            return Ok(Batch::empty(Arc::clone(schema)));
        }
        let state = self.merged(parts).map_err(ours)?;
        let finished = state.finish().map_err(ours)?;
        let ids = finished.keys[0].as_primitive::<UInt64Type>();
        let mut rows: Vec<(&Closed, u32)> = Vec::with_capacity(ids.len());
        for (row, id) in (0u32..).zip(ids.values()) {
            let session = closed.get(id);
            let unknown = || Error::internal("a group of a session that is not closed");
            rows.push((session.ok_or_else(unknown)?, row));
        }
        rows.sort_by_key(|(session, row)| (session.end, finished.seq[*row as usize], session.id));
        let order: UInt32Array = rows.iter().map(|(_, row)| Some(*row)).collect();
        let mut columns = Vec::with_capacity(schema.fields().len());
        for group in &self.plan.groups {
            columns.push(match group {
                GroupColumn::Start => bound(rows.iter().map(|(s, _)| s.start).collect::<Vec<_>>()),
                GroupColumn::End => bound(rows.iter().map(|(s, _)| s.end).collect::<Vec<_>>()),
                GroupColumn::Key(key) => take(&finished.keys[key + 1], &order, None)?,
            });
        }
        for result in &finished.results {
            columns.push(take(result, &order, None)?);
        }
        Ok(Batch {
            rows: record(schema, columns, rows.len()).map_err(ours)?,
            time: rows.iter().map(|(s, _)| s.end - 1).collect(),
            seq: rows
                .iter()
                .map(|(_, row)| finished.seq[*row as usize])
                .collect(),
            deleted: None,
        })
    }

    fn size(&self) -> usize {
        self.head.size()
    }
}
