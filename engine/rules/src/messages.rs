//! How alerts read: a manifest's templates by code and language. A template is a stranger's program
//! too: it may use so much fuel and write so much.

use std::collections::BTreeMap;

use minijinja::Environment;
use serde_json::{Map, Value};
use zaraba_templates::{ALERT_FUEL, MESSAGE_MAX, TITLE_MAX, environment};

use crate::bindings::zaraba::rules::types::Message;

/// What templates see, by name.
pub(crate) type Seen = BTreeMap<String, minijinja::Value>;

/// The templates. In `names`: code to languages, in the manifest's order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Messages {
    templates: Environment<'static>,
    languages: BTreeMap<String, Vec<String>>,
}

/// An alert's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(crate) title: String,
    pub(crate) message: String,
    /// By language, as JSON.
    pub(crate) all: Option<String>,
}

fn template_name(code: &str, language: &str, part: &str) -> String {
    format!("{part} {language} {code}")
}

impl Messages {
    pub(crate) fn new(said: &[Message]) -> Result<Self, String> {
        let mut templates = environment(ALERT_FUEL);
        let mut languages: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for message in said {
            let Message {
                code,
                language,
                title,
                body,
            } = message;
            let known = languages.entry(code.clone()).or_default();
            if known.contains(language) {
                return Err(format!("two messages `{code}` in `{language}`"));
            }
            known.push(language.clone());
            for (part, text) in [("title", title), ("body", body)] {
                let name = template_name(code, language, part);
                let added = templates.add_template_owned(name, text.clone());
                added.map_err(|error| format!("the message `{code}` in `{language}`: {error}"))?;
            }
        }
        Ok(Self {
            templates,
            languages,
        })
    }

    /// Whether there is anything for a code.
    pub(crate) fn knows(&self, code: &str) -> bool {
        self.languages.contains_key(code)
    }

    /// The texts of an alert in every language that its code has; the first language is the alert's
    /// own.
    pub(crate) fn texts(&self, code: &str, seen: Seen) -> Result<Texts, String> {
        let (mut texts, seen) = (Texts::default(), minijinja::Value::from(seen));
        let mut all = Map::new();
        for (i, language) in self.languages.get(code).into_iter().flatten().enumerate() {
            let part = |part: &str, longest: usize| {
                let name = template_name(code, language, part);
                let template = self.templates.get_template(&name);
                let text = template.and_then(|template| template.render(&seen));
                let text = text.map_err(|error| format!("`{code}` in `{language}`: {error}"))?;
                Ok::<String, String>(text.chars().take(longest).collect())
            };
            let (title, message) = (part("title", TITLE_MAX)?, part("body", MESSAGE_MAX)?);
            let both = serde_json::json!({ "title": title, "message": message });
            all.insert(language.clone(), both);
            if i == 0 {
                (texts.title, texts.message) = (title, message);
            }
        }
        texts.all = (!all.is_empty()).then(|| Value::Object(all).to_string());
        Ok(texts)
    }
}
