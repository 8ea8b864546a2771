//! The requests before a connection, in their order, and what is captured of their answers.

use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderName, HeaderValue, Request};
use zaraba_config::captures::fill;
use zaraba_config::document::{MessageDoc, RequestDoc, WebsocketDoc};
use zaraba_core::clock::Clock;
use zaraba_formats::decode::memory::text_at;

use super::Captured;
use crate::http::{Client, escaped, shown, wrong};
use crate::threaded::Failure;

/// The requests, each with what makes it.
pub(super) struct Before(Vec<(RequestDoc, Client)>);

impl Before {
    pub(super) fn new(doc: &WebsocketDoc) -> Self {
        let client = |request: &RequestDoc| {
            let client = Client::new(&request.url, doc.connect_timeout, doc.max_size);
            (request.clone(), client)
        };
        Self(doc.before.iter().map(client).collect())
    }

    /// Makes them, and adds what they capture.
    pub(super) fn run(&self, captured: &mut Captured, clock: &dyn Clock) -> Result<(), Failure> {
        for (doc, client) in &self.0 {
            let asked = format!("{} {}", doc.method, shown(&doc.url));
            let request = request(doc, captured);
            let request = request.map_err(|e| Failure::of(wrong(&asked, &e)))?;
            let answer = client.ask(request, &asked, clock.now())?;
            for (name, path) in &doc.capture {
                let found = text_at(&asked, &answer.body, path).map_err(Failure::of)?;
                let found = found.ok_or_else(|| {
                    let message = format!("the answer has nothing at `{path}` for `{name}`");
                    Failure::of(wrong(&asked, &message))
                })?;
                captured.push((name.clone(), found));
            }
        }
        Ok(())
    }
}

fn request(doc: &RequestDoc, captured: &Captured) -> Result<Request<String>, String> {
    let url = fill(&doc.url, captured, escaped);
    let body = doc.body.as_ref().map(|body| body.filled(captured));
    let request = Request::builder().method(doc.method.as_str()).uri(url);
    let mut request = request
        .body(body.unwrap_or_default())
        .map_err(|e| e.to_string())?;
    if let Some(MessageDoc::Json(_)) = doc.body {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
    }
    let mut said = Vec::new();
    for (name, value) in &doc.headers {
        let (name, value) = header(name, value, captured)?;
        // One that is said takes the place of ours; said twice, it is sent twice.
        if said.contains(&name) {
            request.headers_mut().append(name, value);
        } else {
            request.headers_mut().insert(name.clone(), value);
            said.push(name);
        }
    }
    Ok(request)
}

/// A header with what was captured in it.
pub(super) fn header(
    name: &str,
    value: &str,
    captured: &Captured,
) -> Result<(HeaderName, HeaderValue), String> {
    let value = fill(value, captured, str::to_owned);
    let value = HeaderValue::from_str(&value);
    let parsed = HeaderName::from_bytes(name.as_bytes());
    parsed
        .ok()
        .zip(value.ok())
        .ok_or_else(|| format!("the header `{name}` would have characters that no header has"))
}
