//! A sink that keeps what it is given, by epoch, so that a test can kill a run and see what a
//! consumer that respects epochs would have.

use std::sync::{Arc, Mutex, PoisonError};

use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_core::time::Epoch;

/// What was captured of one batch.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The last epoch that had ended when it came.
    pub after: Epoch,
    /// The stream, by its place among the captured.
    pub stream: usize,
    /// The rows.
    pub rows: Batch,
}

/// What a capture holds, shared with whoever looks.
#[derive(Clone, Debug, Default)]
pub struct Captures(Arc<Mutex<Vec<Captured>>>);

impl Captures {
    /// Everything so far.
    #[must_use]
    pub fn all(&self) -> Vec<Captured> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Forgets what came after an epoch had ended.
    pub fn rewind(&self, epoch: Epoch) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|c| c.after < epoch);
    }

    /// The rows of one stream.
    #[must_use]
    pub fn of(&self, stream: usize) -> Vec<Batch> {
        self.all()
            .into_iter()
            .filter(|c| c.stream == stream)
            .map(|c| c.rows)
            .collect()
    }
}

/// The sink.
pub struct CaptureSink {
    captures: Captures,
    epoch: Epoch,
}

impl CaptureSink {
    /// Captures into `captures`, behind an epoch that has ended (0: none).
    #[must_use]
    pub const fn new(captures: Captures, after: Epoch) -> Self {
        Self {
            captures,
            epoch: after,
        }
    }
}

impl Sink for CaptureSink {
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()> {
        let captured = Captured {
            after: self.epoch,
            stream: port.0,
            rows: rows.clone(),
        };
        self.captures
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(captured);
        Ok(())
    }

    fn prepare(&mut self, epoch: Epoch) -> Result<()> {
        self.epoch = epoch;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}
