//! `/api/query`: one SELECT over the rows that the topics hold. Who knows SQL is not imported but
//! injected ([`Query`]); here a query is let in, runs on a thread of its own, and is told to stop
//! when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::sync::{Semaphore, oneshot};

/// Queries that run at one time: more would take the pipeline's processors from it.
const RUNNING_MAX: usize = 2;
/// The stack of a query's thread: who plans one walks its tree, at tens of kilobytes a level where
/// nothing is optimised. Only what is used of it is memory.
const STACK_BYTES: usize = 64 << 20;
/// How long after its own limit a query is waited for.
const GRACE: Duration = Duration::from_secs(2);

/// Rows that a query answers.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Their columns.
    pub schema: SchemaRef,
    /// The rows.
    pub rows: Vec<RecordBatch>,
}

/// Why a query has no answer, as its asker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is wrong, or more than may be asked.
    Wrong(String),
    /// It failed while it ran, or reached a limit.
    Failed(String),
}

/// The rows that a topic holds now; none: there is no such topic.
pub type Held<'a> = &'a dyn Fn(&str) -> Option<RecordBatch>;

/// Runs SELECTs over topics. Blocks, so it is called on a thread where that is no harm.
pub trait Query: Send + Sync {
    /// Runs one. `stop` is looked at between batches.
    ///
    /// # Errors
    /// When it is wrong or fails.
    fn run(&self, sql: &str, held: Held<'_>, stop: &Arc<AtomicBool>) -> Result<Answered, Refused>;
}

/// Whoever answers queries, and how long one may take.
#[derive(Clone)]
pub struct QueryOptions {
    /// Runs them, and stops them after `time`.
    pub engine: Arc<dyn Query>,
    /// How long one may take.
    pub time: Duration,
}

/// Lets queries in.
#[derive(Clone)]
pub(crate) struct Desk {
    options: QueryOptions,
    running: Arc<Semaphore>,
}

/// How a query ended that has no rows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Refused(Refused),
    /// Others run.
    Busy,
    /// It is still running, though it was told to stop.
    Stuck,
    /// It fell over: a bug of ours, or of what we use.
    Broken,
}

/// Tells a query to stop once nobody waits for it.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Desk {
    pub(crate) fn new(options: QueryOptions) -> Self {
        let running = Arc::new(Semaphore::new(RUNNING_MAX));
        Self { options, running }
    }

    /// Runs a query over what `held` gives; `work` makes of its rows what is sent.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        sql: String,
        held: impl Fn(&str) -> Option<RecordBatch> + Send + 'static,
        work: impl FnOnce(Answered) -> T + Send + 'static,
    ) -> Result<T, End> {
        let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() else {
            return Err(End::Busy);
        };
        let stop = Arc::new(AtomicBool::new(false));
        let _stop_when_gone = StopOnDrop(Arc::clone(&stop));
        let engine = Arc::clone(&self.options.engine);
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new().name("query".to_owned());
        let started = thread.stack_size(STACK_BYTES).spawn(move || {
            let answered = engine.run(&sql, &held, &stop).map(work);
            drop(permit);
            let _ = tell.send(answered); // nobody may be waiting
        });
        if let Err(error) = started {
            tracing::error!(%error, "no thread for a query");
            return Err(End::Busy);
        }
        match tokio::time::timeout(self.options.time + GRACE, told).await {
            Ok(Ok(answered)) => answered.map_err(End::Refused),
            // What it panicked with was printed.
            Ok(Err(_)) => Err(End::Broken),
            Err(_) => Err(End::Stuck),
        }
    }
}
