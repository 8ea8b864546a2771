//! A part of a pipeline: what some of its streams are made of, and nothing else.

use std::collections::BTreeSet;

use zaraba_config::document::{Document, Value};
use zaraba_sql::plan::parse::parse;

use crate::plan::alerts_of;

/// Takes out of a document what these streams do not need: other nodes, sinks and tests.
pub fn keep(document: &mut Document, streams: &[String]) {
    let needed = behind(document, streams);
    document.sources.retain(|n| needed.contains(&n.name.value));
    document.tables.retain(|n| needed.contains(&n.name.value));
    document.queries.retain(|n| needed.contains(&n.name.value));
    document.alerts.retain(|n| needed.contains(&n.name.value));
    document.rules.retain(|n| needed.contains(&n.name.value));
    document.sinks.clear();
    document.tests.clear();
}

/// The nodes that these streams are made of, theirs among them.
#[must_use]
pub fn behind(document: &Document, streams: &[String]) -> BTreeSet<String> {
    let params: Vec<(String, Value)> = (document.params.iter())
        .map(|(name, value)| (name.clone(), value.value.clone()))
        .collect();
    let mut needed = BTreeSet::new();
    let mut ahead = streams.to_vec();
    while let Some(stream) = ahead.pop() {
        let node = stream.split("__").next().unwrap_or(&stream);
        if needed.insert(node.to_owned()) {
            ahead.extend(read_by(document, &params, node));
        }
    }
    needed
}

/// The streams that a node reads.
fn read_by(document: &Document, params: &[(String, Value)], node: &str) -> Vec<String> {
    let alerts = document.alerts.iter().filter(|n| n.name.value == node);
    let tables = document.tables.iter().filter(|n| n.name.value == node);
    let rules = document.rules.iter().filter(|n| n.name.value == node);
    let queries = document.queries.iter().filter(|n| n.name.value == node);
    let of_rules = rules.flat_map(|rule| rule.from.iter().chain(&rule.tables));
    let plain = (tables.map(|table| &table.from))
        .chain(alerts.map(|alert| &alert.from))
        .chain(of_rules)
        .map(|from| from.value.clone());
    let read = queries.filter_map(|query| parse(&query.sql.value, params).ok());
    let read = read.flat_map(|parsed| parsed.reads);
    let all = if node == zaraba_alerts::all::NAME {
        alerts_of(document)
    } else {
        Vec::new()
    };
    plain.chain(read).chain(all).collect()
}
