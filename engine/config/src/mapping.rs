//! How a column is found in a record and its text read: `from` and `format`, as far as they can be
//! checked without data. The codecs (`zaraba-formats`) do the work.

use chrono::format::{Fixed, Item, Numeric, StrftimeItems};
use zaraba_core::diagnostic::Diagnostic;

use crate::document::{ColumnDoc, Format, Text};
use crate::read::{Context, not_built};
use crate::sheet::{is_cell, is_letters};
use crate::tree::quoted;

/// `format` of a timestamp that counts since the Unix epoch.
const EPOCHS: [&str; 4] = ["epoch_s", "epoch_ms", "epoch_us", "epoch_ns"];

/// `format` must be in `strftime` words and say the year, or count from the epoch.
pub(crate) fn check_time_format(cx: &mut Context<'_>, format: &Text) {
    let text = format.value.as_str();
    if EPOCHS.contains(&text) {
        return;
    }
    let items: Vec<Item<'_>> = StrftimeItems::new(text).collect();
    let words = items
        .iter()
        .any(|i| matches!(i, Item::Numeric(..) | Item::Fixed(_)));
    if !words || items.iter().any(|i| matches!(i, Item::Error)) {
        let message = format!(
            "expected a time format like \"%Y-%m-%d %H:%M:%S\" or \"epoch_ms\", found {}",
            quoted(text)
        );
        cx.mistake(Diagnostic::at(format.span, message));
    } else if !items.iter().any(says_year) {
        cx.mistake(not_built(format.span, "a time format without a year"));
    }
}

fn says_year(item: &Item<'_>) -> bool {
    use Numeric::{IsoYear, IsoYearMod100, Timestamp, Year, YearMod100};
    matches!(
        item,
        Item::Numeric(Year | YearMod100 | IsoYear | IsoYearMod100 | Timestamp, _)
            | Item::Fixed(Fixed::RFC2822 | Fixed::RFC3339)
    )
}

/// `from` must be what the format can follow: a path in JSON, a number in a CSV without header.
pub(crate) fn check_from(cx: &mut Context<'_>, schema: &[ColumnDoc], format: Format, header: bool) {
    for from in schema.iter().filter_map(|c| c.from.as_ref()) {
        let text = from.value.as_str();
        let number = text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
        let (right, expected) = match format {
            Format::Csv if !header => (number, "a field's number from 0, as there is no header"),
            Format::Xlsx if text.starts_with('$') => {
                (is_cell(text), "one cell for all rows, like \"$A$2\"")
            }
            Format::Xlsx if !header => (
                is_letters(text),
                "a column's letters like \"C\", as there is no header",
            ),
            Format::Json if text.starts_with('$') => (
                is_path(&text[1..]),
                "a path like \"$.board.price\" or \"$.levels[0].price\"",
            ),
            _ => (!text.is_empty(), "a field's name"),
        };
        if !right {
            let message = format!("expected {expected}, found {}", quoted(text));
            cx.mistake(Diagnostic::at(from.span, message));
        }
    }
}

/// Whether this is what may follow the `$` of a path: `.name`, `[0]`, `['name']`, at least one.
pub(crate) fn is_path(mut rest: &str) -> bool {
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let step = if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            (end > 0).then(|| &name[end..])
        } else {
            rest.strip_prefix('[').and_then(behind_bracket)
        };
        match step {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

/// What follows `0]` or `'a name']`.
fn behind_bracket(text: &str) -> Option<&str> {
    for quote in ['\'', '"'] {
        if let Some(name) = text.strip_prefix(quote) {
            return name.split_once(quote)?.1.strip_prefix(']');
        }
    }
    let (index, rest) = text.split_once(']')?;
    index.parse::<usize>().ok().map(|_| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, right) in [
            (".Board.Price", true),
            (".a[0].b", true),
            ("['a b'][\"c.d\"]", true),
            ("", false),
            (".", false),
            (".a.", false),
            ("a", false),
            (".a[*]", false),
            (".a[0", false),
            ("['a]", false),
        ] {
            assert_eq!(is_path(path), right, "{path}");
        }
    }
}
