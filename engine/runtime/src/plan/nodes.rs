//! Tables and queries, each planned behind those that it reads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use zaraba_alerts::all;
use zaraba_config::document::{AlertDoc, QueryDoc, RuleDoc, TableDoc, Text, TtlDoc};
use zaraba_core::bad_rows;
use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::stream::Changelog;
use zaraba_sql::plan::mistake::SqlMistake;
use zaraba_sql::plan::parse::{Parsed, condition_text, parse};
use zaraba_sql::plan::stage::PlannedNode;
use zaraba_sql::plan::triggered::{TriggerSpec, key_columns};
use zaraba_sql::plan::{streaming, triggered};
use zaraba_sql::table::reader::TableShape;
use zaraba_sql::table::ttl::Ttl;

use crate::plan::{Planning, alerts, places};

/// A node that waits for those that it reads.
enum Waiting<'a> {
    Table(&'a TableDoc),
    Query(&'a QueryDoc, Box<Parsed>),
    Alert(&'a AlertDoc),
    Rule(&'a RuleDoc),
    /// The stream of these nodes' alerts.
    Alerts(Vec<String>),
}

impl Waiting<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Table(doc) => &doc.name.value,
            Self::Query(doc, _) => &doc.name.value,
            Self::Alert(doc) => &doc.name.value,
            Self::Rule(doc) => &doc.name.value,
            Self::Alerts(_) => all::NAME,
        }
    }

    fn reads(&self) -> BTreeSet<String> {
        match self {
            Self::Table(doc) => BTreeSet::from([doc.from.value.clone()]),
            Self::Query(_, parsed) => parsed.reads.clone(),
            Self::Alert(doc) => BTreeSet::from([doc.from.value.clone()]),
            Self::Alerts(nodes) => nodes.iter().cloned().collect(),
            Self::Rule(doc) => {
                let read = doc.from.iter().chain(&doc.tables);
                read.map(|name| name.value.clone()).collect()
            }
        }
    }
}

/// The node that a stream is of.
fn node_of(stream: &str) -> &str {
    stream.split("__").next().unwrap_or(stream)
}

/// A shortest way from a node over those that it reads back to itself; none if there is none.
fn path_back<'a>(start: &str, reads: &'a BTreeMap<&str, BTreeSet<String>>) -> Option<Vec<&'a str>> {
    let mut ways: VecDeque<Vec<&str>> = VecDeque::from([Vec::new()]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let end = way.last().copied().unwrap_or(start);
        for next in reads.get(end).into_iter().flatten().map(|r| node_of(r)) {
            if reads.contains_key(next) && seen.insert(next) {
                let longer: Vec<&str> = way.iter().copied().chain([next]).collect();
                if next == start {
                    return Some(longer);
                }
                ways.push_back(longer);
            }
        }
    }
    None
}

impl Planning<'_> {
    pub(crate) fn plan_nodes(&mut self) {
        let document = self.document;
        let mut waiting: Vec<Waiting<'_>> = document.tables.iter().map(Waiting::Table).collect();
        for query in &document.queries {
            match parse(&query.sql.value, &self.params()) {
                Ok(parsed) => waiting.push(Waiting::Query(query, Box::new(parsed))),
                Err(mistakes) => {
                    self.broken.insert(query.name.value.clone());
                    for mistake in mistakes {
                        self.mistakes.push(places::in_text(&mistake, &query.sql));
                    }
                }
            }
        }
        waiting.extend(document.alerts.iter().map(Waiting::Alert));
        waiting.extend(document.rules.iter().map(Waiting::Rule));
        if !self.no_alerts() {
            waiting.push(Waiting::Alerts(alerts::of_all(document)));
        }
        while !waiting.is_empty() {
            let names: BTreeSet<String> = waiting.iter().map(|w| w.name().to_owned()).collect();
            let blocked = |w: &Waiting<'_>| w.reads().iter().any(|r| names.contains(node_of(r)));
            let (later, now): (Vec<_>, Vec<_>) = waiting.into_iter().partition(blocked);
            if now.is_empty() {
                self.circle(&later);
                return;
            }
            for node in now {
                self.plan_node(&node);
            }
            waiting = later;
        }
    }

    pub(super) fn params(&self) -> Vec<(String, zaraba_config::document::Value)> {
        self.document
            .params
            .iter()
            .map(|(n, v)| (n.clone(), v.value.clone()))
            .collect()
    }

    /// Tells each circle once, at its first node. What only reads a circle is left out silently.
    fn circle(&mut self, nodes: &[Waiting<'_>]) {
        let reads: BTreeMap<&str, BTreeSet<String>> =
            nodes.iter().map(|n| (n.name(), n.reads())).collect();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for node in nodes {
            self.broken.insert(node.name().to_owned());
            if told.contains(node.name()) {
                continue;
            }
            let Some(path) = path_back(node.name(), &reads) else {
                continue;
            };
            let steps: Vec<String> = path.iter().map(|n| format!("reads `{n}`")).collect();
            told.extend(path);
            let span = match node {
                Waiting::Table(doc) => doc.name.span,
                Waiting::Query(doc, _) => doc.name.span,
                Waiting::Alert(doc) => doc.name.span,
                Waiting::Rule(doc) => doc.name.span,
                // What it is made of tells of the circle.
                Waiting::Alerts(_) => continue,
            };
            let message = format!("`{}` {}: a circle", node.name(), steps.join(", which "));
            self.mistakes.push(Diagnostic::at(span, message));
        }
    }

    fn plan_node(&mut self, node: &Waiting<'_>) {
        if node.reads().iter().any(|r| self.is_broken(r)) {
            self.broken.insert(node.name().to_owned());
            return;
        }
        let planned = match node {
            Waiting::Table(doc) => self.table(doc).map_err(|mistake| vec![mistake]),
            Waiting::Query(doc, parsed) => self.query(doc, parsed).map_err(|mistake| vec![mistake]),
            Waiting::Alert(doc) => self.alert(doc),
            Waiting::Rule(doc) => self.rule(doc),
            Waiting::Alerts(nodes) => Ok(all::plan(nodes)),
        };
        match planned {
            Ok(planned) => self.add_node(planned),
            Err(mistakes) => {
                self.broken.insert(node.name().to_owned());
                mistakes.into_iter().for_each(|m| self.mistakes.push(m));
            }
        }
    }

    fn add_node(&mut self, planned: PlannedNode) {
        let upsert = match &planned.output.changelog {
            Changelog::Append => None,
            Changelog::Upsert { key } => key_columns(key, &planned.output.columns).ok(),
        };
        let name = planned.name.clone();
        self.catalog.passes_sequences(&planned);
        if let Some(key) = &upsert {
            // A table was noted with its ttl before.
            let shape = self.shapes.entry(name.clone());
            let shape = shape.or_insert_with(|| TableShape {
                name: name.clone(),
                schema: planned.output.columns.clone(),
                key: key.clone(),
                ttl: None,
                drop_when: None,
            });
            self.catalog.add_shape(shape.clone());
        }
        self.add_stream(&name, planned.output.clone(), upsert.is_some());
        self.add_stream(&format!("{name}__errors"), bad_rows::stream(), false);
        if let Some(schema) = &planned.unassigned {
            self.add_stream(&format!("{name}__unassigned"), schema.clone(), false);
        }
        self.nodes.push(planned);
    }

    fn table(&mut self, doc: &TableDoc) -> Result<PlannedNode, Diagnostic> {
        let from = &doc.from;
        let Some(input) = self.streams.get(&from.value).cloned() else {
            return Err(self.no_stream(from));
        };
        let mut key = Vec::with_capacity(doc.key.len());
        for column in &doc.key {
            let found = key_columns(std::slice::from_ref(&column.value), &input.columns);
            key.extend(found.map_err(|m| places::at(&m, column.span))?);
        }
        let drop_when = match &doc.drop_when {
            Some(text) => Some(self.condition(text)?),
            None => None,
        };
        let name = doc.name.value.clone();
        let schema = input.columns.clone();
        let calendar = self.catalog.calendar.clone();
        let ttl = doc.ttl.map(|ttl| match ttl {
            TtlDoc::Span(micros) => Ttl::Span(micros),
            TtlDoc::TradingDays(days) => Ttl::TradingDays { days, calendar },
        });
        let moment = doc.snapshot_at.map(Into::into);
        let shape = TableShape {
            name: name.clone(),
            schema,
            key,
            ttl,
            drop_when,
        };
        let planned =
            triggered::plan_table(shape.clone(), &from.value, &input, moment, &self.catalog);
        let planned = planned.map_err(|mistake| match &doc.drop_when {
            Some(text) => places::in_text(&mistake, text),
            None => places::at(&mistake, doc.name.span),
        })?;
        self.shapes.insert(name, shape);
        Ok(planned)
    }

    /// A condition with its parameters put in.
    fn condition(&self, text: &Text) -> Result<String, Diagnostic> {
        condition_text(&text.value, &self.params()).map_err(|mistakes| {
            let first = mistakes.into_iter().next();
            let mistake = first.unwrap_or_else(|| SqlMistake::new("expected a condition"));
            places::in_text(&mistake, text)
        })
    }

    fn query(&self, doc: &QueryDoc, parsed: &Parsed) -> Result<PlannedNode, Diagnostic> {
        let name = &doc.name.value;
        let in_sql = |m: SqlMistake| places::in_text(&m, &doc.sql);
        if let Some(mistake) = self.reads_no_alerts(parsed) {
            return Err(in_sql(mistake));
        }
        let Some(trigger) = &doc.trigger else {
            return streaming::plan(name, parsed, &self.catalog).map_err(in_sql);
        };
        let key = doc.key.iter().flatten();
        let spec = TriggerSpec {
            trigger: trigger.value,
            key: key.clone().map(|k| k.value.clone()).collect(),
            emit: doc.emit,
        };
        let shape = |table: &str| self.shapes.get(table).cloned();
        triggered::plan(name, parsed, &spec, &self.catalog, &shape).map_err(|mistake| {
            let wrong = key.clone().find(|k| {
                mistake.message.contains("for the key")
                    && mistake.message.contains(&format!("`{}`", k.value))
            });
            match wrong {
                Some(column) => places::at(&mistake, column.span),
                None => in_sql(mistake),
            }
        })
    }
}
