//! Runs a pipeline over rows that are there already, under either executor: the seeded one (with
//! kills and restores if asked) and threads.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use zaraba_config::load::{LoadOptions, load_text};
use zaraba_core::batch::Batch;
use zaraba_core::clock::ManualClock;
use zaraba_core::error::Result;
use zaraba_core::time::{ClockTime, Epoch};
use zaraba_runtime::plan::{Extensions, PipelinePlan, plan};
use zaraba_runtime::run::capture::Captures;
use zaraba_runtime::run::graph::Graph;
use zaraba_runtime::run::simulation::{Dice, Simulation};
use zaraba_runtime::run::threads;
use zaraba_runtime::wire::{StandIn, Surroundings, wire};

/// How a run is driven.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drive {
    /// Seed of the single-threaded executor; none: threads.
    pub(crate) seed: Option<u64>,
    /// Most rows in a batch that a source makes.
    pub(crate) batch_rows: usize,
    /// Kills the run now and then and goes on from the last complete epoch.
    pub(crate) kill: bool,
}

/// Plans a pipeline, or says what is wrong with it, as users see it.
pub(crate) fn planned(toml: &str) -> std::result::Result<PipelinePlan, String> {
    planned_with(toml, &Extensions::default())
}

/// Plans a pipeline with functions of one's own.
pub(crate) fn planned_with(
    toml: &str,
    extensions: &Extensions,
) -> std::result::Result<PipelinePlan, String> {
    let options = LoadOptions {
        profile: None,
        set: Vec::new(),
        env: &|_| None,
    };
    let loaded = load_text(Path::new("pipeline.toml"), toml, &options);
    let mut mistakes = loaded.diagnostics;
    let mut result = None;
    if let Some(document) = &loaded.document {
        let (plan, more) = plan(document, extensions);
        more.0.into_iter().for_each(|m| mistakes.push(m));
        result = plan;
    }
    mistakes.sort();
    match result {
        Some(plan) if mistakes.is_empty() => Ok(plan),
        _ => Err(loaded.sources.render_all(&mistakes)),
    }
}

/// Runs a plan with rows standing in for sources; answers the batches of each captured stream.
pub(crate) fn run(
    plan: &PipelinePlan,
    inputs: &BTreeMap<String, StandIn>,
    capture: &[&str],
    drive: Drive,
) -> Result<Vec<Vec<Batch>>> {
    run_changed(plan, inputs, capture, drive, &|graph| graph)
}

/// The same, with a change to the graph before it starts.
pub(crate) fn run_changed(
    plan: &PipelinePlan,
    inputs: &BTreeMap<String, StandIn>,
    capture: &[&str],
    drive: Drive,
    change: &dyn Fn(Graph) -> Graph,
) -> Result<Vec<Vec<Batch>>> {
    let mut plan = plan.clone();
    plan.limits.batch_rows = drive.batch_rows;
    plan.limits.parallelism = drive.seed.map_or(2, |seed| [1, 2, 4][seed as usize % 3]);
    let names: Vec<String> = capture.iter().map(|s| (*s).to_owned()).collect();
    let captures = Captures::default();
    let graph = |after: Epoch, clock: &ManualClock| {
        let around = Surroundings {
            clock: Arc::new(clock.clone()),
            tokio: None,
            stand_ins: inputs.clone(),
            capture: Some((names.clone(), captures.clone(), after)),
            metrics: Arc::new(String::new),
        };
        wire(&plan, around).map(|w| change(w.graph))
    };
    let clock = ManualClock::new(ClockTime(0));
    let Some(seed) = drive.seed else {
        let graph = graph(Epoch(0), &clock)?;
        let clock: Arc<dyn zaraba_core::clock::Clock> = Arc::new(clock);
        threads::start(graph, plan.limits.queue, &clock)?.join()?;
        return Ok((0..capture.len()).map(|i| captures.of(i)).collect());
    };
    let mut dice = Dice(seed ^ 0x5EED);
    let mut complete = None;
    loop {
        let after = complete.as_ref().map_or(Epoch(0), |(epoch, _)| *epoch);
        let every = drive.kill.then(|| 5 + dice.below(40));
        let seed = dice.below(usize::MAX) as u64;
        let mut simulation = Simulation::new(graph(after, &clock)?, clock.clone(), seed, every);
        if let Some((epoch, checkpoint)) = &complete {
            captures.rewind(*epoch);
            simulation.restore(*epoch, checkpoint)?;
        } else {
            captures.rewind(Epoch(0));
        }
        let steps = if drive.kill && dice.below(4) != 0 {
            10 + dice.below(400)
        } else {
            usize::MAX
        };
        let ended = simulation.run(steps)?;
        if ended {
            return Ok((0..capture.len()).map(|i| captures.of(i)).collect());
        }
        if let Some(last) = simulation.complete() {
            complete = Some(last.clone());
        }
    }
}

/// Batches of one stream as one.
pub(crate) fn whole(plan: &PipelinePlan, stream: &str, batches: &[Batch]) -> RecordBatch {
    let schema = &plan.streams[stream].columns;
    concat_batches(schema, batches.iter().map(|b| &b.rows)).expect("one schema")
}
