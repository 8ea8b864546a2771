//! Which sources stand behind which inputs of a sink, for those that say after what silence their
//! figures are stale.

use std::collections::{BTreeMap, BTreeSet};

use zaraba_sinks::input::SinkInput;
use zaraba_sinks::websocket::stale::Pulse;
use zaraba_sql::plan::stage::Input;

use crate::plan::PipelinePlan;
use crate::wire::Wirer;

impl Wirer<'_> {
    /// The sources with `stale_after`, and the inputs that are made from each.
    pub(super) fn pulses(&self, inputs: &[SinkInput]) -> Vec<Pulse> {
        let behind = behind(self.plan);
        let sources = self.plan.sources.iter().filter_map(|source| {
            let after = source.doc.stale_after?;
            let name = source.doc.name.value.as_str();
            let meters = self.wired.graph.meters.iter();
            let (_, meter) = meters.into_iter().find(|(label, _)| **label == *name)?;
            let made_from = |input: &SinkInput| {
                let sources = behind.get(node(&input.name));
                sources.is_some_and(|sources| sources.contains(name))
            };
            let inputs = inputs.iter().enumerate();
            let inputs = inputs.filter(|(_, input)| made_from(input));
            Some(Pulse {
                meter: meter.clone(),
                after,
                inputs: inputs.map(|(at, _)| at).collect(),
            })
        });
        sources.collect()
    }
}

/// The node of a stream: `ticks` of `ticks__late`.
fn node(stream: &str) -> &str {
    stream.split("__").next().unwrap_or(stream)
}

/// The sources that each node is made from.
fn behind(plan: &PipelinePlan) -> BTreeMap<&str, BTreeSet<&str>> {
    let sources = plan.sources.iter().map(|s| s.doc.name.value.as_str());
    let mut behind: BTreeMap<&str, BTreeSet<&str>> =
        sources.map(|name| (name, BTreeSet::from([name]))).collect();
    // Each node stands behind those that it reads.
    for planned in &plan.nodes {
        let inputs = planned.stages.iter().flat_map(|stage| &stage.inputs);
        let streams = inputs.filter_map(|input| match input {
            Input::Stream(name, _) => behind.get(node(name)),
            _ => None,
        });
        let sources = streams.flatten().copied().collect();
        behind.insert(&planned.name, sources);
    }
    behind
}
