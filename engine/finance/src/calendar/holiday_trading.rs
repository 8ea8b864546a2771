//! On which national holidays derivatives trade in Osaka, since 2022-09-23 (祝日取引).
//!
//! The exchange decides and publishes the days year by year. What is not known here from such a
//! list follows the rule it states: every closed day from Monday to Friday but for December 31,
//! January 1 and January 2, so January 3, too. Dates decided so are marked ([`Basis::ByRule`]), and
//! users bring the list of a year by [`Additions`](crate::calendar::additions::Additions).

use chrono::{Datelike, NaiveDate};

use crate::calendar::date::date;

/// The first day on which it was done.
pub const FIRST: NaiveDate = date(2022, 9, 23);

/// The years whose list is known here: 2022 had 09-23, 10-10, 11-03 and 11-23, which is what the
/// rule gives; 2024 as the exchange's page had it.
const PUBLISHED: [i32; 2] = [2022, 2024];

/// Holidays on which the exchange had no trading: tests of its systems and changes of them. From
/// its announcements of 2022-06-30 (2023, first half) and its page 祝日取引実施日 (2024, and 2025 as
/// planned); 2026-11-23 as the press had it, the second half of 2026 being otherwise by the rule.
const NOT_HELD: [NaiveDate; 8] = [
    date(2023, 1, 9),
    date(2024, 1, 8),
    date(2024, 8, 12),
    date(2024, 9, 16),
    date(2024, 11, 4),
    date(2025, 1, 13),
    date(2025, 9, 15),
    date(2026, 11, 23),
];

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

/// Whether derivatives trade on a closed day from Monday to Friday, as far as is known here.
pub(crate) fn is_held(closed: NaiveDate) -> bool {
    let never = matches!((closed.month(), closed.day()), (12, 31) | (1, 1 | 2));
    closed >= FIRST && !never && !NOT_HELD.contains(&closed)
}

/// The days around New Year that are closed in Japan, holidays or not.
pub(crate) fn turn_of_year(date: NaiveDate) -> bool {
    matches!((date.month(), date.day()), (12, 31) | (1, 1..=3))
}
