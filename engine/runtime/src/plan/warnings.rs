//! What is no mistake, and most likely not meant.

use std::net::SocketAddr;

use zaraba_config::document::{AuthDoc, ListenerDoc, SinkConnector, SourceConnector, SourceDoc};
use zaraba_core::diagnostic::{Diagnostic, Diagnostics};
use zaraba_core::time::SECOND;

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
    for source in &document.sources {
        warnings.0.extend(late_after_silence(source));
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

/// After a silence the clock says how far a source is, and its next row was written before now.
fn late_after_silence(source: &SourceDoc) -> Option<Diagnostic> {
    let stamped_here = match &source.connector {
        SourceConnector::Clock { .. } | SourceConnector::Channel => true,
        _ => source
            .schema
            .iter()
            .any(|c| c.name.value == source.time.value && c.received),
    };
    let exact = source.out_of_order == 0 && source.ahead <= 60 * SECOND;
    if stamped_here || !exact || source.idle_timeout.is_none() {
        return None;
    }
    let name = &source.name;
    let message = format!(
        "when `{}` has been silent for its `idle_timeout`, its next row will be late",
        name.value
    );
    let help = "rows are older than the clock when they are read: say how much with `out_of_order = \"5s\"`";
    Some(Diagnostic::at(name.span, message).help(help))
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
