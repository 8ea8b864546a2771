//! A keyed stage on several threads: copies of it, each of which keeps the rows of its share of
//! the keys, and their union. All rows of a key stay together, so every answer stays the same.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;

use crate::join::interval::IntervalPlan;
use crate::join::side::Side;
use crate::over::plan::OverPlan;
use crate::over::whole::WholePlan;
use crate::plan::stage::{Input, Stage, Work};
use crate::rows::{Share, Step};
use crate::session::operator::SessionPlan;
use crate::window::aggregate::WindowPlan;
use zaraba_core::in_order::Ties;

/// What happens to the rows of one input on their own, and the keys behind that.
type Keyed = (Vec<Step>, Vec<Arc<dyn PhysicalExpr>>);

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
        match keyed(&stage.work) {
            Some(keyed) if copies > 1 => share(stage, &keyed, copies, &mut out),
            _ => out.push(stage),
        }
        places.push(out.len() - 1);
    }
    out
}

/// Each copy sees all rows and keeps its own: so a row that fails is shown as it came.
fn share(stage: Stage, keyed: &[Keyed], copies: usize, out: &mut Vec<Stage>) {
    let first = out.len();
    // One copy has all matches of a row, in their order. One row's copies in several windows are in
    // several copies, and stand there by what they say.
    let ties = match stage.work {
        Work::Interval(_) => Ties::AsTheyCame,
        _ => Ties::ByContent,
    };
    for index in 0..copies {
        let shared = keyed.iter().map(|(steps, keys)| {
            let share = Share {
                keys: keys.clone(),
                index,
                of: copies,
            };
            let mut steps = steps.clone();
            steps.push(Step::Share(share));
            steps
        });
        out.push(Stage {
            work: with_steps(&stage.work, shared.collect()),
            ..stage.clone()
        });
    }
    out.push(Stage {
        inputs: (first..first + copies).map(Input::Stage).collect(),
        work: Work::Merge(ties),
        schema: stage.schema,
    });
}

/// The inputs of a stage that can be shared out; none: it has no keys, or reads tables.
fn keyed(work: &Work) -> Option<Vec<Keyed>> {
    let one = |steps: &Vec<Step>, keys: Vec<Arc<dyn PhysicalExpr>>| {
        (!keys.is_empty()).then(|| vec![(steps.clone(), keys)])
    };
    match work {
        Work::Window(plan) => one(&plan.pre, plan.agg.keys.clone()),
        Work::Session(plan) => one(&plan.pre, columns(&plan.input, &plan.keys)),
        Work::Over(plan) => one(&plan.pre, columns(&plan.waits, &plan.keys)),
        Work::OverWhole(plan) => one(&plan.pre, columns(&plan.waits, &plan.keys)),
        Work::Interval(plan) => {
            let side = |side: &Side| (side.steps.clone(), side.keys.clone());
            let keyed = plan.sides.iter().all(|side| !side.keys.is_empty());
            keyed.then(|| plan.sides.iter().map(side).collect())
        }
        _ => None,
    }
}

fn columns(schema: &Schema, keys: &[usize]) -> Vec<Arc<dyn PhysicalExpr>> {
    let column = |i: &usize| Arc::new(Column::new(schema.field(*i).name(), *i));
    keys.iter().map(|i| column(i) as _).collect()
}

/// The same work on rows that have other steps before them.
fn with_steps(work: &Work, steps: Vec<Vec<Step>>) -> Work {
    let pre = steps.first().cloned().unwrap_or_default();
    match work {
        Work::Window(plan) => Work::Window(Arc::new(WindowPlan {
            pre,
            ..WindowPlan::clone(plan)
        })),
        Work::Session(plan) => Work::Session(Arc::new(SessionPlan {
            pre,
            ..SessionPlan::clone(plan)
        })),
        Work::Over(plan) => Work::Over(Arc::new(OverPlan {
            pre,
            ..OverPlan::clone(plan)
        })),
        Work::OverWhole(plan) => Work::OverWhole(Arc::new(WholePlan {
            pre,
            ..WholePlan::clone(plan)
        })),
        Work::Interval(plan) => {
            let mut plan = IntervalPlan::clone(plan);
            for (side, steps) in plan.sides.iter_mut().zip(steps) {
                side.steps = steps;
            }
            Work::Interval(Arc::new(plan))
        }
        other => other.clone(),
    }
}
