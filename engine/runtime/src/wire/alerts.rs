//! Nodes of alerts: made so that they can take other parameters while they run, and say nothing of
//! history.

use std::sync::Arc;

use zaraba_alerts::live::Live;
use zaraba_core::operator::Operator;
use zaraba_core::past::Past;
use zaraba_sql::plan::stage::{Input, PlannedNode, Work};

use crate::describe::node_of;
use crate::inside::settings::{Settable, Wanted};
use crate::run::mute::Muted;
use crate::wire::Wirer;

/// An alert that runs.
pub(super) struct Alert {
    pub(super) name: String,
    pub(super) live: Live,
}

impl Settable for Alert {
    fn options(&self) -> Vec<(&'static str, String)> {
        self.live.options()
    }

    fn check(&self, wanted: Wanted<'_>) -> Result<(), String> {
        self.live.check(wanted)
    }

    fn take(&self, wanted: Wanted<'_>) {
        // It was checked just now.
        if let Err(reason) = self.live.take(wanted) {
            let alert = self.name.as_str();
            tracing::error!(target: "zaraba::alert", alert, "changes are refused, all stays as it was: {reason}");
        }
    }
}

impl Wirer<'_> {
    /// Where the pasts of the sources behind a node end, and whether it is a rule, if it raises
    /// alerts.
    pub(super) fn pasts_of(&mut self, node: &PlannedNode) -> Option<Pasts> {
        let mut pasts: Vec<Arc<Past>> = Vec::new();
        for input in node.stages.iter().flat_map(|stage| &stage.inputs) {
            let Input::Stream(stream, _) = input else {
                continue;
            };
            for past in self.pasts.get(node_of(stream)).into_iter().flatten() {
                if !pasts.iter().any(|known| Arc::ptr_eq(known, past)) {
                    pasts.push(Arc::clone(past));
                }
            }
        }
        if pasts.is_empty() {
            return None;
        }
        self.pasts.insert(node.name.clone(), pasts.clone());
        let raises = |what: &str| {
            node.stages
                .iter()
                .any(|stage| matches!(&stage.work, Work::Foreign(work) if work.kind().0 == what))
        };
        let rule = raises("rule");
        (rule || raises("alert")).then_some(Pasts { pasts, rule })
    }

    /// A node's last operator, which says nothing of history. What a declared alert finds true is so
    /// until it clears; a rule may raise what never ends, and does not say so.
    pub(super) fn muted(
        operator: Box<dyn Operator>,
        node: &PlannedNode,
        pasts: Option<Pasts>,
    ) -> Box<dyn Operator> {
        let Some(Pasts { pasts, rule }) = pasts else {
            return operator;
        };
        let columns = Arc::clone(&node.output.columns);
        Box::new(Muted::new(operator, pasts, columns, rule))
    }
}

/// Of a node that raises alerts.
pub(super) struct Pasts {
    pasts: Vec<Arc<Past>>,
    rule: bool,
}
