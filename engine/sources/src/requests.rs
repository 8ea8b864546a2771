//! Requests beside those for rows, in their order, and what is captured of their answers.

use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderName, HeaderValue, Request};
use zaraba_config::captures::fill;
use zaraba_config::document::{MessageDoc, RequestDoc};
use zaraba_config::env::{SECRET_BYTES_MIN, redact};
use zaraba_core::clock::Clock;
use zaraba_core::error::Error;
use zaraba_formats::decode::memory::text_at;

use crate::http::{Client, escaped, shown, wrong};
use crate::threaded::Failure;

/// What the answers to earlier requests said, by the names that they were given.
pub(crate) type Captured = Vec<(String, String)>;

/// The requests, each with what makes it.
pub(crate) struct Requests(Vec<(RequestDoc, Client)>);

impl Requests {
    /// `timeout` (microseconds) and `max_size` (bytes) are of each with its answer.
    pub(crate) fn new(docs: &[RequestDoc], timeout: i64, max_size: u64) -> Self {
        let client = |request: &RequestDoc| {
            let client = Client::new(&request.url, timeout, max_size);
            (request.clone(), client)
        };
        Self(docs.iter().map(client).collect())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes them, and adds what they capture; `wait` returns when the next may be made.
    pub(crate) fn run(
        &self,
        captured: &mut Captured,
        clock: &dyn Clock,
        mut wait: impl FnMut(),
    ) -> Result<(), Failure> {
        for (doc, client) in &self.0 {
            wait();
            let asked = format!("{} {}", doc.method, shown(&doc.url));
            let request = request(doc, captured, None);
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

/// A text without what was captured: a server may say again what it was told.
pub(crate) fn without(captured: &Captured, text: &str) -> String {
    let long =
        |(_, value): &(String, String)| (value.len() >= SECRET_BYTES_MIN).then(|| value.clone());
    let secrets: Vec<String> = captured.iter().filter_map(long).collect();
    redact(text, &secrets)
}

/// A failure without what was captured.
pub(crate) fn hidden(captured: &Captured, failure: Failure) -> Failure {
    Failure {
        error: match failure.error {
            Error::Outside(message) => Error::outside(without(captured, &message)),
            error => error,
        },
        ..failure
    }
}

/// What is sent; `more` is said in the query, too.
pub(crate) fn request(
    doc: &RequestDoc,
    captured: &Captured,
    more: Option<(&str, &str)>,
) -> Result<Request<String>, String> {
    let mut url = fill(&doc.url, captured, escaped);
    if let Some((name, value)) = more {
        let joint = if url.contains('?') { '&' } else { '?' };
        url.push_str(&format!("{joint}{}={}", escaped(name), escaped(value)));
    }
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
pub(crate) fn header(
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
