//! The stream `alerts`: those of every alert and every rule, in the order of their times, with the
//! columns that all of them have.

use zaraba_core::alert::{columns, stream};
use zaraba_core::in_order::Ties;
use zaraba_sql::plan::stage::{Input, PlannedNode, Stage, Work};
use zaraba_sql::rows::Step;

/// Its name, which no other node may have.
pub const NAME: &str = "alerts";

/// The node that makes it of these nodes' streams. Alerts of one time stand in the order of these.
#[must_use]
pub fn plan(nodes: &[String]) -> PlannedNode {
    let common: Vec<usize> = (0..columns().fields().len()).collect();
    let stage = |inputs: Vec<Input>, work: Work| Stage {
        inputs,
        work,
        schema: columns(),
    };
    let mut stages: Vec<Stage> = nodes
        .iter()
        .map(|node| {
            let pick = vec![Step::Pick(common.clone())];
            let input = Input::Stream(node.clone(), None);
            stage(vec![input], Work::PassThrough(vec![pick]))
        })
        .collect();
    let picked = (0..stages.len()).map(Input::Stage).collect();
    stages.push(stage(picked, Work::Merge(Ties::AsTheyCame)));
    let merged = vec![Input::Stage(stages.len() - 1)];
    stages.push(stage(merged, Work::Number));
    PlannedNode {
        name: NAME.to_owned(),
        stages,
        output: stream(columns()),
        unassigned: None,
        warnings: Vec::new(),
        explained: format!("Union: {}", nodes.join(", ")),
    }
}
