//! Environment variables in strings: `${NAME}` and `${NAME:-default}`, put in after the TOML is
//! parsed, so that a value can never change the file's structure. `$${` is a literal `${`. What
//! was read so is a secret: [`redact`] keeps it out of every output.

use zaraba_core::diagnostic::{Diagnostic, Diagnostics};

use crate::document::Text;
use crate::splice::Splice;
use crate::tree::{Node, TomlValue};

/// Values shorter than this many bytes are not taken for secrets: hiding `1` or `jp` wherever
/// they stand would hide everything and protect nothing.
pub const SECRET_BYTES_MIN: usize = 4;

/// `text` with every secret in it replaced by `***`. Pass `Document::secrets`.
#[must_use]
pub fn redact(text: &str, secrets: &[String]) -> String {
    let mut secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match secrets
            .iter()
            .find(|s| !s.is_empty() && rest.starts_with(**s))
        {
            Some(secret) => {
                out.push_str("***");
                rest = &rest[secret.len()..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

const LITERAL: &str = "`$${` stands for a literal `${`";

/// Puts variables into strings, and collects what it read.
pub(crate) struct Environment<'a> {
    pub(crate) get: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) secrets: Vec<String>,
}

impl Environment<'_> {
    /// Puts variables into every string of `node`.
    pub(crate) fn expand(&mut self, node: &mut Node, mistakes: &mut Diagnostics) {
        match &mut node.value {
            TomlValue::Text(text) if text.value.contains("${") => {
                let expanded = self.expand_text(text, mistakes);
                node.value = expanded.map_or(TomlValue::Broken, TomlValue::Text);
            }
            TomlValue::Array(items) => items.iter_mut().for_each(|n| self.expand(n, mistakes)),
            TomlValue::Table(table) => {
                table
                    .entries
                    .iter_mut()
                    .for_each(|e| self.expand(&mut e.node, mistakes));
            }
            _ => {}
        }
    }

    /// The text with its variables put in; none if one of them is wrong.
    fn expand_text(&mut self, text: &Text, mistakes: &mut Diagnostics) -> Option<Text> {
        let mut out = Splice::new(text);
        let mut right = true;
        while let Some(at) = out.find("${") {
            if at > out.taken() && text.value[..at].ends_with('$') {
                out.copy(at - 1);
                out.replace(at + 2, "${");
                continue;
            }
            out.copy(at);
            let body = &text.value[at + 2..];
            let Some(close) = body.find('}') else {
                let span = text.span_of(at, at + 2);
                mistakes.push(Diagnostic::at(span, "`${` without its `}`").help(LITERAL));
                return None;
            };
            let end = at + 2 + close + 1;
            match self.value(&body[..close]) {
                Ok(value) => out.replace(end, &value),
                Err((message, help)) => {
                    mistakes.push(Diagnostic::at(text.span_of(at, end), message).help(help));
                    out.copy(end);
                    right = false;
                }
            }
        }
        right.then(|| out.finish())
    }

    /// The value of `NAME` or `NAME:-default`, or what is wrong with it and a way out.
    fn value(&mut self, reference: &str) -> Result<String, (String, String)> {
        let (name, default) = match reference.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (reference, None),
        };
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
        if !name.starts_with(begins) || !name.chars().all(valid) {
            let message = match name {
                "" => "`${}` names no environment variable".to_owned(),
                _ => format!("`{name}` cannot be the name of an environment variable"),
            };
            return Err((message, LITERAL.to_owned()));
        }
        if let Some(value) = (self.get)(name) {
            if value.len() >= SECRET_BYTES_MIN && !self.secrets.contains(&value) {
                self.secrets.push(value.clone());
            }
            return Ok(value);
        }
        default.map(str::to_owned).ok_or_else(|| {
            let help = format!("set it, or give a default: ${{{name}:-default}}");
            (
                format!("the environment variable `{name}` is not set"),
                help,
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden() {
        let secrets = [
            "hunter2".to_owned(),
            "hunter2-and-more".to_owned(),
            "秘密だよ".to_owned(),
        ];
        for (text, shown) in [
            ("nothing", "nothing"),
            ("password hunter2!", "password ***!"),
            ("hunter2-and-more", "***"),
            ("hunter2hunter2", "******"),
            ("見て: 秘密だよ", "見て: ***"),
            ("", ""),
        ] {
            assert_eq!(redact(text, &secrets), shown);
        }
        assert_eq!(redact("abc", &[String::new()]), "abc");
    }
}
