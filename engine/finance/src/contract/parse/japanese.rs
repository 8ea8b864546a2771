//! Names in Japanese: the product, the month, and for options the side and the strike, full width
//! or half width, with spaces or without.

use super::{Ends, Expected, PutCall, Said, month, strike};
use crate::contract::product::Product;

/// How a month is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `26/09`
    Slash,
    /// `2026年9月`, with or without `限`
    Kanji,
}

const UNDERLYINGS: [&str; 2] = ["日経225", "日経平均"];

/// What follows the underlying; of two that fit, the longer stands first.
const PRODUCTS: [(&str, Product); 14] = [
    ("ミニオプション", Product::MiniOption),
    ("miniオプション", Product::MiniOption),
    ("ミニOP", Product::MiniOption),
    ("miniOP", Product::MiniOption),
    ("オプション", Product::Option),
    ("OP", Product::Option),
    ("マイクロ先物", Product::Micro),
    ("マイクロ", Product::Micro),
    ("ミニ先物", Product::Mini),
    ("ミニ", Product::Mini),
    ("mini先物", Product::Mini),
    ("mini", Product::Mini),
    ("先物", Product::Future),
    ("ラージ", Product::Future),
];

const SIDES: [(&str, PutCall); 6] = [
    ("コール", PutCall::Call),
    ("プット", PutCall::Put),
    ("CALL", PutCall::Call),
    ("PUT", PutCall::Put),
    ("C", PutCall::Call),
    ("P", PutCall::Put),
];

/// Reads a name wholly, or says what was expected first that was not there.
pub(super) fn name(text: &str, style: Style) -> Result<Said, Expected> {
    let narrow: String = text.chars().filter_map(narrow).collect();
    let mut underlyings = UNDERLYINGS.into_iter();
    let rest = underlyings
        .find_map(|word| narrow.strip_prefix(word))
        .ok_or("日経225 or 日経平均")?;
    let (rest, product) = first(rest, &PRODUCTS).ok_or("先物, mini, マイクロ or オプション")?;
    let (rest, ends) = match style {
        Style::Slash => slash(rest)?,
        Style::Kanji => kanji(rest)?,
    };
    if !product.is_option() {
        let done = Said {
            product,
            ends,
            option: None,
        };
        return if rest.is_empty() {
            Ok(done)
        } else {
            Err("nothing after the month")
        };
    }
    let (rest, put_call) = first(rest, &SIDES).ok_or("C or P")?;
    let rest = rest.strip_suffix('円').unwrap_or(rest);
    Ok(Said {
        product,
        ends,
        option: Some((put_call, strike(rest)?)),
    })
}

/// Full width as half width, without spaces: two ways to write one name.
fn narrow(c: char) -> Option<char> {
    match c {
        c if c.is_whitespace() => None,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        c => Some(c),
    }
}

fn first<'a, T: Copy>(text: &'a str, words: &[(&str, T)]) -> Option<(&'a str, T)> {
    let mut words = words.iter();
    words.find_map(|(word, value)| Some((text.strip_prefix(word)?, *value)))
}

/// `26/09…`: the month has two digits.
fn slash(text: &str) -> Result<(&str, Ends), Expected> {
    let expected = "a contract month such as 26/09";
    let (year, rest) = text.split_once('/').ok_or(expected)?;
    let (month_text, rest) = rest.split_at_checked(2).ok_or(expected)?;
    Ok((rest, Ends::Month(month(year, month_text)?)))
}

/// `2026年9月…` or `2026年9月限…`
fn kanji(text: &str) -> Result<(&str, Ends), Expected> {
    let expected = "a contract month such as 2026年9月";
    let (year, rest) = text.split_once('年').ok_or(expected)?;
    let (month_text, rest) = rest.split_once('月').ok_or(expected)?;
    let rest = rest.strip_prefix('限').unwrap_or(rest);
    Ok((rest, Ends::Month(month(year, month_text)?)))
}
