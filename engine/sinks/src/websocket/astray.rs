//! What is answered to requests that no route takes: which paths and methods there are.

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use zaraba_core::suggest::hint;
use zaraba_net::access::Caller;

use crate::websocket::routes::{Site, page};

/// What this listener answers beside pages, and how it is asked; a part in capitals stands for a name.
pub(crate) const PATHS: [(&str, &[&str]); 12] = [
    ("/ws", &["GET"]),
    ("/api/topics", &["GET"]),
    ("/api/topics/NAME", &["GET"]),
    ("/api/query", &["GET", "POST"]),
    ("/api/graph", &["GET"]),
    ("/api/explain", &["GET"]),
    ("/api/stats", &["GET"]),
    ("/api/tap/NODE", &["GET"]),
    ("/api/set", &["GET", "POST"]),
    ("/metrics", &["GET"]),
    ("/health/live", &["GET"]),
    ("/health/ready", &["GET"]),
];

/// Most characters of a path that are said again.
const SAID_MAX: usize = 200;

fn said(path: &str) -> String {
    path.chars().take(SAID_MAX).collect()
}

fn refused(status: StatusCode, what: &Value) -> Response {
    let kind = [(CONTENT_TYPE, "application/json")];
    (status, kind, format!("{what}\n")).into_response()
}

fn no_method(method: &Method, path: &str, methods: &[&str]) -> Response {
    let expected = methods.join(" or ");
    let error = format!("{} takes no {method}: expected {expected}", said(path));
    let what = json!({ "error": error, "methods": methods });
    (
        [(ALLOW, methods.join(", "))],
        refused(StatusCode::METHOD_NOT_ALLOWED, &what),
    )
        .into_response()
}

/// A path of ours, by a method that it does not take.
pub(crate) async fn method(request: Request) -> Response {
    let path = request.uri().path();
    let there = PATHS.iter().find(|(known, _)| is(path, known));
    let methods = there.map_or(&["GET"][..], |(_, methods)| methods);
    no_method(request.method(), path, methods)
}

fn is(path: &str, known: &str) -> bool {
    let any = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    let parts = || path.split('/').zip(known.split('/'));
    path.split('/').count() == known.split('/').count()
        && parts().all(|(part, known)| part == known || any(known))
}

/// A path that is none of ours: a page, or nothing.
pub(crate) async fn path(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let ours = path == "/api" || path.starts_with("/api/");
    if matches!(*method, Method::GET | Method::HEAD) {
        let answer = page(&site, caller, path, request.headers()).await;
        if !ours || answer.status() != StatusCode::NOT_FOUND {
            return answer;
        }
    } else if !ours {
        return no_method(method, path, &["GET"]);
    }
    let known = || PATHS.iter().map(|(path, _)| *path);
    let error = format!("no path {}{}", said(path), hint(path, known()));
    let paths: Vec<&str> = known().collect();
    refused(
        StatusCode::NOT_FOUND,
        &json!({ "error": error, "paths": paths }),
    )
}
