//! The only place that names concrete sources, operators and sinks: a checked plan becomes a graph
//! of nodes that an executor can drive.

mod sources;

mod sinks;

mod stale;

mod doors;

mod query;

mod alerts;

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use arrow::array::RecordBatch;
use zaraba_core::clock::Clock;
use zaraba_core::error::{Error, Result};
use zaraba_core::meter::Meter;
use zaraba_core::operator::Operator;
use zaraba_core::operator::Port;
use zaraba_core::output::OutPort;
use zaraba_core::past::Past;
use zaraba_core::time::Epoch;
use zaraba_sinks::channel::ChannelReceiver;
use zaraba_sinks::websocket::Answer;
use zaraba_sources::channel::ChannelSender;
use zaraba_sql::merge::Merge;
use zaraba_sql::plan::spread::spread;
use zaraba_sql::plan::stage::{Input, Work};

use crate::inside::Insight;
use crate::inside::tap::Taps;
use crate::plan::PipelinePlan;
use crate::rules::live::Live;
use crate::rules::watch::watch;
use crate::run::capture::Captures;
use crate::run::graph::{Graph, Routes, Target};
use crate::run::hide::HideSecrets;
use crate::run::ledger::{Ledger, half_of_machine};
use crate::run::tap::Tap;
use crate::run::timekeeper::Timekeeper;
use crate::run::vertex::Vertex;
use crate::wire::doors::Doors;

/// Batches that wait between the pipeline and the embedding program.
const CHANNEL_BATCHES: usize = 16;

/// Rows that stand in for a stream.
#[derive(Clone, Debug, Default)]
pub struct StandIn {
    /// The rows, each batch of one partition.
    pub rows: Vec<(u16, RecordBatch)>,
    /// How many partitions there are.
    pub partitions: u16,
}

/// What the plan does not say.
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where sinks and sources that need tokio run; none: such are an error.
    pub tokio: Option<tokio::runtime::Handle>,
    /// Rows that stand in for streams; what feeds those is left out.
    pub stand_ins: BTreeMap<String, StandIn>,
    /// Streams to capture in place of the pipeline's own sinks; none: the pipeline's sinks.
    pub capture: Option<(Vec<String>, Captures, Epoch)>,
    /// The text of `/metrics`.
    pub metrics: Answer,
}

/// A graph, and the ends of it that the embedding program holds.
pub struct Wired {
    /// The nodes.
    pub graph: Graph,
    /// Where WebSocket sinks listen, by name.
    pub listening: Vec<(String, SocketAddr)>,
    /// Where rows are POSTed to sources, by name: URLs.
    pub posting: Vec<(String, String)>,
    /// Into sources with `connector = "channel"`, by name.
    pub senders: BTreeMap<String, ChannelSender>,
    /// Out of sinks with `connector = "channel"`, by name.
    pub receivers: BTreeMap<String, ChannelReceiver>,
}

/// Who produces a stream.
#[derive(Clone, Copy)]
enum Producer {
    Source(usize),
    Vertex(usize),
}

struct Wirer<'a> {
    plan: &'a PipelinePlan,
    around: Surroundings,
    ledger: Arc<Ledger>,
    timekeeper: Arc<Timekeeper>,
    /// What listeners ask about the pipeline.
    insight: Arc<Insight>,
    /// Sources whose rows come as time goes by.
    live: BTreeSet<String>,
    producers: BTreeMap<String, (Producer, OutPort)>,
    /// The stages of a node, whose failed rows are merged when somebody reads them.
    stages: BTreeMap<String, Vec<usize>>,
    /// Where rows will be POSTed, by address.
    doors: Vec<Doors>,
    /// Of sources with `bootstrap`, and of nodes behind them: where the past ends.
    pasts: BTreeMap<String, Vec<Arc<Past>>>,
    /// Rules that will run.
    rules: Vec<Arc<Live>>,
    wired: Wired,
}

/// Makes the graph.
///
/// # Errors
/// When a file is not there, a port is in use, or the like.
pub fn wire(plan: &PipelinePlan, around: Surroundings) -> Result<Wired> {
    let wanted = wanted(plan, &around);
    let graph = Graph {
        sources: Vec::new(),
        vertices: Vec::new(),
        sinks: Vec::new(),
        meters: Vec::new(),
    };
    let mut wirer = Wirer {
        plan,
        ledger: Arc::new(Ledger::new(
            plan.limits.memory.unwrap_or_else(half_of_machine),
        )),
        timekeeper: Arc::new(Timekeeper::default()),
        insight: Arc::new(Insight::new(
            plan,
            &around.clock,
            Arc::clone(&around.metrics),
        )),
        live: BTreeSet::new(),
        producers: BTreeMap::new(),
        stages: BTreeMap::new(),
        doors: Vec::new(),
        pasts: BTreeMap::new(),
        rules: Vec::new(),
        wired: Wired {
            graph,
            listening: Vec::new(),
            posting: Vec::new(),
            senders: BTreeMap::new(),
            receivers: BTreeMap::new(),
        },
        around,
    };
    wirer.sources(&wanted)?;
    wirer.vertices(&wanted)?;
    wirer.sinks()?;
    wirer.open_doors()?;
    if wirer.around.capture.is_none() {
        watch(&wirer.rules)?;
    }
    let taps = wirer.taps();
    let meters = wirer.wired.graph.meters.clone();
    let rules = wirer.rules.iter();
    let rules = rules.map(|live| (live.work.name.clone(), Arc::clone(live.meter())));
    wirer
        .insight
        .wired(meters, wirer.live, taps, rules.collect());
    Ok(wirer.wired)
}

/// The nodes that are needed: all, or those behind what is captured.
fn wanted(plan: &PipelinePlan, around: &Surroundings) -> BTreeSet<String> {
    let node = |stream: &str| stream.split("__").next().unwrap_or(stream).to_owned();
    let Some((capture, ..)) = &around.capture else {
        let sources = plan.sources.iter().map(|s| s.doc.name.value.clone());
        return sources
            .chain(plan.nodes.iter().map(|n| n.name.clone()))
            .collect();
    };
    let mut wanted: BTreeSet<String> = capture.iter().map(|s| node(s)).collect();
    for planned in plan.nodes.iter().rev() {
        if wanted.contains(&planned.name) && !around.stand_ins.contains_key(&planned.name) {
            for input in planned.stages.iter().flat_map(|s| &s.inputs) {
                if let Input::Stream(name, _) = input {
                    wanted.insert(node(name));
                }
            }
        }
    }
    wanted
}

impl Wirer<'_> {
    fn meter(&mut self, name: &str) -> (Arc<str>, Arc<Meter>) {
        let (name, meter): (Arc<str>, _) = (name.into(), Arc::new(Meter::default()));
        self.wired
            .graph
            .meters
            .push((Arc::clone(&name), Arc::clone(&meter)));
        (name, meter)
    }

    fn vertices(&mut self, wanted: &BTreeSet<String>) -> Result<()> {
        let plan = self.plan;
        for node in &plan.nodes {
            if !wanted.contains(&node.name) || self.around.stand_ins.contains_key(&node.name) {
                continue;
            }
            // Not in a row: whoever reads failed rows puts their union between.
            let mut made: Vec<usize> = Vec::new();
            let mut muted = self.pasts_of(node);
            let stages = spread(&node.stages, plan.limits.parallelism);
            for (i, stage) in stages.iter().enumerate() {
                let sorts_out = matches!(stage.work, Work::InSession(_));
                let mut operator = self.operator(&node.name, stage)?;
                if i + 1 == stages.len() {
                    operator = Self::muted(operator, node, muted.take());
                }
                let (label, meter) = self.meter(&node.name);
                let ledger = Arc::clone(&self.ledger);
                let vertex = Vertex::new(label, operator, stage.inputs.len(), meter, ledger);
                let index = self.wired.graph.vertices.len();
                self.wired.graph.vertices.push((vertex, Routes::default()));
                made.push(index);
                if sorts_out {
                    let stream = format!("{}{}", node.name, OutPort::Unassigned.suffix());
                    let producer = (Producer::Vertex(index), OutPort::Unassigned);
                    self.producers.insert(stream, producer);
                }
                for (port, input) in stage.inputs.iter().enumerate() {
                    let target = Target::Vertex(index, Port(port));
                    match input {
                        Input::Stream(name, _) => self.route(name, target)?,
                        Input::Stage(i) => {
                            let producer = (Producer::Vertex(made[*i]), OutPort::Main);
                            self.route_from(producer, target);
                        }
                    }
                }
                self.stages
                    .entry(format!("{}__errors", node.name))
                    .or_default()
                    .push(index);
            }
            if let Some(last) = made.last() {
                let last = (Producer::Vertex(*last), OutPort::Main);
                self.producers.insert(node.name.clone(), last);
            }
        }
        Ok(())
    }

    fn route(&mut self, stream: &str, target: Target) -> Result<()> {
        if let Some(stages) = self.stages.remove(stream) {
            self.merge_errors(stream, &stages);
        }
        let producer = self.producers.get(stream).copied();
        let producer = producer
            .ok_or_else(|| Error::internal(format!("nobody produces the stream `{stream}`")))?;
        self.route_from(producer, target);
        Ok(())
    }

    /// Makes one stream of the failed rows of a node's stages, in the same order however many
    /// copies of a stage there are.
    fn merge_errors(&mut self, stream: &str, stages: &[usize]) {
        let merge = Merge::of_errors(stages.len());
        let secrets = self.plan.secrets.clone();
        let operator: Box<dyn Operator> = if secrets.is_empty() {
            Box::new(merge)
        } else {
            Box::new(HideSecrets { secrets, merge })
        };
        let (label, meter) = self.meter(stream);
        let ledger = Arc::clone(&self.ledger);
        let vertex = Vertex::new(label, operator, stages.len(), meter, ledger);
        let index = self.wired.graph.vertices.len();
        self.wired.graph.vertices.push((vertex, Routes::default()));
        for (port, stage) in stages.iter().enumerate() {
            let target = Target::Vertex(index, Port(port));
            self.route_from((Producer::Vertex(*stage), OutPort::Errors), target);
        }
        let producer = (Producer::Vertex(index), OutPort::Main);
        self.producers.insert(stream.to_owned(), producer);
    }

    /// Lets somebody look at every stream.
    fn taps(&mut self) -> Taps {
        let mut taps = Taps::new();
        let known = |stream: &String| self.plan.streams.contains_key(stream);
        let failed = self.stages.iter().map(|(stream, stages)| {
            let ports = stages
                .iter()
                .map(|i| (Producer::Vertex(*i), OutPort::Errors));
            (stream, ports.collect::<Vec<_>>())
        });
        let own = self
            .producers
            .iter()
            .map(|(stream, of)| (stream, vec![*of]));
        let graph = &mut self.wired.graph;
        for (stream, producers) in own.chain(failed).filter(|(stream, _)| known(stream)) {
            let tap = Arc::new(Tap::new(producers.len()));
            for (producer, port) in producers {
                let routes = match producer {
                    Producer::Source(i) => &mut graph.sources[i].1,
                    Producer::Vertex(i) => &mut graph.vertices[i].1,
                };
                routes.taps.push((port, Arc::clone(&tap)));
            }
            taps.insert(stream.clone(), tap);
        }
        taps
    }

    fn route_from(&mut self, (producer, port): (Producer, OutPort), target: Target) {
        let graph = &mut self.wired.graph;
        let routes = match producer {
            Producer::Source(i) => &mut graph.sources[i].1,
            Producer::Vertex(i) => &mut graph.vertices[i].1,
        };
        routes.ways.push((port, target));
    }
}
