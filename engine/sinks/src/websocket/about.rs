//! What the listener tells about the pipeline behind it: `/metrics`, `/api/stats`, `/api/explain`,
//! `/api/graph`.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use zaraba_core::suggest::hint;
use zaraba_net::access::Caller;

use crate::inside::Picture;
use crate::websocket::routes::Site;

/// `GET /metrics`
pub(crate) async fn metrics(State(site): State<Site>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, kind)], site.inside.metrics()).into_response()
}

/// `GET /api/stats`
pub(crate) async fn stats(State(site): State<Site>) -> Response {
    let mut stats = site.inside.stats();
    let traffic = &site.hub.traffic;
    stats.insert("stream_id".to_owned(), site.hub.stream_id.as_str().into());
    let clients = json!({
        "now": traffic.clients.load(Ordering::Relaxed),
        "messages": traffic.messages.load(Ordering::Relaxed),
        "bytes": traffic.bytes.load(Ordering::Relaxed),
        "gaps": traffic.gaps.load(Ordering::Relaxed),
        "conflated": traffic.conflated.load(Ordering::Relaxed),
        "too_slow": traffic.too_slow.load(Ordering::Relaxed),
        "taps": site.taps.looking(),
    });
    stats.insert("clients".to_owned(), clients);
    let kind = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (kind, format!("{}\n", Value::Object(stats))).into_response()
}

/// `GET /api/explain`: how the pipeline computes what it shows is not for everybody.
pub(crate) async fn explain(
    State(site): State<Site>,
    Extension(caller): Extension<Caller>,
) -> Response {
    if caller == Caller::Public {
        let message = "plans need a token: this listener has `auth = \"public-read\"`\n";
        return (StatusCode::FORBIDDEN, message).into_response();
    }
    site.inside.explain().into_response()
}

/// `GET /api/graph`
pub(crate) async fn graph(
    State(site): State<Site>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if let Some(other) = asked.keys().find(|name| *name != "format") {
        let message = format!("no parameter `{other}`: expected format\n");
        return (StatusCode::BAD_REQUEST, message).into_response();
    }
    let accept = headers.get(ACCEPT).map(|a| a.to_str().unwrap_or("?"));
    match picture(asked.get("format").map(String::as_str), accept) {
        Ok(picture) => {
            let kind = [(CONTENT_TYPE, picture.content_type())];
            (kind, site.inside.graph(picture)).into_response()
        }
        Err(message) => (StatusCode::NOT_ACCEPTABLE, format!("{message}\n")).into_response(),
    }
}

/// What is asked for: the URL's word, else the first of the `Accept` header that there is. Who
/// wants something else gets JSON: a browser that opens the address can show that.
fn picture(word: Option<&str>, accept: Option<&str>) -> Result<Picture, String> {
    if let Some(word) = word {
        let words = Picture::ALL.map(|(known, ..)| known);
        let known = Picture::ALL.iter().find(|(known, ..)| *known == word);
        return known.map(|(.., picture)| *picture).ok_or_else(|| {
            let hint = hint(word, words);
            format!(
                "no format `{word}`{hint}: expected one of {}",
                words.join(", ")
            )
        });
    }
    let ranges = accept.unwrap_or_default().split(',');
    let mut kinds = ranges.map(|range| range.split(';').next().unwrap_or_default().trim());
    let chosen = kinds.find_map(|kind| {
        let known = Picture::ALL.iter().find(|(_, known, _)| *known == kind);
        known.map(|(.., picture)| *picture)
    });
    Ok(chosen.unwrap_or(Picture::Json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_are_asked_for() {
        for (word, accept, expected) in [
            (None, None, Picture::Json),
            (None, Some("*/*"), Picture::Json),
            (None, Some("text/html, image/svg+xml;q=0.9"), Picture::Svg),
            (None, Some("text/vnd.mermaid"), Picture::Mermaid),
            (Some("dot"), Some("image/svg+xml"), Picture::Dot),
        ] {
            assert_eq!(picture(word, accept), Ok(expected), "{word:?} {accept:?}");
        }
        let wrong = picture(Some("svgg"), None).unwrap_err();
        assert_eq!(
            wrong,
            "no format `svgg`; did you mean `svg`?: expected one of json, svg, mermaid, dot"
        );
    }
}
