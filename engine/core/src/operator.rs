//! The trait of everything between a source and a sink.

use crate::batch::Batch;
use crate::error::Result;
use crate::output::Output;
use crate::snapshot::Snapshot;
use crate::time::{ClockTime, Epoch, EventTime};

/// An input of a node, numbered in the order of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port(pub usize);

/// Whether a call is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Finished.
    Done,
    /// There is more to write: `resume` must be called, once what was written is sent, before
    /// anything else.
    More,
}

/// A node between sources and sinks. Synchronous; its caller drives it and knows the executor.
pub trait Operator: Send {
    /// Takes rows of one input. None is older than that input's watermark.
    ///
    /// # Errors
    /// When an invariant is broken. A row that cannot be computed goes to the errors port instead.
    fn process(&mut self, port: Port, rows: Batch, out: &mut Output) -> Result<Progress>;

    /// The watermark of one input advanced, before `advance` is told the least of them.
    ///
    /// # Errors
    /// As `process`.
    fn advance_port(&mut self, _port: Port, _watermark: EventTime) -> Result<()> {
        Ok(())
    }

    /// The least watermark of the inputs advanced. States the node's own by `out.watermark`.
    ///
    /// # Errors
    /// As `process`.
    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress>;

    /// Goes on where a call answered [`Progress::More`].
    ///
    /// # Errors
    /// As `process`.
    fn resume(&mut self, _out: &mut Output) -> Result<Progress> {
        Ok(Progress::Done)
    }

    /// All inputs have ended: whatever is held is emitted.
    ///
    /// # Errors
    /// As `process`.
    fn end(&mut self, out: &mut Output) -> Result<Progress>;

    /// The inputs were stopped before their end: what waits only for its place in an order is
    /// emitted; what is not complete is not.
    ///
    /// # Errors
    /// As `process`.
    fn stop(&mut self, _out: &mut Output) -> Result<()> {
        Ok(())
    }

    /// The state at a barrier: immutable segments, shared with the operator. No I/O.
    ///
    /// # Errors
    /// When state cannot be sealed: a broken invariant.
    fn snapshot(&mut self, epoch: Epoch) -> Result<Snapshot>;

    /// Takes state back, in a fresh operator, before anything else.
    ///
    /// # Errors
    /// When the snapshot is not of this operator.
    fn restore(&mut self, snapshot: &Snapshot) -> Result<()>;

    /// When it wants `advance` called although nothing came (none: never).
    fn wake_at(&self) -> Option<ClockTime> {
        None
    }

    /// Alerts that it left out so far: repeats and members of storms.
    fn suppressed(&self) -> u64 {
        0
    }

    /// Rows that it failed on so far and does not emit as errors: its node counts them as such.
    fn failed(&self) -> u64 {
        0
    }

    /// Bytes of state held, buffers counted by their capacity.
    fn state_bytes(&self) -> usize;
}
