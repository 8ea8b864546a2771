//! A node between sources and sinks, as an executor drives it: messages in, one step at a time,
//! messages out. Watermarks of several inputs are combined here, barriers aligned, ends counted.

use std::collections::VecDeque;
use std::sync::Arc;

use zaraba_core::error::{Error, Result};
use zaraba_core::message::Message;
use zaraba_core::meter::Meter;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};

use crate::run::ledger::Ledger;

/// Messages that may wait behind a barrier on one input.
const HELD_MESSAGES_MAX: usize = 1024;
/// Steps between two measurements of a node's state.
const MEASURE_EVERY: u32 = 64;

/// One input of a node.
#[derive(Clone, Copy, Debug)]
struct Input {
    watermark: EventTime,
    ended: bool,
    /// It has delivered the barrier that the others have not.
    blocked: bool,
}

/// What the operator is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    /// A call answered `More`.
    More,
    /// `end` was called.
    Ending,
    Ended,
}

/// The node.
pub struct Vertex {
    /// The node's name.
    pub name: Arc<str>,
    /// What it counts.
    pub meter: Arc<Meter>,
    operator: Box<dyn Operator>,
    inputs: Vec<Input>,
    inbox: VecDeque<(Port, Message)>,
    held: VecDeque<(Port, Message)>,
    combined: EventTime,
    /// The barrier that some inputs have delivered and others have not.
    aligning: Option<Epoch>,
    doing: Doing,
    out: Output,
    snapshots: Vec<(Epoch, Snapshot)>,
    ledger: Arc<Ledger>,
    steps: u32,
}

impl Vertex {
    /// A node with so many inputs.
    #[must_use]
    pub fn new(
        name: Arc<str>,
        operator: Box<dyn Operator>,
        inputs: usize,
        meter: Arc<Meter>,
        ledger: Arc<Ledger>,
    ) -> Self {
        let input = Input {
            watermark: EventTime::MIN,
            ended: false,
            blocked: false,
        };
        Self {
            name,
            meter,
            operator,
            inputs: vec![input; inputs],
            inbox: VecDeque::new(),
            held: VecDeque::new(),
            combined: EventTime::MIN,
            aligning: None,
            doing: Doing::Nothing,
            out: Output::default(),
            snapshots: Vec::new(),
            ledger,
            steps: 0,
        }
    }

    /// The same node with another operator around its own: tests plant bugs so.
    #[must_use]
    pub fn wrapped(self, wrap: impl FnOnce(Box<dyn Operator>) -> Box<dyn Operator>) -> Self {
        Self {
            operator: wrap(self.operator),
            ..self
        }
    }

    /// Takes back a snapshot's state, before the first message.
    ///
    /// # Errors
    /// When the snapshot is another operator's.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.operator.restore(snapshot)
    }

    /// Hands it a message.
    pub fn receive(&mut self, port: Port, message: Message) {
        self.inbox.push_back((port, message));
    }

    /// Whether it has something to do without a new message.
    #[must_use]
    pub fn busy(&self) -> bool {
        matches!(self.doing, Doing::More | Doing::Ending) || !self.inbox.is_empty()
    }

    /// Whether it has sent its end.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.doing == Doing::Ended
    }

    /// What it wrote since the last call.
    pub fn written(&mut self) -> Vec<(OutPort, Message)> {
        self.out.take()
    }

    /// Snapshots taken since the last call.
    pub fn snapshots(&mut self) -> Vec<(Epoch, Snapshot)> {
        std::mem::take(&mut self.snapshots)
    }

    /// Does one thing.
    ///
    /// # Errors
    /// When an invariant is broken or the memory limit is reached: the run ends.
    pub fn step(&mut self) -> Result<()> {
        let result = match self.doing {
            Doing::More | Doing::Ending => {
                let progress = self.operator.resume(&mut self.out)?;
                self.after(progress);
                Ok(())
            }
            Doing::Ended => Ok(()),
            Doing::Nothing => match self.inbox.pop_front() {
                Some((port, message)) => self.handle(port, message),
                None => Ok(()),
            },
        };
        self.steps += 1;
        if self.steps % MEASURE_EVERY == 1 || self.doing == Doing::Ended {
            self.measure()?;
        }
        result.map_err(|e| e.at(&self.name))
    }

    fn measure(&self) -> Result<()> {
        let bytes = self.operator.state_bytes();
        let before = Meter::get(&self.meter.state_bytes);
        self.meter.state(bytes);
        self.ledger.change(before, bytes as u64, &self.name)
    }

    fn after(&mut self, progress: Progress) {
        self.doing = match (self.doing, progress) {
            (Doing::Ending, Progress::More) => Doing::Ending,
            (Doing::Ending, Progress::Done) => {
                self.out.control(&Message::End);
                Doing::Ended
            }
            (_, Progress::More) => Doing::More,
            (_, Progress::Done) => Doing::Nothing,
        };
    }

    fn handle(&mut self, port: Port, message: Message) -> Result<()> {
        if self.inputs[port.0].blocked {
            if self.held.len() >= HELD_MESSAGES_MAX {
                return Err(Error::Limit(format!(
                    "more than {HELD_MESSAGES_MAX} messages wait behind a barrier"
                )));
            }
            self.held.push_back((port, message));
            return Ok(());
        }
        match message {
            Message::Rows(rows) => {
                let oldest = rows.time.iter().copied().min().unwrap_or(i64::MAX);
                let reached = self.inputs[port.0].watermark;
                if oldest < reached.0 {
                    return Err(Error::internal(format!(
                        "a row of {} came behind the watermark {reached}",
                        EventTime(oldest)
                    )));
                }
                Meter::add(&self.meter.rows_in, rows.len());
                let progress = self.operator.process(port, rows, &mut self.out)?;
                self.after(progress);
            }
            Message::Watermark(watermark) => {
                self.inputs[port.0].watermark = watermark;
                self.operator.advance_port(port, watermark)?;
                self.combine()?;
            }
            Message::Barrier(epoch) => {
                self.inputs[port.0].blocked = true;
                self.aligning = Some(epoch);
                self.align()?;
            }
            Message::End => {
                self.inputs[port.0].ended = true;
                self.align()?;
                if !self.inputs.iter().all(|i| i.ended) {
                    return self.combine();
                }
                // Whichever input ended last: first to where the furthest had come, then the end.
                let furthest = self.inputs.iter().map(|i| i.watermark).max();
                if furthest > Some(self.combined) {
                    self.inbox.push_front((port, Message::End));
                    self.advance(furthest.unwrap_or(self.combined))?;
                } else {
                    self.doing = Doing::Ending;
                    let progress = self.operator.end(&mut self.out)?;
                    self.after(progress);
                }
            }
        }
        Ok(())
    }

    fn combine(&mut self) -> Result<()> {
        let open = self.inputs.iter().filter(|i| !i.ended);
        let least = open.map(|i| i.watermark).min().unwrap_or(EventTime::MIN);
        if least > self.combined {
            self.advance(least)
        } else {
            Ok(())
        }
    }

    fn advance(&mut self, watermark: EventTime) -> Result<()> {
        self.combined = watermark;
        self.meter.reached(watermark);
        let progress = self.operator.advance(watermark, &mut self.out)?;
        self.after(progress);
        Ok(())
    }

    /// Ends the epoch if no input is missing.
    fn align(&mut self) -> Result<()> {
        let Some(epoch) = self.aligning else {
            return Ok(());
        };
        if !self.inputs.iter().all(|i| i.blocked || i.ended) {
            return Ok(());
        }
        self.aligning = None;
        self.snapshots.push((epoch, self.operator.snapshot(epoch)?));
        self.out.control(&Message::Barrier(epoch));
        for input in &mut self.inputs {
            input.blocked = false;
        }
        // What waited behind the barrier comes before anything newer.
        for message in std::mem::take(&mut self.held).into_iter().rev() {
            self.inbox.push_front(message);
        }
        Ok(())
    }
}
