//! One pane: immutable segments and one live head. Sealing the head makes it a segment; merging
//! the segments makes one of several. Checkpoint, hop merge and spill are these two operations.

use std::sync::Arc;

use datafusion::common::Result;
use zaraba_core::snapshot::Segment;

use crate::agg::state::{AggPlan, AggState, Evaluated, Finished};

/// The rows of one slice of time, aggregated.
pub(crate) struct Pane {
    segments: Vec<Arc<Segment>>,
    head: AggState,
}

impl Pane {
    /// No rows yet.
    pub(crate) fn new(plan: &Arc<AggPlan>) -> Result<Self> {
        Ok(Self {
            segments: Vec::new(),
            head: AggState::new(plan)?,
        })
    }

    /// What a snapshot held.
    pub(crate) fn restored(plan: &Arc<AggPlan>, segments: Vec<Arc<Segment>>) -> Result<Self> {
        Ok(Self {
            segments,
            head: AggState::new(plan)?,
        })
    }

    /// Takes rows in.
    pub(crate) fn update(&mut self, rows: &Evaluated) -> Result<()> {
        self.head.update(rows)
    }

    /// Seals the head; the segments are then the whole pane.
    pub(crate) fn seal(&mut self, plan: &Arc<AggPlan>) -> Result<&[Arc<Segment>]> {
        if !self.head.is_empty() {
            let mut head = std::mem::replace(&mut self.head, AggState::new(plan)?);
            self.segments.push(Segment::new(head.seal()?));
        }
        Ok(&self.segments)
    }

    /// The whole pane as one segment.
    pub(crate) fn into_segment(mut self, plan: &Arc<AggPlan>) -> Result<Arc<Segment>> {
        self.seal(plan)?;
        match self.segments.as_slice() {
            [one] => Ok(Arc::clone(one)),
            several => Ok(Segment::new(merged(plan, several)?.seal()?)),
        }
    }

    /// Evaluates the pane.
    pub(crate) fn finish(mut self, plan: &Arc<AggPlan>) -> Result<Finished> {
        if self.segments.is_empty() {
            return self.head.finish();
        }
        self.seal(plan)?;
        merged(plan, &self.segments)?.finish()
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.head.size()
            + self
                .segments
                .iter()
                .map(|s| s.rows.get_array_memory_size())
                .sum::<usize>()
    }
}

/// Several segments as one state.
pub(crate) fn merged(plan: &Arc<AggPlan>, segments: &[Arc<Segment>]) -> Result<AggState> {
    let mut state = AggState::new(plan)?;
    for segment in segments {
        state.merge(&segment.rows)?;
    }
    Ok(state)
}
