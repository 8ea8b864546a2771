//! Where something trades, as far as hours go, and the names of what there is at a time: a session
//! and its phase. The names are those that SQL uses.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use thiserror::Error;
use zaraba_core::time::EventTime;

/// A market with hours of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Venue {
    /// Index futures of the Osaka Exchange: large, mini and micro.
    OseFuture,
    /// Index options of the Osaka Exchange: large, mini and weekly.
    OseOption,
    /// Shares at the Tokyo Stock Exchange.
    TseCash,
    /// Shares at the New York Stock Exchange and Nasdaq, in New York's time.
    UsCash,
}

impl Venue {
    /// Every venue, in the order of the messages.
    pub const ALL: [Self; 4] = [
        Self::OseFuture,
        Self::OseOption,
        Self::TseCash,
        Self::UsCash,
    ];

    /// Its name in SQL and in pipelines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OseFuture => "OSE.future",
            Self::OseOption => "OSE.option",
            Self::TseCash => "TSE.cash",
            Self::UsCash => "US.cash",
        }
    }

    /// Whether it trades index derivatives in Osaka, which know night sessions and holiday trading.
    #[must_use]
    pub const fn is_derivatives(self) -> bool {
        matches!(self, Self::OseFuture | Self::OseOption)
    }
}

impl fmt::Display for Venue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A venue that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no venue `{0}`; there are OSE.future, OSE.option, TSE.cash, US.cash")]
pub struct UnknownVenue(pub String);

impl FromStr for Venue {
    type Err = UnknownVenue;

    fn from_str(text: &str) -> Result<Self, UnknownVenue> {
        let found = Self::ALL.into_iter().find(|venue| venue.name() == text);
        found.ok_or_else(|| UnknownVenue(text.to_owned()))
    }
}

/// Whether a session is of the day or of the night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionKind {
    /// A day session. Shares in Tokyo have two a day: the morning's and the afternoon's.
    Day,
    /// A night session of derivatives: it belongs to the next trading day.
    Night,
}

impl SessionKind {
    /// `day` or `night`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Night => "night",
        }
    }
}

impl fmt::Display for SessionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A stretch of trading. Its times are half open, `start <= t < end`, and `end` is one minute after
/// the close: the closing auction executes at the close itself, and its prices carry that time or a
/// little later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// Where.
    pub venue: Venue,
    /// Of the day or of the night.
    pub kind: SessionKind,
    /// The trading day it belongs to, which may be days after its date: Friday's night is Monday's.
    pub trading_day: NaiveDate,
    /// The opening.
    pub start: EventTime,
    /// One minute after the close.
    pub end: EventTime,
}

/// How long after the close a session goes on, microseconds: the phase `itayose_close`.
pub const AFTER_CLOSE: i64 = 60 * zaraba_core::time::SECOND;

impl Session {
    /// The close: the time of the closing auction.
    #[must_use]
    pub const fn close(&self) -> EventTime {
        self.end.minus(AFTER_CLOSE)
    }

    /// Whether a time lies in it.
    #[must_use]
    pub fn contains(&self, time: EventTime) -> bool {
        self.start <= time && time < self.end
    }
}

/// What a market does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Orders are taken, nothing is matched.
    PreOpen,
    /// Orders can be entered but neither changed nor cancelled: the minute before an auction.
    Ncp,
    /// The opening auction: the first second of a session.
    ItayoseOpen,
    /// Continuous trading.
    Zaraba,
    /// Orders are taken for the closing auction, nothing is matched.
    PreClose,
    /// The closing auction: the minute from the close on.
    ItayoseClose,
    /// Nothing of the above.
    Closed,
    /// Stopped, as somebody who knew has said.
    Halted,
}

impl Phase {
    /// Its name in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreOpen => "pre_open",
            Self::Ncp => "ncp",
            Self::ItayoseOpen => "itayose_open",
            Self::Zaraba => "zaraba",
            Self::PreClose => "pre_close",
            Self::ItayoseClose => "itayose_close",
            Self::Closed => "closed",
            Self::Halted => "halted",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
