//! Nodes of rules and alerts: made so that they can be changed and watched while they run.

use std::sync::Arc;

use zaraba_core::error::Result;
use zaraba_core::operator::Operator;
use zaraba_sql::plan::stage::{Stage, Work};

use crate::rules::live::Live;
use crate::rules::work::RuleWork;
use crate::wire::Wirer;
use crate::wire::alerts::Alert;

impl Wirer<'_> {
    /// The operator of a stage; that of a rule is noted for those who ask and change it.
    pub(super) fn operator(&mut self, node: &str, stage: &Stage) -> Result<Box<dyn Operator>> {
        let rule = self.plan.rules.get(node);
        let (work, kind) = match (&stage.work, rule) {
            (Work::Foreign(work), Some(rule)) => (rule, work.kind().0),
            _ => return self.alert(node, stage),
        };
        if kind == "calm" {
            return self.calm(node, stage, work);
        }
        let made = work.node().map_err(|error| error.at(node))?;
        let live = Arc::new(Live::new(work, made.rule()));
        let taker = Arc::clone(&live);
        self.insight.settings.register(node, taker);
        self.rules.push(live);
        Ok(Box::new(made))
    }

    /// That of the stage behind a rule: who changes the rule changes its cooldown.
    fn calm(&mut self, node: &str, stage: &Stage, rule: &RuleWork) -> Result<Box<dyn Operator>> {
        let Some(quiet) = &rule.quiet else {
            return stage.operator(node);
        };
        let (made, cooldown) = quiet.node(node);
        let live = self.rules.iter().find(|live| live.work.name == node);
        if let Some(live) = live.filter(|_| cooldown.get() > 0) {
            live.cools(cooldown);
        }
        Ok(made)
    }

    /// That of a declared alert is noted, too.
    fn alert(&mut self, node: &str, stage: &Stage) -> Result<Box<dyn Operator>> {
        let alert = match &stage.work {
            Work::Foreign(work) if work.kind().0 == "alert" => self.plan.alerts.get(node),
            _ => None,
        };
        let Some(origin) = alert else {
            return stage.operator(node);
        };
        let (made, live) = origin.node().map_err(|error| error.at(node))?;
        let name = node.to_owned();
        let taker = Arc::new(Alert { name, live });
        self.insight.settings.register(node, taker);
        Ok(made)
    }
}
