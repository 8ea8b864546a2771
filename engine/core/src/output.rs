//! Where an operator or a source writes: ports with rows, and the node's own watermark. What was
//! written is collected here; who drives the node sends it on, with backpressure.

use crate::batch::Batch;
use crate::message::Message;
use crate::time::EventTime;

/// An output port of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutPort {
    /// The node's stream, by its name.
    Main,
    /// `NODE__late`.
    Late,
    /// `NODE__errors`.
    Errors,
    /// `NODE__unassigned`.
    Unassigned,
}

impl OutPort {
    /// All ports.
    pub const ALL: [Self; 4] = [Self::Main, Self::Late, Self::Errors, Self::Unassigned];

    /// What follows the node's name in the stream's name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Late => "__late",
            Self::Errors => "__errors",
            Self::Unassigned => "__unassigned",
        }
    }
}

/// Collects what a node writes. A watermark goes to every port.
#[derive(Debug)]
pub struct Output {
    watermark: EventTime,
    written: Vec<(OutPort, Message)>,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            watermark: EventTime::MIN,
            written: Vec::new(),
        }
    }
}

impl Output {
    /// Sends rows to the node's stream.
    pub fn rows(&mut self, batch: Batch) {
        self.rows_to(OutPort::Main, batch);
    }

    /// Sends rows to a port; an empty batch is not sent.
    pub fn rows_to(&mut self, port: OutPort, batch: Batch) {
        if !batch.is_empty() {
            self.written.push((port, Message::Rows(batch)));
        }
    }

    /// States the node's own watermark; one that does not advance is not sent.
    pub fn watermark(&mut self, watermark: EventTime) {
        if watermark > self.watermark {
            self.watermark = watermark;
            for port in OutPort::ALL {
                self.written.push((port, Message::Watermark(watermark)));
            }
        }
    }

    /// Sends a message that every port must see: a barrier or the end.
    pub fn control(&mut self, message: &Message) {
        for port in OutPort::ALL {
            self.written.push((port, message.clone()));
        }
    }

    /// The node's watermark so far.
    #[must_use]
    pub const fn current(&self) -> EventTime {
        self.watermark
    }

    /// Takes what was written since the last call.
    pub fn take(&mut self) -> Vec<(OutPort, Message)> {
        std::mem::take(&mut self.written)
    }
}
