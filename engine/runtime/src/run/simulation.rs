//! The executor of tests: one thread, and a seed that decides who steps next, how long queues may
//! grow, when an epoch ends and where the process is killed. A failing seed replays exactly.

use std::collections::{BTreeMap, VecDeque};

use zaraba_core::clock::ManualClock;
use zaraba_core::error::{Error, Result};
use zaraba_core::message::Message;
use zaraba_core::operator::Port;
use zaraba_core::output::OutPort;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{ClockTime, Epoch};

use crate::run::graph::{Graph, Routes, Target, count};
use crate::run::source_task::Stepped;

/// Pseudo-random numbers (SplitMix64): small, and the same on every machine.
#[derive(Clone, Copy, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        usize::try_from(z % (n.max(1) as u64)).unwrap_or(0)
    }
}

/// A node, as a step picks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Node {
    /// A source, by its number.
    Source(usize),
    /// A node between.
    Vertex(usize),
    /// A sink.
    Sink(usize),
}

/// The state of all nodes at the end of an epoch.
pub type Checkpoint = BTreeMap<Node, Snapshot>;

/// A run under a seed.
pub struct Simulation {
    graph: Graph,
    clock: ManualClock,
    dice: Dice,
    capacity: usize,
    vertex_queues: Vec<VecDeque<(Port, Message)>>,
    sink_queues: Vec<VecDeque<(Port, Message)>>,
    waits: Vec<Option<ClockTime>>,
    epochs: Vec<u64>,
    next_epoch: u64,
    /// One in so many steps ends an epoch; none: no epochs.
    barrier_every: Option<usize>,
    pending: BTreeMap<Epoch, Checkpoint>,
    prepared: BTreeMap<Epoch, usize>,
    complete: Option<(Epoch, Checkpoint)>,
}

impl Simulation {
    /// Ready to run.
    #[must_use]
    pub fn new(graph: Graph, clock: ManualClock, seed: u64, barrier_every: Option<usize>) -> Self {
        let mut dice = Dice(seed);
        Self {
            capacity: 1 + dice.below(8),
            vertex_queues: graph.vertices.iter().map(|_| VecDeque::new()).collect(),
            sink_queues: graph.sinks.iter().map(|_| VecDeque::new()).collect(),
            waits: vec![None; graph.sources.len()],
            epochs: vec![0; graph.sources.len()],
            next_epoch: 0,
            barrier_every,
            pending: BTreeMap::new(),
            prepared: BTreeMap::new(),
            complete: None,
            graph,
            clock,
            dice,
        }
    }

    /// Takes a checkpoint's state back, before the first step.
    ///
    /// # Errors
    /// When a node does not take its snapshot.
    pub fn restore(&mut self, epoch: Epoch, checkpoint: &Checkpoint) -> Result<()> {
        for (node, snapshot) in checkpoint {
            match *node {
                Node::Source(i) => self.graph.sources[i].0.restore(snapshot)?,
                Node::Vertex(i) => self.graph.vertices[i].0.restore(snapshot)?,
                Node::Sink(_) => {}
            }
        }
        self.next_epoch = epoch.0;
        self.epochs.fill(epoch.0);
        Ok(())
    }

    /// The last epoch that every node has ended.
    #[must_use]
    pub const fn complete(&self) -> Option<&(Epoch, Checkpoint)> {
        self.complete.as_ref()
    }

    /// Runs to the end, or at most so many steps. Whether the end was reached.
    ///
    /// # Errors
    /// The first failure of a node, or a deadlock.
    pub fn run(&mut self, steps_max: usize) -> Result<bool> {
        for _ in 0..steps_max {
            // Sources wake each other: whoever waits looks again now and then.
            if self.dice.below(8) == 0 {
                self.waits.fill(None);
            }
            let ready = self.ready();
            if ready.is_empty() {
                if self.ended() {
                    return Ok(true);
                }
                let next = self.waits.iter().flatten().min().copied();
                let next = next.ok_or_else(|| Error::internal("nobody can go on: a deadlock"))?;
                self.clock.set(ClockTime(next.0.max(self.now().0 + 1)));
                self.waits.fill(None);
                continue;
            }
            // One epoch at a time, or barriers would come faster than rows.
            if self.caught_up() && self.barrier_every.is_some_and(|n| self.dice.below(n) == 0) {
                self.next_epoch += 1;
            }
            let node = ready[self.dice.below(ready.len())];
            self.step(node)?;
        }
        Ok(false)
    }

    fn now(&self) -> ClockTime {
        zaraba_core::clock::Clock::now(&self.clock)
    }

    /// Whether every source has put in the last barrier.
    fn caught_up(&self) -> bool {
        let epochs = self.graph.sources.iter().zip(&self.epochs);
        epochs
            .into_iter()
            .all(|((s, ..), epoch)| *epoch == self.next_epoch || s.ended())
    }

    fn ended(&self) -> bool {
        self.graph.sinks.iter().all(|s| s.ended())
            && self.graph.vertices.iter().all(|(v, _)| v.ended())
            && self.graph.sources.iter().all(|(s, _, _)| s.ended())
    }

    fn room(&self, routes: &Routes) -> bool {
        routes.ways.iter().all(|(_, target)| match *target {
            Target::Vertex(i, _) => self.vertex_queues[i].len() < self.capacity,
            Target::Sink(i, _) => self.sink_queues[i].len() < self.capacity,
        })
    }

    /// Who could step.
    fn ready(&self) -> Vec<Node> {
        let mut ready = Vec::new();
        for (i, (source, routes, _)) in self.graph.sources.iter().enumerate() {
            if !source.ended() && self.waits[i].is_none() && self.room(routes) {
                ready.push(Node::Source(i));
            }
        }
        for (i, (vertex, routes)) in self.graph.vertices.iter().enumerate() {
            let work = vertex.busy() || !self.vertex_queues[i].is_empty();
            if work && self.room(routes) {
                ready.push(Node::Vertex(i));
            }
        }
        for (i, sink) in self.graph.sinks.iter().enumerate() {
            if sink.busy() || !self.sink_queues[i].is_empty() {
                ready.push(Node::Sink(i));
            }
        }
        ready
    }

    fn step(&mut self, node: Node) -> Result<()> {
        match node {
            Node::Source(i) => self.step_source(i),
            Node::Vertex(i) => {
                let (vertex, routes) = &mut self.graph.vertices[i];
                let messages = if vertex.busy() { 0 } else { self.dice.below(4) };
                let queue = &mut self.vertex_queues[i];
                for (port, message) in queue.drain(..messages.min(queue.len())) {
                    vertex.receive(port, message)?;
                }
                vertex.step()?;
                let (written, taken) = (vertex.written(), vertex.snapshots());
                let (routes, meter) = (routes.clone(), vertex.meter.clone());
                self.send(&routes, &meter, written);
                self.keep(node, taken);
                Ok(())
            }
            Node::Sink(i) => {
                let sink = &mut self.graph.sinks[i];
                if let Some((port, message)) = self.sink_queues[i].pop_front() {
                    sink.receive(port, message);
                }
                sink.step()?;
                for epoch in sink.prepared() {
                    *self.prepared.entry(epoch).or_default() += 1;
                    self.settle(epoch)?;
                }
                Ok(())
            }
        }
    }

    fn step_source(&mut self, i: usize) -> Result<()> {
        let (task, routes, _) = &mut self.graph.sources[i];
        if self.epochs[i] < self.next_epoch {
            self.epochs[i] += 1;
            task.barrier(Epoch(self.epochs[i]))?;
        } else if let Stepped::Wait(until) = task.step()? {
            let soon = ClockTime(zaraba_core::clock::Clock::now(&self.clock).0 + 1000);
            self.waits[i] = Some(until.unwrap_or(soon));
        }
        let (written, taken) = (task.written(), task.snapshots());
        let (routes, meter) = (routes.clone(), task.meter.clone());
        self.send(&routes, &meter, written);
        self.keep(Node::Source(i), taken);
        Ok(())
    }

    fn send(
        &mut self,
        routes: &Routes,
        meter: &zaraba_core::meter::Meter,
        written: Vec<(OutPort, Message)>,
    ) {
        for (from, message) in written {
            count(meter, from, &message);
            for target in routes.of(from) {
                match target {
                    Target::Vertex(i, port) => {
                        self.vertex_queues[i].push_back((port, message.clone()));
                    }
                    Target::Sink(i, port) => self.sink_queues[i].push_back((port, message.clone())),
                }
            }
        }
    }

    fn keep(&mut self, node: Node, taken: Vec<(Epoch, Snapshot)>) {
        for (epoch, snapshot) in taken {
            self.pending
                .entry(epoch)
                .or_default()
                .insert(node, snapshot);
        }
    }

    /// An epoch is complete when every sink has prepared it; then the sinks commit.
    fn settle(&mut self, epoch: Epoch) -> Result<()> {
        let nodes = self.graph.sources.len() + self.graph.vertices.len();
        let all = self.prepared.get(&epoch) == Some(&self.graph.sinks.len())
            && self.pending.get(&epoch).is_some_and(|c| c.len() == nodes);
        if !all {
            return Ok(());
        }
        if let Some(checkpoint) = self.pending.remove(&epoch) {
            self.complete = Some((epoch, checkpoint));
        }
        for sink in &mut self.graph.sinks {
            sink.commit(epoch)?;
        }
        Ok(())
    }
}
