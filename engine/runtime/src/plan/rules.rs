//! Rules held against the pipeline: the plugin is there, its streams and tables have what it wants,
//! and its parameters are what it takes.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use zaraba_config::document::{Located, RuleDoc};
use zaraba_core::alert;
use zaraba_core::diagnostic::{Diagnostic, Span};
use zaraba_rules::plugin::Plugin;
use zaraba_rules::rule::{check_stream, complete_params};
use zaraba_sql::plan::stage::{Input, PlannedNode, Stage, Work};

use crate::plan::Planning;
use crate::rules::work::{RuleWork, limits};

impl Planning<'_> {
    /// Plans a rule; every mistake that it has.
    pub(super) fn rule(&mut self, doc: &RuleDoc) -> Result<PlannedNode, Vec<Diagnostic>> {
        let found = self
            .plugins
            .get(&doc.plugin.value)
            .map_err(|(what, help)| {
                let mistake = Diagnostic::at(doc.plugin.span, what);
                vec![match help {
                    Some(help) => mistake.help(help),
                    None => mistake,
                }]
            })?;
        let mut mistakes = Vec::new();
        let streams = self.streams_of(doc, &found.plugin, &mut mistakes);
        let work = RuleWork {
            name: doc.name.value.clone(),
            limits: limits(&found.plugin, &doc.limits),
            plugin: found.plugin,
            file: found.file,
            stamp: found.stamp,
            arguments: arguments(doc),
            params: self.params(),
            streams,
            calendar: self.catalog.calendar.clone(),
            secrets: self.document.secrets.clone(),
        };
        check_params(doc, &work, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        // Started once now, so that what the plugin has against its parameters is a mistake.
        let rule = work.rule(&work.plugin, &work.params).map_err(|error| {
            let span = doc.params_at.unwrap_or(doc.plugin.span);
            vec![Diagnostic::at(span, error.to_string())]
        })?;
        let columns = Arc::clone(rule.columns());
        let (work, planned) = planned(work, columns);
        self.rules.insert(doc.name.value.clone(), work);
        Ok(planned)
    }

    /// The streams of a rule with their columns: as many as the plugin reads, each with what it
    /// wants.
    fn streams_of(
        &self,
        doc: &RuleDoc,
        plugin: &Plugin,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<(String, SchemaRef)> {
        let wanted = &plugin.manifest().streams;
        if wanted.len() != doc.from.len() {
            mistakes.push(other_number(doc, plugin));
        }
        let mut streams = Vec::new();
        for (i, from) in doc.from.iter().enumerate() {
            let Some(schema) = self.streams.get(&from.value) else {
                mistakes.push(self.no_stream(from));
                continue;
            };
            let misfits = check_stream(plugin, i, &from.value, &schema.columns);
            for misfit in misfits.err().into_iter().flatten() {
                mistakes.push(Diagnostic::at(from.span, misfit.what));
            }
            streams.push((from.value.clone(), Arc::clone(&schema.columns)));
        }
        streams
    }
}

fn arguments(doc: &RuleDoc) -> Vec<(String, zaraba_config::document::Argument)> {
    let argument = |(name, value): &(Located<String>, Located<_>)| {
        (name.value.clone(), Clone::clone(&value.value))
    };
    doc.params.iter().map(argument).collect()
}

/// More or fewer streams than the plugin reads.
fn other_number(doc: &RuleDoc, plugin: &Plugin) -> Diagnostic {
    let wanted = &plugin.manifest().streams;
    let names: Vec<String> = wanted.iter().map(|s| format!("`{}`", s.name)).collect();
    let count = match names.len() {
        1 => "1 stream".to_owned(),
        n => format!("{n} streams"),
    };
    let (plugin, given) = (&plugin.manifest().name, doc.from.len());
    let span = match doc.from.get(wanted.len()).or_else(|| doc.from.last()) {
        Some(from) => from.span,
        None => doc.name.span,
    };
    let message = format!("the plugin `{plugin}` reads {count}, and `from` has {given}");
    Diagnostic::at(span, message).help(format!("it calls them {}", names.join(", ")))
}

fn check_params(doc: &RuleDoc, work: &RuleWork, mistakes: &mut Vec<Diagnostic>) {
    let Err(wrong) = complete_params(&work.plugin, &work.given(&work.params)) else {
        return;
    };
    let known = work.plugin.manifest().params.get("properties");
    for bad in wrong {
        let given = doc.params.iter().find(|(name, _)| name.value == bad.name);
        let span: Span = match given {
            Some((_, value)) if known.is_some_and(|k| k.get(&bad.name).is_some()) => value.span,
            Some((name, _)) => name.span,
            None => doc.params_at.unwrap_or(doc.plugin.span),
        };
        mistakes.push(Diagnostic::at(span, bad.what));
    }
}

/// The columns of a stream that a plugin reads.
fn read(plugin: &Plugin, stream: usize, has: &Schema) -> Vec<usize> {
    let wanted = plugin.manifest().streams.get(stream);
    let fields = wanted.into_iter().flat_map(|stream| &stream.fields);
    fields.filter_map(|f| has.index_of(&f.name).ok()).collect()
}

fn planned(work: RuleWork, columns: SchemaRef) -> (Arc<RuleWork>, PlannedNode) {
    let streams = work.streams.iter().enumerate();
    let inputs = streams.map(|(i, (name, has))| {
        let read = read(&work.plugin, i, has);
        Input::Stream(name.clone(), Some(read))
    });
    let manifest = work.plugin.manifest();
    let explained = format!("Rule: {} {}", manifest.name, manifest.version);
    let inputs = inputs.collect();
    let work = Arc::new(work);
    let node = PlannedNode {
        name: work.name.clone(),
        stages: vec![Stage {
            inputs,
            work: Work::Foreign(Arc::clone(&work) as _),
            schema: Arc::clone(&columns),
        }],
        output: alert::stream(columns),
        unassigned: None,
        warnings: Vec::new(),
        explained,
    };
    (work, node)
}
