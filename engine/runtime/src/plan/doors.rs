//! Addresses that a pipeline listens on: a WebSocket sink has one alone or with sources that take
//! rows there, each at a path of its own.

use std::collections::BTreeMap;

use zaraba_config::document::{AuthDoc, SinkConnector, SourceConnector};
use zaraba_core::diagnostic::Diagnostic;

use crate::plan::Planning;

impl Planning<'_> {
    pub(crate) fn check_addresses(&mut self) {
        let document = self.document;
        let mut sinks: BTreeMap<&str, &str> = BTreeMap::new();
        let mut read_only: BTreeMap<&str, &str> = BTreeMap::new();
        for sink in &document.sinks {
            let SinkConnector::Websocket(door) = &sink.connector else {
                continue;
            };
            let listen = &door.listener.listen;
            if listen.value.ends_with(":0") {
                continue;
            }
            if matches!(door.listener.auth, Some(AuthDoc::PublicRead)) {
                read_only.insert(&listen.value, &sink.name.value);
            }
            if let Some(other) = sinks.insert(&listen.value, &sink.name.value) {
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
            if let Some(sink) = read_only.get(listen) {
                let message = format!(
                    "nobody may POST rows to `{listen}`: the listener is that of `{sink}`, which has \
                     `auth = \"public-read\"`"
                );
                let help =
                    "an address of its own, or there: auth = { token_env = \"ZARABA_TOKEN\" }";
                self.mistakes
                    .push(Diagnostic::at(http.listen.span, message).help(help));
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
