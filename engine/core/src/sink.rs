//! The trait of connectors out. Like operators, sinks are driven synchronously by a plain thread.

use crate::batch::Batch;
use crate::error::Result;
use crate::operator::Port;
use crate::time::{Epoch, EventTime};

/// A connector out. `Port` numbers the streams of its `from`.
pub trait Sink: Send {
    /// Takes rows of one stream.
    ///
    /// # Errors
    /// When they cannot be written: the run ends.
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()>;

    /// No row of that stream older than this follows.
    ///
    /// # Errors
    /// As `write`.
    fn watermark(&mut self, _port: Port, _watermark: EventTime) -> Result<()> {
        Ok(())
    }

    /// Makes what was written since the last epoch durable, not yet visible.
    ///
    /// # Errors
    /// As `write`.
    fn prepare(&mut self, _epoch: Epoch) -> Result<()> {
        Ok(())
    }

    /// Makes a prepared epoch visible. May be called again for one already committed.
    ///
    /// # Errors
    /// As `write`.
    fn commit(&mut self, _epoch: Epoch) -> Result<()> {
        Ok(())
    }

    /// Throws away what was prepared for an epoch that will never be committed.
    ///
    /// # Errors
    /// As `write`.
    fn abort(&mut self, _epoch: Epoch) -> Result<()> {
        Ok(())
    }

    /// Nothing follows: everything is written out and made visible.
    ///
    /// # Errors
    /// As `write`.
    fn close(&mut self) -> Result<()>;
}
