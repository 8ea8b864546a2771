//! One request and its answer. Redirects are not followed: headers that hold secrets would go
//! along. Messages show the URL without its query, in which there may be secrets, too.

use std::io::Read as _;
use std::time::Duration;

use ureq::Agent;
use ureq::http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER};
use ureq::http::{HeaderName, Method, Request, Response, StatusCode};
use zaraba_config::document::HttpClientDoc;
use zaraba_core::error::Error;
use zaraba_core::time::{ClockTime, SECOND};

use super::worker::Failure;

/// Longest wait that a Retry-After is followed for, seconds.
const RETRY_AFTER_MAX: i64 = 3600;

/// Bytes of a refusal that are shown.
const SHOWN_BYTES: usize = 200;

/// What an answer said of its version.
#[derive(Debug, Default)]
pub(super) struct Validators {
    etag: Option<String>,
    modified: Option<String>,
}

/// What came.
pub(super) enum Answer {
    /// The same as before.
    Unchanged,
    /// A body.
    Body(Vec<u8>, Validators),
}

/// Makes requests.
pub(super) struct Asker {
    agent: Agent,
    url: String,
    post: bool,
    body: String,
    headers: Vec<(String, String)>,
    max_size: u64,
}

/// A URL without its query.
pub(super) fn shown(url: &str) -> &str {
    url.split_once('?').map_or(url, |(shown, _)| shown)
}

/// Whether a URL is of this machine: no proxy is asked for it.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

impl Asker {
    pub(super) fn new(doc: &HttpClientDoc) -> Self {
        let timeout = Duration::from_micros(u64::try_from(doc.timeout).unwrap_or(0));
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("zaraba/", env!("CARGO_PKG_VERSION")));
        let config = if is_local(&doc.url.value) {
            config.proxy(None)
        } else {
            config
        };
        Self {
            agent: config.build().into(),
            url: doc.url.value.clone(),
            post: doc.post,
            body: doc.body.clone().unwrap_or_default(),
            headers: doc.headers.clone(),
            max_size: doc.max_size,
        }
    }

    /// Asks once: for a page (a query parameter and its value), unless what is known is the newest.
    pub(super) fn ask(
        &self,
        page: Option<(&str, &str)>,
        known: Option<&Validators>,
        now: ClockTime,
    ) -> Result<Answer, Failure> {
        let request = self.request(page, known);
        let request = request.map_err(|e| Failure::of(self.wrong(&e.to_string())))?;
        let ran = if self.post {
            self.agent.run(request)
        } else {
            self.agent.run(request.map(drop))
        };
        let mut response = ran.map_err(|e| Failure::of(self.wrong(&e.to_string())))?;
        let status = response.status();
        let read = self.read(&mut response);
        if status == StatusCode::NOT_MODIFIED {
            return Ok(Answer::Unchanged);
        }
        if !status.is_success() {
            return Err(self.refused(&response, &read.unwrap_or_default(), now));
        }
        let header = |name| {
            response
                .headers()
                .get(name)?
                .to_str()
                .ok()
                .map(str::to_owned)
        };
        let validators = Validators {
            etag: header(ETAG),
            modified: header(LAST_MODIFIED),
        };
        Ok(Answer::Body(read?, validators))
    }

    fn request(
        &self,
        page: Option<(&str, &str)>,
        known: Option<&Validators>,
    ) -> Result<Request<String>, ureq::http::Error> {
        let url = page.map_or_else(
            || self.url.clone(),
            |(name, value)| {
                let joint = if self.url.contains('?') { '&' } else { '?' };
                format!("{}{joint}{}={}", self.url, escaped(name), escaped(value))
            },
        );
        let method = if self.post { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let known = known.map(|k| [(IF_NONE_MATCH, &k.etag), (IF_MODIFIED_SINCE, &k.modified)]);
        for (name, value) in known.into_iter().flatten() {
            if let Some(value) = value {
                request = request.header::<HeaderName, _>(name, value);
            }
        }
        request.body(self.body.clone())
    }

    /// The body, if it is not too large.
    fn read(&self, response: &mut Response<ureq::Body>) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        let reader = response.body_mut().as_reader();
        let read = reader.take(self.max_size + 1).read_to_end(&mut body);
        read.map_err(|e| Failure::of(self.wrong(&e.to_string())))?;
        if body.len() as u64 > self.max_size {
            let message = format!(
                "the answer is larger than `max_size`, {} bytes",
                self.max_size
            );
            return Err(Failure {
                afresh: true,
                ..Failure::of(self.wrong(&message))
            });
        }
        Ok(body)
    }

    /// A status that is no success.
    fn refused(&self, response: &Response<ureq::Body>, body: &[u8], now: ClockTime) -> Failure {
        let status = response.status();
        let again = status.is_server_error()
            || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|v| v.to_str().ok()?.trim().parse::<i64>().ok());
        let after = after.map(|seconds| seconds.clamp(0, RETRY_AFTER_MAX));
        let said = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut message = format!("answered {status}");
        if !again {
            let hint = match status.as_u16() {
                401 | 403 => "look at `headers`",
                300..=399 => "redirects are not followed: look at `url`",
                _ => "look at `url` and `headers`",
            };
            message.push_str(&format!(", which will hardly change by itself; {hint}"));
        }
        if !said.is_empty() {
            message.push_str(&format!(": {said}"));
        }
        Failure {
            error: self.wrong(&message),
            not_before: after.map(|seconds| ClockTime(now.0.saturating_add(seconds * SECOND))),
            afresh: !again,
        }
    }

    /// An error that says what was asked.
    pub(super) fn wrong(&self, what: &str) -> Error {
        let method = if self.post { "POST" } else { "GET" };
        Error::outside(format!("{method} {}: {what}", shown(&self.url)))
    }
}

/// A text as it may stand in a query.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
