//! Rules held against the pipeline: the plugin is there, its streams and tables have what it wants,
//! and its parameters are what it takes.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use zaraba_alerts::calm;
use zaraba_config::document::{Located, RuleDoc, StormDoc};
use zaraba_core::alert;
use zaraba_core::diagnostic::{Diagnostic, Span};
use zaraba_core::suggest::hint;
use zaraba_rules::plugin::Plugin;
use zaraba_rules::rule::{check_stream, complete_params};
use zaraba_rules::tables::{NoTables, check_table};
use zaraba_sql::plan::mistake::there;
use zaraba_sql::plan::stage::{Input, PlannedNode, Stage, Work};

use zaraba_sql::table::reader::TableShape;

use crate::plan::Planning;
use crate::rules::work::{RuleWork, given, limits};

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
        let tables = self.tables_of(doc, &found.plugin, &mut mistakes);
        let work = RuleWork {
            name: doc.name.value.clone(),
            limits: limits(&found.plugin, &doc.limits),
            plugin: found.plugin,
            file: found.file,
            stamp: found.stamp,
            arguments: arguments(doc),
            params: self.params(),
            streams,
            tables,
            catalog: self.catalog.clone(),
            calendar: self.catalog.calendar.clone(),
            secrets: self.document.secrets.clone(),
            quiet: None,
        };
        check_params(doc, &work, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        // Started once now, so that what the plugin has against its parameters is a mistake.
        let started = work.rule(&work.plugin, &work.params, Arc::new(NoTables));
        let rule = started.map_err(|error| {
            let span = doc.params_at.unwrap_or(doc.plugin.span);
            vec![Diagnostic::at(span, error.to_string())]
        })?;
        let columns = Arc::clone(rule.columns());
        let (work, planned) = planned(work, columns, &doc.storm);
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

impl Planning<'_> {
    /// The tables of a rule: those that its plugin looks into, each with what it wants.
    fn tables_of(
        &self,
        doc: &RuleDoc,
        plugin: &Plugin,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<TableShape> {
        let wanted = &plugin.manifest().tables;
        let needed = wanted.iter().filter(|table| !table.optional).count();
        let (says, has) = (doc.tables.len(), wanted.len());
        if says < needed || says > has {
            mistakes.push(other_tables(doc, plugin));
        }
        let mut tables = Vec::new();
        for (i, name) in doc.tables.iter().enumerate() {
            let Some(shape) = self.shapes.get(&name.value) else {
                mistakes.push(self.no_table(name));
                continue;
            };
            let misfits = check_table(plugin, i, &given(shape)).err();
            for misfit in misfits.into_iter().flatten() {
                mistakes.push(Diagnostic::at(name.span, misfit.what));
            }
            tables.push(shape.clone());
        }
        tables
    }

    /// A name that is no table.
    fn no_table(&self, name: &Located<String>) -> Diagnostic {
        if self.streams.contains_key(&name.value) {
            let message = format!("`{}` is no table", name.value);
            return Diagnostic::at(name.span, message).help("declare a `[table.NAME]` over it");
        }
        let known: Vec<&str> = self.shapes.keys().map(String::as_str).collect();
        let hint = hint(&name.value, known.iter().copied());
        let mistake = Diagnostic::at(name.span, format!("no table `{}`{hint}", name.value));
        match known.as_slice() {
            _ if !hint.is_empty() => mistake,
            [] => mistake.help("the pipeline has none"),
            known => mistake.help(there(known)),
        }
    }
}

/// More or fewer tables than the plugin looks into.
fn other_tables(doc: &RuleDoc, plugin: &Plugin) -> Diagnostic {
    let manifest = plugin.manifest();
    let names = manifest.tables.iter().map(|table| match table.optional {
        true => format!("`{}` (it does without)", table.name),
        false => format!("`{}`", table.name),
    });
    let names: Vec<String> = names.collect();
    let (plugin, says) = (&manifest.name, doc.tables.len());
    let span = match doc.tables.get(names.len()).or_else(|| doc.tables.last()) {
        Some(table) => table.span,
        None => doc.plugin.span,
    };
    match names.as_slice() {
        [] => Diagnostic::at(span, format!("the plugin `{plugin}` looks into no table")),
        names => {
            let count = match names.len() {
                1 => "1 table".to_owned(),
                n => format!("{n} tables"),
            };
            let message =
                format!("the plugin `{plugin}` looks into {count}, and `tables` has {says}");
            let help = format!("it calls them {}", names.join(", "));
            Diagnostic::at(span, message).help(help)
        }
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
    let Err(wrong) = complete_params(&work.plugin, &work.filled(&work.params)) else {
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

fn planned(
    mut work: RuleWork,
    columns: SchemaRef,
    storm: &StormDoc,
) -> (Arc<RuleWork>, PlannedNode) {
    let streams = work.streams.iter().enumerate();
    let inputs = streams.map(|(i, (name, has))| {
        let read = read(&work.plugin, i, has);
        Input::Stream(name.clone(), Some(read))
    });
    let manifest = work.plugin.manifest();
    let explained = format!("Rule: {} {}", manifest.name, manifest.version);
    let tables = work.tables.iter();
    let tables = tables.map(|shape| Input::Stream(shape.name.clone(), None));
    let inputs = inputs.chain(tables).collect();
    let (calm, quiet) = calm::stage(0, storm, &columns).unzip();
    work.quiet = quiet;
    let work = Arc::new(work);
    let mut stages = vec![Stage {
        inputs,
        work: Work::Foreign(Arc::clone(&work) as _),
        schema: Arc::clone(&columns),
    }];
    stages.extend(calm);
    let node = PlannedNode {
        name: work.name.clone(),
        stages,
        output: alert::stream(calm::columns(storm, &columns)),
        unassigned: None,
        warnings: Vec::new(),
        explained,
    };
    (work, node)
}
