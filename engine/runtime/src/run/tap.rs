//! Where somebody may look at the rows of a stream while they pass. A stream that nobody looks at
//! pays one look at a number per message; one that somebody does never waits for them: what does
//! not fit into their queue is counted and left out.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use zaraba_core::batch::Batch;
use zaraba_core::message::Message;

/// Batches that wait for one who looks.
const WAITING_MAX: usize = 32;

/// A stream's.
#[derive(Debug)]
pub struct Tap {
    /// How many look.
    watched: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    watchers: Vec<Watcher>,
    /// Those who write to the stream and have not ended.
    writers: usize,
}

#[derive(Debug)]
struct Watcher {
    queue: Sender<Batch>,
    left_out: Arc<AtomicU64>,
}

/// What one who looks gets.
#[derive(Debug)]
pub struct Watched {
    /// The rows from now on; closed when the stream has ended.
    pub rows: Receiver<Batch>,
    /// Rows that did not fit.
    pub left_out: Arc<AtomicU64>,
}

impl Tap {
    /// Of a stream to which so many write.
    #[must_use]
    pub fn new(writers: usize) -> Self {
        let state = State {
            watchers: Vec::new(),
            writers,
        };
        Self {
            watched: AtomicUsize::new(0),
            state: Mutex::new(state),
        }
    }

    /// Begins to look. Of a stream that has ended nothing comes.
    #[must_use]
    pub fn watch(&self) -> Watched {
        let (queue, rows) = channel(WAITING_MAX);
        let left_out = Arc::new(AtomicU64::new(0));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.writers > 0 {
            state.watchers.push(Watcher {
                queue,
                left_out: Arc::clone(&left_out),
            });
        }
        self.watched.store(state.watchers.len(), Ordering::Relaxed);
        Watched { rows, left_out }
    }

    /// A message passes.
    pub fn see(&self, message: &Message) {
        match message {
            Message::Rows(rows) if self.watched.load(Ordering::Relaxed) > 0 => self.show(rows),
            Message::End | Message::Stop => {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.writers = state.writers.saturating_sub(1);
                if state.writers == 0 {
                    state.watchers.clear();
                    self.watched.store(0, Ordering::Relaxed);
                }
            }
            _ => {}
        }
    }

    fn show(&self, rows: &Batch) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.watchers.retain(|watcher| {
            let sent = watcher.queue.try_send(rows.clone());
            if let Err(TrySendError::Full(_)) = sent {
                let n = rows.len() as u64;
                watcher.left_out.fetch_add(n, Ordering::Relaxed);
            }
            !matches!(sent, Err(TrySendError::Closed(_)))
        });
        self.watched.store(state.watchers.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};

    use super::*;

    fn rows(n: usize) -> Message {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![7; n]));
        let rows = RecordBatch::try_from_iter([("v", column)]).unwrap();
        Message::Rows(Batch::new(rows, vec![0; n].into(), vec![0; n].into()).unwrap())
    }

    #[test]
    fn whoever_looks_sees_what_passes_from_then_on_and_holds_nobody_up() {
        let tap = Tap::new(2);
        tap.see(&rows(5));
        let (mut quick, slow) = (tap.watch(), tap.watch());
        for _ in 0..WAITING_MAX + 3 {
            tap.see(&rows(2));
            assert_eq!(quick.rows.try_recv().map(|b| b.len()), Ok(2));
        }
        let left_out = |watched: &Watched| watched.left_out.load(Ordering::Relaxed);
        assert_eq!((left_out(&quick), left_out(&slow)), (0, 6));
        drop(slow);
        tap.see(&rows(1));
        assert_eq!(
            tap.watched.load(Ordering::Relaxed),
            1,
            "who is gone is let go"
        );
    }

    #[test]
    fn it_ends_when_the_last_writer_has() {
        let tap = Tap::new(2);
        let mut watched = tap.watch();
        tap.see(&Message::End);
        tap.see(&rows(3));
        tap.see(&Message::Stop);
        assert_eq!(watched.rows.blocking_recv().map(|b| b.len()), Some(3));
        assert!(watched.rows.blocking_recv().is_none());
        assert!(tap.watch().rows.blocking_recv().is_none(), "too late");
    }
}
