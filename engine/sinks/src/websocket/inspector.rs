//! The inspector: the page that `/` is where a sink sets no `assets`. It is plain files, put into
//! the binary, and it asks for nothing that any client could not ask for: it lives on the topics,
//! the graph, the figures and the queries of this listener.

use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use zaraba_net::access::Caller;

use crate::websocket::routes::Site;

/// What the page may do: run the files of this listener and ask this listener.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Where the page learns what it may do here.
const SITE: &str = "/inspector/site.json";

const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// A file beside the page, by its path in the URL.
macro_rules! file {
    ($name:literal, $kind:expr) => {
        (
            concat!("/inspector/", $name),
            $kind,
            include_str!(concat!("inspector/", $name)),
        )
    };
}

/// The page and its files: path, content type, text.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("inspector/index.html")),
    file!("alerts.js", JS),
    file!("app.js", JS),
    file!("base.css", CSS),
    file!("boot.js", JS),
    file!("columns.js", JS),
    file!("dom.js", JS),
    file!("feed.js", JS),
    file!("figures.js", JS),
    file!("graph.css", CSS),
    file!("graph.js", JS),
    file!("grid.js", JS),
    file!("icon.svg", "image/svg+xml"),
    file!("node.js", JS),
    file!("query.js", JS),
    file!("rows.css", CSS),
    file!("rows.js", JS),
    file!("status.js", JS),
    file!("topic.js", JS),
    file!("views.css", CSS),
    file!("words.ja.js", JS),
    file!("words.js", JS),
];

/// The file at a path of the URL.
pub(crate) fn get(site: &Site, caller: Caller, path: &str) -> Option<Response> {
    if path == SITE {
        return Some(with_headers("application/json", &about(site, caller)));
    }
    let (_, kind, text) = FILES.iter().find(|(known, ..)| *known == path)?;
    Some(with_headers(kind, text))
}

/// What differs from listener to listener.
fn about(site: &Site, caller: Caller) -> String {
    let queries = match (&site.desk, caller) {
        (None, _) => "none",
        (Some(_), Caller::Public) => "closed",
        (Some(_), Caller::Known | Caller::Trusted) => "open",
    };
    let about = json!({
        "pipeline": site.hub.pipeline,
        "zone": site.hub.zone.name(),
        "queries": queries,
    });
    format!("{about}\n")
}

fn with_headers(kind: &str, text: &str) -> Response {
    let headers: [(HeaderName, &str); 6] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "accept"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text.to_owned()).into_response()
}
