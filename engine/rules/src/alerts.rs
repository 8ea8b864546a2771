//! A call's alerts, from what the guest answered to rows: each is checked against the contract and
//! the manifest, put in the order of the rows that raised them, and given its time, its id and its
//! texts.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field as Column, Schema, SchemaRef};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;
use zaraba_core::alert::ordinals::Ordinals;
use zaraba_core::alert::{self, Alert, Severity, State};
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::time::{EventTime, iso8601};

use crate::bindings::zaraba::rules::types as said;
use crate::failure::Failure;
use crate::manifest::{Field, Manifest};
use crate::messages::Seen;
use crate::value::{self, arrow_type, type_name, type_of};

/// Alerts of a call that keep to contract and manifest, in the order of their rows.
#[derive(Debug)]
pub(crate) struct Checked(Vec<said::Alert>);

impl Checked {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Characters of a kind, key, code, unit, link, title or message.
const TEXT: usize = 10_000;

fn refuse<T>(what: String) -> Result<T, Failure> {
    Err(Failure::Answer(what))
}

/// Checks the answer of a call of so many rows (a tick: 1).
pub(crate) fn check(
    manifest: &Manifest,
    most: usize,
    rows: usize,
    mut answer: Vec<said::Alert>,
) -> Result<Checked, Failure> {
    if answer.len() > most {
        let n = answer.len();
        return refuse(format!(
            "it raised {n} alerts in a call, at most {most} are allowed"
        ));
    }
    for alert in &answer {
        if alert.row as usize >= rows {
            let row = alert.row;
            return refuse(format!("an alert of row {row}, the call had {rows}"));
        }
        let optional = [&alert.unit, &alert.link].into_iter().flatten();
        let texts = [
            &alert.kind,
            &alert.key,
            &alert.code,
            &alert.title,
            &alert.message,
        ];
        if alert.kind.is_empty() {
            return refuse("an alert without a kind".into());
        }
        if let Some(long) = texts
            .into_iter()
            .chain(optional)
            .find(|text| text.len() > TEXT)
        {
            let bytes = long.len();
            return refuse(format!(
                "an alert with a text of {bytes} bytes, at most {TEXT} are allowed"
            ));
        }
        check_outputs(&manifest.outputs, &alert.fields)?;
    }
    // Within a row the guest's order counts.
    answer.sort_by_key(|alert| alert.row);
    Ok(Checked(answer))
}

fn check_outputs(wanted: &[Field], given: &[value::Value]) -> Result<(), Failure> {
    if wanted.len() != given.len() {
        let (said, gave) = (wanted.len(), given.len());
        return refuse(format!(
            "an alert with {gave} output fields, the manifest says {said}"
        ));
    }
    for (field, value) in wanted.iter().zip(given) {
        let fits = match type_of(value) {
            None => field.nullable,
            Some(of) => of == field.data_type,
        };
        if !fits {
            let (name, of) = (&field.name, type_name(field.data_type));
            let gave = type_of(value).map_or("null", type_name);
            return refuse(format!(
                "the output `{name}` is {gave}, the manifest says {of}"
            ));
        }
    }
    Ok(())
}

/// The columns of a rule's stream: every alert's, then the manifest's outputs.
pub(crate) fn columns(manifest: &Manifest) -> SchemaRef {
    let own = alert::columns();
    let mut fields: Vec<Arc<Column>> = own.fields().iter().cloned().collect();
    fields.extend(manifest.outputs.iter().map(|field| {
        Arc::new(Column::new(
            &field.name,
            arrow_type(field.data_type),
            field.nullable,
        ))
    }));
    Arc::new(Schema::new(fields))
}

const fn state(of: said::AlertState) -> State {
    match of {
        said::AlertState::Open => State::Open,
        said::AlertState::Update => State::Update,
        said::AlertState::Clear => State::Clear,
    }
}

const fn severity(of: said::Severity) -> Severity {
    match of {
        said::Severity::Info => Severity::Info,
        said::Severity::Watch => Severity::Watch,
        said::Severity::High => Severity::High,
        said::Severity::Critical => Severity::Critical,
    }
}

fn evidence(of: &said::Evidence) -> Json {
    json!({
        "name": of.name,
        "value": value::json(&of.value),
        "time": of.time.map(iso8601),
    })
}

/// What a message's template sees.
fn context(manifest: &Manifest, from: &said::Alert) -> Seen {
    let mut seen = Seen::new();
    let mut put = |name: &str, value: minijinja::Value| seen.insert(name.to_owned(), value);
    put("key", from.key.as_str().into());
    put("value", from.value.into());
    put("baseline", from.baseline.into());
    put("threshold", from.threshold.into());
    put("unit", from.unit.as_deref().into());
    for (field, given) in manifest.outputs.iter().zip(&from.fields) {
        put(&field.name, value::seen(given));
    }
    for argument in &from.args {
        put(&argument.name, value::seen(&argument.value));
    }
    seen
}

/// What turns checked alerts into rows.
pub(crate) struct Maker<'a> {
    pub(crate) rule: &'a str,
    pub(crate) manifest: &'a Manifest,
    pub(crate) columns: &'a SchemaRef,
    pub(crate) ordinals: &'a mut Ordinals,
}

impl Maker<'_> {
    /// The alerts as rows; `times` are those of the call's rows. What is wrong with a message's
    /// template is said once a call, and the alert goes out with what the guest wrote itself.
    pub(crate) fn rows(
        &mut self,
        checked: &Checked,
        times: &[i64],
        mut complain: impl FnMut(String),
    ) -> Result<Batch> {
        let mut seqs = Vec::with_capacity(checked.0.len());
        let mut alerts = Vec::with_capacity(checked.0.len());
        let mut said = false;
        for from in &checked.0 {
            let time = EventTime(times.get(from.row as usize).copied().unwrap_or_default());
            let (ordinal, seq) = self.ordinals.next(time, &from.kind, &from.key);
            let (alert, trouble) = self.alert(from, time, ordinal);
            if let Some(trouble) = trouble.filter(|_| !said) {
                said = true;
                complain(trouble);
            }
            seqs.push(seq);
            alerts.push(alert);
        }
        let own = alert::rows(&alerts)?;
        let mut arrays: Vec<ArrayRef> = own.columns().to_vec();
        for (i, field) in self.manifest.outputs.iter().enumerate() {
            let given = checked.0.iter().map(|from| &from.fields[i]);
            arrays.push(value::column(field.data_type, given));
        }
        let rows = RecordBatch::try_new(self.columns.clone(), arrays)?;
        let time = alerts.iter().map(|alert| alert.time.0).collect();
        Batch::new(rows, time, seqs.into())
    }

    fn alert(&self, from: &said::Alert, time: EventTime, ordinal: u64) -> (Alert, Option<String>) {
        let args: Map<String, Json> = from
            .args
            .iter()
            .map(|arg| (arg.name.clone(), value::json(&arg.value)))
            .collect();
        let mut texts = crate::messages::Texts {
            title: from.title.clone(),
            message: from.message.clone(),
            all: None,
        };
        let mut trouble = None;
        if self.manifest.messages.knows(&from.code) {
            let seen = context(self.manifest, from);
            match self.manifest.messages.texts(&from.code, seen) {
                Ok(made) => {
                    texts.all = made.all;
                    if texts.title.is_empty() {
                        (texts.title, texts.message) = (made.title, made.message);
                    }
                }
                Err(what) => trouble = Some(what),
            }
        }
        let alert = Alert {
            time,
            id: alert::id(self.rule, &from.kind, &from.key, time, ordinal),
            rule: self.rule.to_owned(),
            state: state(from.state),
            severity: severity(from.severity),
            kind: from.kind.clone(),
            key: from.key.clone(),
            code: from.code.clone(),
            args: Json::Object(args).to_string(),
            title: texts.title,
            message: texts.message,
            texts: texts.all,
            value: from.value,
            baseline: from.baseline,
            baseline_time: from.baseline_time.map(EventTime),
            threshold: from.threshold,
            unit: from.unit.clone(),
            evidence: Json::Array(from.evidence.iter().map(evidence).collect()).to_string(),
            link: from.link.clone(),
        };
        (alert, trouble)
    }
}
