//! Values on their way into a text that is read by somebody else: whatever a row holds, it stays a
//! value there. What the template itself says is not touched.

use std::fmt::Write as _;

use minijinja::value::{Value, ValueKind};

/// What a text is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// By people: nothing is special.
    Plain,
    /// As JSON: a text stands within quotes that the template has.
    Json,
    /// As the fields of a form.
    Form,
    /// By Slack, to which `<!channel>` is a command.
    Slack,
}

impl Escape {
    /// What a Content-Type wants.
    pub(super) fn of_content_type(kind: &str) -> Self {
        let kind = kind.to_ascii_lowercase();
        if kind.contains("json") {
            Self::Json
        } else if kind.contains("x-www-form-urlencoded") {
            Self::Form
        } else {
            Self::Plain
        }
    }

    /// A value as it stands in such a text.
    pub(super) fn write(self, value: &Value) -> String {
        match (self, value.kind()) {
            (_, ValueKind::None | ValueKind::Undefined) => "null".to_owned(),
            (Self::Json, ValueKind::Number) if !is_finite(value) => "null".to_owned(),
            (_, ValueKind::Bool) => value.is_true().to_string(),
            (_, ValueKind::Number) => value.to_string(),
            (Self::Json, ValueKind::String) => {
                let quoted = json(value);
                quoted[1..quoted.len() - 1].to_owned()
            }
            (Self::Json, _) => json(value),
            (Self::Form, _) => form(&value.to_string()),
            (Self::Slack, _) => slack(&value.to_string()),
            (Self::Plain, _) => value.to_string(),
        }
    }
}

fn is_finite(value: &Value) -> bool {
    f64::try_from(value.clone()).is_ok_and(f64::is_finite)
}

/// A value as JSON, a text with its quotes.
pub(super) fn json(value: &Value) -> String {
    match value.as_str() {
        // Texts are by far the most, and cannot fail.
        Some(text) => serde_json::Value::from(text).to_string(),
        None => serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()),
    }
}

/// A text as it stands in a form or a URL.
pub(super) fn form(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to memory cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn slack(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let text = || Value::from("a\"b\\c\n<&>板\u{1}");
        let list = || Value::from(vec![Value::from(1), Value::from("x\"")]);
        for (escape, value, expected) in [
            (Escape::Json, text(), r#"a\"b\\c\n<&>板\u0001"#),
            (Escape::Json, Value::from(1.5), "1.5"),
            (Escape::Json, Value::from(f64::NAN), "null"),
            (Escape::Json, Value::from(()), "null"),
            (Escape::Json, Value::from(true), "true"),
            (Escape::Json, Value::from(i64::MIN), "-9223372036854775808"),
            (Escape::Json, list(), r#"[1,"x\""]"#),
            (
                Escape::Form,
                Value::from("a b&c=板"),
                "a%20b%26c%3D%E6%9D%BF",
            ),
            (
                Escape::Slack,
                Value::from("<!channel> & co"),
                "&lt;!channel&gt; &amp; co",
            ),
            (Escape::Plain, text(), "a\"b\\c\n<&>板\u{1}"),
        ] {
            assert_eq!(escape.write(&value), expected, "{escape:?}");
        }
        // What comes out within quotes is read back as it went in.
        let quoted = format!("\"{}\"", Escape::Json.write(&text()));
        let back: String = serde_json::from_str(&quoted).unwrap();
        assert_eq!(Some(back.as_str()), text().as_str());
    }

    #[test]
    fn content_types() {
        for (kind, expected) in [
            ("application/json; charset=utf-8", Escape::Json),
            ("application/vnd.api+JSON", Escape::Json),
            ("application/x-www-form-urlencoded", Escape::Form),
            ("text/plain", Escape::Plain),
        ] {
            assert_eq!(Escape::of_content_type(kind), expected, "{kind}");
        }
    }
}
