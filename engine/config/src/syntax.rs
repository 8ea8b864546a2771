//! Mistakes of TOML itself, in our words: the parser's say what its grammar wanted.

use toml::de::Error;
use zaraba_core::diagnostic::{Diagnostic, FileId, Span};

use crate::root::{NODES, NODES_LATER};
use crate::tree::quoted;

/// What is wrong with a file's TOML: one mistake a line, what follows the first on a line being
/// its consequence.
pub(crate) fn explain(file: FileId, text: &str, errors: &[Error]) -> Vec<Diagnostic> {
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    let mut lines = Vec::new();
    let mut repeated_header = None;
    for error in errors {
        let range = error.span().unwrap_or(0..0);
        let start = range.start.min(text.len());
        let end = range.end.clamp(start, text.len());
        let line = Line::of(text, start);
        if lines.contains(&line.start) {
            continue;
        }
        if error.message().starts_with("duplicate key") {
            let section = text[..start].rfind("\n[").map(|at| at + 1).unwrap_or(0);
            if line.text.starts_with('[') {
                repeated_header = Some(line.start);
            } else if repeated_header == Some(section) {
                continue; // all keys of a section that is given twice are
            }
        }
        lines.push(line.start);
        mistakes.push(one(file, text, &line, start..end, error.message()));
    }
    mistakes
}

/// A line of a text.
struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn of(text: &'t str, at: usize) -> Self {
        let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
        Self {
            start,
            text: text[start..].lines().next().unwrap_or(""),
        }
    }
}

/// Beginnings of the parser's messages that only need other words.
const WORDS: [(&str, &str, &str); 7] = [
    ("key with no value", "expected `=` behind the key", ""),
    (
        "unclosed table",
        "expected `]` at the end of the header",
        "",
    ),
    (
        "unclosed array table",
        "expected `]]` at the end of the header",
        "",
    ),
    (
        "missing comma between array elements",
        "expected `,` between two items",
        "",
    ),
    (
        "missing comma between key-value pairs",
        "expected `,` between two keys",
        "",
    ),
    ("missing value", "expected a value behind `=`", ""),
    (
        "missing escaped value",
        "expected an escape behind `\\`",
        "write `\\\\` for a backslash, or single quotes: 'a\\b'",
    ),
];

fn one(
    file: FileId,
    text: &str,
    line: &Line<'_>,
    range: std::ops::Range<usize>,
    message: &str,
) -> Diagnostic {
    let at = |start: usize, end: usize| Span { file, start, end };
    let (start, end) = (range.start, range.end);
    let word = word_at(text, start);
    if message.starts_with("invalid multi-line") {
        let quotes = if message.contains("literal") {
            "'''"
        } else {
            "\"\"\""
        };
        let open = text[..start].rfind(quotes).unwrap_or(start);
        let message = format!("this string has no closing {quotes}");
        return Diagnostic::at(at(open, open + quotes.len()), message);
    }
    if message.contains("visible characters") {
        return Diagnostic::at(at(start, end), "a string cannot have control characters")
            .help("write them as escapes: \"\\t\", \"\\u0000\"");
    }
    if message.starts_with("invalid basic string") || message.starts_with("invalid literal string")
    {
        let open = line.start + open_quote(&text[line.start..start]).unwrap_or(0);
        let quote = if message.contains("literal") {
            '\''
        } else {
            '"'
        };
        let message = format!("this string has no closing {quote}");
        return Diagnostic::at(at(open, start), message);
    }
    if message.starts_with("duplicate key") {
        return Diagnostic::at(
            at(start, end),
            format!("`{}` is given twice", &text[start..end]),
        );
    }
    if message.starts_with("unexpected key or value") {
        let message = format!("expected the end of the line, found `{word}`");
        return Diagnostic::at(at(start, start + word.len()), message);
    }
    let bare = message.starts_with("invalid boolean") || message.starts_with("string values must");
    if bare && !word.is_empty() {
        let message = format!("expected a value, found `{word}`");
        return Diagnostic::at(at(start, start + word.len()), message)
            .help(format!("texts stand in quotes: {}", quoted(word)));
    }
    match WORDS
        .iter()
        .find(|(theirs, ..)| message.starts_with(theirs))
    {
        Some((_, ours, "")) => Diagnostic::at(at(start, end), *ours),
        Some((_, ours, help)) => Diagnostic::at(at(start, end), *ours).help(*help),
        None => Diagnostic::at(at(start, end), message),
    }
}

/// The word that begins at a byte.
fn word_at(text: &str, start: usize) -> &str {
    let rest = &text[start..];
    let end = rest.find(|c: char| c.is_whitespace() || ",]}#=".contains(c));
    &rest[..end.unwrap_or(rest.len())]
}

/// Where the string begins in which `line` ends.
fn open_quote(line: &str) -> Option<usize> {
    let mut open: Option<(usize, char)> = None;
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match (open, c) {
            (Some((_, '"')), '\\') => {
                chars.next();
            }
            (Some((_, quote)), c) if c == quote => open = None,
            (None, '"' | '\'') => open = Some((at, c)),
            _ => {}
        }
    }
    open.map(|(at, _)| at)
}

/// Names of the nodes whose headers stand in a text. Where TOML cannot be read to the end, they
/// are all that is known of the nodes behind the mistake.
pub(crate) fn node_names(text: &str) -> Vec<String> {
    let kinds: Vec<&str> = NODES.iter().map(|n| n.kind).chain(NODES_LATER).collect();
    let mut names = Vec::new();
    for line in text.lines() {
        let Some((kind, rest)) = line
            .trim()
            .strip_prefix('[')
            .and_then(|l| l.split_once('.'))
        else {
            continue;
        };
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name: String = rest.trim_start().chars().take_while(|c| word(*c)).collect();
        if kinds.contains(&kind.trim()) && !name.is_empty() {
            names.push(name);
        }
    }
    names
}
