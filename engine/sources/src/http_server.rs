//! `connector = "http_server"`: rows that others POST. A request is decoded where it arrives
//! (`body`), answered there (`door`), and its rows wait in a bounded queue for the pipeline. What
//! was answered 200 is in that queue, and comes out also when the run is stopped.

mod answer;

mod body;

mod door;

use std::sync::{Arc, Mutex};

use axum::Router;
use chrono_tz::Tz;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{Receiver, channel};
use zaraba_config::document::{ColumnDoc, ErrorPolicy};
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::source::{Polled, Position, Source, Wake};
use zaraba_net::listen::Server;

use self::body::Parcel;
use self::door::{BLOCK_BYTES, Door};
use crate::pending::Pending;

pub use self::door::not_found;

/// Requests whose rows may wait for the pipeline.
const QUEUE_REQUESTS: usize = 64;

/// How many requests of the largest size may be in memory at one time.
const ROOM_REQUESTS: u64 = 8;

/// What such a source is told.
pub struct HttpServerOptions {
    /// Where rows are POSTed.
    pub path: String,
    /// The columns.
    pub schema: Vec<ColumnDoc>,
    /// The zone of times that name none.
    pub zone: Tz,
    /// The event-time column.
    pub time: String,
    /// How far past the clock a row may be, microseconds.
    pub ahead: i64,
    /// What becomes of a request with a bad row: with `Fail` it is refused whole.
    pub on_error: ErrorPolicy,
    /// Most bytes of one request.
    pub max_size: u64,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// A listener that sources share: it listens until the last of them has ended. Empty where a sink
/// listens for them.
pub type Listener = Arc<Mutex<Option<Server>>>;

/// The pipeline's end.
pub struct HttpServerSource {
    receiver: Receiver<Parcel>,
    pending: Pending,
    wake: Wake,
    rows: u64,
    /// Held, not used: it listens as long as this lives.
    _listener: Listener,
}

/// The source, and the route that fills it.
pub fn http_server(options: HttpServerOptions, listener: Listener) -> (HttpServerSource, Router) {
    let (sender, receiver) = channel(QUEUE_REQUESTS);
    let wake = Wake::default();
    let blocks = options
        .max_size
        .div_ceil(BLOCK_BYTES)
        .saturating_mul(ROOM_REQUESTS);
    let blocks = usize::try_from(blocks).unwrap_or(Semaphore::MAX_PERMITS);
    let door = Door {
        sender,
        wake: wake.clone(),
        room: Arc::new(Semaphore::new(blocks.min(Semaphore::MAX_PERMITS))),
        options,
    };
    let source = HttpServerSource {
        receiver,
        pending: Pending::default(),
        wake,
        rows: 0,
        _listener: listener,
    };
    (source, door.route())
}

impl HttpServerSource {
    /// What wakes a poller when rows come.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    fn keep(&mut self, parcel: Parcel) {
        for rows in parcel.batches {
            self.pending.push(rows);
        }
    }
}

impl Source for HttpServerSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        loop {
            if let Some(rows) = self.pending.take(limit) {
                self.rows += rows.len() as u64;
                return Ok(Polled::Rows(rows));
            }
            match self.receiver.try_recv() {
                Ok(parcel) => self.keep(parcel),
                Err(TryRecvError::Empty) => return Ok(Polled::Pending(None)),
                Err(TryRecvError::Disconnected) => return Ok(Polled::End),
            }
        }
    }

    fn replayable(&self) -> bool {
        false
    }

    fn live(&self) -> bool {
        true
    }

    fn position(&self) -> Position {
        Position::of_rows(self.rows)
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        self.rows = position.first_rows();
        Ok(())
    }

    fn close(&mut self) -> bool {
        self.receiver.close();
        // Whoever was let in just before is waited for: that takes no longer than a push.
        while let Some(parcel) = self.receiver.blocking_recv() {
            self.keep(parcel);
        }
        !self.pending.is_empty()
    }
}
