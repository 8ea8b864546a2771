//! Titles, messages and links: templates over a row's columns, checked before anything runs. A
//! template may use so much fuel and write so much.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, SchemaRef};
use minijinja::value::Serde;
use minijinja::{Environment, Error, Value};
use serde_json::{Map, json};
use zaraba_config::document::{AlertDoc, Text, TextsDoc};
use zaraba_core::suggest::hint;
use zaraba_sql::plan::mistake::{SqlMistake, find_word, there};
use zaraba_templates::{ALERT_FUEL, MESSAGE_MAX, TITLE_MAX, asked, environment};

use crate::mistake::Mistake;

/// What templates see beside a row's columns.
pub(crate) const WORDS: [&str; 7] = [
    "key",
    "severity",
    "since",
    "state",
    "threshold",
    "time",
    "value",
];

/// One language's texts; the language of a template without one is none.
struct Language {
    tag: Option<String>,
    title: Option<String>,
    message: Option<String>,
}

/// The templates of an alert.
pub(crate) struct Templates {
    env: Environment<'static>,
    languages: Vec<Language>,
    link: Option<String>,
    /// The columns that they name.
    pub(crate) columns: BTreeSet<String>,
}

/// An alert's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) title: String,
    pub(crate) message: String,
    pub(crate) all: Option<String>,
    pub(crate) link: Option<String>,
}

impl Templates {
    /// The templates of an alert on a stream with these columns.
    pub(crate) fn new(doc: &AlertDoc, schema: &SchemaRef) -> Result<Self, Vec<Mistake>> {
        let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let sample = sample(schema);
        let mut made = Self {
            env: environment(ALERT_FUEL),
            languages: languages(doc),
            link: doc.link.as_ref().map(|link| link.value.clone()),
            columns: BTreeSet::new(),
        };
        let mut mistakes = Vec::new();
        for text in all(doc) {
            let before = mistakes.len();
            made.check(text, &columns, &doc.from.value, &mut mistakes);
            if mistakes.len() > before {
                continue;
            }
            // Filters and methods that there are not are found only by trying.
            let tried = made
                .env
                .render_str(&text.value, Value::from(Serde(&sample)));
            mistakes.extend(tried.err().map(|error| wrong(&error, text)));
        }
        if mistakes.is_empty() {
            Ok(made)
        } else {
            Err(mistakes)
        }
    }

    fn check(&mut self, text: &Text, columns: &[&str], stream: &str, out: &mut Vec<Mistake>) {
        let asked = match asked(&self.env, "text", &text.value) {
            Ok(asked) => asked,
            Err(error) => {
                out.push(wrong(&error, text));
                return;
            }
        };
        for name in asked {
            if columns.contains(&name.as_str()) {
                self.columns.insert(name);
            } else if !WORDS.contains(&name.as_str()) {
                let known = || columns.iter().copied().chain(WORDS);
                let near = hint(&name, known());
                let message = format!("no column `{name}` in `{stream}`{near}");
                let mut mistake = SqlMistake::new(message).at_word(&text.value, &name);
                if near.is_empty() {
                    mistake = mistake.help(there(columns));
                }
                out.push(Mistake::within(text, mistake));
            }
        }
    }

    /// The texts of a row; `fallback` where there is no title.
    ///
    /// # Errors
    /// What a template cannot do with this row.
    pub(crate) fn said(
        &self,
        seen: &Map<String, serde_json::Value>,
        fallback: &str,
    ) -> Result<Said, String> {
        let seen = Value::from(Serde(seen));
        let render = |template: &Option<String>, longest: usize| {
            let Some(template) = template else {
                return Ok(None);
            };
            let text = self.env.render_str(template, &seen);
            let text = text.map_err(|error| told(&error))?;
            Ok::<_, String>(Some(text.chars().take(longest).collect::<String>()))
        };
        let mut said = Said {
            link: render(&self.link, MESSAGE_MAX)?,
            ..Said::default()
        };
        let mut all = Map::new();
        for (i, language) in self.languages.iter().enumerate() {
            let title = render(&language.title, TITLE_MAX)?;
            let title = title.unwrap_or_else(|| fallback.to_owned());
            let message = render(&language.message, MESSAGE_MAX)?.unwrap_or_default();
            if let Some(tag) = &language.tag {
                all.insert(tag.clone(), json!({ "title": title, "message": message }));
            }
            if i == 0 {
                (said.title, said.message) = (title, message);
            }
        }
        said.all = (!all.is_empty()).then(|| serde_json::Value::Object(all).to_string());
        Ok(said)
    }
}

/// All templates of an alert.
fn all(doc: &AlertDoc) -> impl Iterator<Item = &Text> {
    let texts = [&doc.title, &doc.message].into_iter().flatten();
    let texts = texts.flat_map(|texts| match texts {
        TextsDoc::One(text) => vec![text],
        TextsDoc::ByLanguage(all) => all.iter().map(|(_, text)| text).collect(),
    });
    texts.chain(&doc.link)
}

/// The languages in the file's order; what is said in one of title and message only, or in none,
/// stands in every other too.
fn languages(doc: &AlertDoc) -> Vec<Language> {
    let mut tags: Vec<Option<&str>> = Vec::new();
    for texts in [&doc.title, &doc.message].into_iter().flatten() {
        if let TextsDoc::ByLanguage(all) = texts {
            for (tag, _) in all {
                if !tags.contains(&Some(tag.value.as_str())) {
                    tags.push(Some(&tag.value));
                }
            }
        }
    }
    if tags.is_empty() {
        tags.push(None);
    }
    let of = |texts: &Option<TextsDoc>, wanted: Option<&str>| match texts {
        None => None,
        Some(TextsDoc::One(text)) => Some(text.value.clone()),
        Some(TextsDoc::ByLanguage(all)) => {
            let own = all
                .iter()
                .find(|(tag, _)| Some(tag.value.as_str()) == wanted);
            own.or(all.first()).map(|(_, text)| text.value.clone())
        }
    };
    let language = |tag: Option<&str>| Language {
        title: of(&doc.title, tag),
        message: of(&doc.message, tag),
        tag: tag.map(str::to_owned),
    };
    tags.into_iter().map(language).collect()
}

/// What is wrong, in few words.
fn told(error: &Error) -> String {
    format!("a template: {}", zaraba_templates::told(error))
}

/// A mistake at its place: the word that it speaks of, or the line.
fn wrong(error: &Error, text: &Text) -> Mistake {
    let mut mistake = SqlMistake::new(told(error));
    let detail = error.detail().unwrap_or_default();
    let words = detail.split(|c: char| !c.is_alphanumeric() && c != '_');
    let spoken = words.filter(|word| word.len() > 2 && !["filter", "test"].contains(word));
    mistake.at = spoken
        .filter_map(|word| find_word(&text.value, word))
        .next()
        .or_else(|| line(error, &text.value));
    Mistake::within(text, mistake)
}

fn line(error: &Error, text: &str) -> Option<(usize, usize)> {
    let before = error.line()?.checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let line = text.get(start..)?.lines().next()?;
    Some((start, start + line.trim_end().len()))
}

/// A row that stands for those of a stream.
fn sample(schema: &SchemaRef) -> Map<String, serde_json::Value> {
    let value = |kind: &DataType| match kind {
        kind if kind.is_integer() => json!(1),
        kind if kind.is_floating() || kind.is_decimal() => json!(1.5),
        DataType::Boolean => json!(true),
        DataType::Timestamp(..) => json!("2025-11-14T09:00:00+09:00"),
        DataType::Date32 | DataType::Date64 => json!("2025-11-14"),
        _ => json!("text"),
    };
    let time = "2025-11-14T09:00:00+09:00";
    let own = [json!("key"), json!("watch"), json!(time), json!("open")];
    let own = own.into_iter().chain([json!(1.5), json!(time), json!(1.5)]);
    let mut row: Map<_, _> = WORDS.map(str::to_owned).into_iter().zip(own).collect();
    let columns = schema.fields().iter();
    row.extend(columns.map(|f| (f.name().clone(), value(f.data_type()))));
    row
}
