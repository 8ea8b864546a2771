//! Sources: what columns they have, and which of them is the event time.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use zaraba_config::document::{FileSourceDoc, Format, SourceConnector, SourceDoc};
use zaraba_core::bad_rows;
use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::stream::{Changelog, StreamSchema, TimeColumn, event_time_type};
use zaraba_core::suggest;
use zaraba_formats::decode::check_column;
use zaraba_formats::decode::types::{arrow_schema, type_name};
use zaraba_sources::intake::{LATE_AT, late_schema};

use crate::plan::{PlannedSource, Planning};

/// Most sources of one pipeline: a sequence holds the ordinal in a byte.
const SOURCES_MAX: usize = 256;

impl Planning<'_> {
    pub(crate) fn plan_sources(&mut self) {
        let document = self.document;
        for (ordinal, doc) in document.sources.iter().enumerate() {
            let Ok(ordinal) = u8::try_from(ordinal) else {
                let message = format!("a pipeline has at most {SOURCES_MAX} sources");
                self.mistakes.push(Diagnostic::at(doc.name.span, message));
                return;
            };
            match self.source(doc, ordinal) {
                Ok((source, all)) => self.add_source(source, all),
                Err(diagnostic) => {
                    self.broken.insert(doc.name.value.clone());
                    self.mistakes.push(diagnostic);
                }
            }
        }
    }

    /// `all`: its columns, whether somebody reads them or not.
    fn add_source(&mut self, source: PlannedSource, all: SchemaRef) {
        let name = source.doc.name.value.clone();
        let late = StreamSchema {
            columns: late_schema(&source.schema.columns),
            time: Some(TimeColumn {
                name: LATE_AT.to_owned(),
                offset: 0,
            }),
            changelog: Changelog::Append,
        };
        self.add_stream(&name, source.schema.clone(), false);
        if let Some(handed) = &source.needed {
            let whole = StreamSchema {
                columns: all,
                ..source.schema.clone()
            };
            self.catalog.add_narrowed(&name, whole, handed);
        }
        self.add_stream(&format!("{name}__late"), late, false);
        self.add_stream(&format!("{name}__errors"), bad_rows::stream(), false);
        self.catalog.gives_sequences(&name);
        self.sources.push(source);
    }

    fn source(
        &self,
        doc: &SourceDoc,
        ordinal: u8,
    ) -> Result<(PlannedSource, SchemaRef), Diagnostic> {
        let all = self.columns(doc)?;
        if let SourceConnector::Market(market) = &doc.connector
            && let Some(mistake) =
                zaraba_sources::simulate::market::check(market, &self.catalog.calendar)
        {
            return Err(mistake);
        }
        if let Some(history) = &doc.bootstrap {
            self.check_bootstrap(doc, history, &all)?;
        }
        let time = &doc.time;
        let Ok(field) = all.field_with_name(&time.value) else {
            let known = all.fields().iter().map(|f| f.name().as_str());
            let hint = suggest::hint(&time.value, known);
            let message = format!("no column `{}` in `{}`{hint}", time.value, doc.name.value);
            return Err(Diagnostic::at(time.span, message));
        };
        if *field.data_type() != event_time_type() {
            let kind = type_name(field.data_type());
            let message = format!("expected a timestamp for the event time, found {kind}");
            return Err(Diagnostic::at(time.span, message));
        }
        let needed = self
            .needed
            .as_ref()
            .and_then(|n| n.get(&doc.name.value).cloned().flatten());
        let columns = match &needed {
            Some(names) => picked(&all, names),
            None => Arc::clone(&all),
        };
        let schema = StreamSchema {
            columns,
            time: Some(TimeColumn {
                name: time.value.clone(),
                offset: 0,
            }),
            changelog: Changelog::Append,
        };
        let source = PlannedSource {
            doc: doc.clone(),
            ordinal,
            schema,
            needed,
        };
        Ok((source, all))
    }

    /// The files of the past must have the columns of the source.
    fn check_bootstrap(
        &self,
        doc: &SourceDoc,
        history: &FileSourceDoc,
        all: &SchemaRef,
    ) -> Result<(), Diagnostic> {
        let zone = self.document.timezone.value;
        for column in &doc.schema {
            check_column(column, history.format, zone)
                .map_err(|e| Diagnostic::at(column.name.span, e.to_string()))?;
        }
        if !matches!(history.format, Format::Parquet | Format::Arrow) {
            return Ok(());
        }
        let columns = own_columns(history)?;
        for field in all.fields() {
            let kind = type_name(field.data_type());
            let found = columns.field_with_name(field.name()).map(|f| f.data_type());
            let message = match found {
                Ok(same) if same == field.data_type() => continue,
                Ok(other) => format!(
                    "expected `{}` as {kind}, the files of the past have it as {}",
                    field.name(),
                    type_name(other)
                ),
                Err(_) => format!("the files of the past have no column `{}`", field.name()),
            };
            return Err(Diagnostic::at(history.path.span, message));
        }
        Ok(())
    }

    /// The columns that the source has: declared, or the file's own.
    fn columns(&self, doc: &SourceDoc) -> Result<SchemaRef, Diagnostic> {
        let zone = self.document.timezone.value;
        if !doc.schema.is_empty() {
            let format = match &doc.connector {
                SourceConnector::File(file) => Some(file.format),
                SourceConnector::HttpServer(_) => Some(Format::Json),
                SourceConnector::HttpClient(client) => Some(client.format),
                SourceConnector::Websocket(feed) => Some(feed.format),
                _ => None,
            };
            if let Some(format) = format {
                for column in &doc.schema {
                    check_column(column, format, zone)
                        .map_err(|e| Diagnostic::at(column.name.span, e.to_string()))?;
                }
            }
            return Ok(nullable(&arrow_schema(&doc.schema)));
        }
        match &doc.connector {
            SourceConnector::File(file) => own_columns(file),
            SourceConnector::Simulate(_)
            | SourceConnector::Market(_)
            | SourceConnector::HttpServer(_)
            | SourceConnector::HttpClient(_)
            | SourceConnector::Websocket(_)
            | SourceConnector::Clock { .. }
            | SourceConnector::Channel => {
                Err(Diagnostic::at(doc.name.span, "a schema is required here"))
            }
        }
    }
}

fn own_columns(file: &FileSourceDoc) -> Result<SchemaRef, Diagnostic> {
    let columns = zaraba_sources::file::own_columns(file);
    let columns = columns.map_err(|e| Diagnostic::at(file.path.span, e.to_string()))?;
    Ok(nullable(&columns))
}

/// The same columns without metadata, all nullable.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let field = |f: &Arc<Field>| Field::new(f.name(), f.data_type().clone(), true);
    Arc::new(Schema::new(
        schema.fields().iter().map(field).collect::<Vec<_>>(),
    ))
}

fn picked(all: &SchemaRef, names: &[String]) -> SchemaRef {
    let wanted = all
        .fields()
        .iter()
        .filter(|f| names.contains(f.name()))
        .cloned();
    Arc::new(Schema::new(wanted.collect::<Vec<_>>()))
}
