//! One request, and what its answer means. Redirects are not followed: headers that hold secrets
//! would go along. Messages show scheme and host alone: the path of a webhook is often its secret.

use std::io::Read as _;
use std::time::Duration;

use chrono::DateTime;
use ureq::Agent;
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{Method, Request, Response, StatusCode};
use zaraba_config::document::WebhookDoc;
use zaraba_core::time::{ClockTime, SECOND};

/// Longest wait that a Retry-After is followed for, seconds.
const RETRY_AFTER_MAX: i64 = 3_600;
/// Bytes of an answer that are read, so that the connection can be used again.
const ANSWER_BYTES: u64 = 64 << 10;
/// Bytes of a refusal that are shown.
const SHOWN_BYTES: usize = 200;

/// What became of a request.
#[derive(Debug)]
pub(super) enum Sent {
    /// It was taken.
    Yes,
    /// Another try may be: not before this, where the server says so.
    NotYet(String, Option<ClockTime>),
    /// Another try would not be.
    Never(String),
}

/// Makes requests.
pub(super) struct Requester {
    agent: Agent,
    url: String,
    method: Method,
    headers: Vec<(String, String)>,
}

/// Scheme and host of a URL.
fn shown(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?']);
    end.map_or(url, |end| &url[..host + end])
}

/// What stands behind the host: in a webhook mostly its secret.
pub(super) fn path(url: &str) -> Option<&str> {
    url.strip_prefix(shown(url))
}

/// Whether a URL is of this machine: no proxy is asked for it.
fn is_local(url: &str) -> bool {
    let host = shown(url).rsplit('/').next().unwrap_or(url);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

impl Requester {
    pub(super) fn new(doc: &WebhookDoc, content_type: &str) -> Self {
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
        let mut headers = doc.headers.clone();
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()))
        {
            headers.push((CONTENT_TYPE.to_string(), content_type.to_owned()));
        }
        Self {
            agent: config.build().into(),
            url: doc.url.value.clone(),
            method: if doc.put { Method::PUT } else { Method::POST },
            headers,
        }
    }

    /// Sends once.
    pub(super) fn send(&self, body: &str, now: ClockTime) -> Sent {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = match request.body(body.to_owned()) {
            Ok(request) => request,
            Err(error) => return Sent::Never(self.wrong(&error.to_string())),
        };
        match self.agent.run(request) {
            Ok(mut response) => {
                let mut said = Vec::new();
                let reader = response.body_mut().as_reader();
                // What a server says of what it took is not needed.
                drop(reader.take(ANSWER_BYTES).read_to_end(&mut said));
                self.judge(&response, &said, now)
            }
            Err(error @ (ureq::Error::BadUri(_) | ureq::Error::Http(_))) => {
                Sent::Never(self.wrong(&error.to_string()))
            }
            Err(error) => Sent::NotYet(self.wrong(&error.to_string()), None),
        }
    }

    fn judge(&self, response: &Response<ureq::Body>, said: &[u8], now: ClockTime) -> Sent {
        let status = response.status();
        if status.is_success() {
            return Sent::Yes;
        }
        let said = String::from_utf8_lossy(&said[..said.len().min(SHOWN_BYTES)]);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut message = format!("answered {status}");
        if status.is_redirection() {
            message.push_str(" (redirects are not followed: look at `url`)");
        }
        if !said.is_empty() {
            message.push_str(&format!(": {said}"));
        }
        let message = self.wrong(&message);
        let again = status.is_server_error()
            || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        if !again {
            return Sent::Never(message);
        }
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|value| wait(value.to_str().ok()?, now));
        let at = |seconds: i64| ClockTime(now.0.saturating_add(seconds * SECOND));
        Sent::NotYet(message, after.map(at))
    }

    fn wrong(&self, what: &str) -> String {
        let what = what.replace(&self.url, shown(&self.url));
        format!("{} {}: {what}", self.method, shown(&self.url))
    }
}

/// The seconds of a Retry-After: a number, or a time.
fn wait(text: &str, now: ClockTime) -> Option<i64> {
    let text = text.trim();
    let seconds = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => seconds.ceil().min(RETRY_AFTER_MAX as f64) as i64,
        _ => DateTime::parse_from_rfc2822(text).ok()?.timestamp() - now.0.div_euclid(SECOND),
    };
    Some(seconds.clamp(0, RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_their_secrets() {
        for (url, expected, local) in [
            (
                "https://discord.com/api/webhooks/1/SECRET",
                "https://discord.com",
                false,
            ),
            (
                "http://127.0.0.1:80?key=SECRET",
                "http://127.0.0.1:80",
                true,
            ),
            ("https://localhost", "https://localhost", true),
            ("http://[::1]:9/x", "http://[::1]:9", true),
        ] {
            assert_eq!((shown(url), is_local(url)), (expected, local), "{url}");
        }
    }

    #[test]
    fn retry_after() {
        let now = ClockTime(1_763_078_400 * SECOND);
        for (text, expected) in [
            ("2", Some(2)),
            ("0.3", Some(1)),
            ("-1", Some(0)),
            ("99999999", Some(3_600)),
            ("Fri, 14 Nov 2025 00:00:30 GMT", Some(30)),
            ("Thu, 13 Nov 2025 00:00:30 GMT", Some(0)),
            ("soon", None),
            ("NaN", None),
        ] {
            assert_eq!(wait(text, now), expected, "{text}");
        }
    }
}
