//! One request, and what its answer means. Redirects are not followed: headers that hold secrets
//! would go along. Messages show scheme and host alone: the path of a webhook is often its secret.

use std::io::Read as _;

use ureq::Agent;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::{Method, Request, Response};
use zaraba_config::document::WebhookDoc;
use zaraba_core::time::ClockTime;
use zaraba_net::client::{self, agent, may_change, retry_after};

/// Bytes of an answer that are read, so that the connection can be used again.
const ANSWER_BYTES: u64 = 64 << 10;

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

impl Requester {
    pub(super) fn new(doc: &WebhookDoc, content_type: &str) -> Self {
        let mut headers = doc.headers.clone();
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()))
        {
            headers.push((CONTENT_TYPE.to_string(), content_type.to_owned()));
        }
        Self {
            agent: agent(&doc.url.value, doc.timeout),
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
        let mut message = format!("answered {status}");
        if status.is_redirection() {
            message.push_str(" (redirects are not followed: look at `url`)");
        }
        let message = self.wrong(&(message + &client::said(said)));
        if !may_change(status) {
            return Sent::Never(message);
        }
        Sent::NotYet(message, retry_after(response.headers(), now))
    }

    fn wrong(&self, what: &str) -> String {
        let what = what.replace(&self.url, shown(&self.url));
        format!("{} {}: {what}", self.method, shown(&self.url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_their_secrets() {
        for (url, expected) in [
            (
                "https://discord.com/api/webhooks/1/SECRET",
                "https://discord.com",
            ),
            ("http://127.0.0.1:80?key=SECRET", "http://127.0.0.1:80"),
            ("https://localhost", "https://localhost"),
            ("http://[::1]:9/x", "http://[::1]:9"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }
}
