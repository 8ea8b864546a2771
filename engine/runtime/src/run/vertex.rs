//! A node between sources and sinks, as an executor drives it: messages in, one step at a time,
//! messages out. Watermarks of several inputs are combined here, barriers aligned, ends counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use zaraba_core::error::Result;
use zaraba_core::message::Message;
use zaraba_core::meter::Meter;
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};

use crate::run::inbox::Inbox;
use crate::run::ledger::Ledger;

/// Rows that a node takes in before it handles them.
const INBOX_ROWS: usize = 8192;
/// Steps between two measurements of a node's state.
const MEASURE_EVERY: u32 = 64;

/// One input of a node.
#[derive(Clone, Copy, Debug)]
struct Input {
    watermark: EventTime,
    ended: bool,
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
    inbox: Inbox,
    combined: EventTime,
    /// An input was stopped before its end. How far it would have come nobody knows, so the
    /// watermark stays.
    stopped: bool,
    /// It was left in the middle of what it was writing: it does nothing more but pass the stop on.
    left: bool,
    /// The barrier that some inputs have delivered and others have not.
    aligning: Option<Epoch>,
    doing: Doing,
    out: Output,
    snapshots: Vec<(Epoch, Snapshot)>,
    ledger: Arc<Ledger>,
    steps: u32,
    /// Rows that its operator had failed on when it was last measured.
    failed: u64,
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
        };
        Self {
            name,
            meter,
            operator,
            inputs: vec![input; inputs],
            inbox: Inbox::new(inputs),
            combined: EventTime::MIN,
            stopped: false,
            left: false,
            aligning: None,
            doing: Doing::Nothing,
            out: Output::default(),
            snapshots: Vec::new(),
            ledger,
            steps: 0,
            failed: 0,
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
    ///
    /// # Errors
    /// When a row is older than the watermark before it.
    pub fn receive(&mut self, port: Port, message: Message) -> Result<()> {
        let received = self.inbox.push(port, message);
        received.map_err(|e| e.at(&self.name))
    }

    /// Whether it should be handed more before it is stepped, if there is more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.inbox.len() < INBOX_ROWS
    }

    /// Whether it has something to do without a new message.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.writing() || self.inbox.ready()
    }

    /// Whether it is in the middle of what it is writing.
    #[must_use]
    pub fn writing(&self) -> bool {
        matches!(self.doing, Doing::More | Doing::Ending)
    }

    /// Leaves it there: a run that was told to stop cannot wait for all of it.
    pub fn leave(&mut self) {
        (self.left, self.stopped) = (true, true);
        (self.doing, self.aligning) = (Doing::Nothing, None);
        self.inbox.unblock();
        if self.inputs.iter().all(|i| i.ended) {
            self.out.control(&Message::Stop);
            self.doing = Doing::Ended;
        }
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
            Doing::Nothing => match self.inbox.pop()? {
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

    fn measure(&mut self) -> Result<()> {
        let bytes = self.operator.state_bytes() + self.inbox.bytes();
        let before = Meter::get(&self.meter.state_bytes);
        self.meter.state(bytes);
        let suppressed = self.operator.suppressed();
        self.meter.suppressed.store(suppressed, Ordering::Relaxed);
        let failed = self.operator.failed();
        let more = failed.saturating_sub(std::mem::replace(&mut self.failed, failed));
        self.meter.errors.fetch_add(more, Ordering::Relaxed);
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
        match message {
            Message::Rows(_) | Message::Watermark(_) | Message::Barrier(_) if self.left => {}
            Message::Rows(rows) => {
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
                self.inbox.block(port);
                self.aligning = Some(epoch);
                self.align()?;
            }
            last @ (Message::End | Message::Stop) => {
                self.inputs[port.0].ended = true;
                self.stopped |= matches!(last, Message::Stop);
                if !self.left {
                    self.align()?;
                }
                if !self.inputs.iter().all(|i| i.ended) {
                    return self.combine();
                }
                if self.stopped {
                    if !self.left {
                        self.operator.stop(&mut self.out)?;
                    }
                    self.out.control(&Message::Stop);
                    self.doing = Doing::Ended;
                    return Ok(());
                }
                // Whichever input ended last: first to where the furthest had come, then the end.
                let furthest = self.inputs.iter().map(|i| i.watermark).max();
                if furthest > Some(self.combined) {
                    self.inbox.put_back(port, Message::End);
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
        if self.stopped {
            return Ok(());
        }
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
        let mut inputs = self.inputs.iter().enumerate();
        if !inputs.all(|(i, input)| input.ended || self.inbox.blocked(Port(i))) {
            return Ok(());
        }
        self.aligning = None;
        self.snapshots.push((epoch, self.operator.snapshot(epoch)?));
        self.out.control(&Message::Barrier(epoch));
        self.inbox.unblock();
        Ok(())
    }
}
