//! A connector whose work blocks (it asks, or it listens to one that pushes): the work runs on a
//! thread of its own, starts when it is told to, and tells what came of it through a bounded
//! queue. When it is told to start is decided here, by the polls of the runtime, so that retries
//! and their waits are the runtime's for every live source.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use zaraba_core::clock::Clock;
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{Polled, Position, Source, SourceRows, Wake};
use zaraba_core::time::ClockTime;

use crate::pending::Pending;

/// What a failure says of the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Outside may answer otherwise soon.
    Passing,
    /// Outside does not know, or no longer, who asks: 401 and 403.
    Denied,
    /// It is in what was asked for: going on where it stopped will not help.
    Asked,
    /// It is in the answer, which cannot be read.
    Answer,
}

/// Why a piece of work failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The server wants to be left alone until then.
    pub(crate) not_before: Option<ClockTime>,
    pub(crate) cause: Cause,
    /// The next try brings rows again that were handed over.
    pub(crate) again: bool,
}

impl Failure {
    pub(crate) fn of(error: Error) -> Self {
        Self {
            error,
            not_before: None,
            cause: Cause::Passing,
            again: false,
        }
    }

    pub(crate) fn by(cause: Cause, error: Error) -> Self {
        Self {
            cause,
            ..Self::of(error)
        }
    }
}

/// What the thread tells the source.
enum Told {
    /// Rows.
    Rows(Vec<SourceRows>),
    /// The work is done.
    Done,
    /// It has failed.
    Failed(Failure),
}

/// The thread's end of the queue.
pub(crate) struct Tell {
    sender: SyncSender<Told>,
    wake: Wake,
    gone: Arc<AtomicBool>,
    well: Arc<AtomicBool>,
}

impl Tell {
    /// Hands rows over; waits while the queue is full.
    pub(crate) fn rows(&self, rows: Vec<SourceRows>) {
        self.well();
        if !rows.is_empty() {
            self.tell(Told::Rows(rows));
        }
    }

    /// Outside answers well, though there may be no rows: what failed before is over.
    pub(crate) fn well(&self) {
        self.well.store(true, Ordering::Relaxed);
    }

    /// Whether nobody listens any more.
    pub(crate) fn gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn tell(&self, told: Told) {
        if self.sender.send(told).is_ok() {
            self.wake.wake();
        } else {
            self.gone.store(true, Ordering::Relaxed);
        }
    }
}

/// What blocks.
pub(crate) trait Work: Send + 'static {
    /// Does it once; a work without an end does it until [`Tell::gone`].
    fn work(&mut self, tell: &Tell) -> Result<(), Failure>;
}

/// How it is driven.
pub(crate) struct Drive {
    /// The thread's name.
    pub(crate) name: &'static str,
    /// Pieces that may wait until the pipeline takes their rows.
    pub(crate) queue: usize,
    /// Microseconds from one start to the next, where the work has an end.
    pub(crate) every: i64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wake: Wake,
}

/// A source whose work runs on a thread of its own.
pub struct ThreadedSource {
    clock: Arc<dyn Clock>,
    every: i64,
    /// Starts the work.
    go: SyncSender<()>,
    told: Receiver<Told>,
    wake: Wake,
    gone: Arc<AtomicBool>,
    /// Whether it is at work.
    busy: bool,
    /// When it is to start next.
    due: ClockTime,
    /// Whether outside answered well since that was asked.
    well: Arc<AtomicBool>,
    pending: Pending,
    rows: u64,
}

impl ThreadedSource {
    /// Starts the thread; no work is done before the first poll.
    pub(crate) fn start(mut work: impl Work, drive: Drive) -> Result<Self> {
        let (go, waits) = sync_channel::<()>(1);
        let (sender, told) = sync_channel(drive.queue);
        let (gone, well) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let tell = Tell {
            sender,
            wake: drive.wake.clone(),
            gone: Arc::clone(&gone),
            well: Arc::clone(&well),
        };
        let run = move || {
            while waits.recv().is_ok() && !tell.gone() {
                tell.tell(match work.work(&tell) {
                    Ok(()) => {
                        tell.well();
                        Told::Done
                    }
                    Err(failure) => Told::Failed(failure),
                });
            }
        };
        let thread = std::thread::Builder::new().name(drive.name.to_owned());
        let started = thread.spawn(run);
        started.map_err(|e| Error::outside(format!("no thread to ask from: {e}")))?;
        Ok(Self {
            clock: drive.clock,
            every: drive.every,
            go,
            told,
            wake: drive.wake,
            gone,
            busy: false,
            due: ClockTime(i64::MIN),
            well,
            pending: Pending::default(),
            rows: 0,
        })
    }

    /// What wakes a poller when rows come.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Takes what was told, as long as there are no rows.
    fn listen(&mut self) -> Result<()> {
        while self.pending.is_empty() {
            match self.told.try_recv() {
                Ok(Told::Rows(rows)) => {
                    rows.into_iter().for_each(|rows| self.pending.push(rows));
                }
                Ok(Told::Done) => self.busy = false,
                Ok(Told::Failed(failure)) => {
                    self.busy = false;
                    // The runtime waits before it polls again; a server may want more, and rows
                    // do not come again before they are due.
                    let due = if failure.again {
                        self.due
                    } else {
                        ClockTime(i64::MIN)
                    };
                    self.due = due.max(failure.not_before.unwrap_or(due));
                    return Err(failure.error);
                }
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(lost()),
            }
        }
        Ok(())
    }
}

fn lost() -> Error {
    Error::internal("the thread that asks has ended")
}

impl Drop for ThreadedSource {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

impl Source for ThreadedSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        let closed = self.gone.load(Ordering::Relaxed);
        if !closed {
            self.listen()?;
        }
        if let Some(rows) = self.pending.take(limit) {
            self.rows += rows.len() as u64;
            return Ok(Polled::Rows(rows));
        }
        if closed {
            return Ok(Polled::End);
        }
        let now = self.clock.now();
        if self.busy {
            return Ok(Polled::Pending(None));
        }
        if now < self.due {
            return Ok(Polled::Pending(Some(self.due)));
        }
        self.go.try_send(()).map_err(|_| lost())?;
        self.busy = true;
        self.due = ClockTime(now.0.saturating_add(self.every));
        Ok(Polled::Pending(None))
    }

    fn replayable(&self) -> bool {
        false
    }

    fn live(&self) -> bool {
        true
    }

    fn answered(&mut self) -> bool {
        self.well.swap(false, Ordering::Relaxed)
    }

    fn not_before(&self) -> Option<ClockTime> {
        Some(self.due)
    }

    fn position(&self) -> Position {
        Position::of_rows(self.rows)
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        self.rows = position.first_rows();
        Ok(())
    }

    fn close(&mut self) -> bool {
        self.gone.store(true, Ordering::Relaxed);
        // What was read is handed over; what still comes is not.
        while let Ok(told) = self.told.try_recv() {
            if let Told::Rows(rows) = told {
                rows.into_iter().for_each(|rows| self.pending.push(rows));
            }
        }
        !self.pending.is_empty()
    }
}
