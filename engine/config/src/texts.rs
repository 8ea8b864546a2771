//! A list of texts, as it is or as JSON in one text: so a parameter can hold it.

use zaraba_core::diagnostic::{Diagnostic, Span};

use crate::document::{Located, Text};
use crate::leaf::expected;
use crate::params;
use crate::read::{Context, Typed};
use crate::spec::Kind;
use crate::tree::{Node, TomlValue, quoted};

/// Reads the list; a text is one in JSON, with the parameters put in.
pub(crate) fn read(cx: &mut Context<'_>, node: &Node) -> Option<Typed> {
    let before = cx.count();
    let items = match &node.value {
        TomlValue::Array(items) => items.iter().filter_map(|item| one(cx, item)).collect(),
        TomlValue::Text(text) => {
            let text = params::substitute(cx, text)?;
            of_json(cx, &text)
        }
        _ => {
            not_a_list(cx, node.span, &node.describe());
            Vec::new()
        }
    };
    (cx.count() == before).then_some(Typed::List(items))
}

/// An item of a TOML list.
fn one(cx: &mut Context<'_>, node: &Node) -> Option<Located<Typed>> {
    let text = match &node.value {
        TomlValue::Text(text) => params::substitute(cx, text)?,
        TomlValue::Broken => {
            cx.known_mistake();
            return None;
        }
        _ => {
            let message = format!("expected a text, found {}", node.describe());
            cx.mistake(Diagnostic::at(node.span, message));
            return None;
        }
    };
    item(cx, text)
}

fn of_json(cx: &mut Context<'_>, text: &Text) -> Vec<Located<Typed>> {
    let Ok(items) = serde_json::from_str::<Vec<String>>(&text.value) else {
        not_a_list(cx, text.span, &quoted(&text.value));
        return Vec::new();
    };
    let whole = |value| Text {
        value,
        span: text.span,
        offsets: Vec::new(),
    };
    let items = items.into_iter();
    items.filter_map(|value| item(cx, whole(value))).collect()
}

fn item(cx: &mut Context<'_>, text: Text) -> Option<Located<Typed>> {
    let span = text.span;
    if text.value.is_empty() {
        cx.mistake(Diagnostic::at(
            span,
            "expected items with something in them, found \"\"",
        ));
        return None;
    }
    let value = Typed::Text(text);
    Some(Located { value, span })
}

fn not_a_list(cx: &mut Context<'_>, span: Span, found: &str) {
    let message = format!("expected {}, found {found}", expected(&Kind::TextList));
    let help = "a parameter holds it as '[\"a\", \"b\"]'";
    cx.mistake(Diagnostic::at(span, message).help(help));
}
