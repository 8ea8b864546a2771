//! A rule as planned: everything that its node is made of, any number of times.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use serde_json::{Map, Value as Json};
use zaraba_config::document::{Argument, RuleLimitsDoc, Value};
use zaraba_config::env::redact;
use zaraba_core::error::Result;
use zaraba_core::operator::Operator;
use zaraba_finance::calendar::Calendar;
use zaraba_rules::limits::Limits;
use zaraba_rules::node::Node;
use zaraba_rules::plugin::Plugin;
use zaraba_rules::rule::Rule;
use zaraba_rules::tables::NoTables;
use zaraba_rules::world::{Level, Log, Surroundings};
use zaraba_sql::plan::stage::Foreign;

use crate::rules::watch::Stamp;

/// What a rule's node is made of.
pub(crate) struct RuleWork {
    pub(crate) name: String,
    pub(crate) plugin: Plugin,
    /// The plugin's file.
    pub(crate) file: PathBuf,
    /// As it was when it was loaded.
    pub(crate) stamp: Option<Stamp>,
    /// `params`, in which parameters of the pipeline may stand.
    pub(crate) arguments: Vec<(String, Argument)>,
    /// The pipeline's parameters.
    pub(crate) params: Vec<(String, Value)>,
    /// Its streams and their columns.
    pub(crate) streams: Vec<(String, SchemaRef)>,
    pub(crate) limits: Limits,
    pub(crate) calendar: Calendar,
    /// What no line may show.
    pub(crate) secrets: Vec<String>,
}

impl RuleWork {
    /// The plugin's parameters, with these of the pipeline put in.
    pub(crate) fn given(&self, params: &[(String, Value)]) -> Map<String, Json> {
        let given = self.arguments.iter();
        given
            .map(|(name, argument)| (name.clone(), argument.filled(params)))
            .collect()
    }

    /// The rule, with some version of its plugin and the pipeline's parameters.
    ///
    /// # Errors
    /// The user's, when these do not go together.
    pub(crate) fn rule(&self, plugin: &Plugin, params: &[(String, Value)]) -> Result<Rule> {
        let streams = self.streams.iter();
        let streams: Vec<(&str, &Schema)> = streams
            .map(|(name, columns)| (name.as_str(), columns.as_ref()))
            .collect();
        let around = Surroundings {
            limits: self.limits.clone(),
            calendar: self.calendar.clone(),
            tables: Arc::new(NoTables),
            log: Arc::new(Speaker {
                rule: self.name.clone(),
                secrets: self.secrets.clone(),
            }),
        };
        Rule::new(&self.name, plugin, &self.given(params), &streams, around)
    }

    /// Its node, and the rule in it as others reach it.
    ///
    /// # Errors
    /// When the guest does not start, which it did when it was checked.
    pub(crate) fn node(&self) -> Result<Node> {
        let rule = self.rule(&self.plugin, &self.params)?;
        let streams: Vec<SchemaRef> = self.streams.iter().map(|(_, s)| Arc::clone(s)).collect();
        Ok(Node::new(rule, &streams))
    }
}

impl Foreign for RuleWork {
    fn operator(&self, _node: &str) -> Result<Box<dyn Operator>> {
        Ok(Box::new(self.node()?))
    }

    fn describe(&self) -> String {
        format!(
            "what the plugin remembers by key, at most {} MiB; rows until the watermark has passed \
             them",
            self.limits.state >> 20
        )
    }

    fn kind(&self) -> (&'static str, &'static str) {
        ("rule", "plugin")
    }
}

/// Writes a rule's lines into the log, under its name.
struct Speaker {
    rule: String,
    secrets: Vec<String>,
}

impl Log for Speaker {
    fn line(&self, level: Level, text: &str) {
        let (rule, text) = (&*self.rule, redact(text, &self.secrets));
        match level {
            Level::Debug => tracing::debug!(target: "zaraba::rule", rule, "{text}"),
            Level::Info => tracing::info!(target: "zaraba::rule", rule, "{text}"),
            Level::Warn => tracing::warn!(target: "zaraba::rule", rule, "{text}"),
            Level::Error => tracing::error!(target: "zaraba::rule", rule, "{text}"),
        }
    }
}

/// The host's limits for a plugin, with those that the file gives.
pub(crate) fn limits(plugin: &Plugin, doc: &RuleLimitsDoc) -> Limits {
    let host = plugin.limits();
    Limits {
        memory: doc.memory.unwrap_or(host.memory),
        state: doc.state.unwrap_or(host.state),
        alerts: doc.alerts.unwrap_or(host.alerts),
        output: doc.output.unwrap_or(host.output),
        log: doc.log.unwrap_or(host.log),
        fuel: doc.fuel.unwrap_or(host.fuel),
        fuel_per_row: doc.fuel_per_row.unwrap_or(host.fuel_per_row),
        deadline: doc.deadline.unwrap_or(host.deadline),
        failures: doc.failures.unwrap_or(host.failures),
        pause: doc.pause.unwrap_or(host.pause),
        pause_max: doc.pause_max.unwrap_or(host.pause_max),
        ..host
    }
}
