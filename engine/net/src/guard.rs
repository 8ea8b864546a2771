//! Who may ask: any program of this machine, and pages that this listener served itself. A page
//! of another origin is refused, and so is a request for another host's name, which is how a page
//! reaches loopback after its own name was pointed there.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let headers = request.headers();
    match judge(header(headers, &HOST), header(headers, &ORIGIN)) {
        Ok(()) => next.run(request).await,
        Err(reason) => {
            tracing::warn!(reason, "a request was refused");
            (StatusCode::FORBIDDEN, reason).into_response()
        }
    }
}

/// A header's text; one that is no text reads as a name that nothing has.
fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn judge(host: Option<&str>, origin: Option<&str>) -> Result<(), String> {
    if let Some(host) = host
        && !is_loopback(host)
    {
        return Err(format!(
            "expected a host name of this machine such as localhost, got `{host}`"
        ));
    }
    let Some(origin) = origin else { return Ok(()) };
    match (origin.strip_prefix("http://"), host) {
        (Some(page), Some(host)) if page.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(format!("pages of `{origin}` may not read this")),
    }
}

fn is_loopback(host: &str) -> bool {
    let is_port = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| is_port(port))
        .map_or(host, |(n, _)| n);
    let bare = name
        .strip_prefix('[')
        .and_then(|n| n.strip_suffix(']'))
        .unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_ask() {
        for (host, origin, allowed) in [
            (Some("127.0.0.1:8225"), None, true),
            (Some("localhost:8225"), Some("http://localhost:8225"), true),
            (Some("[::1]:8225"), Some("http://[::1]:8225"), true),
            (Some("[::1]"), None, true),
            (None, None, true),
            (Some("localhost:8225"), Some("http://localhost:3000"), false),
            (
                Some("localhost:8225"),
                Some("https://localhost:8225"),
                false,
            ),
            (Some("127.0.0.1:8225"), Some("http://evil.example"), false),
            (Some("127.0.0.1:8225"), Some("null"), false),
            (None, Some("http://localhost:8225"), false),
            (
                Some("evil.example:8225"),
                Some("http://evil.example:8225"),
                false,
            ),
            (Some("evil.example:8225"), None, false),
            (Some("127.0.0.1.evil.example"), None, false),
            (Some("10.0.0.1:8225"), None, false),
        ] {
            assert_eq!(judge(host, origin).is_ok(), allowed, "{host:?} {origin:?}");
        }
    }
}
