//! Addresses of servers that are asked, alone or behind a method.

use zaraba_core::diagnostic::Diagnostic;

use crate::document::Text;
use crate::leaf::expected;
use crate::params;
use crate::read::{Context, Typed};
use crate::spec::Kind;
use crate::tree::quoted;

/// Methods of requests.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A URL, or a method and one, with the parameters put in.
pub(crate) fn read(cx: &mut Context<'_>, kind: &Kind, text: &Text) -> Option<Typed> {
    let text = params::substitute(cx, text)?;
    let (method, url) = match kind {
        Kind::Request => text.value.split_once(' ').unwrap_or(("", &text.value)),
        _ => ("", text.value.as_str()),
    };
    let schemes = match kind {
        Kind::SocketUrl => ["ws://", "wss://"],
        _ => ["http://", "https://"],
    };
    let rest = schemes.iter().find_map(|s| url.strip_prefix(s));
    let host = |rest: &str| {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let first = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        first && !rest[..end].contains('@')
    };
    let plain = |c: char| c.is_ascii_graphic() && c != '#';
    let asks = !matches!(kind, Kind::Request) || METHODS.contains(&method);
    if asks && rest.is_some_and(|rest| host(rest) && rest.chars().all(plain)) {
        return Some(Typed::Text(text));
    }
    let (wanted, found) = (expected(kind), quoted(&text.value));
    let mistake = Diagnostic::at(text.span, format!("expected {wanted}, found {found}"));
    cx.mistake(if rest.is_some_and(|rest| rest.contains('@')) {
        mistake.help("say who asks in `headers`, not in the URL")
    } else if matches!(kind, Kind::SocketUrl) && url.starts_with("http") {
        mistake.help("a WebSocket's address begins with ws:// or wss://")
    } else if !asks {
        mistake.help(format!("begin with one of {}", METHODS.join(", ")))
    } else {
        mistake
    });
    None
}
