//! What stands before every route. On loopback any program of this machine may ask; elsewhere who
//! knows the token, or everybody for what is public. Pages that another server sent are refused
//! unless they are listed, and so is a request for another host's name, which is how a page
//! reaches this machine after its own name was pointed there.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HOST, LOCATION, ORIGIN, SET_COOKIE,
    VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use tokio::time::timeout;

use crate::access::{Access, Auth, COOKIE_NAME, Caller, encoded, is_same};

/// Where the form of the page that asks for the token is sent.
const LOGIN: &str = "/api/login";
/// Bytes of that form.
const LOGIN_BYTES_MAX: usize = 4 << 10;
/// What anybody may ask, so that a supervisor needs no token.
const OPEN: [&str; 2] = ["/health/live", "/health/ready"];

/// Asks for the token, of people who come with a browser.
const LOGIN_PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>zaraba</title>\
<meta name=viewport content=\"width=device-width\"><style>:root{color-scheme:light dark}\
body{font:1rem system-ui;margin:20vh auto;max-width:22rem}input{width:100%}</style>\
<form method=post action=/api/login><label>トークン / token<br>\
<input name=token type=password autocomplete=current-password autofocus></label>\
<p><button>開く / open</button></form></html>";
/// Stands below the form when the token was another.
const WRONG: &str = "<p role=alert>トークンが違います / that is not the token</p>";

/// What the guard knows of its listener.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) access: Access,
    /// Whether it speaks TLS.
    pub(crate) secure: bool,
    /// How long the form with the token may take.
    pub(crate) body_time: Duration,
}

pub(crate) async fn guard(door: Arc<Door>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let site = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site");
    let moves = headers
        .get("sec-fetch-mode")
        .is_some_and(|mode| mode == "navigate");
    let (host, origin) = (header(headers, &HOST), header(headers, &ORIGIN));
    let judged = match door.judge(host, origin) {
        // A page may include what it cannot read, and does not say who it is.
        Ok(None) if site && !moves => Err("pages of other servers may not include this".to_owned()),
        judged => judged,
    };
    let listed = match judged {
        Ok(listed) => listed,
        Err(reason) => {
            tracing::warn!(reason, "a request was refused");
            return (StatusCode::FORBIDDEN, format!("{reason}\n")).into_response();
        }
    };
    let path = request.uri().path();
    let response = if listed.is_some() && request.method() == Method::OPTIONS {
        preflight()
    } else if let (Auth::Token(token), LOGIN, &Method::POST) =
        (&door.access.auth, path, request.method())
    {
        let login = login(Arc::clone(token), door.secure, request.into_body());
        let late = || (StatusCode::REQUEST_TIMEOUT, "the form came too slowly\n").into_response();
        timeout(door.body_time, login)
            .await
            .unwrap_or_else(|_| late())
    } else {
        match door.access.auth.caller(headers) {
            Some(Caller::Public) if !reads(request.method()) => {
                let message = "changes and queries need a token: this listener has \
                               `auth = \"public-read\"`\n";
                (StatusCode::FORBIDDEN, message).into_response()
            }
            Some(caller) => {
                request.extensions_mut().insert(caller);
                next.run(request).await
            }
            None if OPEN.contains(&path) => {
                request.extensions_mut().insert(Caller::Public);
                next.run(request).await
            }
            None => unknown(headers),
        }
    };
    shared_with(response, listed)
}

/// Whether a method asks and changes nothing.
fn reads(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Lets the page of a listed origin read the answer.
fn shared_with(mut response: Response, listed: Option<HeaderValue>) -> Response {
    if let Some(origin) = listed {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.append(VARY, HeaderValue::from_static("origin"));
        let exposed = HeaderValue::from_static("zaraba-last, zaraba-stream-id");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}

/// The answer to a browser that asks what a listed page may send.
fn preflight() -> Response {
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
    ];
    (StatusCode::NO_CONTENT, allowed).into_response()
}

/// The answer to whoever did not show the token.
fn unknown(headers: &HeaderMap) -> Response {
    let wanted = [(WWW_AUTHENTICATE, "Bearer realm=\"zaraba\"")];
    let browser = header(headers, &ACCEPT).is_some_and(|kinds| kinds.contains("text/html"));
    if browser {
        return (StatusCode::UNAUTHORIZED, wanted, Html(LOGIN_PAGE)).into_response();
    }
    let message = "expected the token of this listener: Authorization: Bearer TOKEN\n";
    (StatusCode::UNAUTHORIZED, wanted, message).into_response()
}

/// Turns the token of the form into a cookie that pages of other servers cannot use.
async fn login(token: Arc<str>, secure: bool, body: Body) -> Response {
    let body = to_bytes(body, LOGIN_BYTES_MAX).await.unwrap_or_default();
    let given = body
        .split(|b| *b == b'&')
        .find_map(|pair| pair.strip_prefix(b"token="))
        .map(form_text);
    if !given.is_some_and(|given| is_same(&given, &token)) {
        let page = LOGIN_PAGE.replace("</form>", &format!("</form>{WRONG}"));
        return (StatusCode::UNAUTHORIZED, Html(page)).into_response();
    }
    let only = if secure { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Strict{only}",
        encoded(&token)
    );
    let headers = [(SET_COOKIE, cookie), (LOCATION, "/".to_owned())];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// What a field of a form stands for: `+` is a space, `%2b` a byte.
fn form_text(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, behind @ ..] = rest {
        let code = behind
            .get(..2)
            .and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        (bytes, rest) = match (first, byte) {
            (b'%', Some(byte)) => ([bytes, vec![byte]].concat(), &behind[2..]),
            (b'+', _) => ([bytes, vec![b' ']].concat(), behind),
            _ => ([bytes, vec![*first]].concat(), behind),
        };
    }
    bytes
}

/// A header's text; one that is no text reads as a name that nothing has.
fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

impl Door {
    /// Whether a request for this host, from this page, may come in; the page's origin if it is
    /// one that is listed.
    fn judge(
        &self,
        host: Option<&str>,
        origin: Option<&str>,
    ) -> Result<Option<HeaderValue>, String> {
        if let Some(host) = host
            && !self.is_ours(host)
        {
            return Err(format!(
                "expected a host name of this machine such as localhost, got `{host}`; other names \
                 are those of `origins`"
            ));
        }
        let Some(origin) = origin else {
            return Ok(None);
        };
        let scheme = if self.secure { "https://" } else { "http://" };
        if let (Some(page), Some(host)) = (origin.strip_prefix(scheme), host)
            && page.eq_ignore_ascii_case(host)
        {
            return Ok(None);
        }
        if self.access.origins.contains(&origin.to_ascii_lowercase()) {
            return Ok(HeaderValue::from_str(origin).ok());
        }
        Err(format!("pages of `{origin}` may not read this"))
    }

    /// Whether a name is one of this listener. With a token it may be any: a page that reaches us
    /// by a name of its own does not have the token.
    fn is_ours(&self, host: &str) -> bool {
        let named = |origin: &String| {
            let page = origin.split_once("://").map_or("", |(_, page)| page);
            bare(page).eq_ignore_ascii_case(bare(host))
        };
        is_loopback(host)
            || self.access.origins.iter().any(named)
            || match self.access.auth {
                Auth::Machine => false,
                // An address is no name that somebody could point here.
                Auth::PublicRead => bare(host).parse::<std::net::IpAddr>().is_ok(),
                Auth::Token(_) => true,
            }
    }
}

/// A host without its port and without the brackets of an address.
fn bare(host: &str) -> &str {
    let is_port = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| is_port(port))
        .map_or(host, |(n, _)| n);
    name.strip_prefix('[')
        .and_then(|n| n.strip_suffix(']'))
        .unwrap_or(name)
}

fn is_loopback(host: &str) -> bool {
    let bare = bare(host);
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(door: &Door, cases: &[(Option<&str>, Option<&str>, bool)]) {
        for (host, origin, allowed) in cases {
            let judged = door.judge(*host, *origin);
            assert_eq!(judged.is_ok(), *allowed, "{host:?} {origin:?}");
        }
    }

    fn door(auth: Auth, origins: &[&str], secure: bool) -> Door {
        let origins = origins.iter().map(|o| (*o).to_owned()).collect();
        Door {
            access: Access { auth, origins },
            secure,
            body_time: Duration::from_secs(1),
        }
    }

    #[test]
    fn who_may_ask() {
        let machine = door(Auth::Machine, &[], false);
        check(
            &machine,
            &[
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
            ],
        );
    }

    #[test]
    fn listed_pages_may_ask() {
        const DESK: &str = "https://desk.example";
        let listed = door(Auth::Machine, &[DESK], false);
        check(
            &listed,
            &[
                (Some("127.0.0.1:8225"), Some(DESK), true),
                (Some("127.0.0.1:8225"), Some("https://DESK.example"), true),
                (Some("desk.example"), Some(DESK), true),
                (Some("127.0.0.1:8225"), Some("http://desk.example"), false),
                (
                    Some("127.0.0.1:8225"),
                    Some("https://desk.example:8443"),
                    false,
                ),
                (
                    Some("127.0.0.1:8225"),
                    Some("https://desk.example.evil.example"),
                    false,
                ),
                (Some("evil.example"), Some(DESK), false),
            ],
        );
        let got = listed.judge(Some("127.0.0.1:1"), Some(DESK)).unwrap();
        assert_eq!(got.unwrap(), DESK);
        assert_eq!(listed.judge(Some("127.0.0.1:1"), None), Ok(None));
    }

    #[test]
    fn names_of_open_listeners() {
        let public = door(Auth::PublicRead, &["https://desk.example"], true);
        check(
            &public,
            &[
                (Some("10.0.0.1:8225"), None, true),
                (Some("10.0.0.1:8225"), Some("https://10.0.0.1:8225"), true),
                (Some("10.0.0.1:8225"), Some("http://10.0.0.1:8225"), false),
                (Some("desk.example:8225"), None, true),
                (
                    Some("evil.example:8225"),
                    Some("https://evil.example:8225"),
                    false,
                ),
            ],
        );
        let token = door(Auth::Token("t".into()), &[], true);
        check(
            &token,
            &[
                (Some("desk.example:8225"), None, true),
                (
                    Some("desk.example:8225"),
                    Some("https://evil.example"),
                    false,
                ),
            ],
        );
    }

    #[test]
    fn fields_of_a_form() {
        for (field, text) in [("a%2Bb+c%", "a+b c%"), ("%41%4", "A%4"), ("", "")] {
            assert_eq!(form_text(field.as_bytes()), text.as_bytes());
        }
    }
}
