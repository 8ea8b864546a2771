//! The alerts that a run told, and how they spread over whatever they can be told apart by.

use std::collections::BTreeMap;

use arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use zaraba_core::alert;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::time::EventTime;

use crate::history::prices::{Prices, plain};
use crate::history::sessions::Sessions;

/// An alert that was told: it opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Fire {
    /// When, by event time.
    pub time: EventTime,
    /// What it is about, a word each.
    pub key: Vec<String>,
    /// Which message it is.
    pub code: String,
    /// How much it matters.
    pub severity: String,
    /// The figure.
    pub value: Option<f64>,
    /// What was passed.
    pub threshold: Option<f64>,
    /// The output fields of its rule, and the columns of its key.
    pub fields: BTreeMap<String, String>,
}

/// How many alerts there are of each of something.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// `session`
    pub by: String,
    /// `day`, and how many; the most first.
    pub counts: Vec<(String, usize)>,
}

/// How an alert's key becomes words.
#[derive(Clone, Debug)]
pub(super) struct KeyWords {
    /// What stands between them.
    pub(super) between: &'static [char],
    /// The columns that they are of; some of the first may be missing.
    pub(super) columns: Vec<String>,
}

impl KeyWords {
    fn split(&self, key: &str) -> Vec<String> {
        if key.is_empty() {
            return Vec::new();
        }
        key.split(self.between).map(plain).collect()
    }
}

/// Adds the alerts of rows that opened.
pub(super) fn read(rows: &Batch, words: &KeyWords, into: &mut Vec<Fire>) -> Result<()> {
    let schema = rows.rows.schema();
    let column = |name: &str| -> Result<ArrayRef> {
        let found = rows.rows.column_by_name(name);
        Ok(found
            .ok_or_else(|| Error::internal(format!("alerts without `{name}`")))?
            .clone())
    };
    let text = |name: &str| -> Result<StringArray> {
        Ok(cast(&column(name)?, &DataType::Utf8)?
            .as_string::<i32>()
            .clone())
    };
    let (state, severity, key, code) = (
        text("state")?,
        text("severity")?,
        text("key")?,
        text("code")?,
    );
    let (value, threshold) = (column("value")?, column("threshold")?);
    let number = |of: &ArrayRef, row: usize| {
        let of = of.as_primitive::<Float64Type>();
        of.is_valid(row).then(|| of.value(row))
    };
    let common = alert::columns().fields().len();
    let own = schema.fields().iter().skip(common);
    let own: Vec<(&String, StringArray)> = own
        .filter_map(|field| Some((field.name(), text(field.name()).ok()?)))
        .collect();
    for row in 0..rows.len() {
        if state.value(row) != alert::State::Open.name() {
            continue;
        }
        let key = words.split(key.value(row));
        let named = words.columns.iter().rev().zip(key.iter().rev());
        let named = named.map(|(name, word)| (name.clone(), word.clone()));
        let fields = own.iter().filter(|(_, texts)| texts.is_valid(row));
        let fields = fields.map(|(name, texts)| ((*name).clone(), plain(texts.value(row))));
        into.push(Fire {
            time: EventTime(rows.time[row]),
            code: code.value(row).to_owned(),
            severity: severity.value(row).to_owned(),
            value: number(&value, row),
            threshold: number(&threshold, row),
            fields: named.chain(fields).collect(),
            key,
        });
    }
    Ok(())
}

/// What alerts are told apart by, when nothing is said.
const USUAL: [&str; 4] = ["product", "moneyness", "session", "severity"];
/// What is not known of an alert.
const UNKNOWN: &str = "—";

/// How many alerts there are of each product, moneyness, session and severity, and of each of these
/// columns; what is known of none is left out.
pub(super) fn groups(
    fires: &[Fire],
    columns: &[String],
    underlying: Option<&Prices>,
    sessions: &Sessions,
) -> Vec<Groups> {
    let usual = USUAL.iter().map(|name| (*name).to_owned());
    let mut all = Vec::new();
    for by in usual.chain(columns.iter().cloned()) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for fire in fires {
            let word = match by.as_str() {
                "severity" => Some(fire.severity.clone()),
                "code" => Some(fire.code.clone()),
                "session" => (sessions.venue)
                    .map(|_| sessions.at(fire.time).map_or("none", |s| s.name).to_owned()),
                "moneyness" => underlying.and_then(|underlying| moneyness(fire, underlying)),
                column => fire.fields.get(column).cloned(),
            };
            *counts
                .entry(word.unwrap_or_else(|| UNKNOWN.to_owned()))
                .or_default() += 1;
        }
        if counts.keys().any(|word| word != UNKNOWN) {
            let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            all.push(Groups { by, counts });
        }
    }
    all
}

/// How far an option's strike is out of the money, percent of the underlying at that time.
fn moneyness(fire: &Fire, underlying: &Prices) -> Option<String> {
    let strike: f64 = fire.fields.get("strike")?.parse().ok()?;
    let side = match fire.fields.get("put_call")?.as_str() {
        "C" => 1.0,
        "P" => -1.0,
        _ => return None,
    };
    let price = underlying
        .of(&[])?
        .at(fire.time)
        .filter(|price| *price > 0.0)?;
    let out = (strike / price - 1.0) * 100.0 * side;
    let band = match out {
        out if out < -5.0 => "ITM over 5 %",
        out if out < -1.0 => "ITM 1–5 %",
        out if out <= 1.0 => "ATM within 1 %",
        out if out <= 5.0 => "OTM 1–5 %",
        out if out <= 10.0 => "OTM 5–10 %",
        _ => "OTM over 10 %",
    };
    Some(band.to_owned())
}
