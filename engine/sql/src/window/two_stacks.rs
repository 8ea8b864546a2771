//! Overlapping windows over closed panes by two stacks, so that the number of overlaps hardly
//! matters: the front holds, for each old pane, the aggregate of it and all newer ones of the
//! front; the back is one running aggregate. A window is the merge of two segments, and each pane
//! is merged twice in its life.

use std::sync::Arc;

use datafusion::common::Result;
use zaraba_core::snapshot::Segment;

use crate::agg::state::{AggPlan, Finished};
use crate::window::pane::merged;

/// A pane's start and its rows.
pub(crate) type Closed = (i64, Arc<Segment>);

/// The panes of the window that closes next, oldest first.
#[derive(Default)]
pub(crate) struct TwoStacks {
    /// Top (last) is the oldest pane, merged with every newer one of the front.
    front: Vec<Closed>,
    /// The newer panes, each by itself, oldest first.
    back: Vec<Closed>,
    /// All of the back, merged.
    back_merged: Option<Arc<Segment>>,
}

impl TwoStacks {
    /// Adds a pane newer than all others.
    pub(crate) fn push(
        &mut self,
        plan: &Arc<AggPlan>,
        start: i64,
        pane: Arc<Segment>,
    ) -> Result<()> {
        self.back_merged = Some(match self.back_merged.take() {
            Some(held) => Segment::new(merged(plan, &[held, Arc::clone(&pane)])?.seal()?),
            None => Arc::clone(&pane),
        });
        self.back.push((start, pane));
        Ok(())
    }

    /// Adds a pane newer than all others, of windows that grow: panes leave together, so that one
    /// running aggregate is all there is to keep.
    pub(crate) fn grow(
        &mut self,
        plan: &Arc<AggPlan>,
        start: i64,
        pane: Arc<Segment>,
    ) -> Result<()> {
        let oldest = self.oldest().unwrap_or(start);
        self.push(plan, start, pane)?;
        self.back.clear();
        self.back
            .extend(self.back_merged.clone().map(|all| (oldest, all)));
        Ok(())
    }

    /// Drops the panes that start before `start`.
    pub(crate) fn evict(&mut self, plan: &Arc<AggPlan>, start: i64) -> Result<()> {
        while self.front.last().is_some_and(|(pane, _)| *pane < start) {
            self.front.pop();
        }
        if !self.front.is_empty() || self.back.first().is_none_or(|(pane, _)| *pane >= start) {
            return Ok(());
        }
        self.back_merged = None;
        let mut suffix: Option<Arc<Segment>> = None;
        for (pane, segment) in std::mem::take(&mut self.back).into_iter().rev() {
            if pane < start {
                break;
            }
            let held = match suffix {
                Some(newer) => Segment::new(merged(plan, &[segment, newer])?.seal()?),
                None => segment,
            };
            suffix = Some(Arc::clone(&held));
            self.front.push((pane, held));
        }
        Ok(())
    }

    /// Start of the oldest pane.
    pub(crate) fn oldest(&self) -> Option<i64> {
        self.front
            .last()
            .or(self.back.first())
            .map(|(start, _)| *start)
    }

    /// Evaluates all panes together.
    pub(crate) fn finish(&self, plan: &Arc<AggPlan>) -> Result<Finished> {
        let front = self.front.last().map(|(_, segment)| segment);
        let parts: Vec<_> = front
            .into_iter()
            .chain(&self.back_merged)
            .map(Arc::clone)
            .collect();
        merged(plan, &parts)?.finish()
    }

    /// The panes, for a snapshot: front (bottom first), back, and the back merged.
    pub(crate) fn parts(&self) -> (&[Closed], &[Closed], Option<&Arc<Segment>>) {
        (&self.front, &self.back, self.back_merged.as_ref())
    }

    /// What [`Self::parts`] gave.
    pub(crate) const fn restored(
        front: Vec<Closed>,
        back: Vec<Closed>,
        back_merged: Option<Arc<Segment>>,
    ) -> Self {
        Self {
            front,
            back,
            back_merged,
        }
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        let panes = self.front.iter().chain(&self.back).map(|(_, s)| s);
        panes
            .chain(&self.back_merged)
            .map(|s| s.rows.get_array_memory_size())
            .sum()
    }
}
