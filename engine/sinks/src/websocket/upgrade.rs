//! From a request to the socket of a WebSocket. The request is checked by the library; the socket is
//! kept bare, since the library's own would copy every message for every client.

use std::future::Future;

use axum::extract::ws::WebSocketUpgrade;
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hyper::upgrade::OnUpgrade;
use tungstenite::handshake::derive_accept_key;
use zaraba_net::stream::Stream;

/// A WebSocket's bytes.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) stream: Stream,
    /// What the client sent right behind its request.
    pub(crate) begun: Vec<u8>,
}

/// The answer that makes a checked request a WebSocket; then serves it as a task.
pub(crate) fn switch<F: Future<Output = ()> + Send + 'static>(
    checked: &WebSocketUpgrade,
    headers: &HeaderMap,
    upgraded: OnUpgrade,
    serve: impl FnOnce(Socket) -> F + Send + 'static,
) -> Response {
    tokio::spawn(async move {
        // A client that is gone already needs nothing.
        if let Some((stream, begun)) = upgraded.await.ok().and_then(Stream::of) {
            serve(Socket { stream, begun }).await;
        }
    });
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .map_or(&[][..], |key| key.as_bytes());
    let said = [
        (CONNECTION, "upgrade".to_owned()),
        (UPGRADE, "websocket".to_owned()),
        (SEC_WEBSOCKET_ACCEPT, derive_accept_key(key)),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, said).into_response();
    if let Some(protocol) = checked.selected_protocol() {
        let headers = response.headers_mut();
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol.clone());
    }
    response
}
