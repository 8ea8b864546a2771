//! A sink as an executor drives it: rows and watermarks of its streams, barriers aligned, closed
//! when all streams have ended.

use std::collections::VecDeque;
use std::sync::Arc;

use zaraba_core::error::Result;
use zaraba_core::message::Message;
use zaraba_core::meter::Meter;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_core::time::{Epoch, EventTime};

#[derive(Clone, Copy, Debug, Default)]
struct Input {
    ended: bool,
    blocked: bool,
    watermark: Option<EventTime>,
}

/// The sink.
pub struct SinkTask {
    /// The node's name.
    pub name: Arc<str>,
    /// What it counts.
    pub meter: Arc<Meter>,
    sink: Box<dyn Sink>,
    inputs: Vec<Input>,
    inbox: VecDeque<(Port, Message)>,
    held: VecDeque<(Port, Message)>,
    /// The barrier that some inputs have delivered and others have not.
    aligning: Option<Epoch>,
    prepared: Vec<Epoch>,
    ended: bool,
}

impl SinkTask {
    /// A sink of so many streams.
    #[must_use]
    pub fn new(name: Arc<str>, sink: Box<dyn Sink>, inputs: usize, meter: Arc<Meter>) -> Self {
        let inputs = vec![Input::default(); inputs];
        let (inbox, held) = (VecDeque::new(), VecDeque::new());
        let (aligning, prepared) = (None, Vec::new());
        Self {
            name,
            meter,
            sink,
            inputs,
            inbox,
            held,
            aligning,
            prepared,
            ended: false,
        }
    }

    /// Hands it a message.
    pub fn receive(&mut self, port: Port, message: Message) {
        self.inbox.push_back((port, message));
    }

    /// Whether it has something to do.
    #[must_use]
    pub fn busy(&self) -> bool {
        !self.inbox.is_empty()
    }

    /// Whether it was closed.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Epochs prepared since the last call.
    pub fn prepared(&mut self) -> Vec<Epoch> {
        std::mem::take(&mut self.prepared)
    }

    /// Makes a prepared epoch visible.
    ///
    /// # Errors
    /// As the sink's.
    pub fn commit(&mut self, epoch: Epoch) -> Result<()> {
        self.sink.commit(epoch).map_err(|e| e.at(&self.name))
    }

    /// Handles one message.
    ///
    /// # Errors
    /// When the sink cannot write: the run ends.
    pub fn step(&mut self) -> Result<()> {
        let Some((port, message)) = self.inbox.pop_front() else {
            return Ok(());
        };
        self.handle(port, message).map_err(|e| e.at(&self.name))
    }

    fn handle(&mut self, port: Port, message: Message) -> Result<()> {
        if self.inputs[port.0].blocked {
            self.held.push_back((port, message));
            return Ok(());
        }
        match message {
            Message::Rows(rows) => {
                Meter::add(&self.meter.rows_in, rows.len());
                self.sink.write(port, &rows)?;
                Meter::add(&self.meter.rows_out, rows.len());
            }
            Message::Watermark(watermark) => {
                self.inputs[port.0].watermark = Some(watermark);
                self.sink.watermark(port, watermark)?;
                if let Some(least) = self.inputs.iter().map(|i| i.watermark).min().flatten() {
                    self.meter.reached(least);
                }
            }
            Message::Barrier(epoch) => {
                self.inputs[port.0].blocked = true;
                self.aligning = Some(epoch);
                self.align()?;
            }
            Message::End | Message::Stop => {
                self.inputs[port.0].ended = true;
                self.align()?;
                if self.inputs.iter().all(|i| i.ended) {
                    self.sink.close()?;
                    self.ended = true;
                }
            }
        }
        Ok(())
    }

    /// Ends the epoch if no stream is missing.
    fn align(&mut self) -> Result<()> {
        let Some(epoch) = self.aligning else {
            return Ok(());
        };
        if !self.inputs.iter().all(|i| i.blocked || i.ended) {
            return Ok(());
        }
        self.aligning = None;
        self.sink.prepare(epoch)?;
        self.prepared.push(epoch);
        for input in &mut self.inputs {
            input.blocked = false;
        }
        for message in std::mem::take(&mut self.held).into_iter().rev() {
            self.inbox.push_front(message);
        }
        Ok(())
    }
}
