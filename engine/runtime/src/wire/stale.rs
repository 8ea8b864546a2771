//! Which streams are stale: those made from a source that has been silent for its `stale_after`, by
//! the clock.

use std::collections::BTreeSet;
use std::sync::Arc;

use zaraba_core::meter::Meter;
use zaraba_sinks::input::SinkInput;
use zaraba_sinks::websocket::Staleness;
use zaraba_sql::plan::stage::Input;

use crate::plan::PipelinePlan;
use crate::wire::Wirer;

/// What a source counts, and how long it may be silent.
type Watched = (Arc<Meter>, i64);

impl Wirer<'_> {
    /// Tells of each of a sink's streams whether it is stale.
    pub(super) fn staleness(&self, inputs: &[SinkInput]) -> Staleness {
        let of = |input: &SinkInput| self.watched(&input.name);
        let topics: Vec<Vec<Watched>> = inputs.iter().map(of).collect();
        let clock = Arc::clone(&self.around.clock);
        Staleness::new(move |topic| {
            let now = clock.now();
            let silent = |(meter, after): &Watched| meter.heard().0.saturating_add(*after) < now.0;
            topics
                .get(topic)
                .is_some_and(|sources| sources.iter().any(silent))
        })
    }

    /// The sources behind a stream that may become stale.
    fn watched(&self, stream: &str) -> Vec<Watched> {
        let names = sources_of(self.plan, stream);
        let tasks = self.wired.graph.sources.iter().map(|(task, ..)| task);
        let watched = tasks.filter_map(|task| {
            let mut planned = self.plan.sources.iter().map(|source| &source.doc);
            let doc = planned.find(|doc| doc.name.value == *task.name)?;
            let after = doc.stale_after.filter(|_| names.contains(&*task.name))?;
            Some((Arc::clone(&task.meter), after))
        });
        watched.collect()
    }
}

/// The sources from which a stream is made.
fn sources_of(plan: &PipelinePlan, stream: &str) -> BTreeSet<String> {
    let node = |stream: &str| stream.split("__").next().unwrap_or(stream).to_owned();
    let mut found = BTreeSet::from([node(stream)]);
    // Each node stands behind those that it reads.
    for planned in plan.nodes.iter().rev() {
        if found.contains(&planned.name) {
            for input in planned.stages.iter().flat_map(|s| &s.inputs) {
                if let Input::Stream(name, _) = input {
                    found.insert(node(name));
                }
            }
        }
    }
    found
}
