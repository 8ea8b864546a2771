//! A declared alert as a node: the stage that watches rows, and behind it the one that tells storms.

use std::sync::Arc;

use zaraba_config::document::{AlertDoc, StormDoc};
use zaraba_core::alert;
use zaraba_sql::plan::stage::{PlannedNode, Stage, Work};

use crate::calm;
use crate::check::{Around, declared};
use crate::live::{Origin, Watch};
use crate::mistake::Mistake;

/// A planned alert, and what it can be planned again from.
pub struct Planned {
    /// Its node.
    pub node: PlannedNode,
    /// For whoever makes its operator, to change parameters while it runs.
    pub origin: Arc<Origin>,
}

/// Plans an alert on a stream that the catalog knows.
///
/// # Errors
/// All that is wrong with it.
pub fn plan(doc: &AlertDoc, around: &Around<'_>) -> Result<Planned, Vec<Mistake>> {
    let (inputs, declared) = declared(doc, around)?;
    let origin = Arc::new(Origin {
        doc: doc.clone(),
        params: around.params.to_vec(),
        catalog: around.catalog.clone(),
        zone: around.zone,
        inputs: inputs.clone(),
        declared: Arc::new(declared),
    });
    let quiet = StormDoc {
        cooldown: None, // of a declared alert it is a matter of its states
        group: doc.storm.group,
    };
    let mut stages = vec![Stage {
        inputs,
        work: Work::Foreign(Arc::new(Watch(Arc::clone(&origin)))),
        schema: alert::columns(),
    }];
    stages.extend(calm::stage(0, &quiet, &alert::columns()).map(|(stage, _)| stage));
    let node = PlannedNode {
        name: doc.name.value.clone(),
        stages,
        output: alert::stream(calm::columns(&quiet, &alert::columns())),
        unassigned: None,
        warnings: Vec::new(),
        explained: format!("Alert: {} when {}", doc.from.value, doc.when.value.trim()),
    };
    Ok(Planned { node, origin })
}
