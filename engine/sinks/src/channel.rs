//! The channel sink: rows go to the program that embeds the pipeline, through a bounded queue. A
//! program that reads slowly slows the pipeline down, as any other sink does.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;

use crate::input::{SinkInput, at_port};

/// The pipeline's end of the queue.
#[derive(Debug)]
pub struct ChannelSink {
    /// Empty until [`ChannelSink::open`] tells the streams' names.
    names: Vec<String>,
    sender: Option<SyncSender<(String, Batch)>>,
}

/// The program's end of the queue; an iterator over (stream, rows).
#[derive(Debug)]
pub struct ChannelReceiver(Receiver<(String, Batch)>);

/// A queue of at most `capacity` batches.
#[must_use]
pub fn channel(capacity: usize) -> (ChannelSink, ChannelReceiver) {
    let (sender, receiver) = sync_channel(capacity);
    (
        ChannelSink {
            names: Vec::new(),
            sender: Some(sender),
        },
        ChannelReceiver(receiver),
    )
}

impl ChannelSink {
    /// Tells the streams, before anything is written.
    #[must_use]
    pub fn open(mut self, inputs: &[SinkInput]) -> Self {
        self.names = inputs.iter().map(|input| input.name.clone()).collect();
        self
    }
}

impl Sink for ChannelSink {
    /// Waits while the queue is full.
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()> {
        let name = at_port(&mut self.names, port)?.clone();
        let sender = self.sender.as_ref();
        let sent = sender.is_some_and(|sender| sender.send((name, rows.clone())).is_ok());
        if sent {
            return Ok(());
        }
        Err(Error::outside(
            "the program that reads the channel has dropped its receiver",
        ))
    }

    fn close(&mut self) -> Result<()> {
        self.sender = None;
        Ok(())
    }
}

impl ChannelReceiver {
    /// Waits for the next rows; none: the pipeline has ended.
    pub fn recv(&self) -> Option<(String, Batch)> {
        self.0.recv().ok()
    }
}

impl Iterator for ChannelReceiver {
    type Item = (String, Batch);

    fn next(&mut self) -> Option<Self::Item> {
        self.recv()
    }
}

#[cfg(test)]
mod tests;
