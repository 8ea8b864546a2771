//! What the listener answers: the WebSocket, health, metrics, the graph, and static files or the
//! inspector.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::http::header::{ACCEPT, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use hyper::upgrade::OnUpgrade;
use zaraba_formats::encode::json::Int64;
use zaraba_net::access::Caller;
use zaraba_net::assets::Assets;
use zaraba_net::limits::Limits;

use crate::inside::Inside;
use crate::websocket::about;
use crate::websocket::api;
use crate::websocket::astray;
use crate::websocket::connection;
use crate::websocket::hub::{Ending, Hub};
use crate::websocket::inspector;
use crate::websocket::query::Desk;
use crate::websocket::session::Wish;
use crate::websocket::set;
use crate::websocket::tap;
use crate::websocket::upgrade::switch;
use crate::websocket::voice::{ARROW_PROTOCOL, JSON_PROTOCOL, Voice};

/// What the routes share.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Limits,
    pub(crate) assets: Option<Arc<Assets>>,
    pub(crate) desk: Option<Desk>,
    pub(crate) inside: Arc<dyn Inside>,
    /// Places of those who look at streams.
    pub(crate) taps: tap::Places,
}

/// A query string, in its order.
type Pairs = Query<Vec<(String, String)>>;

pub(crate) fn routes(site: Site) -> Router {
    Router::new()
        .route("/ws", get(websocket))
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(about::metrics))
        .route("/api/stats", get(about::stats))
        .route("/api/graph", get(about::graph))
        .route("/api/explain", get(about::explain))
        .route("/api/tap/{stream}", get(tap::tap))
        .route("/api/set", get(set::list).post(set::set))
        .route("/api/topics", get(api::topics))
        .route("/api/topics/{name}", get(api::topic))
        .route("/api/query", get(api::query).post(api::query))
        .fallback(astray::path)
        .method_not_allowed_fallback(astray::method)
        .with_state(site)
}

async fn websocket(
    State(site): State<Site>,
    query: Result<Pairs, QueryRejection>,
    headers: HeaderMap,
    socket: Option<Extension<OnUpgrade>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let bad = |message: String| (StatusCode::BAD_REQUEST, message).into_response();
    let (upgrade, socket) = match (upgrade, socket) {
        (Ok(upgrade), Some(Extension(socket))) => (upgrade, socket),
        (Err(rejection), _) => return rejection.into_response(),
        (Ok(_), None) => return bad("this connection cannot become a WebSocket".to_owned()),
    };
    let mut wish = match query
        .map_err(|e| e.to_string())
        .and_then(|Query(pairs)| wish(pairs))
    {
        Ok(wish) => wish,
        Err(message) => return bad(message),
    };
    let Some(presence) = site.hub.enter(site.limits.clients_max) else {
        let message = format!("there are {} clients already", site.limits.clients_max);
        return (StatusCode::SERVICE_UNAVAILABLE, message).into_response();
    };
    let upgrade = upgrade.protocols([ARROW_PROTOCOL, JSON_PROTOCOL]);
    if upgrade
        .selected_protocol()
        .is_some_and(|chosen| chosen == ARROW_PROTOCOL)
    {
        wish.voice = Voice::Arrow;
    }
    switch(&upgrade, &headers, socket, move |socket| {
        connection::serve(socket, site.hub, presence, wish, site.limits)
    })
}

/// Reads the URL's query; else what is wrong with it.
fn wish(pairs: Vec<(String, String)>) -> Result<Wish, String> {
    let mut wish = Wish::default();
    for (name, value) in pairs {
        match (name.as_str(), value.as_str()) {
            ("topics", names) => {
                // `topics=` names none: for clients that subscribe by message.
                let named = names
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty());
                wish.topics
                    .get_or_insert_default()
                    .extend(named.map(str::to_owned));
            }
            ("int64", "string") => wish.voice = Voice::Json(Int64::Text),
            ("int64", "number") => wish.voice = Voice::Json(Int64::Number),
            ("int64", other) => {
                return Err(format!(
                    "expected int64=number or int64=string, got `{other}`"
                ));
            }
            (other, _) => return Err(format!("expected topics or int64, got `{other}`")),
        }
    }
    Ok(wish)
}

async fn ready(State(site): State<Site>) -> Response {
    match site.hub.ending() {
        Ending::None => "ready\n".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "ended\n").into_response(),
    }
}

/// A static file, or a page of the inspector.
pub(crate) async fn page(site: &Site, caller: Caller, path: &str, headers: &HeaderMap) -> Response {
    if let Some(assets) = &site.assets {
        return assets.get(path).await;
    }
    let html = |kinds: &HeaderValue| {
        kinds
            .to_str()
            .is_ok_and(|kinds| kinds.contains("text/html"))
    };
    if path == "/" && !headers.get(ACCEPT).is_some_and(html) {
        // Somebody without a browser reads it in a terminal.
        return ([(VARY, "accept")], about(&site.hub)).into_response();
    }
    inspector::get(site, caller, path)
        .unwrap_or_else(|| (StatusCode::NOT_FOUND, "no such page\n").into_response())
}

fn about(hub: &Hub) -> String {
    let mut text = format!(
        "zaraba: {}\n\nWebSocket: /ws?topics=NAME,NAME\ntopics:\n",
        hub.pipeline
    );
    for topic in &hub.topics {
        let kind = if topic.upsert { "upsert" } else { "append" };
        // Writing to memory cannot fail.
        let _ = writeln!(
            text,
            "  {} ({kind}, {} rows so far)",
            topic.name,
            topic.log().last()
        );
    }
    let beside: Vec<&str> = astray::PATHS.iter().map(|(path, _)| *path).collect();
    let _ = writeln!(text, "\nalso: {}", beside[1..].join(" "));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes() {
        let names = |n: &[&str]| Some(n.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        for (pairs, expected) in [
            (vec![], Ok(Wish::default())),
            (
                vec![("topics", "a, b")],
                Ok(Wish {
                    topics: names(&["a", "b"]),
                    ..Wish::default()
                }),
            ),
            (
                vec![("topics", "")],
                Ok(Wish {
                    topics: names(&[]),
                    ..Wish::default()
                }),
            ),
            (
                vec![("int64", "string")],
                Ok(Wish {
                    voice: Voice::Json(Int64::Text),
                    ..Wish::default()
                }),
            ),
            (
                vec![("int64", "hex")],
                Err("expected int64=number or int64=string, got `hex`"),
            ),
            (
                vec![("topic", "a")],
                Err("expected topics or int64, got `topic`"),
            ),
        ] {
            let pairs = pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned()));
            assert_eq!(wish(pairs.collect()), expected.map_err(str::to_owned));
        }
    }
}
