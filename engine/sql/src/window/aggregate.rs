//! The operator of a windowed aggregate: rows go into panes as they come; when the watermark
//! reaches a window's end, its panes are merged, evaluated and emitted, once.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime, duration_text};

use crate::agg::call::growth;
use crate::agg::state::{AggPlan, Evaluated, Finished};
use crate::failed;
use crate::rows::{Step, bound, external, record, run, sift};
use crate::window::pane::Pane;
use crate::window::spec::WindowSpec;
use crate::window::two_stacks::TwoStacks;
use crate::window::windows::Windows;
use zaraba_core::in_order::{Ties, in_order};

/// Most rows emitted in one batch; behind it, barriers and backpressure get their turn.
const EMIT_ROWS_MAX: usize = 8192;

/// A column of the result that is not an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupColumn {
    /// `window_start`
    Start,
    /// `window_end`
    End,
    /// A key, by its number.
    Key(usize),
}

/// What the operator does, as planned.
#[derive(Clone)]
pub struct WindowPlan {
    /// The query's name.
    pub node: Arc<str>,
    /// What happens to a row before.
    pub pre: Vec<Step>,
    /// The windows.
    pub spec: Windows,
    /// What is aggregated.
    pub agg: Arc<AggPlan>,
    /// The result's columns before the aggregates.
    pub groups: Vec<GroupColumn>,
    /// The result's columns.
    pub schema: SchemaRef,
    /// What happens to a result row.
    pub post: Vec<Step>,
}

impl WindowPlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        let kept = growth(&self.agg.calls);
        let spec = match &self.spec {
            Windows::Fixed(spec) => spec,
            Windows::Trading(windows) => {
                let rows = windows.step.map_or("one row", |_| "two rows");
                return format!("{windows}: {rows} of state per key, until it closes{kept}");
            }
        };
        let WindowSpec {
            size, slide, grows, ..
        } = *spec;
        let panes = size.div_euclid(spec.pane());
        if grows {
            format!(
                "windows that grow by {} up to {}: two rows of state per key, until the \
                 longest closes{kept}",
                duration_text(slide),
                duration_text(size)
            )
        } else if slide == size {
            format!(
                "one row of state per key and window of {}, until it closes{kept}",
                duration_text(size)
            )
        } else {
            format!(
                "windows of {} each {}: at most {} rows of state per key, until they close{kept}",
                duration_text(size),
                duration_text(slide),
                2 * panes + 1
            )
        }
    }
}

/// The operator.
pub struct WindowAggregate {
    plan: Arc<WindowPlan>,
    panes: BTreeMap<i64, Pane>,
    stacks: TwoStacks,
    watermark: EventTime,
    /// No row follows: every window may close. The watermark stays where it was, since time does
    /// not go on.
    ended: bool,
    /// End of the last window that was closed.
    closed: i64,
    /// A closed window's rows not yet emitted, before the post steps.
    pending: Option<Batch>,
}

fn ours(error: &DataFusionError) -> Error {
    Error::internal(error.to_string())
}

impl WindowAggregate {
    /// No rows yet.
    #[must_use]
    pub fn new(plan: Arc<WindowPlan>) -> Self {
        Self {
            plan,
            panes: BTreeMap::new(),
            stacks: TwoStacks::default(),
            watermark: EventTime::MIN,
            ended: false,
            closed: i64::MIN,
            pending: None,
        }
    }

    /// Puts rows into their panes.
    fn assign(&mut self, times: &[i64], rows: &Evaluated) -> datafusion::common::Result<()> {
        let plan = Arc::clone(&self.plan);
        let spec = &plan.spec;
        let mut by_pane: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
        let ((mut start, mut end), mut run_from) = (spec.pane_of(times[0]), 0);
        let mut note = |start: i64, from: usize, to: usize| {
            let rows = by_pane.entry(start).or_default();
            rows.extend((from..to).filter_map(|i| u32::try_from(i).ok()));
        };
        for (i, time) in times.iter().enumerate() {
            if *time < start || *time >= end {
                note(start, run_from, i);
                ((start, end), run_from) = (spec.pane_of(*time), i);
            }
        }
        if run_from == 0 {
            return self.pane(start)?.update(rows);
        }
        note(start, run_from, times.len());
        for (start, indices) in by_pane {
            let (first, n) = (indices[0] as usize, indices.len());
            let contiguous = indices.last().is_some_and(|l| *l as usize == first + n - 1);
            let part = if contiguous {
                rows.slice(first, n)
            } else {
                rows.take(&UInt32Array::from(indices))?
            };
            self.pane(start)?.update(&part)?;
        }
        Ok(())
    }

    fn pane(&mut self, start: i64) -> datafusion::common::Result<&mut Pane> {
        use std::collections::btree_map::Entry;
        match self.panes.entry(start) {
            Entry::Occupied(held) => Ok(held.into_mut()),
            Entry::Vacant(free) => Ok(free.insert(Pane::new(&self.plan.agg)?)),
        }
    }

    /// The next window with rows, if the watermark has reached its end.
    fn next_end(&mut self) -> datafusion::common::Result<Option<i64>> {
        loop {
            let oldest = self
                .stacks
                .oldest()
                .or_else(|| self.panes.keys().next().copied());
            let Some(oldest) = oldest else {
                return Ok(None);
            };
            let spec = &self.plan.spec;
            let end = spec.next_end(oldest.max(self.closed));
            let start = spec.start(end);
            if oldest < start {
                // No window that is still open holds it.
                self.panes = self.panes.split_off(&start);
                self.stacks.evict(&self.plan.agg, start)?;
                continue;
            }
            return Ok((self.ended || end <= self.watermark.0).then_some(end));
        }
    }

    /// Merges and evaluates the window that ends at `end`.
    fn close(&mut self, end: i64) -> datafusion::common::Result<Batch> {
        let plan = Arc::clone(&self.plan);
        let spec = &plan.spec;
        let start = spec.start(end);
        self.closed = end;
        if !spec.several_panes() {
            let pane = self.panes.remove(&start);
            let finished = match pane {
                Some(pane) => pane.finish(&self.plan.agg)?,
                None => Pane::new(&self.plan.agg)?.finish(&self.plan.agg)?,
            };
            return self.result(finished, start, end);
        }
        let later = self.panes.split_off(&end);
        for (start, pane) in std::mem::replace(&mut self.panes, later) {
            let segment = pane.into_segment(&self.plan.agg)?;
            if spec.grows() {
                self.stacks.grow(&self.plan.agg, start, segment)?;
            } else {
                self.stacks.push(&self.plan.agg, start, segment)?;
            }
        }
        self.stacks.evict(&self.plan.agg, start)?;
        let finished = self.stacks.finish(&self.plan.agg)?;
        self.result(finished, start, end)
    }

    /// Finished groups as rows of the result.
    fn result(
        &self,
        finished: Finished,
        start: i64,
        end: i64,
    ) -> datafusion::common::Result<Batch> {
        let rows = finished.seq.len();
        let mut columns = Vec::with_capacity(self.plan.schema.fields().len());
        for group in &self.plan.groups {
            columns.push(match group {
                GroupColumn::Start => bound(vec![start; rows]),
                GroupColumn::End => bound(vec![end; rows]),
                GroupColumn::Key(i) => Arc::clone(&finished.keys[*i]),
            });
        }
        columns.extend(finished.results);
        let batch = Batch {
            rows: record(&self.plan.schema, columns, rows)?,
            time: ScalarBuffer::from(vec![end - 1; rows]),
            seq: finished.seq,
            deleted: None,
        };
        // Groups stand as their first rows came, which the interleaving of sources decides.
        in_order(&self.plan.schema, Ties::ByContent, &[batch]).map_err(external)
    }

    /// Emits a slice of the pending window, or closes the next.
    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        let pending = match self.pending.take() {
            Some(pending) => pending,
            None => match self.next_end().map_err(|e| ours(&e))? {
                Some(end) => self.close(end).map_err(|e| ours(&e))?,
                None => {
                    if !self.ended {
                        out.watermark(self.watermark);
                    }
                    return Ok(Progress::Done);
                }
            },
        };
        let n = pending.len().min(EMIT_ROWS_MAX);
        let mut failed = Vec::new();
        let post = &self.plan.post;
        for rows in sift(&pending.slice(0, n), &mut failed, &mut |rows| {
            run(post, rows)
        }) {
            out.rows(rows);
        }
        failed::send(&self.plan.node, &mut failed, out)?;
        if n < pending.len() {
            self.pending = Some(pending.slice(n, pending.len() - n));
        }
        Ok(Progress::More)
    }
}

impl Operator for WindowAggregate {
    fn process(&mut self, _port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let mut failed = Vec::new();
        let plan = Arc::clone(&self.plan);
        let mut work = |rows: &Batch| {
            let rows = run(&plan.pre, rows)?;
            let evaluated = (!rows.is_empty()).then(|| plan.agg.evaluate(&rows));
            Ok((rows.time, evaluated.transpose()?))
        };
        for (times, evaluated) in sift(&rows, &mut failed, &mut work) {
            if let Some(rows) = evaluated {
                self.assign(&times, &rows).map_err(|e| ours(&e))?;
            }
        }
        failed::send(&self.plan.node, &mut failed, out)?;
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
        snapshot.push("clock", vec![self.watermark.0, self.closed], Vec::new());
        for (start, pane) in &mut self.panes {
            let segments = pane.seal(&self.plan.agg).map_err(|e| ours(&e))?.to_vec();
            snapshot.push("pane", vec![*start], segments);
        }
        let (front, back, merged) = self.stacks.parts();
        for (name, panes) in [("front", front), ("back", back)] {
            for (start, segment) in panes {
                snapshot.push(name, vec![*start], vec![Arc::clone(segment)]);
            }
        }
        if let Some(segment) = merged {
            snapshot.push("merged", Vec::new(), vec![Arc::clone(segment)]);
        }
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let clock = snapshot.part("clock")?;
        if let [watermark, closed] = clock.numbers[..] {
            (self.watermark, self.closed) = (EventTime(watermark), closed);
        }
        for part in snapshot.parts("pane") {
            let pane = Pane::restored(&self.plan.agg, part.segments.clone());
            self.panes
                .insert(part.numbers[0], pane.map_err(|e| ours(&e))?);
        }
        let panes = |name: &str| {
            let parts = snapshot.parts(name);
            parts
                .map(|p| (p.numbers[0], Arc::clone(&p.segments[0])))
                .collect()
        };
        let merged = snapshot
            .parts("merged")
            .next()
            .map(|p| Arc::clone(&p.segments[0]));
        self.stacks = TwoStacks::restored(panes("front"), panes("back"), merged);
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let pending = self.pending.as_ref().map_or(0, Batch::bytes);
        self.panes.values().map(Pane::size).sum::<usize>() + self.stacks.size() + pending
    }
}
