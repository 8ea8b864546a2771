//! What is asked of an alert or a rule, held against the pipeline: which node it is, which price is
//! followed, and by which columns an alert finds its own.

use std::path::PathBuf;
use std::str::FromStr;

use arrow::datatypes::DataType;
use zaraba_config::document::Document;
use zaraba_core::error::Error as CoreError;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::suggest::hint;
use zaraba_finance::calendar::Venue;
use zaraba_runtime::part;
use zaraba_runtime::plan::PipelinePlan;

use crate::history::fires::KeyWords;
use crate::history::recorded::{self, Files, Recorded};
use crate::history::settings::OfPlugin;
use crate::history::{History, Sessions};
use crate::pipeline::{Checked, Pipeline};

/// Columns that are a price, where nothing is said.
const PRICES: [&str; 4] = ["price", "close", "last", "value"];
/// Columns that are the price of what an option is on, where nothing is said; and else this one.
const UNDERLYING: [&str; 4] = ["underlying", "future", "forward", "spot"];
const FUTURES: (&str, &str) = ("futures", "price");

/// A column of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The stream.
    pub stream: String,
    /// The column.
    pub column: String,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The alert or the rule.
    pub name: String,
    /// Rows in the place of live sources.
    pub recorded: Vec<Recorded>,
    /// The price that is followed; none: a column of the node's own stream, if it is clear which.
    pub price: Option<Column>,
    /// What options are on; none: as with the price.
    pub underlying: Option<Column>,
    /// The columns beside the price that say whose it is; empty: those that the node knows.
    pub key: Vec<String>,
    /// By which hours; none: by the pipeline's zone.
    pub venue: Option<Venue>,
}

/// The node that is asked of, and what it reads.
pub(super) struct Asked<'a> {
    ask: &'a Ask,
    plan: &'a PipelinePlan,
    input: String,
    plugin: OfPlugin,
    words: KeyWords,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        document: &Document,
        plan: &'a PipelinePlan,
        ask: &'a Ask,
    ) -> Result<Self, CoreError> {
        let alert = document.alerts.iter().find(|n| n.name.value == ask.name);
        if let Some(alert) = alert {
            let input = alert.from.value.clone();
            let own = plan.streams.get(&input).map(|stream| &stream.changelog);
            let columns = match (&alert.key, own) {
                (Some(key), _) => key.iter().map(|column| column.value.clone()).collect(),
                (None, Some(Changelog::Upsert { key })) => key.clone(),
                (None, _) => Vec::new(),
            };
            return Ok(Self {
                ask,
                plan,
                input,
                plugin: OfPlugin::default(),
                words: KeyWords {
                    between: &['/'],
                    columns,
                },
            });
        }
        let rule = document.rules.iter().find(|n| n.name.value == ask.name);
        let (Some(rule), Some(told)) = (rule, plan.plugin_of(&ask.name)) else {
            let alerts = document.alerts.iter().map(|n| n.name.value.as_str());
            let rules = document.rules.iter().map(|n| n.name.value.as_str());
            let names: Vec<&str> = alerts.chain(rules).collect();
            let hint = hint(&ask.name, names.iter().copied());
            let there = match names.as_slice() {
                [] => "the pipeline has neither".to_owned(),
                names => format!("there are {}", names.join(", ")),
            };
            let text = format!("no alert and no rule `{}`{hint}: {there}", ask.name);
            return Err(CoreError::user(text));
        };
        let first = rule.from.first().map(|from| from.value.clone());
        Ok(Self {
            ask,
            plan,
            input: first.unwrap_or_default(),
            words: KeyWords {
                // Whatever its author took.
                between: &[' ', '/', '|'],
                columns: told.names,
            },
            plugin: OfPlugin {
                schema: told.schema,
                now: told.params,
            },
        })
    }

    pub(super) fn history<'p>(
        self,
        pipeline: &'p Pipeline,
        whole: &Checked,
        document: Document,
        files: &Files,
    ) -> Result<History<'p>, CoreError> {
        let (ask, plan) = (self.ask, self.plan);
        let underlying = match &ask.underlying {
            Some(said) => Some(self.there(said, "--underlying")?),
            None => (self.own(&UNDERLYING)).or_else(|| self.futures(&document, files)),
        };
        let price = self.price()?;
        Ok(History {
            pipeline,
            whole: whole.clone(),
            name: ask.name.clone(),
            plugin: self.plugin,
            words: self.words,
            price,
            underlying,
            input: self.input,
            sessions: Sessions {
                venue: ask.venue.or_else(|| Sessions::usual(plan.zone)),
                calendar: plan.calendar.clone(),
                zone: plan.zone,
            },
            document,
            seen: None,
        })
    }

    /// The price that is followed, and what tells whose it is. Not said, it is one of the node's own
    /// stream, unless alerts are of the whole stream: whose price it is would not be clear.
    fn price(&self) -> Result<Option<(Column, Vec<String>)>, CoreError> {
        if let Some(said) = &self.ask.price {
            let price = self.there(said, "--price")?;
            let key = self.key_beside(&price)?;
            return Ok(Some((price, key)));
        }
        let Some(price) = self.own(&PRICES) else {
            return Ok(None);
        };
        let key = self.key_beside(&price)?;
        let of_one = self.plan.streams.get(&self.input).is_some_and(
            |stream| matches!(&stream.changelog, Changelog::Upsert { key } if key.is_empty()),
        );
        Ok(Some((price, key)).filter(|(_, key)| of_one || !key.is_empty()))
    }

    /// A column that is said to be a number.
    fn there(&self, said: &Column, option: &str) -> Result<Column, CoreError> {
        let Column { stream, column } = said;
        let Some(schema) = self.plan.streams.get(stream) else {
            let hint = hint(stream, self.plan.streams.keys().map(String::as_str));
            let text = format!("{option} {stream}.{column}: no stream `{stream}`{hint}");
            return Err(CoreError::user(text));
        };
        let columns = &self.all_columns(stream, schema);
        let found = columns.iter().find(|(name, _)| name == column);
        match found {
            Some((_, kind)) if kind.is_numeric() => Ok(said.clone()),
            Some(_) => Err(CoreError::user(format!(
                "{option} {stream}.{column}: expected a column of numbers"
            ))),
            None => {
                let names = columns.iter().map(|(name, _)| name.as_str());
                let hint = hint(column, names.clone());
                let there = names.collect::<Vec<_>>().join(", ");
                Err(CoreError::user(format!(
                    "{option} {stream}.{column}: no column `{column}`{hint}: `{stream}` has {there}"
                )))
            }
        }
    }

    /// The columns of a stream, those that nobody reads among them.
    fn all_columns(&self, stream: &str, schema: &StreamSchema) -> Vec<(String, DataType)> {
        let whole = self.plan.catalog.get(stream).map(|known| &known.schema);
        let columns = &whole.unwrap_or(schema).columns;
        let columns = columns.fields().iter();
        columns
            .map(|f| (f.name().clone(), f.data_type().clone()))
            .collect()
    }

    /// The first of these columns that the node's own stream has as a number.
    fn own(&self, names: &[&str]) -> Option<Column> {
        let schema = self.plan.streams.get(&self.input)?;
        let columns = self.all_columns(&self.input, schema);
        let found = names.iter().find(|name| {
            let mut columns = columns.iter();
            columns.any(|(column, kind)| column == *name && kind.is_numeric())
        });
        found.map(|column| Column {
            stream: self.input.clone(),
            column: (*column).to_owned(),
        })
    }

    /// The canonical stream of futures, where its rows are recorded, too.
    fn futures(&self, document: &Document, files: &Files) -> Option<Column> {
        let (stream, column) = FUTURES;
        let said = Column {
            stream: stream.to_owned(),
            column: column.to_owned(),
        };
        let known = self.there(&said, "").ok()?;
        let behind = part::behind(document, &[stream.to_owned()]);
        let mut sources = document.sources.iter();
        let recorded = sources.all(|source| {
            let name = &source.name.value;
            !behind.contains(name) || files.contains_key(name) || recorded::ends(source)
        });
        recorded.then_some(known)
    }

    /// The columns beside a price that say whose it is.
    fn key_beside(&self, price: &Column) -> Result<Vec<String>, CoreError> {
        let Some(schema) = self.plan.streams.get(&price.stream) else {
            return Ok(Vec::new());
        };
        let columns = self.all_columns(&price.stream, schema);
        let has = |name: &String| columns.iter().any(|(column, _)| column == name);
        if let Some(wrong) = self.ask.key.iter().find(|name| !has(name)) {
            let names = columns.iter().map(|(name, _)| name.as_str());
            let hint = hint(wrong, names);
            let text = format!(
                "--key {wrong}: `{}` has no column `{wrong}`{hint}",
                price.stream
            );
            return Err(CoreError::user(text));
        }
        if !self.ask.key.is_empty() {
            return Ok(self.ask.key.clone());
        }
        Ok(self
            .words
            .columns
            .iter()
            .filter(|name| has(name))
            .cloned()
            .collect())
    }
}

/// `STREAM.COLUMN`
impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('.') {
            Some((stream, column)) if !stream.is_empty() && !column.is_empty() => Ok(Self {
                stream: stream.to_owned(),
                column: column.to_owned(),
            }),
            _ => Err("expected STREAM.COLUMN".to_owned()),
        }
    }
}

/// `SOURCE=PATH`, or `PATH`
impl FromStr for Recorded {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (source, path) = match text.split_once('=') {
            Some((source, path)) if !source.contains(['/', '\\', '.']) => (Some(source), path),
            _ => (None, text),
        };
        if path.is_empty() || source == Some("") {
            return Err("expected PATH or SOURCE=PATH".to_owned());
        }
        Ok(Self {
            source: source.map(str::to_owned),
            path: PathBuf::from(path),
        })
    }
}
