//! What is said of rows: a text for each, and the body of a request around them. Templates are
//! tried when a pipeline is checked, with rows of the right types.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Value;
use minijinja::{Environment, Error};
use zaraba_config::document::{WebhookDoc, WebhookForm};
use zaraba_core::suggest::hint;
use zaraba_templates::asked;

use crate::input::SinkInput;
use crate::webhook::escape::Escape;
use crate::webhook::row::sample;

/// Steps that one template may take.
const FUEL: u64 = 1_000_000;
/// Longest text of one request, in units of UTF-16, where the service says nothing.
const TEXT_MAX: usize = 1 << 20;

/// A body that a service wants, how it reads texts, and the longest text that it takes.
struct Service {
    body: &'static str,
    reads: Escape,
    text_max: usize,
}

fn service(name: &str) -> Service {
    match name {
        "discord" => Service {
            // A row's text calls nobody.
            body: r#"{"content":"{{ text }}","allowed_mentions":{"parse":[]}}"#,
            reads: Escape::Plain,
            text_max: 2_000,
        },
        "slack" => Service {
            body: r#"{"text":"{{ text }}"}"#,
            reads: Escape::Slack,
            text_max: 4_000,
        },
        _ => Service {
            body: r#"{"messages":[{"type":"text","text":"{{ text }}"}]}"#,
            reads: Escape::Plain,
            text_max: 5_000,
        },
    }
}

/// The templates of a sink.
pub(super) struct Templates {
    env: Environment<'static>,
    text: Option<String>,
    body: String,
    /// Whether a request is of one row, whose columns the body may name.
    alone: bool,
    json: bool,
    pub(super) content_type: String,
    pub(super) text_max: usize,
}

impl Templates {
    pub(super) fn new(doc: &WebhookDoc) -> Self {
        let given = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-type");
        let content_type = doc.headers.iter().find(given);
        let content_type = content_type.map_or("application/json", |(_, kind)| kind);
        let escape = Escape::of_content_type(content_type);
        let Service {
            body,
            reads,
            text_max,
        } = match &doc.form {
            WebhookForm::Service(name) => service(name),
            WebhookForm::Body(_) => Service {
                body: "",
                reads: Escape::Plain,
                text_max: TEXT_MAX,
            },
        };
        Self {
            env: environment(reads, escape),
            text: doc.text.as_ref().map(|text| text.value.clone()),
            body: match &doc.form {
                WebhookForm::Service(_) => body.to_owned(),
                WebhookForm::Body(own) => own.value.clone(),
            },
            alone: doc.digest.is_none(),
            json: escape == Escape::Json,
            content_type: content_type.to_owned(),
            text_max,
        }
    }

    /// A row in words.
    ///
    /// # Errors
    /// What is wrong with the template, for this row.
    pub(super) fn text(&self, row: &BTreeMap<String, Value>) -> Result<String, String> {
        if let Some(text) = &self.text {
            let rendered = self.env.render_named_str("text", text, row.clone());
            return rendered.map_err(|e| told(&e));
        }
        let column = |(name, value): (&String, &Value)| {
            (name != "stream").then(|| format!("{name} = {}", Escape::Plain.write(value)))
        };
        let columns: Vec<String> = row.iter().filter_map(column).collect();
        let stream = row.get("stream").map(Value::to_string).unwrap_or_default();
        let plain = Value::from(format!("{stream}: {}", columns.join(", ")));
        let all = self
            .env
            .render_named_str("text", "{{ all }}", BTreeMap::from([("all", plain)]));
        all.map_err(|e| told(&e))
    }

    /// A request's body, of rows and their texts.
    ///
    /// # Errors
    /// What is wrong with the template, for these rows.
    pub(super) fn body(
        &self,
        rows: &[&BTreeMap<String, Value>],
        texts: &[&str],
    ) -> Result<String, String> {
        let mut context = match rows {
            [row] if self.alone => (*row).clone(),
            _ => BTreeMap::new(),
        };
        let values = rows.iter().map(|row| Value::from((*row).clone()));
        context.insert("text".to_owned(), Value::from(texts.join("\n")));
        context.insert("count".to_owned(), Value::from(rows.len()));
        context.insert("rows".to_owned(), values.collect::<Vec<_>>().into());
        let body = self.env.render_named_str("body", &self.body, context);
        let body = body.map_err(|e| told(&e))?;
        if self.json {
            serde_json::from_str::<serde_json::Value>(&body)
                .map_err(|e| format!("the body is not JSON: {e}"))?;
        }
        Ok(body)
    }
}

fn environment(reads: Escape, body: Escape) -> Environment<'static> {
    let mut env = zaraba_templates::environment(FUEL);
    env.set_formatter(move |out, state, value| {
        let escape = if state.name() == "body" { body } else { reads };
        let text = if value.is_safe() {
            value.to_string()
        } else {
            escape.write(value)
        };
        Ok(out.write_str(&text)?)
    });
    env
}

/// An error in the words of the template's line.
fn told(error: &Error) -> String {
    let told = zaraba_templates::told(error);
    match error.line() {
        Some(line) => format!("line {line} of the template: {told}"),
        None => told,
    }
}

/// A mistake in a template.
#[derive(Debug, PartialEq, Eq)]
pub struct TemplateMistake {
    /// Whether it is in `text`; else in `body`.
    pub in_text: bool,
    /// What is wrong.
    pub message: String,
    /// A way out.
    pub help: Option<String>,
}

/// What is wrong with the templates of a webhook that takes these streams.
#[must_use]
pub fn check(doc: &WebhookDoc, inputs: &[SinkInput]) -> Vec<TemplateMistake> {
    let templates = Templates::new(doc);
    let mut mistakes = Vec::new();
    let mistake = |in_text: bool, message: String, help: Option<String>| TemplateMistake {
        in_text,
        message,
        help,
    };
    for input in inputs {
        let row = sample(input);
        let before = mistakes.len();
        if let Some(text) = &templates.text {
            for name in templates.unknown("text", text, row.keys().map(String::as_str)) {
                let hint = hint(&name, row.keys().map(String::as_str));
                let message = format!("no column `{name}` in `{}`{hint}", input.name);
                mistakes.push(mistake(true, message, None));
            }
        }
        let own = ["text", "rows", "count"];
        let columns = || row.keys().map(String::as_str);
        let known: Vec<&str> = own
            .into_iter()
            .chain(columns().filter(|_| templates.alone))
            .collect();
        for name in templates.unknown("body", &templates.body, known.iter().copied()) {
            let is_column = columns().any(|column| column == name);
            let help = is_column.then(|| {
                "with `digest` or `quiet_hours` a request is of several rows: say `{{ text }}`, or \
                 `{% for row in rows %}{{ row.COLUMN }}{% endfor %}`"
                    .to_owned()
            });
            let hint = if is_column {
                String::new()
            } else {
                hint(&name, known.iter().copied())
            };
            let message = format!("a body has no `{name}`{hint}");
            mistakes.push(mistake(false, message, help));
        }
        if mistakes.len() > before {
            continue;
        }
        let tried = match templates.text(&row) {
            Err(message) => Err(mistake(true, message, None)),
            Ok(text) => {
                let n = if templates.alone { 1 } else { 2 };
                let body = templates.body(&vec![&row; n], &vec![text.as_str(); n]);
                let help = "values are escaped; a text needs quotes around it in the template";
                let not_json = |m: &str| m.contains("is not JSON").then(|| help.to_owned());
                body.map_err(|message| mistake(false, message.clone(), not_json(&message)))
            }
        };
        mistakes.extend(tried.err());
    }
    mistakes.dedup();
    mistakes
}

impl Templates {
    /// Names that a template asks for and that there are not.
    fn unknown<'a>(
        &self,
        name: &str,
        source: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> BTreeSet<String> {
        let known: BTreeSet<&str> = known.collect();
        let mut asked = asked(&self.env, name, source).unwrap_or_default();
        asked.retain(|name| !known.contains(name.as_str()));
        asked
    }
}
