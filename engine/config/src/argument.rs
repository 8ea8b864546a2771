//! Values that are handed on to a program as JSON, in which `"$name"` stands for a parameter of the
//! pipeline and takes its type: what a rule's `params` are made of.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value as Json};
use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::suggest::nearest;

use crate::document::{Text, Value};
use crate::read::{Context, Typed, ticked};
use crate::tree::{Node, TomlValue};

/// A value with parameters of the pipeline in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// It is what it is.
    Plain(Json),
    /// `"$name"`
    Param(String),
    /// `[…]`
    List(Vec<Self>),
    /// `{ … }`
    Table(Vec<(String, Self)>),
}

impl Argument {
    /// The value with these parameters put in.
    #[must_use]
    pub fn filled(&self, params: &[(String, Value)]) -> Json {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Param(name) => {
                let found = params.iter().find(|(n, _)| n == name);
                found.map_or(Json::Null, |(_, value)| scalar(value))
            }
            Self::List(items) => items.iter().map(|item| item.filled(params)).collect(),
            Self::Table(fields) => {
                let field = |(name, value): &(String, Self)| (name.clone(), value.filled(params));
                Json::Object(fields.iter().map(field).collect::<Map<_, _>>())
            }
        }
    }

    /// Adds the parameters that it reads.
    pub fn reads(&self, into: &mut BTreeSet<String>) {
        match self {
            Self::Plain(_) => {}
            Self::Param(name) => {
                into.insert(name.clone());
            }
            Self::List(items) => items.iter().for_each(|item| item.reads(into)),
            Self::Table(fields) => fields.iter().for_each(|(_, value)| value.reads(into)),
        }
    }
}

fn scalar(value: &Value) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
    }
}

/// Reads one; none if something in it is wrong.
pub(crate) fn read(cx: &mut Context<'_>, node: &Node) -> Option<Typed> {
    argument(cx, node).map(Typed::Argument)
}

fn argument(cx: &mut Context<'_>, node: &Node) -> Option<Argument> {
    let plain = match &node.value {
        TomlValue::Text(text) => return self::text(cx, text),
        TomlValue::Integer(value) => Json::from(*value),
        TomlValue::Float(value) => match Number::from_f64(*value) {
            Some(number) => Json::Number(number),
            None => {
                let message = format!("expected a finite number, found {value:?}");
                cx.mistake(Diagnostic::at(node.span, message));
                return None;
            }
        },
        TomlValue::Bool(value) => Json::Bool(*value),
        TomlValue::Datetime(time) => Json::String(time.clone()),
        TomlValue::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| argument(cx, item)).collect();
            return items.into_iter().collect::<Option<_>>().map(Argument::List);
        }
        TomlValue::Table(table) => {
            let fields = table.entries.iter().map(|entry| {
                let value = argument(cx, &entry.node)?;
                Some((entry.key.value.clone(), value))
            });
            let fields: Vec<_> = fields.collect();
            return fields
                .into_iter()
                .collect::<Option<_>>()
                .map(Argument::Table);
        }
        TomlValue::Broken => {
            cx.known_mistake();
            return None;
        }
    };
    Some(Argument::Plain(plain))
}

/// `"$name"`, and nothing beside it, is a parameter.
fn text(cx: &mut Context<'_>, text: &Text) -> Option<Argument> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = text.value.strip_prefix('$');
    let Some(name) = name.filter(|name| !name.is_empty() && name.chars().all(word)) else {
        return Some(Argument::Plain(Json::String(text.value.clone())));
    };
    if cx.params.iter().any(|(n, _)| n == name) {
        return Some(Argument::Param(name.to_owned()));
    }
    let names: Vec<&str> = cx.params.iter().map(|(n, _)| n.as_str()).collect();
    let message = format!("no parameter `{name}`");
    cx.mistake(match nearest(name, names.iter().copied()) {
        Some(near) => Diagnostic::at(text.span, format!("{message}; did you mean `${near}`?")),
        None if names.is_empty() => {
            Diagnostic::at(text.span, message).help("the pipeline has no [params]")
        }
        None => Diagnostic::at(text.span, message)
            .help(format!("parameters of the pipeline are {}", ticked(&names))),
    });
    None
}
