//! What is told of a key: an alert made of a row.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use zaraba_core::alert::{self, Alert};
use zaraba_core::error::Result;
use zaraba_core::time::EventTime;

use crate::held::Held;
use crate::machine::Event;
use crate::template::{Said, Templates};
use crate::values::{self, time_text};

/// What makes alerts of rows.
pub(crate) struct Teller {
    pub(crate) rule: String,
    pub(crate) kind: String,
    pub(crate) unit: Option<String>,
    pub(crate) templates: Templates,
    /// The key's columns, and those that `when` reads beside them.
    pub(crate) keys: Vec<usize>,
    pub(crate) evidence: Vec<usize>,
    pub(crate) zone: Tz,
}

/// The columns of a key in words.
pub(crate) fn key_text(values: &[Value]) -> String {
    let words: Vec<String> = values.iter().map(values::text).collect();
    words.join("/")
}

impl Teller {
    /// What a row's key is called.
    pub(crate) fn key(&self, held: &Held) -> Result<String> {
        let value = |i: &usize| values::json(held.rows.column(*i), held.row, self.zone);
        let values: Vec<Value> = self.keys.iter().map(value).collect::<Result<_>>()?;
        Ok(key_text(&values))
    }

    /// The alert of an event, and what its templates could not do.
    pub(crate) fn alert(
        &self,
        event: &Event<Held>,
        key: String,
        ordinal: u64,
    ) -> Result<(Alert, Option<String>)> {
        let time = EventTime(event.time);
        let rows = &event.held.rows;
        let value = |column: usize| values::json(rows.column(column), event.held.row, self.zone);
        let name = |column: usize| rows.schema_ref().field(column).name().clone();
        let mut args = Map::new();
        for column in &self.templates.columns {
            if let Ok(i) = rows.schema_ref().index_of(column) {
                args.insert(column.clone(), value(i)?);
            }
        }
        let (figure, threshold) = figures(rows, event.held.row);
        let mut seen = Map::new();
        for (word, value) in [
            ("key", json!(key)),
            ("severity", json!(event.severity.name())),
            ("since", json!(time_text(event.since, self.zone))),
            ("state", json!(event.state.name())),
            ("threshold", json!(threshold)),
            ("time", json!(time_text(event.time, self.zone))),
            ("value", json!(figure)),
        ] {
            seen.insert(word.to_owned(), value);
        }
        seen.extend(args.clone());
        let fallback = match key.as_str() {
            "" => self.rule.clone(),
            key => format!("{} {key}", self.rule),
        };
        let (said, trouble) = match self.templates.said(&seen, &fallback) {
            Ok(said) => (said, None),
            Err(trouble) => {
                let title = fallback;
                (
                    Said {
                        title,
                        ..Said::default()
                    },
                    Some(trouble),
                )
            }
        };
        let mut evidence = Vec::with_capacity(self.evidence.len());
        for column in &self.evidence {
            let since = time_text(event.time, self.zone);
            evidence
                .push(json!({ "name": name(*column), "value": value(*column)?, "time": since }));
        }
        let alert = Alert {
            time,
            id: alert::id(&self.rule, &self.kind, &key, time, ordinal),
            rule: self.rule.clone(),
            state: event.state,
            severity: event.severity,
            kind: self.kind.clone(),
            key,
            code: self.rule.clone(),
            args: Value::Object(args).to_string(),
            title: said.title,
            message: said.message,
            texts: said.all,
            value: figure,
            baseline: None,
            baseline_time: None,
            threshold,
            unit: self.unit.clone(),
            evidence: Value::Array(evidence).to_string(),
            link: said.link,
        };
        Ok((alert, trouble))
    }
}

/// The last two columns: figure and threshold.
fn figures(rows: &RecordBatch, row: usize) -> (Option<f64>, Option<f64>) {
    let of = |column: &ArrayRef| {
        let floats = column.as_primitive_opt::<Float64Type>()?;
        let number = floats.is_valid(row).then(|| floats.value(row))?;
        number.is_finite().then_some(number)
    };
    match rows.columns() {
        [.., value, threshold] => (of(value), of(threshold)),
        _ => (None, None),
    }
}

/// Says each trouble of a node once.
#[derive(Default)]
pub(crate) struct Troubles(HashSet<String>);

impl Troubles {
    /// Most that are remembered.
    const MOST: usize = 100;

    /// Whether it is new.
    pub(crate) fn is_new(&mut self, trouble: &str) -> bool {
        self.0.len() < Self::MOST && self.0.insert(trouble.to_owned())
    }
}
