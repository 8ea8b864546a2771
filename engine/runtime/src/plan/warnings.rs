//! What is no mistake, and most likely not meant.

use std::net::SocketAddr;

use zaraba_config::document::{AuthDoc, ListenerDoc, SinkConnector, SourceConnector};
use zaraba_core::diagnostic::{Diagnostic, Diagnostics};

use crate::plan::{Planning, places};

/// The warnings about a pipeline without mistakes.
pub(crate) fn warnings(planning: &Planning<'_>) -> Diagnostics {
    let document = planning.document;
    let mut warnings = Diagnostics::default();
    let whole = |message: &str, help: &str| Diagnostic {
        span: None,
        message: message.to_owned(),
        help: Some(help.to_owned()),
    };
    if document.sources.is_empty() {
        let help = "declare `[source.NAME]`";
        warnings.push(whole("there is no source, so there are no rows", help));
    } else if document.sinks.is_empty() && document.tests.is_empty() {
        let help = "declare `[sink.NAME]` with `from = […]`";
        warnings.push(whole("there is no sink, so nothing is written", help));
    }
    let past = document.sources.iter().find(|source| {
        use SourceConnector::{File, Market, Simulate};
        match &source.connector {
            File(file) => !file.follow,
            Simulate(_) | Market(_) => true,
            _ => false,
        }
    });
    for source in &document.sources {
        if let (SourceConnector::Clock { .. }, Some(past)) = (&source.connector, past) {
            let (clock, past) = (&source.name, &past.name.value);
            let message = format!(
                "`{}` ticks in the present and without end, beside the rows of `{past}`",
                clock.value
            );
            let help =
                "to replay, write a clock's ticks to a file and read them with a `file` source";
            warnings.push(Diagnostic::at(clock.span, message).help(help));
        }
    }
    for query in &document.queries {
        let node = planning.nodes.iter().find(|n| n.name == query.name.value);
        for mistake in node.into_iter().flat_map(|n| &n.warnings) {
            warnings.push(places::in_text(mistake, &query.sql));
        }
    }
    for sink in &document.sinks {
        if let SinkConnector::Websocket(door) = &sink.connector {
            warnings.0.extend(in_the_clear(&door.listener));
        }
    }
    warnings.sort();
    warnings
}

/// A token that other machines send without TLS.
fn in_the_clear(listener: &ListenerDoc) -> Option<Diagnostic> {
    let address: SocketAddr = listener.listen.value.parse().ok()?;
    let token = matches!(listener.auth, Some(AuthDoc::Token(_)));
    (token && listener.tls.is_none() && !address.ip().is_loopback()).then(|| {
        let message = "whoever listens on the way can read the token: there is no `tls`";
        let help = "add `tls = { cert = \"…\", key = \"…\" }`, or listen on loopback behind a \
                    proxy that speaks TLS";
        Diagnostic::at(listener.listen.span, message).help(help)
    })
}
