//! Sinks and tests: the streams that they name must be there.

use std::path::{Path, PathBuf};

use zaraba_config::document::{FileSinkDoc, Located, Row, SinkConnector, SourceConnector};
use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::suggest;
use zaraba_sources::file::reads;
use zaraba_sql::plan::mistake::there;
use zaraba_sql::plan::triggered::mentions_now;

use crate::plan::{Planning, alerts};
use crate::test_run::{Checking, check_rows};

impl Planning<'_> {
    pub(crate) fn check_sinks(&mut self) {
        let document = self.document;
        let mut files: Vec<(PathBuf, &str)> = Vec::new();
        for sink in &document.sinks {
            for from in &sink.from {
                self.check_stream(from);
                self.check_followed(from);
            }
            self.check_written(sink);
            if let SinkConnector::File(FileSinkDoc { path, .. }) = &sink.connector {
                let text = path.value.to_string_lossy();
                let mut written: Vec<PathBuf> = sink
                    .from
                    .iter()
                    .map(|from| text.replace("{stream}", &from.value).into())
                    .collect();
                written.dedup();
                for file in written {
                    if let Some(what) = self.taken(&file, &files) {
                        let message = format!("`{}` is already {what}", file.display());
                        self.mistakes.push(Diagnostic::at(path.span, message));
                    }
                    files.push((file, &sink.name.value));
                }
            }
        }
    }

    /// Who else has a file that a sink would write.
    fn taken(&self, file: &Path, written: &[(PathBuf, &str)]) -> Option<String> {
        if let Some((_, other)) = written.iter().find(|(path, _)| reads(path, file)) {
            return Some(format!("written by the sink `{other}`"));
        }
        let read = self.document.sources.iter().find(|source| {
            matches!(&source.connector, SourceConnector::File(doc) if reads(&doc.path.value, file))
        });
        read.map(|source| format!("read by the source `{}`", source.name.value))
    }

    pub(crate) fn check_tests(&mut self) {
        let document = self.document;
        for test in &document.tests {
            for (stream, rows) in &test.input {
                self.check_test_rows(stream, rows, true);
            }
            for (stream, rows) in &test.expect {
                self.check_test_rows(stream, rows, false);
            }
        }
    }

    fn check_test_rows(&mut self, stream: &Located<String>, rows: &[Row], input: bool) {
        self.check_stream(stream);
        let Some(schema) = self.streams.get(&stream.value) else {
            return;
        };
        let names = || schema.columns.fields().iter().map(|f| f.name().as_str());
        for (column, _) in rows.iter().flat_map(|r| &r.columns) {
            if column.value != DELETED && !names().any(|name| name == column.value) {
                let hint = suggest::hint(&column.value, names());
                let message = format!("no column `{}` in `{}`{hint}", column.value, stream.value);
                self.mistakes.push(Diagnostic::at(column.span, message));
            }
        }
        let zone = self.document.timezone.value;
        let checking = Checking {
            stream,
            schema,
            nodes: &self.nodes,
            zone,
            input,
        };
        check_rows(rows, &checking, &mut self.mistakes);
    }

    fn check_stream(&mut self, name: &Located<String>) {
        if self.streams.contains_key(&name.value) || self.is_broken(&name.value) {
            return;
        }
        let mistake = self.no_stream(name);
        self.mistakes.push(mistake);
    }

    /// A name that is no stream.
    pub(crate) fn no_stream(&self, name: &Located<String>) -> Diagnostic {
        if name.value == zaraba_alerts::all::NAME {
            return Diagnostic::at(name.span, alerts::NONE.0).help(alerts::NONE.1);
        }
        let known: Vec<&str> = self.streams.keys().map(String::as_str).collect();
        let hint = suggest::hint(&name.value, known.iter().copied());
        let mistake = Diagnostic::at(name.span, format!("no stream `{}`{hint}", name.value));
        if !hint.is_empty() || known.is_empty() {
            return mistake;
        }
        let shown: Vec<&str> = known.into_iter().filter(|n| !n.contains("__")).collect();
        mistake.help(there(&shown))
    }

    /// A table whose rows vanish as time goes by, without a row that says so, has no stream.
    fn check_followed(&mut self, from: &Located<String>) {
        let shape = self.shapes.get(&from.value);
        let by_time = shape
            .and_then(|s| s.drop_when.as_deref())
            .is_some_and(mentions_now);
        if by_time {
            let message = format!(
                "the `drop_when` of `{}` asks for now(), so its rows vanish with time alone",
                from.value
            );
            let help = format!(
                "send a query over it instead: SELECT * FROM {} with `every` and a `key`",
                from.value
            );
            self.mistakes
                .push(Diagnostic::at(from.span, message).help(help));
        }
    }
}

/// The column of an expected row that says that it is a deletion.
pub(crate) const DELETED: &str = "deleted";
