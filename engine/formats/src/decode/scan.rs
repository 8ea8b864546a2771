//! JSON by bytes, without making values of it. Written by hand for two reasons: numbers must reach
//! the columns with every digit (decimals, 64-bit integers, floats to the last bit), and most of a
//! feed's line is passed over. Its tests hold it against `serde_json`.

use std::fmt;

/// Deepest nesting.
const DEPTH_MAX: usize = 128;

/// What is wrong with the text, and before which byte.
#[derive(Debug)]
pub(super) struct Fault {
    expected: &'static str,
    at: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected {} at byte {} of the line",
            self.expected,
            self.at + 1
        )
    }
}

/// A value, or the start of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Object,
    Array,
    /// As it stands between the quotes; whether it has escapes.
    Text(&'a [u8], bool),
    Number(&'a [u8]),
    Bool(bool),
    Null,
}

/// A place in a text.
pub(super) struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Fault {
    /// What is wrong, where the text is no line.
    pub(super) fn of_text(&self) -> String {
        format!("expected {} at byte {}", self.expected, self.at + 1)
    }
}

type Scanned<T> = Result<T, Fault>;

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// How many bytes it has gone past.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn fault<T>(&self, expected: &'static str) -> Scanned<T> {
        Err(Fault {
            expected,
            at: self.at,
        })
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Goes past a value, or past the bracket that opens one.
    pub(super) fn token(&mut self) -> Scanned<Token<'a>> {
        match self.peek() {
            Some(b'"') => {
                let (text, escapes) = self.text()?;
                Ok(Token::Text(text, escapes))
            }
            Some(b'-' | b'0'..=b'9') => Ok(Token::Number(self.number()?)),
            Some(b'{') => self.open(Token::Object),
            Some(b'[') => self.open(Token::Array),
            Some(b't') => self.word("true", Token::Bool(true)),
            Some(b'f') => self.word("false", Token::Bool(false)),
            Some(b'n') => self.word("null", Token::Null),
            _ => self.fault("a value"),
        }
    }

    fn open(&mut self, token: Token<'a>) -> Scanned<Token<'a>> {
        if self.depth == DEPTH_MAX {
            return self.fault("at most 128 levels");
        }
        self.depth += 1;
        self.at += 1;
        Ok(token)
    }

    fn word(&mut self, word: &'static str, token: Token<'a>) -> Scanned<Token<'a>> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return self.fault(word);
        }
        self.at += word.len();
        Ok(token)
    }

    /// In an object: the name of the next field (the `first` one or not), or none at its end.
    pub(super) fn field(&mut self, first: bool) -> Scanned<Option<(&'a [u8], bool)>> {
        if !self.more(b'}', first, "`,` or `}`")? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return self.fault("a field's name");
        }
        let name = self.text()?;
        if self.peek() != Some(b':') {
            return self.fault("`:`");
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// In an array: whether there is another item.
    pub(super) fn item(&mut self, first: bool) -> Scanned<bool> {
        self.more(b']', first, "`,` or `]`")
    }

    fn more(&mut self, close: u8, first: bool, expected: &'static str) -> Scanned<bool> {
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ if first => Ok(true),
            Some(b',') => {
                self.at += 1;
                if self.peek() == Some(close) {
                    self.fault("a value")
                } else {
                    Ok(true)
                }
            }
            _ => self.fault(expected),
        }
    }

    /// Passes over what follows a token: nothing, or the rest of an object or array.
    pub(super) fn skip(&mut self, token: Token<'_>) -> Scanned<()> {
        let mut first = true;
        match token {
            Token::Object => {
                while self.field(std::mem::take(&mut first))?.is_some() {
                    let inner = self.token()?;
                    self.skip(inner)?;
                }
            }
            Token::Array => {
                while self.item(std::mem::take(&mut first))? {
                    let inner = self.token()?;
                    self.skip(inner)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Nothing but blanks may follow.
    pub(super) fn end(&mut self) -> Scanned<()> {
        if self.peek().is_some() {
            self.fault("the end")
        } else {
            Ok(())
        }
    }

    /// A text, its escapes checked for form but left as they are.
    fn text(&mut self) -> Scanned<(&'a [u8], bool)> {
        self.at += 1;
        let start = self.at;
        let mut escapes = false;
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .iter()
                .position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f));
            self.at += plain.unwrap_or(rest.len());
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok((&self.text[start..self.at - 1], escapes));
                }
                Some(b'\\') => {
                    escapes = true;
                    self.escape()?;
                }
                Some(_) => return self.fault("no control character in a text"),
                None => return self.fault("`\"`"),
            }
        }
    }

    fn escape(&mut self) -> Scanned<()> {
        let width = match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if hex(self.text, self.at + 2).is_some() => 6,
            _ => return self.fault("an escape such as `\\n` or `\\u3042`"),
        };
        self.at += width;
        Ok(())
    }

    fn number(&mut self) -> Scanned<&'a [u8]> {
        let start = self.at;
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let whole = self.at;
        self.digits()?;
        if self.text[whole] == b'0' && self.at > whole + 1 {
            self.at = whole + 1;
            return self.fault("a number without a leading zero");
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Scanned<()> {
        let rest = &self.text[self.at..];
        let width = rest
            .iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(rest.len());
        self.at += width;
        if width == 0 {
            self.fault("a digit")
        } else {
            Ok(())
        }
    }
}

/// Four hexadecimal digits.
fn hex(text: &[u8], at: usize) -> Option<u32> {
    let four = text.get(at..at + 4)?;
    four.iter()
        .try_fold(0, |n, b| Some(n * 16 + char::from(*b).to_digit(16)?))
}

/// Puts a text into `plain` with its escapes resolved; none if one names no character.
pub(super) fn unescape(text: &[u8], plain: &mut Vec<u8>) -> Option<()> {
    plain.clear();
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            plain.push(text[at]);
            at += 1;
            continue;
        }
        at += 2;
        plain.push(match text.get(at - 1)? {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let (character, width) = unicode(text, at)?;
                plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at += width;
                continue;
            }
            byte => *byte,
        });
    }
    Some(())
}

/// The character behind `\u`, which two escapes may make together, and their width.
fn unicode(text: &[u8], at: usize) -> Option<(char, usize)> {
    let high = hex(text, at)?;
    if !(0xD800..0xDC00).contains(&high) {
        return Some((char::from_u32(high)?, 4));
    }
    let low = hex(text, at + 6).filter(|_| text[at + 4..].starts_with(b"\\u"))?;
    let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    Some((
        char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + low)?,
        10,
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof};
    use proptest::{collection, proptest, sample};
    use serde::de::IgnoredAny;

    use super::*;

    fn accepts(text: &[u8]) -> bool {
        let mut scan = Scan::new(text);
        let done = scan
            .token()
            .and_then(|t| scan.skip(t))
            .and_then(|()| scan.end());
        done.is_ok()
    }

    fn check(text: &str) {
        let expected = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(accepts(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn accepts_what_serde_json_accepts() {
        for text in [
            "{}",
            "[]",
            "[1,2]",
            "[1,]",
            "[,]",
            "{\"a\":1}",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":[{\"b\":null}]}",
            "01",
            "-",
            "-0",
            "-01",
            "1.",
            ".5",
            "1e",
            "1e+5",
            "1E-5",
            "tru",
            "true",
            "truex",
            "nul",
            "\"",
            "\"\\u12\"",
            "\"\\u3042\"",
            "\"\\x\"",
            "\"\t\"",
            "",
            " ",
            "1 2",
            "{\"a\":1}}",
            "[[[[]]]]",
            "]",
            "}",
            "[}",
            "{]",
            "\u{3042}",
            "+1",
        ] {
            check(text);
        }
    }

    #[test]
    fn too_deep_is_refused() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(accepts(deep(DEPTH_MAX).as_bytes()));
        assert!(!accepts(deep(DEPTH_MAX + 1).as_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn agrees_with_serde_json(parts in collection::vec(prop_oneof![
            sample::select(vec!["{", "}", "[", "]", ",", ":", "\"a\"", "\"", "1", "-", "0", ".5",
                "e3", "true", "null", " ", "\\n", "\\u00e9", "\\"]).prop_map(str::to_owned),
            any::<char>().prop_map(|c| format!("\"{c}\"")),
        ], 0..9)) {
            check(&parts.concat());
        }

        #[test]
        fn unescapes_as_serde_json(parts in collection::vec(sample::select(vec![
            "a", "\\n", "\\/", "\\\\", "\\\"", "\\b", "\\f", "\\r", "\\t", "\\u3042", "\\ud83d",
            "\\ude00", "\\uD83D\\uDE00", "\\u0000", "板"]), 0..6)) {
            let text = parts.concat();
            let expected: Option<String> = serde_json::from_str(&format!("\"{text}\"")).ok();
            let mut plain = Vec::new();
            let done = unescape(text.as_bytes(), &mut plain);
            let got = done.map(|()| String::from_utf8(plain).unwrap());
            proptest::prop_assert_eq!(got, expected);
        }
    }
}
