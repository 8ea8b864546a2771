//! The nodes of a run and where each sends what. The last thing both executors share.

use std::sync::Arc;

use arrow::array::AsArray;
use zaraba_core::batch::Batch;
use zaraba_core::message::Message;
use zaraba_core::meter::Meter;
use zaraba_core::operator::Port;
use zaraba_core::output::OutPort;
use zaraba_core::source::Wake;

use crate::run::sink_task::SinkTask;
use crate::run::source_task::SourceTask;
use crate::run::tap::Tap;
use crate::run::vertex::Vertex;

/// Who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A node between sources and sinks.
    Vertex(usize, Port),
    /// A sink.
    Sink(usize, Port),
}

/// Where a node sends what it writes.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// Who receives.
    pub ways: Vec<(OutPort, Target)>,
    /// Where somebody may look at it.
    pub taps: Vec<(OutPort, Arc<Tap>)>,
}

impl Routes {
    /// Who receives what is written to a port.
    pub fn of(&self, port: OutPort) -> impl Iterator<Item = Target> + '_ {
        self.ways
            .iter()
            .filter(move |(p, _)| *p == port)
            .map(|(_, target)| *target)
    }
}

/// Everything that runs.
pub struct Graph {
    /// Sources, each with what wakes it when it waits.
    pub sources: Vec<(SourceTask, Routes, Wake)>,
    /// Nodes between, each behind those that it reads.
    pub vertices: Vec<(Vertex, Routes)>,
    /// Sinks.
    pub sinks: Vec<SinkTask>,
    /// Every node's counters, in the order of the pipeline; a node of several stages has several.
    pub meters: Vec<(Arc<str>, Arc<Meter>)>,
}

/// Why and where the first of these rows was put aside.
pub(crate) fn reason(errors: &Batch) -> String {
    let text = |name: &str| {
        let column = errors.rows.column_by_name(name);
        let texts = column.and_then(|c| c.as_string_opt::<i32>());
        texts.map(|t| t.value(0)).unwrap_or_default()
    };
    format!("{}: {}", text("place"), text("reason"))
}

/// Counts what a node wrote.
pub fn count(meter: &Meter, port: OutPort, message: &Message) {
    if let Message::Rows(rows) = message {
        match port {
            OutPort::Main => Meter::add(&meter.rows_out, rows.len()),
            OutPort::Errors => {
                Meter::add(&meter.errors, rows.len());
                meter.first_reason.get_or_init(|| reason(rows));
            }
            OutPort::Unassigned => Meter::add(&meter.unassigned, rows.len()),
            OutPort::Late => {}
        }
    }
}
