//! Values on their way into a text that is read by somebody else: whatever a row holds, it stays a
//! value there. What the template itself says is not touched.

use minijinja::value::{Value, ValueKind};
use zaraba_templates::{form, json, read};

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
            (Self::Json | Self::Form, ValueKind::None | ValueKind::Undefined) => "null".to_owned(),
            (Self::Json, ValueKind::Number) if !is_finite(value) => "null".to_owned(),
            (Self::Json, ValueKind::String) => {
                let quoted = json(value);
                quoted[1..quoted.len() - 1].to_owned()
            }
            (Self::Json, ValueKind::Number | ValueKind::Bool) | (Self::Plain, _) => read(value),
            (Self::Json, _) => json(value),
            (Self::Form, _) => form(&read(value)),
            (Self::Slack, _) => slack(&read(value)),
        }
    }
}

fn is_finite(value: &Value) -> bool {
    f64::try_from(value.clone()).is_ok_and(f64::is_finite)
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
            (Escape::Plain, Value::from(()), "—"),
            (Escape::Plain, Value::from(52000.0), "52000"),
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
