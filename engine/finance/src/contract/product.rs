//! What can be traded on the Nikkei 225 in Osaka.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use thiserror::Error;

use crate::calendar::date::date;
use crate::calendar::venue::Venue;

/// A future or an option on the Nikkei 225.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// The large future.
    Future,
    /// The mini future, a tenth of it.
    Mini,
    /// The micro future, a hundredth, since 2023-05-29.
    Micro,
    /// The large option.
    Option,
    /// The mini option, monthly and weekly, a tenth, since 2023-05-29.
    MiniOption,
}

/// The first day of micro futures and of mini options (REQUIREMENTS 003-1; for the options
/// \[unverified\]).
pub(crate) const MICRO_SINCE: NaiveDate = date(2023, 5, 29);

impl Product {
    /// Every product, in the order of the messages.
    pub const ALL: [Self; 5] = [
        Self::Future,
        Self::Mini,
        Self::Micro,
        Self::Option,
        Self::MiniOption,
    ];

    /// Its name in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Future => "NK225.future",
            Self::Mini => "NK225.mini",
            Self::Micro => "NK225.micro",
            Self::Option => "NK225.option",
            Self::MiniOption => "NK225.mini_option",
        }
    }

    /// Yen that one point of its price is worth in one contract (REQUIREMENTS, Units).
    #[must_use]
    pub const fn multiplier(self) -> i64 {
        match self {
            Self::Future | Self::Option => 1_000,
            Self::Mini | Self::MiniOption => 100,
            Self::Micro => 10,
        }
    }

    /// Whose hours it has.
    #[must_use]
    pub const fn venue(self) -> Venue {
        match self {
            Self::Future | Self::Mini | Self::Micro => Venue::OseFuture,
            Self::Option | Self::MiniOption => Venue::OseOption,
        }
    }

    /// Whether it is an option.
    #[must_use]
    pub const fn is_option(self) -> bool {
        matches!(self, Self::Option | Self::MiniOption)
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A product that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no product `{0}`; there are NK225.future, NK225.mini, NK225.micro, NK225.option, \
     NK225.mini_option"
)]
pub struct UnknownProduct(pub String);

impl FromStr for Product {
    type Err = UnknownProduct;

    fn from_str(text: &str) -> Result<Self, UnknownProduct> {
        let found = Self::ALL.into_iter().find(|product| product.name() == text);
        found.ok_or_else(|| UnknownProduct(text.to_owned()))
    }
}
