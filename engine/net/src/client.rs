//! What requests to others are made with: connectors and webhooks ask alike. Redirects are not
//! followed (a secret must not travel on), statuses are no errors, and no proxy is asked for what is
//! on this machine.

use std::time::{Duration, SystemTime};

use ureq::Agent;
use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, StatusCode};
use zaraba_core::time::{ClockTime, SECOND};

/// Longest wait that a Retry-After is followed for, seconds.
const RETRY_AFTER_MAX: i64 = 3_600;
/// Bytes of a refusal that are shown.
const SHOWN_BYTES: usize = 200;

/// An agent for requests to this URL's host; `timeout` (microseconds) is of a request and its
/// answer.
#[must_use]
pub fn agent(url: &str, timeout: i64) -> Agent {
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
    config.build().into()
}

/// Whether a URL is of this machine.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or(rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

/// Whether the same request may be answered otherwise when it is made again.
#[must_use]
pub fn may_change(status: StatusCode) -> bool {
    status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

/// What a refusal says of itself, behind its status: one line, and not much of it.
#[must_use]
pub fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        text
    } else {
        format!(": {text}")
    }
}

/// The moment before which a server does not want to be asked again.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: ClockTime) -> Option<ClockTime> {
    let wait = seconds(headers.get(RETRY_AFTER)?.to_str().ok()?.trim(), now)?;
    Some(ClockTime(now.0.saturating_add(wait * SECOND)))
}

/// The seconds of a Retry-After, which is a number or a date. A part of a second is waited out.
fn seconds(text: &str, now: ClockTime) -> Option<i64> {
    let seconds = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => seconds.ceil().min(RETRY_AFTER_MAX as f64) as i64,
        _ => {
            let date = httpdate::parse_http_date(text).ok()?;
            let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let at = i64::try_from(since.as_secs()).ok()?;
            at.saturating_sub(now.0.div_euclid(SECOND))
        }
    };
    Some(seconds.clamp(0, RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_is_seconds_or_a_date() {
        let now = ClockTime(1_763_078_400 * SECOND); // 2025-11-14T00:00:00Z
        for (text, wait) in [
            ("30", Some(30)),
            ("0.3", Some(1)),
            ("-1", Some(0)),
            ("99999999", Some(RETRY_AFTER_MAX)),
            ("Fri, 14 Nov 2025 00:02:00 GMT", Some(120)),
            ("Friday, 14-Nov-25 00:02:00 GMT", Some(120)),
            ("Fri Nov 14 00:02:00 2025", Some(120)),
            ("Fri, 14 Nov 2025 09:00:00 GMT", Some(RETRY_AFTER_MAX)),
            ("Thu, 13 Nov 2025 23:59:59 GMT", Some(0)),
            ("tomorrow", None),
            ("NaN", None),
            ("", None),
        ] {
            assert_eq!(seconds(text, now), wait, "{text}");
        }
    }

    #[test]
    fn what_is_of_this_machine() {
        for (url, local) in [
            ("http://127.0.0.1:18080/token", true),
            ("http://localhost", true),
            ("https://[::1]:1/?a", true),
            ("https://example.com/127.0.0.1", false),
            ("https://example.com?to=localhost", false),
        ] {
            assert_eq!(is_local(url), local, "{url}");
        }
    }
}
