//! Addresses that a pipeline listens on: a WebSocket sink has one alone or with sources that take
//! rows there, each at a path of its own.

use std::collections::BTreeMap;

use zaraba_config::document::{SinkConnector, SourceConnector};
use zaraba_core::diagnostic::Diagnostic;

use crate::plan::Planning;

impl Planning<'_> {
    pub(crate) fn check_addresses(&mut self) {
        let document = self.document;
        let mut sinks: BTreeMap<&str, &str> = BTreeMap::new();
        for sink in &document.sinks {
            if let SinkConnector::Websocket(door) = &sink.connector
                && let listen = &door.listener.listen
                && !listen.value.ends_with(":0")
                && let Some(other) = sinks.insert(&listen.value, &sink.name.value)
            {
                let message = format!("`{}` is already the address of `{other}`", listen.value);
                self.mistakes.push(Diagnostic::at(listen.span, message));
            }
        }
        let mut paths: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for source in &document.sources {
            let SourceConnector::HttpServer(http) = &source.connector else {
                continue;
            };
            let (listen, path) = (http.listen.value.as_str(), http.path.value.as_str());
            if listen.ends_with(":0") {
                continue;
            }
            if let Some(other) = paths.insert((listen, path), &source.name.value) {
                let message =
                    format!("`{path}` at `{listen}` is already where `{other}` takes rows");
                let help = "give each source a path of its own";
                self.mistakes
                    .push(Diagnostic::at(http.path.span, message).help(help));
            }
        }
    }
}
