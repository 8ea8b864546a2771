//! `/api/query`: one SELECT over the rows that the topics hold. Who knows SQL is not imported but
//! injected ([`Query`]); here a query is let in, is planned and run on a thread of its own, and is told
//! to stop when nobody waits for it any more. Planning hears nothing: a query that is planned for
//! longer than it may take is given up. Its place is another's then, while its thread goes on to its
//! end; so many may be given up, the next ones keep their places.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Queries that run at one time: more would take the pipeline's processors from it.
const RUNNING_MAX: usize = 2;
/// Queries whose threads go on though they were given up.
const GIVEN_UP_MAX: usize = 2;
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
    given_up: Arc<Semaphore>,
}

/// The place that a query's thread holds; none once it has ended.
type Place = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

/// How a query ended that has no rows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Refused(Refused),
    /// Others run.
    Busy,
    /// It goes on, though it was told to stop.
    GivenUp,
    /// It fell over: a bug of ours, or of what we use.
    Broken,
}

/// Leaves the place when it is dropped, also where a query falls over.
struct Leave(Place);

impl Drop for Leave {
    fn drop(&mut self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Tells a query to stop once nobody waits for it, and gives its place away, if it may.
struct GiveUpOnDrop {
    stop: Arc<AtomicBool>,
    place: Place,
    given_up: Arc<Semaphore>,
}

impl Drop for GiveUpOnDrop {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_some()
            && let Ok(permit) = Arc::clone(&self.given_up).try_acquire_owned()
        {
            *place = Some(permit);
        }
    }
}

impl Desk {
    pub(crate) fn new(options: QueryOptions) -> Self {
        Self {
            options,
            running: Arc::new(Semaphore::new(RUNNING_MAX)),
            given_up: Arc::new(Semaphore::new(GIVEN_UP_MAX)),
        }
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
        let place = Arc::new(Mutex::new(Some(permit)));
        let _when_gone = GiveUpOnDrop {
            stop: Arc::clone(&stop),
            place: Arc::clone(&place),
            given_up: Arc::clone(&self.given_up),
        };
        let engine = Arc::clone(&self.options.engine);
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new().name("query".to_owned());
        let started = thread.stack_size(STACK_BYTES).spawn(move || {
            let place = Leave(place);
            let answered = engine.run(&sql, &held, &stop).map(work);
            drop(place);
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
            Err(_) => Err(End::GivenUp),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use arrow::datatypes::Schema;

    use super::*;

    const SLOW: &str = "SELECT";

    /// Is planned until somebody says that it is done.
    struct Slow(Mutex<Vec<Receiver<()>>>);

    impl Query for Slow {
        fn run(&self, sql: &str, _: Held<'_>, _: &Arc<AtomicBool>) -> Result<Answered, Refused> {
            if sql == SLOW {
                let done = self.0.lock().unwrap().pop();
                let _ = done.unwrap().recv();
            }
            Ok(Answered {
                schema: Arc::new(Schema::empty()),
                rows: Vec::new(),
            })
        }
    }

    #[tokio::test]
    async fn who_is_given_up_leaves_its_place_to_others() {
        let (ends, waits): (Vec<_>, Vec<_>) = (0..4).map(|_| channel()).unzip();
        let desk = Desk::new(QueryOptions {
            engine: Arc::new(Slow(Mutex::new(waits))),
            time: Duration::ZERO,
        });
        let ask = |sql: &str| desk.run(sql.to_owned(), |_| None, |_| ());
        // Two are given up, and two more, which keep their places: no more threads than four.
        for _ in 0..2 {
            let pair = tokio::join!(ask(SLOW), ask(SLOW), ask(SLOW));
            assert_eq!(pair, (Err(End::GivenUp), Err(End::GivenUp), Err(End::Busy)));
        }
        assert_eq!(ask("").await, Err(End::Busy));
        // Once they have ended there is room again.
        drop(ends);
        while ask("").await == Err(End::Busy) {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask("").await, Ok(()));
    }

    #[tokio::test]
    async fn who_asks_and_goes_leaves_the_place_too() {
        let (ends, waits): (Vec<_>, Vec<_>) = (0..2).map(|_| channel()).unzip();
        let desk = Desk::new(QueryOptions {
            engine: Arc::new(Slow(Mutex::new(waits))),
            time: Duration::from_secs(600),
        });
        for _ in 0..2 {
            let mut asked = Box::pin(desk.run(SLOW.to_owned(), |_| None, |_| ()));
            assert!(futures::poll!(&mut asked).is_pending());
        }
        // Their threads wait still.
        let asked = desk.run(String::new(), |_| None, |_| ());
        assert_eq!(asked.await, Ok(()));
        drop(ends);
    }
}
