//! The rows of a call.

#![allow(unsafe_code, reason = "reads rows without looking at bounds twice")]

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::bindings::Batch;
use crate::row::Row;

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This time moved forward by so many microseconds (back, if negative).
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

/// A date: days since 1970-01-01. Shown as `2025-12-12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

impl fmt::Display for Date {
    /// 400 years are 146,097 days; a year is counted from March, so that the leap day is its last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shifted = i64::from(self.0) + 719_468; // days since 0000-03-01
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march + 2) / 5 + 1;
        let month = if march < 10 { march + 3 } else { march - 9 };
        let year = era * 400 + year + i64::from(month <= 2);
        // Keys have dates in them at each row: four digits are written without much ado.
        if !(0..=9999).contains(&year) {
            return write!(f, "{year:04}-{month:02}-{day:02}");
        }
        let digit = |number: i64, place: i64| b'0' + (number / place % 10) as u8;
        let text = [
            digit(year, 1000),
            digit(year, 100),
            digit(year, 10),
            digit(year, 1),
            b'-',
            digit(month, 10),
            digit(month, 1),
            b'-',
            digit(day, 10),
            digit(day, 1),
        ];
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Rows of one stream.
#[derive(Clone, Debug)]
pub struct Input {
    stream: u32,
    batch: Batch,
}

impl Input {
    pub(crate) const fn new(stream: u32, batch: Batch) -> Self {
        Self { stream, batch }
    }

    /// Which stream, by its place in the manifest.
    #[must_use]
    pub const fn stream(&self) -> u32 {
        self.stream
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.time.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batch.time.is_empty()
    }

    /// The rows, in order. `R` must be the struct that the manifest names for this stream.
    #[must_use]
    pub fn rows<R: Row>(&self) -> Rows<'_, R> {
        Rows {
            reader: R::reader(&self.batch.columns, self.len()),
            time: &self.batch.time,
            next: 0,
            row: PhantomData,
        }
    }
}

/// A row, its place in the call and its time.
#[derive(Clone, Copy, Debug)]
pub struct At<R> {
    /// Its place, which an alert names.
    pub index: u32,
    /// Its event time.
    pub time: Timestamp,
    row: R,
}

impl<R> Deref for At<R> {
    type Target = R;

    #[inline]
    fn deref(&self) -> &R {
        &self.row
    }
}

/// Goes over the rows of an [`Input`].
pub struct Rows<'a, R: Row> {
    reader: R::Reader<'a>,
    time: &'a [i64],
    next: usize,
    row: PhantomData<R>,
}

impl<R: Row> fmt::Debug for Rows<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows {}..{}", self.next, self.time.len())
    }
}

impl<'a, R: Row> Iterator for Rows<'a, R> {
    type Item = At<R::Of<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let row = self.next;
        let time = *self.time.get(row)?;
        self.next = row + 1;
        Some(At {
            index: row as u32,
            time: Timestamp(time),
            // SAFETY: there is a time for this row, and the reader was made with as many rows.
            row: unsafe { R::read(self.reader, row) },
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.time.len() - self.next;
        (left, Some(left))
    }
}
