//! Titles, messages and links: templates over a row's columns, checked before anything runs. A
//! template may use so much fuel and write so much.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, SchemaRef};
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde_json::{Map, json};
use zaraba_config::document::{AlertDoc, Text, TextsDoc};
use zaraba_core::suggest::hint;
use zaraba_sql::plan::mistake::{SqlMistake, find_word, there};

use crate::mistake::Mistake;

/// Steps of a template's evaluation.
const FUEL: u64 = 10_000;
/// Characters of a title, of a message or a link.
const LONGEST: [usize; 2] = [300, 4_000];
/// Most decimals of a number.
const DECIMALS_MAX: usize = 12;

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

/// How missing values read.
const MISSING: &str = "—";

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

fn number(value: &Value) -> Result<Option<f64>, Error> {
    if value.is_none() || value.is_undefined() {
        return Ok(None);
    }
    let number = f64::try_from(value.clone()).ok();
    let number = number.or_else(|| value.as_str()?.parse().ok());
    match number {
        Some(number) => Ok(Some(number)),
        None => {
            let message = format!("expected a number, found `{value}`");
            Err(Error::new(ErrorKind::InvalidOperation, message))
        }
    }
}

/// A number with so many decimals; none that is zero is negative.
fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.*}", decimals.min(DECIMALS_MAX));
    let zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    match text.strip_prefix('-') {
        Some(rest) if zero => rest.to_owned(),
        _ => text,
    }
}

/// Half away from zero, as people round what is written with few digits.
fn rounded(number: f64, decimals: usize) -> f64 {
    let scale = 10_f64.powi(i32::try_from(decimals.min(DECIMALS_MAX)).unwrap_or(0));
    let scaled = number * scale;
    if scaled.abs() < 1e15 {
        // 1.005 is a little less than it says: its last bits are forgiven.
        (scaled * (1.0 + 4.0 * f64::EPSILON)).round() / scale
    } else {
        number
    }
}

fn round(value: &Value, decimals: Option<usize>) -> Result<String, Error> {
    let decimals = decimals.unwrap_or(0);
    let number = number(value)?.map(|number| fixed(rounded(number, decimals), decimals));
    Ok(number.unwrap_or_else(|| MISSING.to_owned()))
}

fn grouped(text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, rest) = match digits.find('.') {
        Some(point) => digits.split_at(point),
        None => (digits, ""),
    };
    let mut out = sign.to_owned();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

fn thousands(value: &Value, decimals: Option<usize>) -> Result<String, Error> {
    round(value, decimals).map(|text| grouped(&text))
}

fn signed(value: &Value, decimals: Option<usize>) -> Result<String, Error> {
    let text = thousands(value, Some(decimals.unwrap_or(0)))?;
    let plus = !text.starts_with('-') && text != MISSING;
    Ok(if plus { format!("+{text}") } else { text })
}

fn percent(value: &Value, decimals: Option<usize>) -> Result<String, Error> {
    let text = signed(value, Some(decimals.unwrap_or(2)))?;
    Ok(if text == MISSING { text } else { text + "%" })
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_fuel(Some(FUEL));
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_formatter(|out, _, value| {
        if value.is_none() {
            return Ok(out.write_str(MISSING)?);
        }
        // A whole number is one, whatever its column's type.
        match f64::try_from(value.clone()) {
            Ok(number) if number.fract() == 0.0 && number.abs() < 1e15 && value.is_number() => {
                Ok(out.write_str(&fixed(number, 0))?)
            }
            _ => Ok(out.write_str(&value.to_string())?),
        }
    });
    env.add_filter("round", |v: &Value, n: Option<usize>| round(v, n));
    env.add_filter("thousands", |v: &Value, n: Option<usize>| thousands(v, n));
    env.add_filter("signed", |v: &Value, n: Option<usize>| signed(v, n));
    env.add_filter("percent", |v: &Value, n: Option<usize>| percent(v, n));
    let part = |value: &Value, from: usize, to: usize| {
        let text = value.as_str().unwrap_or(MISSING);
        text.get(from..to).unwrap_or(text).to_owned()
    };
    env.add_filter("date", move |v: &Value| part(v, 0, 10));
    env.add_filter("time", move |v: &Value| part(v, 11, 16));
    env
}

impl Templates {
    /// The templates of an alert on a stream with these columns.
    pub(crate) fn new(doc: &AlertDoc, schema: &SchemaRef) -> Result<Self, Vec<Mistake>> {
        let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let sample = sample(schema);
        let mut made = Self {
            env: environment(),
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
        let template = match self.env.template_from_str(&text.value) {
            Ok(template) => template,
            Err(error) => {
                out.push(wrong(&error, text));
                return;
            }
        };
        let globals: BTreeSet<String> = self.env.globals().map(|(n, _)| n.to_owned()).collect();
        let mut asked: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        asked.sort();
        for name in asked {
            if columns.contains(&name.as_str()) {
                self.columns.insert(name);
            } else if !WORDS.contains(&name.as_str()) && !globals.contains(&name) {
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
            link: render(&self.link, LONGEST[1])?,
            ..Said::default()
        };
        let mut all = Map::new();
        for (i, language) in self.languages.iter().enumerate() {
            let title = render(&language.title, LONGEST[0])?;
            let title = title.unwrap_or_else(|| fallback.to_owned());
            let message = render(&language.message, LONGEST[1])?.unwrap_or_default();
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
    let detail = error.detail().map(|d| format!(": {d}")).unwrap_or_default();
    format!("a template: {}{detail}", error.kind())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_the_desk_writes_them() {
        let env = environment();
        for (template, expected) in [
            ("{{ 0.8558 | round(2) }}", "0.86"),
            ("{{ 1.3 | round(2) }}", "1.30"),
            ("{{ 1.005 | round(2) }}", "1.01"),
            ("{{ -0.001 | round(2) }}", "0.00"),
            ("{{ 2.5 | round }}", "3"),
            ("{{ 83902 | thousands }}枚", "83,902枚"),
            ("{{ -1234567.891 | thousands(2) }}", "-1,234,567.89"),
            ("{{ 999 | thousands }}", "999"),
            ("{{ 30 | signed }}", "+30"),
            ("{{ 0.0597 | percent }}", "+0.06%"),
            ("{{ -3 | percent(1) }}", "-3.0%"),
            (
                "{{ none | thousands }}{{ none }}{{ none | percent }}",
                "———",
            ),
            ("{{ 52000.0 }}C", "52000C"),
            ("{{ '2025-11-14T09:00:00+09:00' | time }}", "09:00"),
            ("{{ '2025-11-14T09:00:00+09:00' | date }}", "2025-11-14"),
        ] {
            assert_eq!(
                env.render_str(template, ()).unwrap(),
                expected,
                "{template}"
            );
        }
        let wrong = env.render_str("{{ 'abc' | round }}", ()).unwrap_err();
        assert_eq!(
            told(&wrong),
            "a template: invalid operation: expected a number, found `abc`"
        );
    }
}
