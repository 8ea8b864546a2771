//! `{name}` in requests and messages: what an answer to an earlier request said, or the item of
//! `each` that is asked for. Only a name in braces is one, so JSON may stand in the same text; `{{name}}` is `{name}` itself.

use zaraba_core::diagnostic::{Diagnostic, Span};
use zaraba_core::suggest::nearest;

use crate::document::Text;
use crate::read::{Context, ticked};

/// The name of an item of `each`.
pub const EACH: &str = "each";

/// Whether `{each}` can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Each {
    /// `each` is not given.
    Missing,
    /// Here nothing is said for one item.
    Later,
    /// It can.
    Known,
}

/// The names that can be said in braces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Those that were captured.
    pub(crate) captured: Vec<String>,
    /// None: there is no option `each`.
    pub(crate) each: Option<Each>,
}

/// A name in braces.
struct Hole<'a> {
    /// Its bytes, braces included.
    start: usize,
    end: usize,
    name: &'a str,
    /// Written with two braces: it stands for itself.
    itself: bool,
}

/// Whether this can be the name of something captured.
pub(crate) fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(word)
}

/// The next name in braces from byte `from` on.
fn hole(text: &str, from: usize) -> Option<Hole<'_>> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find('{')?;
        let itself = text[start + 1..].starts_with('{');
        let inner = start + 1 + usize::from(itself);
        let close = if itself { "}}" } else { "}" };
        if let Some(length) = text[inner..].find(close)
            && is_name(&text[inner..inner + length])
        {
            return Some(Hole {
                start,
                end: inner + length + close.len(),
                name: &text[inner..inner + length],
                itself,
            });
        }
        at = start + 1;
    }
}

/// The text with what was captured in the place of each name, written as `escape` says.
#[must_use]
pub fn fill(text: &str, captured: &[(String, String)], escape: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut taken = 0;
    while let Some(hole) = hole(text, taken) {
        out.push_str(&text[taken..hole.start]);
        taken = hole.end;
        match captured.iter().find(|(name, _)| name == hole.name) {
            Some((_, value)) if !hole.itself => out.push_str(&escape(value)),
            _ if hole.itself => out.push_str(&text[hole.start + 1..hole.end - 1]),
            _ => out.push_str(&text[hole.start..hole.end]),
        }
    }
    out.push_str(&text[taken..]);
    out
}

/// Whether a text says this name.
pub(crate) fn says(text: &str, name: &str) -> bool {
    let mut at = 0;
    while let Some(hole) = hole(text, at) {
        at = hole.end;
        if !hole.itself && hole.name == name {
            return true;
        }
    }
    false
}

/// Each name in braces must be one that is known.
pub(crate) fn check(cx: &mut Context<'_>, text: &Text, known: &Names) {
    let mut at = 0;
    while let Some(hole) = hole(&text.value, at) {
        at = hole.end;
        let (name, span) = (hole.name, text.span_of(hole.start, hole.end));
        if hole.itself || known.captured.iter().any(|k| k == name) {
            continue;
        }
        if let Some(each) = known.each.filter(|_| name == EACH) {
            check_each(cx, span, each);
            continue;
        }
        let message = format!("nothing captures `{name}` before this");
        let mut names: Vec<&str> = known.captured.iter().map(String::as_str).collect();
        names.extend((known.each == Some(Each::Known)).then_some(EACH));
        cx.mistake(match nearest(name, names.iter().copied()) {
            Some(near) => Diagnostic::at(span, format!("{message}; did you mean `{{{near}}}`?")),
            None if names.is_empty() => Diagnostic::at(span, message).help(format!(
                "`capture = {{ {name} = \"$.…\" }}` in a request of `before` does; `{{{{{name}}}}}` \
                 stands for `{{{name}}}` itself"
            )),
            None => {
                Diagnostic::at(span, message).help(format!("known are {}", ticked(&names)))
            }
        });
    }
}

/// `{each}` at this place.
fn check_each(cx: &mut Context<'_>, span: Span, each: Each) {
    let mistake = match each {
        Each::Known => return,
        Each::Missing => Diagnostic::at(span, "`{each}` is an item of `each`, which is not given")
            .help("`each = [\"a\", \"b\"]` asks for one after the other"),
        Each::Later => Diagnostic::at(span, "`{each}` is not known here")
            .help("the requests of `before` are made once, not for each item"),
    };
    cx.mistake(mistake);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_braces_are_filled() {
        let captured = [("token".to_owned(), "a\"b".to_owned())];
        let loud = |text: &str| text.to_uppercase();
        for (text, expected) in [
            ("Bearer {token}", "Bearer A\"B"),
            ("{token}{token}", "A\"BA\"B"),
            ("{{token}}", "{token}"),
            ("{other}", "{other}"),
            ("{\"a\":{\"b\":\"{token}\"}}", "{\"a\":{\"b\":\"A\"B\"}}"),
            ("{ token }", "{ token }"),
            ("{token", "{token"),
            ("{}{1}{値}", "{}{1}{値}"),
            ("", ""),
        ] {
            assert_eq!(fill(text, &captured, loud), expected, "{text}");
        }
    }
}
