//! A keyed stage on several threads: copies of it, each of which keeps the rows of its share of
//! the keys, and their union. All rows of a key stay together, so every answer stays the same.

use std::sync::Arc;

use crate::plan::stage::{Input, Stage, Work};
use crate::rows::{Share, Step};
use crate::window::aggregate::WindowPlan;

/// The stages with every keyed one `copies` times.
#[must_use]
pub fn spread(stages: &[Stage], copies: usize) -> Vec<Stage> {
    let mut out: Vec<Stage> = Vec::with_capacity(stages.len());
    // Where each of the stages given stands among those made.
    let mut places = Vec::with_capacity(stages.len());
    for stage in stages {
        let inputs = stage.inputs.iter().map(|input| match input {
            Input::Stage(i) => Input::Stage(places[*i]),
            stream @ Input::Stream(..) => stream.clone(),
        });
        let stage = Stage {
            inputs: inputs.collect(),
            ..stage.clone()
        };
        match &stage.work {
            Work::Window(plan) if copies > 1 && !plan.agg.keys.is_empty() => {
                let plan = Arc::clone(plan);
                window(stage, &plan, copies, &mut out);
            }
            _ => out.push(stage),
        }
        places.push(out.len() - 1);
    }
    out
}

/// What happens to rows on their own is done once, before they are shared out.
fn window(stage: Stage, plan: &WindowPlan, copies: usize, out: &mut Vec<Stage>) {
    let schema = Arc::clone(&stage.schema);
    let prepared = out.len();
    out.push(Stage {
        inputs: stage.inputs,
        work: Work::PassThrough(vec![plan.pre.clone()]),
        schema: Arc::clone(&schema),
    });
    for index in 0..copies {
        let share = Share {
            keys: plan.agg.keys.clone(),
            index,
            of: copies,
        };
        let copy = WindowPlan {
            node: Arc::clone(&plan.node),
            pre: vec![Step::Share(share)],
            spec: plan.spec,
            agg: Arc::clone(&plan.agg),
            groups: plan.groups.clone(),
            schema: Arc::clone(&plan.schema),
            post: plan.post.clone(),
        };
        out.push(Stage {
            inputs: vec![Input::Stage(prepared)],
            work: Work::Window(Arc::new(copy)),
            schema: Arc::clone(&schema),
        });
    }
    out.push(Stage {
        inputs: (1..=copies).map(|i| Input::Stage(prepared + i)).collect(),
        work: Work::Merge,
        schema,
    });
}
