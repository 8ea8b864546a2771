//! A plan that can be stopped: between any two of its operators stands one that looks at the time
//! before it hands a batch on. An operator that works on and on asks its inputs for more, and so
//! ends with an error however few rows come out of it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::Stream;
use zaraba_core::clock::Stopwatch;

use crate::ask::condition::with_watched_condition;

/// Why a query was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Its time is over.
    Time,
    /// Nobody waits for it.
    Gone,
    /// Its answer is larger than memory allows.
    Memory,
    /// Its answer has too many rows.
    Rows,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the query was stopped")
    }
}

impl std::error::Error for Stopped {}

impl From<Stopped> for DataFusionError {
    fn from(stopped: Stopped) -> Self {
        Self::External(Box::new(stopped))
    }
}

impl Stopped {
    /// Whether an error is one of these.
    pub(crate) fn of(error: &DataFusionError) -> Option<Self> {
        match error.find_root() {
            DataFusionError::External(inner) => inner.downcast_ref().copied(),
            _ => None,
        }
    }
}

/// Tells when a query is to stop.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    since: Stopwatch,
    limit: Duration,
    stop: Arc<AtomicBool>,
}

impl Watch {
    pub(crate) fn new(limit: Duration, stop: &Arc<AtomicBool>) -> Self {
        Self {
            since: Stopwatch::start(),
            limit,
            stop: Arc::clone(stop),
        }
    }

    /// Whether it may go on.
    pub(super) fn look(&self) -> Result<(), Stopped> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Stopped::Gone);
        }
        if self.since.elapsed() > self.limit {
            return Err(Stopped::Time);
        }
        Ok(())
    }
}

/// Puts a watch behind every operator of a plan.
pub(crate) fn watched(
    plan: Arc<dyn ExecutionPlan>,
    watch: &Watch,
) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = plan.transform_up(|inner| {
        let inner = with_watched_condition(inner, watch)?;
        let watch = watch.clone();
        let watched: Arc<dyn ExecutionPlan> = Arc::new(Watched { inner, watch });
        Ok(Transformed::yes(watched))
    })?;
    Ok(plan.data)
}

/// An operator that is watched.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn ExecutionPlan>,
    watch: Watch,
}

impl DisplayAs for Watched {
    fn fmt_as(&self, _kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("watched")
    }
}

impl ExecutionPlan for Watched {
    fn name(&self) -> &str {
        "Watched"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.inner.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.inner]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (Some(inner), true) = (children.pop(), children.is_empty()) else {
            return internal_err!("a watch is of one operator");
        };
        let watch = self.watch.clone();
        Ok(Arc::new(Self { inner, watch }))
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        Ok(Box::pin(WatchedRows {
            rows: self.inner.execute(partition, context)?,
            watch: self.watch.clone(),
        }))
    }
}

/// What a watched operator hands on.
struct WatchedRows {
    rows: SendableRecordBatchStream,
    watch: Watch,
}

impl Stream for WatchedRows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Err(stopped) = self.watch.look() {
            return Poll::Ready(Some(Err(stopped.into())));
        }
        self.rows.as_mut().poll_next(cx)
    }
}

impl RecordBatchStream for WatchedRows {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }
}
