//! Requests of the connectors that ask: one request and its answer, and what a refusal means.
//! Redirects are not followed: headers that hold secrets would go along. Messages show the URL
//! without its query, in which there may be secrets, too.

use std::io::Read as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::Agent;
use ureq::http::{HeaderMap, Request, Response, StatusCode};
use zaraba_core::error::Error;
use zaraba_core::time::ClockTime;
use zaraba_net::client::{agent, may_change, retry_after, said};

use crate::threaded::{Cause, Failure};

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

/// What is not left as it is in a part of a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as it may stand in a query.
pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

impl Client {
    /// For requests to this URL's host; `timeout` (microseconds) is of a request and its answer.
    pub(crate) fn new(url: &str, timeout: i64, max_size: u64) -> Self {
        Self {
            agent: agent(url, timeout),
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
            return Err(Failure::by(Cause::Asked, wrong(asked, &message)));
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
    let again = may_change(status);
    let mut message = format!("answered {status}");
    if !again {
        let hint = match status.as_u16() {
            401 | 403 => "look at `headers`",
            300..=399 => "redirects are not followed: look at `url`",
            _ => "look at `url` and `headers`",
        };
        message.push_str(&format!(", which will hardly change by itself; {hint}"));
    }
    message.push_str(&said(body));
    let cause = match status.as_u16() {
        401 | 403 => Cause::Denied,
        _ if again => Cause::Passing,
        _ => Cause::Asked,
    };
    Failure {
        not_before: retry_after(headers, now),
        ..Failure::by(cause, wrong(asked, &message))
    }
}
