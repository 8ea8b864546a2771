//! `connector = "http_client"`: an address that is asked for rows again and again. Asking blocks,
//! so it has a thread of its own (`worker`), which asks when it is told to (`ask` is one request,
//! `page` an answer to rows); when, is decided here, by the polls of the runtime, so that retries
//! and their waits are the runtime's for every live source.

mod ask;

mod page;

mod worker;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, HttpClientDoc};
use zaraba_core::clock::Clock;
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{Polled, Position, Source, Wake};
use zaraba_core::time::ClockTime;

use self::worker::{Told, Worker};
use crate::pending::Pending;

/// Asks an address.
pub struct HttpClientSource {
    clock: Arc<dyn Clock>,
    /// Microseconds from poll to poll.
    every: i64,
    /// Tells the worker to ask.
    go: SyncSender<()>,
    told: Receiver<Told>,
    wake: Wake,
    /// Whether the worker is asking.
    asking: bool,
    /// When it is to ask next.
    due: ClockTime,
    pending: Pending,
    rows: u64,
}

impl HttpClientSource {
    /// Starts the thread; nothing is asked before the first poll.
    ///
    /// # Errors
    /// When the system gives no thread, and when a header cannot be sent.
    pub fn new(
        doc: &HttpClientDoc,
        schema: &[ColumnDoc],
        zone: Tz,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let wake = Wake::default();
        let worker = Worker::new(doc, schema, zone, Arc::clone(&clock), wake.clone());
        let (go, told) = worker.start()?;
        Ok(Self {
            clock,
            every: doc.every,
            go,
            told,
            wake,
            asking: false,
            due: ClockTime(i64::MIN),
            pending: Pending::default(),
            rows: 0,
        })
    }

    /// What wakes a poller when rows come.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Takes what the worker has told, as long as there are no rows.
    fn listen(&mut self) -> Result<()> {
        while self.pending.is_empty() {
            match self.told.try_recv() {
                Ok(Told::Rows(rows)) => rows.into_iter().for_each(|rows| self.pending.push(rows)),
                Ok(Told::Done) => self.asking = false,
                Ok(Told::Failed(failure)) => {
                    self.asking = false;
                    // The runtime waits before it polls again; a server may want more.
                    self.due = failure.not_before.unwrap_or(ClockTime(i64::MIN));
                    return Err(failure.error);
                }
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(gone()),
            }
        }
        Ok(())
    }
}

fn gone() -> Error {
    Error::internal("the thread that asks has ended")
}

impl Source for HttpClientSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        self.listen()?;
        if let Some(rows) = self.pending.take(limit) {
            self.rows += rows.len() as u64;
            return Ok(Polled::Rows(rows));
        }
        let now = self.clock.now();
        if self.asking {
            return Ok(Polled::Pending(None));
        }
        if now < self.due {
            return Ok(Polled::Pending(Some(self.due)));
        }
        self.go.try_send(()).map_err(|_| gone())?;
        self.asking = true;
        self.due = ClockTime(now.0.saturating_add(self.every));
        Ok(Polled::Pending(None))
    }

    fn replayable(&self) -> bool {
        false
    }

    fn live(&self) -> bool {
        true
    }

    fn position(&self) -> Position {
        Position {
            rows: vec![self.rows],
            own: Vec::new(),
        }
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        // What was answered before is gone; only the count goes on, so that sequences do not repeat.
        self.rows = position.rows.first().copied().unwrap_or(0);
        Ok(())
    }
}
