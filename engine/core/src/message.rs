//! What flows along an edge. There is no `Idle`: an idle source follows the watermark of the
//! others by itself (see `zaraba-sources`), so that nodes need to know nothing of idleness.

use crate::batch::Batch;
use crate::time::{Epoch, EventTime};

/// One message of a stream, in order.
#[derive(Clone, Debug)]
pub enum Message {
    /// Rows, none of them older than the last watermark.
    Rows(Batch),
    /// No row with a time before this follows.
    Watermark(EventTime),
    /// Everything before belongs to the epoch, everything behind to the next.
    Barrier(Epoch),
    /// Nothing follows: the input is at its end.
    End,
    /// Nothing follows in this run, which was stopped: what is not complete stays unsaid.
    Stop,
}
