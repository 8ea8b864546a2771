//! A rule as planned: everything that its node is made of, any number of times.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use serde_json::{Map, Value as Json};
use zaraba_alerts::calm::Quiet;
use zaraba_config::document::{Argument, RuleLimitsDoc, Value};
use zaraba_config::env::redact;
use zaraba_core::error::Result;
use zaraba_core::operator::Operator;
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::Calendar;
use zaraba_rules::limits::Limits;
use zaraba_rules::node::Node;
use zaraba_rules::plugin::Plugin;
use zaraba_rules::rule::Rule;
use zaraba_rules::tables::{Given, Gone, Kept, Tables};
use zaraba_rules::world::{Level, Log, Surroundings};
use zaraba_sql::plan::catalog::Catalog;
use zaraba_sql::plan::stage::Foreign;
use zaraba_sql::table::dropped::Dropped;
use zaraba_sql::table::reader::TableShape;

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
    /// The tables that it looks into.
    pub(crate) tables: Vec<TableShape>,
    /// What conditions of tables are planned with.
    pub(crate) catalog: Catalog,
    pub(crate) limits: Limits,
    pub(crate) calendar: Calendar,
    /// What no line may show.
    pub(crate) secrets: Vec<String>,
    /// What keeps its alerts few; none: nothing does.
    pub(crate) quiet: Option<Arc<Quiet>>,
}

impl RuleWork {
    /// The plugin's parameters, with these of the pipeline put in.
    pub(crate) fn filled(&self, params: &[(String, Value)]) -> Map<String, Json> {
        let given = self.arguments.iter();
        given
            .map(|(name, argument)| (name.clone(), argument.filled(params)))
            .collect()
    }

    /// The rule, with some version of its plugin and the pipeline's parameters.
    ///
    /// # Errors
    /// The user's, when these do not go together.
    pub(crate) fn rule(
        &self,
        plugin: &Plugin,
        params: &[(String, Value)],
        tables: Arc<dyn Tables>,
    ) -> Result<Rule> {
        let streams = self.streams.iter();
        let streams: Vec<(&str, &Schema)> = streams
            .map(|(name, columns)| (name.as_str(), columns.as_ref()))
            .collect();
        let around = Surroundings {
            limits: self.limits.clone(),
            calendar: self.calendar.clone(),
            tables,
            log: Arc::new(Speaker {
                rule: self.name.clone(),
                secrets: self.secrets.clone(),
            }),
        };
        Rule::new(&self.name, plugin, &self.filled(params), &streams, around)
    }

    /// Its node, and the rule in it as others reach it.
    ///
    /// # Errors
    /// When the guest does not start, which it did when it was checked.
    pub(crate) fn node(&self) -> Result<Node> {
        let tables = self.tables.iter().map(|shape| self.given(shape));
        let tables: Vec<Given> = tables.collect::<Result<_>>()?;
        let tables = Arc::new(Kept::new(self.plugin.manifest(), &tables)?);
        let looked = Arc::clone(&tables);
        let rule = self.rule(&self.plugin, &self.params, looked)?;
        let streams: Vec<SchemaRef> = self.streams.iter().map(|(_, s)| Arc::clone(s)).collect();
        Ok(Node::new(rule, &streams).with_tables(tables))
    }

    /// A table as its versions are kept.
    fn given(&self, shape: &TableShape) -> Result<Given> {
        let dropped = Dropped::of(shape, &self.catalog)?;
        Ok(Given {
            gone: Some(Arc::new(ByTime(dropped))),
            ..given(shape)
        })
    }
}

impl Foreign for RuleWork {
    fn operator(&self, _node: &str) -> Result<Box<dyn Operator>> {
        Ok(Box::new(self.node()?))
    }

    fn describe(&self) -> String {
        let tables = match self.tables.is_empty() {
            true => "",
            false => {
                "; rows of its tables per key, and older ones until the watermark has passed them"
            }
        };
        format!(
            "what the plugin remembers by key, at most {} KiB; rows until the watermark has passed \
             them{tables}",
            self.limits.state.div_ceil(1024)
        )
    }

    fn kind(&self) -> (&'static str, &'static str) {
        ("rule", "plugin")
    }
}

/// A table of the pipeline, as it is held against a manifest.
pub(crate) fn given(shape: &TableShape) -> Given {
    Given {
        name: shape.name.clone(),
        columns: Arc::clone(&shape.schema),
        key: shape.key.clone(),
        gone: None,
    }
}

/// `ttl`, and a `drop_when` that asks for `now()`.
struct ByTime(Dropped);

impl Gone for ByTime {
    fn expires(&self, time: EventTime) -> EventTime {
        EventTime(self.0.expires(time.0))
    }

    fn asks(&self) -> bool {
        self.0.asks()
    }

    fn gone(&self, row: &RecordBatch, at: EventTime) -> Result<bool> {
        self.0.holds(row, at.0)
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
