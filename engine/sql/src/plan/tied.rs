//! Streams whose rows may have one time and sequence: joins, of which one row meets several, and
//! unions of branches that see the same row. Their rows are put in one order and numbered, so that
//! every reader sees them in that order.

use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::{LogicalPlan, Union};

use crate::plan::origins::origins;
use crate::plan::stage::{Input, Stage, Work};
use crate::plan::streaming::{Builder, Flow};
use crate::rows::Step;
use zaraba_core::in_order::Ties;

/// The branches of a union, those of unions within it among them: `a UNION ALL b UNION ALL c` has
/// three that stand in this order.
pub(super) fn branches(union: &Union) -> Vec<&LogicalPlan> {
    let mut all = Vec::with_capacity(union.inputs.len());
    for input in &union.inputs {
        match input.as_ref() {
            LogicalPlan::Union(inner) => all.extend(branches(inner)),
            other => all.push(other),
        }
    }
    all
}

impl Builder<'_> {
    /// What a join emits. `several`: a row may have several matches.
    pub(super) fn joined(&mut self, stage: Stage, several: bool) -> Flow {
        let schema = SchemaRef::clone(&stage.schema);
        let flow = self.close(stage);
        if several {
            return self.numbered(flow.input, schema);
        }
        flow
    }

    /// Several streams as one. Branches that cannot tie run side by side; others wait for each
    /// other, and of rows that tie the one of the branch that stands first comes first.
    pub(super) fn union(
        &mut self,
        inputs: Vec<Input>,
        steps: Vec<Vec<Step>>,
        schema: SchemaRef,
    ) -> Flow {
        if !self.tie(&inputs) {
            return self.close(Stage {
                inputs,
                work: Work::PassThrough(steps),
                schema,
            });
        }
        let mut branches = Vec::with_capacity(inputs.len());
        for (input, steps) in inputs.into_iter().zip(steps) {
            let branch = self.close(Stage {
                inputs: vec![input],
                work: Work::PassThrough(vec![steps]),
                schema: SchemaRef::clone(&schema),
            });
            branches.push(branch.input);
        }
        let merged = self.close(Stage {
            inputs: branches,
            work: Work::Merge(Ties::AsTheyCame),
            schema: SchemaRef::clone(&schema),
        });
        self.numbered(merged.input, schema)
    }

    /// Whether two of the streams have sequences of one origin.
    fn tie(&self, inputs: &[Input]) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        inputs.iter().any(|input| {
            let mut own = origins(input, &self.stages, self.catalog).into_iter();
            own.any(|origin| !seen.insert(origin))
        })
    }

    fn numbered(&mut self, input: Input, schema: SchemaRef) -> Flow {
        self.close(Stage {
            inputs: vec![input],
            work: Work::Number,
            schema,
        })
    }
}
