//! What is sent: a text as it is, with the parameters put in, or a table that is sent as JSON.

use serde_json::{Map, Number, Value};
use zaraba_core::diagnostic::Diagnostic;

use crate::captures::fill;
use crate::document::Text;
use crate::leaf::expected;
use crate::params;
use crate::read::{Context, Typed};
use crate::spec::Kind;
use crate::tree::{Node, TomlValue};

/// A body or a message, in which `{name}` is what was captured.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageDoc {
    /// Sent as it is.
    Text(String),
    /// Sent as JSON.
    Json(Value),
}

impl MessageDoc {
    /// What is sent; what is captured becomes part of a JSON text, whatever its characters.
    #[must_use]
    pub fn filled(&self, captured: &[(String, String)]) -> String {
        match self {
            Self::Text(text) => fill(text, captured, str::to_owned),
            Self::Json(value) => filled(value, captured).to_string(),
        }
    }
}

fn filled(value: &Value, captured: &[(String, String)]) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, captured, str::to_owned)),
        Value::Array(items) => items.iter().map(|item| filled(item, captured)).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| (name.clone(), filled(value, captured));
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// A message with the texts in it, whose names in braces are still to be checked.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) doc: MessageDoc,
    pub(crate) texts: Vec<Text>,
}

/// Reads a text or a table.
pub(crate) fn read(cx: &mut Context<'_>, node: &Node) -> Option<Typed> {
    let mut texts = Vec::new();
    let doc = match &node.value {
        TomlValue::Text(text) => {
            let text = params::substitute(cx, text)?;
            texts.push(text.clone());
            MessageDoc::Text(text.value)
        }
        TomlValue::Table(_) | TomlValue::Array(_) => MessageDoc::Json(json(cx, node, &mut texts)?),
        _ => {
            let (wanted, found) = (expected(&Kind::Message), node.describe());
            let message = format!("expected {wanted}, found {found}");
            cx.mistake(Diagnostic::at(node.span, message));
            return None;
        }
    };
    Some(Typed::Message(Message { doc, texts }))
}

fn json(cx: &mut Context<'_>, node: &Node, texts: &mut Vec<Text>) -> Option<Value> {
    Some(match &node.value {
        TomlValue::Text(text) => {
            texts.push(text.clone());
            Value::String(text.value.clone())
        }
        TomlValue::Integer(i) => Value::from(*i),
        TomlValue::Float(f) => match Number::from_f64(*f) {
            Some(number) => Value::Number(number),
            None => {
                let message = format!("JSON has no number {f:?}");
                cx.mistake(Diagnostic::at(node.span, message));
                return None;
            }
        },
        TomlValue::Bool(b) => Value::Bool(*b),
        TomlValue::Datetime(time) => Value::String(time.clone()),
        TomlValue::Array(items) => {
            let items = items.iter().map(|item| json(cx, item, texts));
            Value::Array(items.collect::<Option<_>>()?)
        }
        TomlValue::Table(table) => {
            let mut fields = Map::new();
            for entry in &table.entries {
                fields.insert(entry.key.value.clone(), json(cx, &entry.node, texts)?);
            }
            Value::Object(fields)
        }
        TomlValue::Broken => {
            cx.known_mistake();
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_captured_stays_inside_its_text() {
        let captured = [("token".to_owned(), "a\"},{\\".to_owned())];
        let table =
            serde_json::json!({ "op": "auth", "args": ["{token}", 7, { "t": "x{token}" }] });
        let sent = MessageDoc::Json(table).filled(&captured);
        let back: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(back["args"][0], "a\"},{\\");
        assert_eq!(back["args"][2]["t"], "xa\"},{\\");
        assert_eq!((&back["op"], &back["args"][1]), (&"auth".into(), &7.into()));
        let text = MessageDoc::Text("auth {token}".to_owned());
        assert_eq!(text.filled(&captured), "auth a\"},{\\");
    }
}
