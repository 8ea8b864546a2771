//! `[params]`: constants of the pipeline, changed by `--set name=value`, used as `$name` in SQL
//! (put in by the planner) and in paths and addresses (put in here).

use zaraba_core::diagnostic::{Diagnostic, Diagnostics};
use zaraba_core::suggest::nearest;

use crate::document::{Located, Text, Value};
use crate::read::{Context, ticked};
use crate::splice::Splice;
use crate::tree::{Node, TomlValue, quoted};

/// The parameters of the file, in its order.
pub(crate) fn read(node: &Node, mistakes: &mut Diagnostics) -> Vec<(String, Located<Value>)> {
    let TomlValue::Table(table) = &node.value else {
        let message = format!("expected a table of parameters, found {}", node.describe());
        mistakes.push(Diagnostic::at(node.span, message));
        return Vec::new();
    };
    let mut params = Vec::new();
    for entry in &table.entries {
        let name = &entry.key.value;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(word) {
            let message = format!("`{name}` cannot be a parameter's name: SQL reads it as `$name`");
            let help = "letters, digits and `_`, beginning with a letter";
            mistakes.push(Diagnostic::at(entry.key.span, message).help(help));
        } else if let Some(value) = entry.node.scalar() {
            params.push((
                name.clone(),
                Located {
                    value,
                    span: entry.node.span,
                },
            ));
        } else {
            let found = entry.node.describe();
            let message = format!("expected a text, number or boolean, found {found}");
            mistakes.push(Diagnostic::at(entry.node.span, message));
        }
    }
    params
}

/// Puts in what `--set` gave, each value read as the declared one's type.
pub(crate) fn set(
    params: &mut [(String, Located<Value>)],
    given: &[(String, String)],
    mistakes: &mut Diagnostics,
) {
    for (name, text) in given {
        let Some((_, param)) = params.iter_mut().find(|(n, _)| n == name) else {
            let names: Vec<&str> = params.iter().map(|(n, _)| n.as_str()).collect();
            mistakes.push(unknown(name, &names));
            continue;
        };
        match parse(text, &param.value) {
            Ok(value) => param.value = value,
            Err(expected) => {
                let found = quoted(text);
                let message = format!("--set {name}: expected {expected}, found {found}");
                mistakes.push(Diagnostic::nowhere(message));
            }
        }
    }
}

fn unknown(name: &str, names: &[&str]) -> Diagnostic {
    let message = format!("--set {name}: no such parameter");
    match nearest(name, names.iter().copied()) {
        Some(near) => Diagnostic::nowhere(format!("{message}; did you mean `{near}`?")),
        None if names.is_empty() => {
            Diagnostic::nowhere(message).help("the pipeline has no [params]")
        }
        None => Diagnostic::nowhere(message).help(format!("parameters are {}", ticked(names))),
    }
}

/// `text` as a value of the same type as `like`, or what was expected.
///
/// # Errors
/// When it is none.
pub fn parse(text: &str, like: &Value) -> Result<Value, &'static str> {
    match like {
        Value::Bool(_) => text
            .parse()
            .map(Value::Bool)
            .map_err(|_| "`true` or `false`"),
        Value::Int(_) => text.parse().map(Value::Int).map_err(|_| "an integer"),
        Value::Float(_) => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Value::Float(value)),
            _ => Err("a number"),
        },
        Value::Text(_) => Ok(Value::Text(text.to_owned())),
    }
}

/// `text` with each `$name` that names a parameter replaced by its value. A `$name` that nearly
/// names one is a mistake, any other `$` stands for itself.
pub(crate) fn substitute(cx: &mut Context<'_>, text: &Text) -> Option<Text> {
    let mut out = Splice::new(text);
    let mut right = true;
    while let Some(at) = out.find("$") {
        let rest = &text.value[at + 1..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = &rest[..end.unwrap_or(rest.len())];
        let end = at + 1 + name.len();
        out.copy(at);
        if let Some((_, param)) = cx.params.iter().find(|(n, _)| n == name) {
            out.replace(end, &shown(&param.value));
            continue;
        }
        out.copy(end);
        if let Some(near) = nearest(name, cx.params.iter().map(|(n, _)| n.as_str())) {
            let message = format!("no parameter `{name}`; did you mean `${near}`?");
            cx.mistake(Diagnostic::at(text.span_of(at, end), message));
            right = false;
        }
    }
    right.then(|| out.finish())
}

/// A value as it stands in a path.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => f.to_string(),
        Value::Text(text) => text.clone(),
    }
}
