//! Decodes a TOML string token and remembers where each byte came from, so that a mistake inside
//! the string (in SQL, say) is shown at its own line and column. The TOML parser gives the value
//! but not these places. `env.rs` puts variables in afterwards and keeps the places right.

use zaraba_core::diagnostic::Span;

use crate::document::Text;

/// The string that the token `raw` (see [`is_string`]) stands for; `span` is the token's place.
pub(crate) fn decode(raw: &str, span: Span) -> Text {
    let (content, first, escapes) = content(raw);
    let mut out = Decoded {
        value: String::new(),
        offsets: Vec::new(),
        base: span.start,
    };
    if escapes {
        out.escaped(raw, first, content);
    } else {
        out.plain(raw, first, content);
    }
    out.mark(content);
    Text {
        value: out.value,
        span,
        offsets: out.offsets,
    }
}

/// Whether a token begins and ends as a string; what the parser has mended may not.
pub(crate) fn is_string(raw: &str) -> bool {
    raw.len() >= 2
        && ['"', '\'']
            .iter()
            .any(|q| raw.starts_with(*q) && raw.ends_with(*q))
}

/// Where a token's content ends and begins, and whether it has escapes.
fn content(raw: &str) -> (usize, usize, bool) {
    let long = |quotes| raw.len() >= 6 && raw.starts_with(quotes) && raw.ends_with(quotes);
    let quotes = if long("\"\"\"") || long("'''") { 3 } else { 1 };
    let end = raw.len() - quotes;
    let mut first = quotes;
    if quotes == 3 {
        let body = &raw[first..end];
        first += ["\r\n", "\n"]
            .iter()
            .find(|n| body.starts_with(**n))
            .map_or(0, |n| n.len());
    }
    (end, first, raw.starts_with('"'))
}

/// A string as far as it is decoded.
struct Decoded {
    value: String,
    offsets: Vec<(usize, usize)>,
    base: usize,
}

impl Decoded {
    /// The next byte of the value is at byte `at` of the token.
    fn mark(&mut self, at: usize) {
        let pair = (self.value.len(), self.base + at);
        if self.offsets.last() != Some(&pair) {
            self.offsets.push(pair);
        }
    }

    /// Bytes `from..to` of the token, as they are.
    fn plain(&mut self, raw: &str, from: usize, to: usize) {
        if from < to {
            self.mark(from);
            self.value.push_str(&raw[from..to]);
        }
    }

    /// Bytes `from..to` of the token with its escapes resolved.
    fn escaped(&mut self, raw: &str, from: usize, to: usize) {
        let mut at = from;
        while let Some(step) = raw[at..to].find('\\') {
            self.plain(raw, at, at + step);
            at += step;
            self.mark(at);
            let (length, c) = escape(&raw[at..to]);
            at += length;
            if let Some(c) = c {
                self.value.push(c);
            }
        }
        self.plain(raw, at, to);
        if at == to {
            self.mark(at);
        }
    }
}

/// Length and meaning of the escape that `text` starts with; no meaning: a line's end with the
/// blanks around it. The parser has refused what is not an escape: it is passed over.
fn escape(text: &str) -> (usize, Option<char>) {
    let hex = |digits: usize| match text.get(2..2 + digits) {
        Some(code) => {
            let c = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
            (2 + digits, Some(c.unwrap_or(char::REPLACEMENT_CHARACTER)))
        }
        None => (2, Some(char::REPLACEMENT_CHARACTER)),
    };
    let Some(kind) = text[1..].chars().next() else {
        return (1, Some('\\'));
    };
    let plain = match kind {
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        '"' => '"',
        '\\' => '\\',
        'x' => return hex(2),
        'u' => return hex(4),
        'U' => return hex(8),
        ' ' | '\t' | '\r' | '\n' => {
            return (
                text.len() - text[1..].trim_start_matches([' ', '\t', '\r', '\n']).len(),
                None,
            );
        }
        _ => return (1, Some('\\')),
    };
    (2, Some(plain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};
    use toml::de::DeTable;
    use zaraba_core::diagnostic::{Diagnostics, FileId};

    use crate::document::Text;
    use crate::env::Environment;
    use crate::tree::{Node, TomlValue, tree};

    /// What stands in the file, and what it means.
    type Piece = (String, String);

    /// The string of the one key of a document, as the parser and we read it.
    fn read(document: &str) -> Text {
        let parsed = DeTable::parse(document).expect("TOML");
        let mut table = tree(FileId(0), document, parsed.get_ref(), &mut Vec::new());
        let value = table.remove("x").expect("x").node.value;
        let TomlValue::Text(text) = value else {
            panic!("{document}")
        };
        let decoded = super::decode(&document[text.span.start..text.span.end], text.span);
        assert_eq!(
            decoded.value, text.value,
            "the parser reads {document:?} otherwise"
        );
        text
    }

    /// Every piece must stand where it was put.
    fn check(open: &str, pieces: &[Piece], close: &str, expand: bool) {
        let raw: String = pieces.iter().map(|(raw, _)| raw.as_str()).collect();
        let document = format!("# 板\nx = {open}{raw}{close} # end\n");
        let mut text = read(&document);
        if expand {
            text = expanded(text);
        }
        let meant: String = pieces.iter().map(|(_, meant)| meant.as_str()).collect();
        assert_eq!(text.value, meant, "{document:?}");
        let mut at = document.find(open).expect("open") + open.len();
        let mut value = 0;
        for (raw, meant) in pieces {
            if !meant.is_empty() {
                let span = text.span_of(value, value + meant.len());
                assert_eq!(
                    (span.start, span.end),
                    (at, at + raw.len()),
                    "{raw:?} in {document:?}"
                );
            }
            at += raw.len();
            value += meant.len();
        }
    }

    fn expanded(text: Text) -> Text {
        let get = |name: &str| match name {
            "SHORT" => Some("v".to_owned()),
            "LONG" => Some("a value that is longer than its name, 板".to_owned()),
            "NONE" => Some(String::new()),
            _ => None,
        };
        let mut node = Node {
            span: text.span,
            value: TomlValue::Text(text),
        };
        let mut mistakes = Diagnostics::default();
        Environment {
            get: &get,
            secrets: Vec::new(),
        }
        .expand(&mut node, &mut mistakes);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        match node.value {
            TomlValue::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    fn piece(raw: &str, meant: &str) -> Just<Piece> {
        Just((raw.to_owned(), meant.to_owned()))
    }

    fn plain() -> impl Strategy<Value = Piece> {
        prop_oneof![
            Just("a"),
            Just("SELECT "),
            Just("é"),
            Just("板"),
            Just("😀"),
            Just("\t")
        ]
        .prop_map(|s| (s.to_owned(), s.to_owned()))
    }

    fn escapes() -> impl Strategy<Value = Piece> {
        prop_oneof![
            piece("\\n", "\n"),
            piece("\\t", "\t"),
            piece("\\\"", "\""),
            piece("\\\\", "\\"),
            piece("\\e", "\u{1b}"),
            piece("\\b", "\u{8}"),
            piece("\\x41", "A"),
            piece("\\xe9", "é"),
            piece("\\u677F", "板"),
            piece("\\U0001F600", "😀"),
        ]
    }

    fn newlines() -> impl Strategy<Value = Piece> {
        prop_oneof![piece("\n", "\n"), piece("\r\n", "\r\n")]
    }

    /// Line ends that are left out; each ends in a letter, which would else be one more blank of
    /// the piece behind.
    fn folds() -> impl Strategy<Value = Vec<Piece>> {
        prop_oneof![Just("\\\n"), Just("\\  \n\n  "), Just("\\\r\n\t")].prop_map(|fold| {
            vec![
                (fold.to_owned(), String::new()),
                ("z".to_owned(), "z".to_owned()),
            ]
        })
    }

    fn variables() -> impl Strategy<Value = Piece> {
        prop_oneof![
            piece("${SHORT}", "v"),
            piece("${LONG}", "a value that is longer than its name, 板"),
            piece("${NONE}", ""),
            piece("${MISSING:-d}", "d"),
            piece("${MISSING:-}", ""),
            piece("$${", "${"),
            piece("$", "$"),
        ]
    }

    /// A `$` before a `${` would be read with it.
    fn apart(pieces: Vec<Piece>) -> Vec<Piece> {
        let dot = (".".to_owned(), ".".to_owned());
        pieces.into_iter().flat_map(|p| [p, dot.clone()]).collect()
    }

    fn many<S: Strategy<Value = Piece>>(of: S) -> impl Strategy<Value = Vec<Piece>> {
        proptest::collection::vec(of, 0..12)
    }

    proptest! {
        #[test]
        fn basic(pieces in many(prop_oneof![plain(), escapes()])) {
            check("\"", &pieces, "\"", false);
        }

        #[test]
        fn literal(pieces in many(plain())) {
            check("'", &pieces, "'", false);
        }

        #[test]
        fn literal_of_several_lines(pieces in many(prop_oneof![plain(), newlines()])) {
            check("'''\n", &pieces, "'''", false);
            check("'''\r\n", &pieces, "'''", false);
        }

        #[test]
        fn basic_of_several_lines(parts in proptest::collection::vec(prop_oneof![
            plain().prop_map(|p| vec![p]),
            escapes().prop_map(|p| vec![p]),
            newlines().prop_map(|p| vec![p]),
            folds(),
        ], 0..12)) {
            let pieces = parts.concat();
            check("\"\"\"\n", &pieces, "\"\"\"", false);
        }

        #[test]
        fn with_variables(pieces in many(prop_oneof![plain(), escapes(), variables()])) {
            check("\"", &apart(pieces), "\"", true);
        }

        #[test]
        fn variables_side_by_side(pieces in many(variables())) {
            let pieces: Vec<Piece> = pieces.into_iter().filter(|(raw, _)| raw != "$").collect();
            let raw: String = pieces.iter().map(|(raw, _)| raw.as_str()).collect();
            let meant: String = pieces.iter().map(|(_, meant)| meant.as_str()).collect();
            prop_assert_eq!(expanded(read(&format!("x = '{raw}'"))).value, meant);
        }
    }

    #[test]
    fn quotes_inside_and_at_the_ends() {
        let same = |s: &str| (s.to_owned(), s.to_owned());
        check(
            "\"\"\"\n",
            &[same("\""), same("a"), same("\"\""), same("b")],
            "\"\"\"",
            false,
        );
        check("\"\"\"", &[same("a"), same("\"")], "\"\"\"", false);
        check("'''", &[same("a"), same("''")], "'''", false);
        check("\"\"\"\n", &[], "\"\"\"", false);
        check("\"", &[], "\"", false);
    }

    #[test]
    fn a_span_does_not_take_in_a_folded_line_end() {
        let text = read("x = \"\"\"a\\\n   b\"\"\"");
        let at = |from, to| (text.span_of(from, to).start, text.span_of(from, to).end);
        assert_eq!(text.value, "ab");
        assert_eq!(at(0, 1), (7, 8));
        assert_eq!(at(1, 2), (13, 14));
        assert_eq!(at(0, 2), (7, 14));
    }
}
