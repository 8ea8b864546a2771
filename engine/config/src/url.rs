//! Addresses of servers that are asked.

use zaraba_core::diagnostic::Diagnostic;

use crate::document::Text;
use crate::leaf::expected;
use crate::params;
use crate::read::{Context, Typed};
use crate::spec::Kind;
use crate::tree::quoted;

/// A URL of http or https, with the parameters put in.
pub(crate) fn read(cx: &mut Context<'_>, text: &Text) -> Option<Typed> {
    let text = params::substitute(cx, text)?;
    let schemes = ["http://", "https://"];
    let rest = schemes.iter().find_map(|s| text.value.strip_prefix(s));
    let host = |rest: &str| {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let first = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        first && !rest[..end].contains('@')
    };
    let plain = |c: char| c.is_ascii_graphic() && c != '#';
    if rest.is_some_and(|rest| host(rest) && rest.chars().all(plain)) {
        return Some(Typed::Text(text));
    }
    let (wanted, found) = (expected(&Kind::Url), quoted(&text.value));
    let mistake = Diagnostic::at(text.span, format!("expected {wanted}, found {found}"));
    cx.mistake(if rest.is_some_and(|rest| rest.contains('@')) {
        mistake.help("say who asks in `headers`, not in the URL")
    } else {
        mistake
    });
    None
}
