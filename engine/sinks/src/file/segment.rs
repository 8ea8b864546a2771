//! A value as a part of a path: whatever it is, it names one thing in the folder where it stands.
//! What could lead elsewhere, hide the file or be refused by a file system is written `%2F`; two
//! values never come to one name, but for two long ones that a hash does not tell apart, which
//! then share a file.

use std::fmt::Write as _;

/// What a null is called.
const NULL: &str = "__null";
/// What an empty text is called.
const EMPTY: &str = "__empty";
/// Written as a code wherever they stand; `~` begins the end of a name that was cut.
const CODED: &str = "/\\:*?\"<>|%{}~";
/// Bytes of the end of a name that was cut: `~` and 16 digits.
const CUT_BYTES: usize = 17;

/// A value's name, of at most `max` bytes (and never fewer than a cut needs); none: a null.
pub(super) fn segment(value: Option<&[u8]>, max: usize) -> String {
    let Some(value) = value else {
        return NULL.to_owned();
    };
    if value.is_empty() {
        return EMPTY.to_owned();
    }
    let text = String::from_utf8_lossy(value);
    let last = text.chars().count() - 1;
    let ours = text.starts_with("__");
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.chars().enumerate() {
        let edge = (c == ' ' || c == '.') && (i == 0 || i == last) || ours && i == 0;
        if !edge && !c.is_control() && !CODED.contains(c) {
            out.push(c);
            continue;
        }
        let mut bytes = [0; 4];
        for byte in c.encode_utf8(&mut bytes).bytes() {
            // Writing to memory cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    if out.len() > max {
        cut(&mut out, max.saturating_sub(CUT_BYTES));
        let _ = write!(out, "~{:016x}", hash(value));
    }
    out
}

/// Cuts a name to at most `max` bytes, between characters and not within a code.
fn cut(name: &mut String, max: usize) {
    let mut end = max.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let code = name.as_bytes()[..end].iter().rposition(|b| *b == b'%');
    name.truncate(code.filter(|at| at + 3 > end).unwrap_or(end));
}

/// FNV-1a: the same on every machine and in every version.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (value, expected) in [
            (Some("NK225"), "NK225"),
            (Some("日経 225"), "日経 225"),
            (Some("2025-11-14"), "2025-11-14"),
            (None, "__null"),
            (Some(""), "__empty"),
            (Some("__null"), "%5F_null"),
            (Some("_x"), "_x"),
            (Some("."), "%2E"),
            (Some(".."), "%2E%2E"),
            (Some("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd"),
            (Some("/etc/passwd"), "%2Fetc%2Fpasswd"),
            (Some("a\0b"), "a%00b"),
            (Some("a\\b"), "a%5Cb"),
            (Some(".hidden"), "%2Ehidden"),
            (Some("ends."), "ends%2E"),
            (Some(" x "), "%20x%20"),
            (Some("C:"), "C%3A"),
            (Some("%2F"), "%252F"),
            (Some("{date}"), "%7Bdate%7D"),
            (Some("a\nb\u{85}"), "a%0Ab%C2%85"),
        ] {
            assert_eq!(segment(value.map(str::as_bytes), 100), expected);
        }
    }

    #[test]
    fn long_values_are_cut_and_still_told_apart() {
        let long = |end: &str| segment(Some(format!("{}{end}", "板".repeat(1000)).as_bytes()), 60);
        let (a, b) = (long("a"), long("b"));
        assert!(a.len() <= 60 && a.starts_with("板板") && a != b, "{a} {b}");
        let codes = segment(Some("/".repeat(100).as_bytes()), 60);
        assert_eq!(&codes[..codes.len() - CUT_BYTES], "%2F".repeat(14));
        assert!(codes.len() <= 60);
    }

    /// Values of all kinds of characters: one part of a path each, and none of two values.
    #[test]
    fn no_value_leaves_its_folder() {
        let parts = [
            "", ".", "..", "/", "\\", "\0", "%", "a", "~", "__", " ", "板", "%2F",
        ];
        let mut seen = std::collections::BTreeMap::new();
        for a in parts {
            for b in parts {
                for c in parts {
                    let value = format!("{a}{b}{c}");
                    let name = segment(Some(value.as_bytes()), 100);
                    let path = std::path::Path::new(&name);
                    let mut parts = path.components();
                    let only = parts.next();
                    assert!(
                        matches!(only, Some(std::path::Component::Normal(_)))
                            && parts.next().is_none(),
                        "{value:?}: {name:?}"
                    );
                    assert!(!name.contains(['/', '\0']) && !name.starts_with('.'));
                    let other = seen.insert(name, value.clone());
                    assert!(other.is_none_or(|other| other == value), "{value:?}");
                }
            }
        }
    }
}
