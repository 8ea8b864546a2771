//! Times in `strftime` words, compiled once. Patterns of numbers of fixed width (`%Y%m%d%H%M`) are
//! read by their places; whatever does not lie in those places goes to chrono's parser.

use chrono::Timelike;
use chrono::format::{Fixed, Item, Numeric, Parsed, StrftimeItems, parse};
use zaraba_core::time::{DAY, SECOND};

use super::calendar::{Moment, days, digits, fraction};

/// One place of a pattern of fixed width.
#[derive(Clone, Debug)]
enum Piece {
    /// Digits that set the part of that number: year, month, day, hour, minute, second.
    Part(usize, usize),
    /// A point and digits, or nothing.
    Fraction,
    /// Exactly these bytes.
    Literal(Vec<u8>),
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    items: Vec<Item<'static>>,
    /// The same as places, where the pattern has them.
    pieces: Option<Vec<Piece>>,
    /// Numbers stand side by side: a text of another width is cut short, not written differently.
    dense: bool,
}

impl Pattern {
    /// Compiles it.
    pub(super) fn new(format: &str) -> Result<Self, String> {
        let items = StrftimeItems::new(format)
            .parse_to_owned()
            .map_err(|_| format!("`{format}` is not in strftime words"))?;
        if !items.iter().any(names_year) {
            return Err(format!("`{format}` has no year"));
        }
        let pieces: Option<Vec<Piece>> = items.iter().map(piece).collect();
        let side_by_side = |p: &[Piece]| matches!(p, [Piece::Part(..), Piece::Part(..)]);
        let dense = pieces
            .as_ref()
            .is_some_and(|p| p.windows(2).any(side_by_side));
        Ok(Self {
            items,
            pieces,
            dense,
        })
    }

    /// Reads a time; without a time of day it is midnight.
    pub(super) fn moment(&self, text: &[u8]) -> Option<Moment> {
        let by_place = self
            .pieces
            .as_ref()
            .and_then(|pieces| by_place(pieces, text));
        if by_place.is_some() || self.dense {
            by_place
        } else {
            self.by_chrono(text)
        }
    }

    fn by_chrono(&self, text: &[u8]) -> Option<Moment> {
        let mut parsed = Parsed::new();
        parse(
            &mut parsed,
            std::str::from_utf8(text).ok()?,
            self.items.iter(),
        )
        .ok()?;
        if parsed.offset().is_some() {
            let utc = parsed.to_datetime().ok()?.timestamp_micros();
            return Some(Moment {
                micros: utc,
                utc: true,
            });
        }
        let date = match parsed.to_naive_datetime_with_offset(0) {
            Ok(time) => {
                // A second of 60 is chrono's way to keep a leap second; the engine has none.
                let micros = time.and_utc().timestamp_micros();
                let utc = parsed.timestamp().is_some();
                return (time.nanosecond() < 1_000_000_000).then_some(Moment { micros, utc });
            }
            Err(_) if parsed.hour_div_12().is_none() && parsed.hour_mod_12().is_none() => {
                parsed.to_naive_date().ok()?
            }
            Err(_) => return None,
        };
        let since = date.signed_duration_since(chrono::NaiveDate::default());
        Some(Moment {
            micros: since.num_days().checked_mul(DAY)?,
            utc: false,
        })
    }
}

/// Whether an item says what year it is.
fn names_year(item: &Item<'_>) -> bool {
    use Numeric as N;
    matches!(
        item,
        Item::Numeric(
            N::Year | N::YearMod100 | N::IsoYear | N::IsoYearMod100 | N::Timestamp,
            _
        ) | Item::Fixed(Fixed::RFC2822 | Fixed::RFC3339)
    )
}

/// An item as a place, if it has a fixed width.
fn piece(item: &Item<'_>) -> Option<Piece> {
    Some(match item {
        Item::Numeric(Numeric::Year, _) => Piece::Part(0, 4),
        Item::Numeric(Numeric::Month, _) => Piece::Part(1, 2),
        Item::Numeric(Numeric::Day, _) => Piece::Part(2, 2),
        Item::Numeric(Numeric::Hour, _) => Piece::Part(3, 2),
        Item::Numeric(Numeric::Minute, _) => Piece::Part(4, 2),
        Item::Numeric(Numeric::Second, _) => Piece::Part(5, 2),
        Item::Fixed(Fixed::Nanosecond) => Piece::Fraction,
        Item::Literal(text) | Item::Space(text) => Piece::Literal(text.as_bytes().to_vec()),
        Item::OwnedLiteral(text) | Item::OwnedSpace(text) => {
            Piece::Literal(text.as_bytes().to_vec())
        }
        _ => return None,
    })
}

fn by_place(pieces: &[Piece], text: &[u8]) -> Option<Moment> {
    let mut parts = [0, 1, 1, 0, 0, 0];
    let mut micros = 0;
    let mut at = 0;
    for piece in pieces {
        match piece {
            Piece::Part(part, width) => {
                parts[*part] = digits(text.get(at..at + width)?)?;
                at += width;
            }
            Piece::Fraction => {
                let (value, width) = fraction(&text[at..])?;
                micros = value;
                at += width;
            }
            Piece::Literal(literal) => {
                at += text[at..].starts_with(literal).then_some(literal.len())?;
            }
        }
    }
    let [year, month, day, hour, minute, second] = parts;
    if at != text.len() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let of_day = (hour * 3_600 + minute * 60 + second) * SECOND + micros;
    Some(Moment {
        micros: days(year, month, day)? * DAY + of_day,
        utc: false,
    })
}
