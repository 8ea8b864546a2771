//! What a path or a template says of rows, held against the columns that they have.

use arrow::datatypes::{DataType, Schema};
use zaraba_config::document::{FileSinkDoc, Located, SinkDoc, WebhookDoc, WebhookForm};
use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::suggest::{hint, nearest};
use zaraba_formats::encode::text::has_text;
use zaraba_sinks::input::SinkInput;
use zaraba_sinks::webhook::{TemplateMistake, check};

use crate::plan::Planning;

/// What stands for something else than a column in a path.
const WORDS: [&str; 4] = ["stream", "date", "trading_day", "time"];

impl Planning<'_> {
    /// Columns in a path are of every stream, have a text, and are those of a key where there is
    /// one: a deletion has no others.
    pub(crate) fn check_path(&mut self, file: &FileSinkDoc, from: &[Located<String>]) {
        for column in &file.columns {
            let schemas = from.iter().filter_map(|stream| {
                let schema = self.streams.get(&stream.value)?;
                Some((stream.value.as_str(), schema))
            });
            let is_column = schemas
                .clone()
                .any(|(_, schema)| schema.columns.index_of(&column.value).is_ok());
            let misspelt = nearest(&column.value, WORDS).filter(|_| !is_column);
            let mistake = match (misspelt, &column.value) {
                (Some(near), name) => Some(Diagnostic::at(
                    column.span,
                    format!("no placeholder `{{{name}}}`; did you mean `{{{near}}}`?"),
                )),
                (None, _) => schemas
                    .into_iter()
                    .find_map(|(stream, schema)| wrong_in_path(column, stream, schema)),
            };
            if let Some(mistake) = mistake {
                self.mistakes.push(mistake);
            }
        }
    }

    /// Templates are tried with rows of the streams; columns of `except` are theirs.
    pub(crate) fn check_webhook(&mut self, sink: &SinkDoc, webhook: &WebhookDoc) {
        let input = |from: &Located<String>| {
            let schema = self.streams.get(&from.value)?.clone();
            let name = from.value.clone();
            Some(SinkInput { name, schema })
        };
        let inputs: Vec<SinkInput> = sink.from.iter().filter_map(input).collect();
        for (from, input) in sink.from.iter().zip(&inputs) {
            let fields = input.schema.columns.fields();
            if let Some(field) = fields.iter().find(|f| !has_text(f.data_type())) {
                let message = format!(
                    "column `{}` of `{}` is of type {}, which has no text",
                    field.name(),
                    input.name,
                    field.data_type()
                );
                let help = "cast it in a query, or leave it out";
                self.mistakes
                    .push(Diagnostic::at(from.span, message).help(help));
            }
        }
        for TemplateMistake {
            in_text,
            message,
            help,
        } in check(webhook, &inputs)
        {
            let span = match (&webhook.text, &webhook.form) {
                (Some(text), _) if in_text => text.span,
                (_, WebhookForm::Body(body)) => body.span,
                _ => webhook.url.span,
            };
            let mistake = Diagnostic::at(span, message);
            self.mistakes.push(match help {
                Some(help) => mistake.help(help),
                None => mistake,
            });
        }
        for (column, _) in webhook.quiet.iter().flat_map(|quiet| &quiet.except) {
            let lacks = |input: &&SinkInput| input.schema.columns.index_of(&column.value).is_err();
            if let Some(input) = inputs.iter().find(lacks) {
                let message = no_column(&column.value, &input.name, &input.schema.columns);
                self.mistakes.push(Diagnostic::at(column.span, message));
            }
        }
    }
}

fn no_column(name: &str, stream: &str, schema: &Schema) -> String {
    let names = schema.fields().iter().map(|f| f.name().as_str());
    format!("no column `{name}` in `{stream}`{}", hint(name, names))
}

fn wrong_in_path(
    column: &Located<String>,
    stream: &str,
    schema: &StreamSchema,
) -> Option<Diagnostic> {
    let name = column.value.as_str();
    let Ok(field) = schema.columns.field_with_name(name) else {
        let message = no_column(name, stream, &schema.columns);
        let help = "a path has `{stream}`, `{date}`, `{trading_day}`, `{time}` and columns";
        return Some(Diagnostic::at(column.span, message).help(help));
    };
    let kind = field.data_type();
    if !has_text(kind) || kind.is_floating() || kind.is_nested() || kind == &DataType::Null {
        let message = format!("`{name}` of `{stream}` is of type {kind}, which makes no path");
        let help = "a text, a whole number, a date, a time, a decimal or a boolean does";
        return Some(Diagnostic::at(column.span, message).help(help));
    }
    match &schema.changelog {
        Changelog::Upsert { key } if !key.iter().any(|k| k == name) => {
            let message =
                format!("`{name}` is not of the key of `{stream}`, and a deletion has only that");
            Some(
                Diagnostic::at(column.span, message).help(match key.as_slice() {
                    [] => "the stream has one row: leave it out".to_owned(),
                    key => format!("put a column of the key into the path: {}", key.join(", ")),
                }),
            )
        }
        _ => None,
    }
}
