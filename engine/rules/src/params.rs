//! Parameters against a plugin's JSON Schema: the part of it that parameters need (type, default,
//! range, choices, required, unknown names). What the schema says beyond that, the plugin's own
//! `configure` checks.

use serde_json::{Map, Value};
use zaraba_core::suggest;

/// A parameter that is wrong, and what is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadParam {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// What is wrong with a value.
fn complaint(value: &Value, schema: &Value) -> Option<String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(kind) = schema.get("type").and_then(Value::as_str)
        && !is_of(value, kind)
    {
        let article = if kind.starts_with(['a', 'i', 'o']) {
            "an"
        } else {
            "a"
        };
        return Some(format!("is {article} {kind}, not {value}"));
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        return Some(format!("is one of {}, not {value}", choices.join(", ")));
    }
    let number = value.as_f64()?;
    match (bound("minimum"), bound("maximum")) {
        (Some(min), _) if number < min => Some(format!("is at least {min}, not {value}")),
        (_, Some(max)) if number > max => Some(format!("is at most {max}, not {value}")),
        _ => None,
    }
}

/// Checks what was given and puts defaults in for what was not. Every complaint at once.
pub(crate) fn complete(
    given: &Map<String, Value>,
    schema: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<BadParam>> {
    let none = Map::new();
    let known = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let mut wrong = Vec::new();
    let mut complain = |name: &str, what: String| {
        wrong.push(BadParam {
            name: name.to_owned(),
            what,
        });
    };
    for (name, value) in given {
        match known.get(name) {
            None => {
                let hint = suggest::hint(name, known.keys().map(String::as_str));
                complain(name, format!("the plugin has no parameter `{name}`{hint}"));
            }
            Some(schema) => {
                if let Some(what) = complaint(value, schema) {
                    complain(name, format!("`{name}` {what}"));
                }
            }
        }
    }
    let mut complete = given.clone();
    for (name, schema) in known.iter().filter(|(name, _)| !given.contains_key(*name)) {
        if let Some(default) = schema.get("default") {
            complete.insert(name.clone(), default.clone());
        }
    }
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !complete.contains_key(name) {
            complain(name, format!("the plugin needs a parameter `{name}`"));
        }
    }
    if wrong.is_empty() {
        Ok(complete)
    } else {
        Err(wrong)
    }
}
