//! Who may ask, as a listener is told: everybody of this machine, who knows a token, or everybody
//! for what may only be read. Here are the ways by which a token comes; `guard` asks them.

use std::fmt;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

/// A subprotocol that begins so carries a token, in base64url.
pub const AUTH_PROTOCOL: &str = "zaraba.auth.";
/// The cookie that carries a token, in base64url.
pub(crate) const COOKIE_NAME: &str = "zaraba_token";

/// Who may ask.
#[derive(Clone, Default)]
pub enum Auth {
    /// Any program of this machine: for loopback addresses only.
    #[default]
    Machine,
    /// Everybody may read; what is more is closed.
    PublicRead,
    /// Who knows the token.
    Token(Arc<str>),
}

/// What a listener asks of whoever comes.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Who may ask.
    pub auth: Auth,
    /// Pages of other servers that may ask: `https://desk.example.com`, in small letters.
    pub origins: Vec<String>,
}

/// Who asks: an extension of each request that the guard lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Has shown the token: may do all.
    Known,
    /// A program of this machine: may read all.
    Trusted,
    /// May read what is public.
    Public,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "Machine",
            Self::PublicRead => "PublicRead",
            Self::Token(_) => "Token(***)",
        })
    }
}

impl Auth {
    /// Who these headers are from; none: nobody who may ask.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        match self {
            Self::Machine => Some(Caller::Trusted),
            Self::PublicRead => Some(Caller::Public),
            Self::Token(token) => {
                let mut known = false;
                // All are looked at, so that the time tells nothing of which was right.
                for given in tokens(headers) {
                    known |= is_same(&given, token);
                }
                known.then_some(Caller::Known)
            }
        }
    }
}

/// Compares in a time that depends on the lengths alone.
pub(crate) fn is_same(given: &[u8], token: &str) -> bool {
    given.ct_eq(token.as_bytes()).into()
}

/// A token as a cookie or a subprotocol has it.
pub(crate) fn encoded(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(token)
}

/// What the headers say the token is. The URL is not asked: it would stand in logs and histories.
fn tokens(headers: &HeaderMap) -> Vec<Vec<u8>> {
    let texts = |name| {
        headers
            .get_all(name)
            .into_iter()
            .filter_map(|v| v.to_str().ok())
    };
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let bearer = texts(AUTHORIZATION).filter_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        bearer.then(|| token.trim().as_bytes().to_vec())
    });
    let protocols = texts(SEC_WEBSOCKET_PROTOCOL)
        .flat_map(|list| list.split(','))
        .filter_map(|protocol| decoded(protocol.trim().strip_prefix(AUTH_PROTOCOL)?));
    let cookies = texts(COOKIE)
        .flat_map(|list| list.split(';'))
        .filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            decoded(value).filter(|_| name == COOKIE_NAME)
        });
    bearer.chain(protocols).chain(cookies).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn ways_of_a_token() {
        // printf 'correct-horse-battery' | base64
        const ENCODED: &str = "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5";
        let auth = Auth::Token("correct-horse-battery".into());
        let protocol = format!("zaraba.v1.json, zaraba.auth.{ENCODED}");
        let padded = format!("zaraba.auth.{ENCODED}==");
        let cookie = format!("a=b; zaraba_token={ENCODED}; c=d");
        let other = format!("token={ENCODED}");
        for (name, value, known) in [
            (AUTHORIZATION, "Bearer correct-horse-battery", true),
            (AUTHORIZATION, "bearer  correct-horse-battery", true),
            (AUTHORIZATION, "Bearer correct-horse-batterx", false),
            (AUTHORIZATION, "Bearer correct-horse-battery2", false),
            (AUTHORIZATION, "Bearer ", false),
            (AUTHORIZATION, "correct-horse-battery", false),
            (AUTHORIZATION, "Basic correct-horse-battery", false),
            (SEC_WEBSOCKET_PROTOCOL, protocol.as_str(), true),
            (SEC_WEBSOCKET_PROTOCOL, padded.as_str(), true),
            (SEC_WEBSOCKET_PROTOCOL, "zaraba.auth.!", false),
            (SEC_WEBSOCKET_PROTOCOL, "zaraba.auth.", false),
            (COOKIE, cookie.as_str(), true),
            (COOKIE, other.as_str(), false),
            (
                HeaderName::from_static("x-token"),
                "correct-horse-battery",
                false,
            ),
        ] {
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())]);
            assert_eq!(auth.caller(&headers).is_some(), known, "{value}");
        }
        let nothing = HeaderMap::new();
        assert_eq!(auth.caller(&nothing), None);
        assert_eq!(Auth::PublicRead.caller(&nothing), Some(Caller::Public));
        assert_eq!(Auth::Machine.caller(&nothing), Some(Caller::Trusted));
        assert_eq!(format!("{auth:?}"), "Token(***)");
    }
}
