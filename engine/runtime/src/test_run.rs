//! `[[test]]`: rows stand in for streams, the nodes behind the expected streams run under the
//! seeded executor with a clock that stands still, and what they emit is compared row by row. No
//! file is opened and no socket: a source without rows of its own is empty.

mod compare;

mod input;

mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use zaraba_config::document::TestDoc;
use zaraba_core::clock::ManualClock;
use zaraba_core::error::Result;
use zaraba_core::time::{ClockTime, Epoch};

use crate::plan::PipelinePlan;
use crate::run::capture::Captures;
use crate::run::simulation::Simulation;
use crate::test_run::compare::difference;
use crate::test_run::input::stand_in;
use crate::wire::{StandIn, Surroundings, wire};

pub(crate) use crate::test_run::input::{Checking, check_rows};

/// Any would do: what a pipeline emits does not depend on it.
const SEED: u64 = 1;

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The test's name.
    pub name: String,
    /// Why it could not run to its end.
    pub error: Option<String>,
    /// The streams that emitted something else than expected.
    pub differences: Vec<Difference>,
}

impl Outcome {
    /// Whether everything was as expected.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.error.is_none() && self.differences.is_empty()
    }
}

/// How what a stream emitted differs from what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The stream.
    pub stream: String,
    /// How many rows were expected.
    pub expected: usize,
    /// How many came.
    pub got: usize,
    /// The columns compared.
    pub columns: Vec<String>,
    /// The first rows that differ.
    pub rows: Vec<RowDifference>,
    /// How many more differ.
    pub more: usize,
}

/// An expected row and the one that came in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowDifference {
    /// Which row of the stream, from 1.
    pub number: usize,
    /// A text for each column, none where it is not compared; none: no row was expected.
    pub expected: Option<Vec<Option<String>>>,
    /// The same of the row that came; none: no row came.
    pub got: Option<Vec<Option<String>>>,
    /// The first column that differs, where there are two rows.
    pub differs: Option<usize>,
}

/// Runs the tests of a pipeline, each when it is asked for.
pub fn run_tests(plan: &PipelinePlan) -> impl Iterator<Item = Outcome> + '_ {
    plan.tests.iter().map(|test| {
        let (error, differences) = match run_test(plan, test) {
            Ok(differences) => (None, differences),
            Err(error) => (Some(error.to_string()), Vec::new()),
        };
        Outcome {
            name: test.name.value.clone(),
            error,
            differences,
        }
    })
}

fn run_test(plan: &PipelinePlan, test: &TestDoc) -> Result<Vec<Difference>> {
    let mut stand_ins: BTreeMap<String, StandIn> = plan
        .source_names()
        .into_iter()
        .map(|name| (name, StandIn::default()))
        .collect();
    for (stream, rows) in &test.input {
        stand_ins.insert(stream.value.clone(), stand_in(plan, &stream.value, rows)?);
    }
    let captures = Captures::default();
    let clock = ManualClock::new(ClockTime(0));
    let streams = test
        .expect
        .iter()
        .map(|(stream, _)| stream.value.clone())
        .collect();
    let around = Surroundings {
        clock: Arc::new(clock.clone()),
        tokio: None,
        stand_ins,
        capture: Some((streams, captures.clone(), Epoch(0))),
        metrics: Arc::new(String::new),
    };
    let graph = wire(plan, around)?.graph;
    Simulation::new(graph, clock, SEED, None).run(usize::MAX)?;
    let mut differences = Vec::new();
    for (i, (stream, rows)) in test.expect.iter().enumerate() {
        differences.extend(difference(plan, &stream.value, rows, &captures.of(i))?);
    }
    Ok(differences)
}
