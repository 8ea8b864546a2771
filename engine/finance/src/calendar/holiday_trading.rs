//! On which national holidays derivatives trade in Osaka, since 2022-09-23 (祝日取引).
//!
//! The exchange decides and publishes the days year by year. What is not known here from such a
//! list follows the rule it states: every national holiday from Monday to Friday, but for the turn
//! of the year. Dates decided so are marked ([`Basis::ByRule`]), and users bring the list of a year
//! by [`Additions`](crate::calendar::additions::Additions).

use chrono::{Datelike, NaiveDate};

use crate::calendar::date::date;

/// The first day on which it was done.
pub const FIRST: NaiveDate = date(2022, 9, 23);

/// The years whose list is known here: 2022 had 09-23, 10-10, 11-03 and 11-23, which is what the
/// rule gives.
const PUBLISHED: [i32; 1] = [2022];

/// Days known to differ from the rule. 2025-09-15: no trade in the bars of Nikkei 225 mini futures
/// that the tests compare with, which have every other holiday of February to September 2025.
const KNOWN: [(NaiveDate, bool); 1] = [(date(2025, 9, 15), false)];

/// How an answer of the calendar is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basis {
    /// From what the exchange published, or from the law.
    Published,
    /// The list of the year is not known here: the rule was applied.
    ByRule,
}

impl Basis {
    /// Its name in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::ByRule => "by_rule",
        }
    }
}

/// Whether the built-in list of a year is the exchange's own.
pub(crate) fn is_published(year: i32) -> bool {
    year < 2022 || PUBLISHED.contains(&year)
}

/// Whether derivatives trade on a holiday from Monday to Friday, as far as is known here.
pub(crate) fn is_held(holiday: NaiveDate) -> bool {
    let known = KNOWN.iter().find(|(day, _)| *day == holiday);
    known.map_or(holiday >= FIRST && !turn_of_year(holiday), |(_, held)| {
        *held
    })
}

/// The days around New Year on which nothing trades in Japan, holidays or not.
pub(crate) fn turn_of_year(date: NaiveDate) -> bool {
    matches!((date.month(), date.day()), (12, 31) | (1, 1..=3))
}
