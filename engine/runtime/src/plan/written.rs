//! What sinks cannot write, told when a pipeline is checked: the sinks would tell it when it runs.

use zaraba_config::document::{Format, Located, SinkConnector, SinkDoc, WebsocketSinkDoc};
use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::stream::Changelog;

use crate::plan::Planning;

impl Planning<'_> {
    /// What is wrong with a sink, given the streams that it takes.
    pub(crate) fn check_written(&mut self, sink: &SinkDoc) {
        match &sink.connector {
            SinkConnector::Stdout { format } => {
                if let (Format::Csv, Some(second)) = (format, sink.from.get(1)) {
                    let message = "csv on standard output is of one stream: each has its own \
                                   columns";
                    let help = "write `format = \"json\"`, or a sink for each";
                    self.mistakes
                        .push(Diagnostic::at(second.span, message).help(help));
                }
                for from in &sink.from {
                    let named = *format == Format::Json && sink.from.len() > 1;
                    self.check_added(from, named);
                }
            }
            SinkConnector::Websocket(door) => self.check_door(door),
            SinkConnector::File(file) => self.check_path(file, &sink.from),
            SinkConnector::Webhook(webhook) => self.check_webhook(sink, webhook),
            _ => {}
        }
    }

    /// Files that a listener cannot do without.
    fn check_door(&mut self, door: &WebsocketSinkDoc) {
        if let Some(assets) = door.assets.as_ref().filter(|a| !a.value.is_dir()) {
            let message = format!("no folder `{}`", assets.value.display());
            let help = "`assets` is a folder of files that are served as they are";
            self.mistakes
                .push(Diagnostic::at(assets.span, message).help(help));
        }
        let tls = door.listener.tls.iter();
        for path in tls.flat_map(|tls| [&tls.cert, &tls.key]) {
            if !path.value.is_file() {
                let message = format!("no file `{}`", path.value.display());
                let help = "`tls` names a certificate and its key, in PEM";
                self.mistakes
                    .push(Diagnostic::at(path.span, message).help(help));
            }
        }
    }

    /// A column with the name of a field that is added to the lines. `named`: they say which
    /// stream they are of.
    fn check_added(&mut self, from: &Located<String>, named: bool) {
        let Some(schema) = self.streams.get(&from.value) else {
            return;
        };
        let upsert = matches!(schema.changelog, Changelog::Upsert { .. });
        for (added, name) in [(named, "stream"), (upsert, "deleted")] {
            if added && schema.columns.index_of(name).is_ok() {
                let message = format!(
                    "`{}` has a column `{name}`, which is the name of a field that is added to \
                     its lines",
                    from.value
                );
                let help = "give the column another name in a query";
                self.mistakes
                    .push(Diagnostic::at(from.span, message).help(help));
            }
        }
    }
}
