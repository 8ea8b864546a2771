//! Which nodes read a parameter: by their SQL, or by what they hand to a plugin.

use std::collections::BTreeSet;

use zaraba_config::document::{Document, Text, Value};
use zaraba_sql::plan::parse::{condition_text, parse};

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// The value that the pipeline was started with.
    pub value: Value,
    /// The tables, queries, alerts and rules that read it.
    pub readers: Vec<String>,
}

/// The parameters of a document without mistakes.
pub(super) fn params(document: &Document) -> Vec<Param> {
    let all = document.params.iter();
    let values: Vec<(String, Value)> = all.map(|(n, v)| (n.clone(), v.value.clone())).collect();
    let param = |(name, value): &(String, Value)| {
        // SQL that reads it is wrong without it.
        let others: Vec<_> = values.iter().filter(|(n, _)| n != name).cloned().collect();
        let tables = document.tables.iter().filter(|table| {
            let drop_when = table.drop_when.as_ref();
            drop_when.is_some_and(|text| condition_text(&text.value, &others).is_err())
        });
        let queries = document.queries.iter();
        let queries = queries.filter(|query| parse(&query.sql.value, &others).is_err());
        let alerts = document.alerts.iter().filter(|alert| {
            let wrong = |text: &Text| condition_text(&text.value, &others).is_err();
            alert.sql().any(|(_, text)| wrong(text))
        });
        let rules = document.rules.iter().filter(|rule| {
            let mut read = BTreeSet::new();
            let arguments = rule.params.iter();
            arguments.for_each(|(_, argument)| argument.value.reads(&mut read));
            read.contains(name)
        });
        let tables = tables.map(|table| table.name.value.clone());
        Param {
            name: name.clone(),
            value: value.clone(),
            readers: tables
                .chain(queries.map(|q| q.name.value.clone()))
                .chain(alerts.map(|alert| alert.name.value.clone()))
                .chain(rules.map(|rule| rule.name.value.clone()))
                .collect(),
        }
    };
    values.iter().map(param).collect()
}
