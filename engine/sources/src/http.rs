//! Requests of the connectors that ask: one request and its answer, and what a refusal means.
//! Redirects are not followed: headers that hold secrets would go along. Messages show the URL
//! without its query, in which there may be secrets, too.

use std::io::Read as _;
use std::time::{Duration, SystemTime};

use ureq::Agent;
use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, Request, Response, StatusCode};
use zaraba_core::error::Error;
use zaraba_core::time::{ClockTime, SECOND};

use crate::threaded::Failure;

/// Longest wait that a Retry-After is followed for, seconds.
const RETRY_AFTER_MAX: i64 = 3600;

/// Bytes of a refusal that are shown.
const SHOWN_BYTES: usize = 200;

/// An answer that is no refusal.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Makes requests.
pub(crate) struct Client {
    agent: Agent,
    max_size: u64,
}

/// A URL without its query.
pub(crate) fn shown(url: &str) -> &str {
    url.split_once('?').map_or(url, |(shown, _)| shown)
}

/// An error that says what was asked: a method and a URL without its query.
pub(crate) fn wrong(asked: &str, what: &str) -> Error {
    Error::outside(format!("{asked}: {what}"))
}

/// A text as it may stand in a query.
pub(crate) fn escaped(text: &str) -> String {
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

/// Whether a URL is of this machine: no proxy is asked for it.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

impl Client {
    /// For requests to this URL's host; `timeout` (microseconds) is of a request and its answer.
    pub(crate) fn new(url: &str, timeout: i64, max_size: u64) -> Self {
        let timeout = Duration::from_micros(u64::try_from(timeout).unwrap_or(0));
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("zaraba/", env!("CARGO_PKG_VERSION")));
        let config = if is_local(url) {
            config.proxy(None)
        } else {
            config
        };
        Self {
            agent: config.build().into(),
            max_size,
        }
    }

    /// Asks once. 304 is an answer, other statuses than those of success are refusals.
    pub(crate) fn ask(
        &self,
        request: Request<String>,
        asked: &str,
        now: ClockTime,
    ) -> Result<Answer, Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::of(wrong(asked, &e.to_string()));
        let ran = if request.body().is_empty() {
            self.agent.run(request.map(drop))
        } else {
            self.agent.run(request)
        };
        let mut response = ran.map_err(|e| failed(&e))?;
        let read = self.read(&mut response, asked);
        let (status, headers) = (response.status(), response.headers());
        if !status.is_success() && status != StatusCode::NOT_MODIFIED {
            let body = read.unwrap_or_default();
            return Err(refused(asked, status, headers, &body, now));
        }
        Ok(Answer {
            status,
            headers: headers.clone(),
            body: read?,
        })
    }

    /// The body, if it is not too large.
    fn read(&self, response: &mut Response<ureq::Body>, asked: &str) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        let reader = response.body_mut().as_reader();
        let read = reader.take(self.max_size + 1).read_to_end(&mut body);
        read.map_err(|e| Failure::of(wrong(asked, &e.to_string())))?;
        if body.len() as u64 > self.max_size {
            let max = self.max_size;
            let message = format!("the answer is larger than `max_size`, {max} bytes");
            return Err(Failure::afresh(wrong(asked, &message)));
        }
        Ok(body)
    }
}

/// A status that is no success.
pub(crate) fn refused(
    asked: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: ClockTime,
) -> Failure {
    let again = status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
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
    let after = headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok());
    Failure {
        error: wrong(asked, &message),
        not_before: after.and_then(|after| retry_after(after.trim(), now)),
        afresh: !again,
    }
}

/// The moment that a Retry-After names, by seconds or by a date.
fn retry_after(text: &str, now: ClockTime) -> Option<ClockTime> {
    let seconds = match text.parse::<i64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let at = i64::try_from(since.as_secs()).ok()?;
            // A part of a second is waited out.
            at.saturating_sub(now.0.div_euclid(SECOND))
        }
    };
    let wait = seconds.clamp(0, RETRY_AFTER_MAX) * SECOND;
    Some(ClockTime(now.0.saturating_add(wait)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_is_seconds_or_a_date() {
        let now = 1_763_078_400; // 2025-11-14T00:00:00Z
        for (text, wait) in [
            ("30", Some(30)),
            ("-1", Some(0)),
            ("99999", Some(RETRY_AFTER_MAX)),
            ("Fri, 14 Nov 2025 00:02:00 GMT", Some(120)),
            ("Friday, 14-Nov-25 00:02:00 GMT", Some(120)),
            ("Fri Nov 14 00:02:00 2025", Some(120)),
            ("Fri, 14 Nov 2025 09:00:00 GMT", Some(RETRY_AFTER_MAX)),
            ("Thu, 13 Nov 2025 23:59:59 GMT", Some(0)),
            ("tomorrow", None),
            ("", None),
        ] {
            let until = retry_after(text, ClockTime(now * SECOND));
            let expected = wait.map(|wait: i64| ClockTime((now + wait) * SECOND));
            assert_eq!(until, expected, "{text}");
        }
    }
}
