//! How alerts read: the manifest's templates, by the engine's own template language.

use serde_json::{Map, Value as Json};

use crate::bindings::{Alert, Manifest, Value};
use crate::harness::reading::environment;
use crate::input::Date;

/// A title and a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// A line.
    pub title: String,
    /// Sentences; may be empty.
    pub message: String,
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Int64(value) => (*value).into(),
        Value::Float64(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::Timestamp(micros) => moment(*micros).into(),
        Value::Date(days) => Date(*days).to_string().into(),
    }
}

/// `2025-11-14T00:00:00Z`, with a fraction where there is one.
fn moment(micros: i64) -> String {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let day = Date(i32::try_from(day).unwrap_or_default());
    let (hours, minutes, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = match fraction {
        0 => String::new(),
        fraction => format!(".{fraction:06}").trim_end_matches('0').to_owned(),
    };
    format!("{day}T{hours:02}:{minutes:02}:{second:02}{fraction}Z")
}

/// What a template sees.
fn seen(manifest: &Manifest, alert: &Alert) -> Map<String, Json> {
    let mut seen = Map::new();
    let mut put = |name: &str, value: Json| seen.insert(name.to_owned(), value);
    put("key", alert.key.as_str().into());
    put("value", alert.value.into());
    put("baseline", alert.baseline.into());
    put("threshold", alert.threshold.into());
    put("unit", alert.unit.as_deref().into());
    for (field, value) in manifest.outputs.iter().zip(&alert.fields) {
        put(&field.name, json(value));
    }
    for argument in &alert.args {
        put(&argument.name, json(&argument.value));
    }
    seen
}

pub(super) fn text(
    manifest: &Manifest,
    alert: &Alert,
    language: &str,
) -> Result<Option<Text>, String> {
    let mut said = manifest.messages.iter();
    let Some(message) = said.find(|m| m.code == alert.code && m.language == language) else {
        return Ok(None);
    };
    let templates = environment(10_000);
    let seen = seen(manifest, alert);
    let seen = minijinja::Value::from(minijinja::value::Serde(&seen));
    let read = |template: &str| {
        let read = templates.render_str(template, &seen);
        read.map_err(|error| format!("`{}` in `{language}`: {error}", alert.code))
    };
    Ok(Some(Text {
        title: read(&message.title)?,
        message: read(&message.body)?,
    }))
}
