//! The JSON Schema of a pipeline file (draft 2020-12), for editors: made from the specs. It is a
//! little wider than the validator, which also checks what hangs together.

use serde_json::{Map, Value, json};

use crate::leaf::{COLUMN_TYPES, expected};
use crate::root::{NODES_LATER, ROOT};
use crate::spec::{Kind, Least, NodeSpec, Opt, Presence, Section, Words};

/// A string with an environment variable can stand for any text.
const VARIABLE: &str = r"\$\{";

/// The schema, as JSON text.
#[must_use]
pub fn json_schema() -> String {
    let mut schema = Map::new();
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!("zaraba pipeline"));
    if let Value::Object(root) = section(&ROOT, None) {
        schema.extend(root);
    }
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// A section; with a connector, the one for that word.
fn section(section: &Section, connector: Option<&str>) -> Value {
    let mut properties = Map::new();
    for option in section.options() {
        let schema = match connector.filter(|_| option.name == "connector") {
            Some(word) => json!({ "const": word, "description": option.about }),
            None => described(option),
        };
        properties.insert(option.name.to_owned(), schema);
    }
    let required: Vec<&str> = section
        .options()
        .filter(|o| o.presence == Presence::Required)
        .map(|o| o.name)
        .collect();
    let mut schema = json!({
        "description": section.about,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn described(option: &Opt) -> Value {
    let mut schema = of_kind(&option.kind);
    let mut about = option.about.to_owned();
    if let Presence::Default(default) = option.presence
        && !default.is_empty()
    {
        about = format!("{about}; left out: {}", default.replace('`', ""));
    }
    schema["description"] = json!(about);
    schema
}

/// A text that matches a pattern, or has a variable in it.
fn text_like(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": format!("{pattern}|{VARIABLE}") })
}

fn of_kind(kind: &Kind) -> Value {
    const DURATION: &str = r"^\s*([0-9]+\s*(us|µs|ms|s|min|m|h|d)\s*)+$";
    match kind {
        Kind::Text | Kind::Sql | Kind::Listen | Kind::ListenOpen | Kind::Zone => {
            json!({ "type": "string" })
        }
        Kind::Name | Kind::Path | Kind::Time | Kind::Date => {
            json!({ "type": "string", "minLength": 1 })
        }
        Kind::Url | Kind::SocketUrl | Kind::Request => {
            json!({ "type": "string", "minLength": 1 })
        }
        Kind::Texts => {
            let text = json!({ "type": "string" });
            json!({ "anyOf": [text, { "type": "object", "additionalProperties": text }] })
        }
        Kind::Message => json!({ "type": ["string", "object", "array"] }),
        Kind::TextList => json!({ "type": ["string", "array"], "items": of_kind(&Kind::Name) }),
        Kind::Char => json!({ "type": "string", "minLength": 1 }),
        Kind::Int(low, i64::MAX) => json!({ "type": "integer", "minimum": low }),
        Kind::Int(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Kind::Float => json!({ "type": "number" }),
        Kind::PositiveFloat => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Duration | Kind::DurationOrZero => text_like(DURATION),
        Kind::Ttl => {
            json!({ "anyOf": [text_like(DURATION), text_like(r"^\s*[0-9]+\s*trading_days?\s*$")] })
        }
        Kind::Size => text_like(r"^\s*[0-9]+\s*([KMGT]i?)?B\s*$"),
        Kind::ColumnType => {
            let names: Vec<&str> = COLUMN_TYPES.iter().map(|(name, _)| *name).collect();
            json!({ "anyOf": [{ "enum": names }, text_like(r"^decimal\([0-9]+, *[0-9]+\)$")] })
        }
        Kind::Words(words) => of_words(words),
        Kind::List(item, Least::None) => json!({ "type": "array", "items": of_kind(item) }),
        Kind::List(item, Least::One) => {
            json!({ "type": "array", "items": of_kind(item), "minItems": 1 })
        }
        Kind::Pair => {
            json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 })
        }
        Kind::Table(spec) => section(spec, None),
        Kind::Map(item) => json!({ "type": "object", "additionalProperties": of_kind(item) }),
        Kind::Either(short, spec) => json!({ "anyOf": [of_kind(short), section(spec, None)] }),
        Kind::TextOrNumber => json!({ "type": ["string", "integer"] }),
        Kind::Scalar => json!({ "type": ["string", "integer", "number", "boolean"] }),
        Kind::Argument => json!({}),
        Kind::Row => {
            json!({ "type": "object", "additionalProperties": of_kind(&Kind::Scalar), "title": expected(kind) })
        }
        Kind::Nodes(spec) => nodes(spec),
        Kind::Overlay => overlay(),
    }
}

fn of_words(words: &Words) -> Value {
    json!({ "anyOf": [{ "enum": words.now }, { "type": "string", "pattern": VARIABLE }] })
}

fn nodes(spec: &NodeSpec) -> Value {
    let mut sections: Vec<Value> = spec
        .sections()
        .into_iter()
        .map(|(connector, s)| section(s, connector))
        .collect();
    let body = match sections.len() {
        1 => sections.remove(0),
        _ => json!({ "oneOf": sections }),
    };
    json!({
        "type": "object",
        "propertyNames": { "pattern": "^[a-z][a-z0-9_]*$" },
        "additionalProperties": body,
    })
}

/// A profile: any of the top level's keys.
fn overlay() -> Value {
    let names = ROOT
        .options()
        .map(|o| o.name)
        .filter(|n| !["profile", "include"].contains(n));
    let names: Vec<&str> = names.chain(NODES_LATER).collect();
    json!({ "type": "object", "propertyNames": { "enum": names } })
}
