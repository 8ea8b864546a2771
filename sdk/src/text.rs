//! A column's text, read only when it is asked for: most rows raise no alert.

#![allow(
    unsafe_code,
    reason = "`Cell::read` is so; nothing here is read without bounds"
)]

use std::fmt;

use crate::bindings::{Column, DataType, Texts, Values};
use crate::row::{Cell, wrong};

/// The text of a row. Costs nothing until [`Text::as_str`].
#[derive(Clone, Copy)]
pub struct Text<'a> {
    values: &'a Values,
    row: usize,
}

impl<'a> Text<'a> {
    /// The text.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        let bytes = match self.values {
            Values::Text(texts) => nth(texts, self.row),
            Values::Dictionary(coded) => nth(&coded.words, coded.indices[self.row] as usize),
            _ => &[],
        };
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

fn nth(texts: &Texts, i: usize) -> &[u8] {
    &texts.bytes[texts.offsets[i] as usize..texts.offsets[i + 1] as usize]
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Cell for Text<'_> {
    type Of<'a> = Text<'a>;
    type Reader<'a> = &'a Values;
    const TYPE: DataType = DataType::Text;

    fn reader(column: &Column, rows: usize) -> &Values {
        let fits = match &column.values {
            Values::Text(texts) => texts.offsets.len() == rows + 1,
            Values::Dictionary(coded) => coded.indices.len() == rows,
            _ => false,
        };
        if !fits {
            wrong(column, rows);
        }
        &column.values
    }

    #[inline]
    unsafe fn read(values: Self::Reader<'_>, row: usize) -> Self::Of<'_> {
        Text { values, row }
    }
}
