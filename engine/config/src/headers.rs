//! Headers of requests, whose names and values must be such.

use zaraba_core::diagnostic::Diagnostic;

use crate::document::{Located, Text};
use crate::read::{Context, Fields, Typed};
use crate::tree::quoted;

/// The headers that `headers` gives.
pub(crate) fn headers(cx: &mut Context<'_>, fields: &Fields) -> Vec<(Located<String>, Text)> {
    let mut headers = Vec::new();
    for (name, value) in fields.map("headers").unwrap_or_default() {
        let Typed::Text(text) = value.value else {
            continue;
        };
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.value.is_empty() || !name.value.bytes().all(token) {
            let message = format!("{} cannot be the name of a header", quoted(&name.value));
            cx.mistake(Diagnostic::at(name.span, message));
        } else if text.value.chars().any(char::is_control) {
            let message = "a header's value must be one line of text";
            cx.mistake(Diagnostic::at(text.span, message));
        } else {
            headers.push((name, text));
        }
    }
    headers
}

/// The same without their places.
pub(crate) fn plain(headers: Vec<(Located<String>, Text)>) -> Vec<(String, String)> {
    let pair = |(name, value): (Located<String>, Text)| (name.value, value.value);
    headers.into_iter().map(pair).collect()
}
