//! Names of contracts as vendors write them, read into one form. What is not wholly understood is
//! not read at all: a wrong contract is worse than none.
//!
//! Sources of the forms: `jpx` from the settlement files that the tests read; `qri` from the rows
//! in REQUIREMENTS F7; `jquants`, `kabu` and `osaka` from the vendors' public descriptions, as far
//! as known here, not tried against the live services.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use thiserror::Error;

use crate::calendar::Calendar;
use crate::contract::expiry::{ContractMonth, Expiry};
use crate::contract::product::Product;

mod codes;
mod japanese;

/// Who wrote a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// The exchange's quote page: contract, option type and strike, joined by spaces:
    /// `2026-09 CALL 70000`.
    Qri,
    /// J-Quants: product category, contract month and, for options, put (1) or call (2) and the
    /// strike, joined by spaces: `NK225F 2026-09`, `NK225E 2026-09 2 70000`.
    JQuants,
    /// kabu Station's symbol names: `日経225mini 26/09`, `日経225オプション 26/09 C70000`.
    Kabu,
    /// Names as the exchange's Japanese pages print them: `日経225オプション 2026年9月 C70000`.
    Osaka,
    /// The names in the exchange's settlement files, whose date is the last trading day:
    /// `CAL_225_260910_70000`, `FUT_225M_260910`; and those in its workbook of open interest:
    /// `NIKKEI 225 P2609-70000`, `NK225 MINI P260910-70000`.
    Jpx,
}

impl Vendor {
    /// Every vendor, in the order of the messages.
    pub const ALL: [Self; 5] = [Self::Qri, Self::JQuants, Self::Kabu, Self::Osaka, Self::Jpx];

    /// Its name in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Qri => "qri",
            Self::JQuants => "jquants",
            Self::Kabu => "kabu",
            Self::Osaka => "osaka",
            Self::Jpx => "jpx",
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A vendor whose names are not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no vendor `{0}`; there are qri, jquants, kabu, osaka, jpx")]
pub struct UnknownVendor(pub String);

impl FromStr for Vendor {
    type Err = UnknownVendor;

    fn from_str(text: &str) -> Result<Self, UnknownVendor> {
        let found = Self::ALL.into_iter().find(|vendor| vendor.name() == text);
        found.ok_or_else(|| UnknownVendor(text.to_owned()))
    }
}

/// Which right an option gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PutCall {
    /// To sell.
    Put,
    /// To buy.
    Call,
}

impl PutCall {
    /// `P` or `C`.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Put => "P",
            Self::Call => "C",
        }
    }
}

/// A contract by what makes it one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contract {
    /// Future or option, large or small.
    pub product: Product,
    /// Its month, or its week.
    pub expiry: Expiry,
    /// The day of its special quotation.
    pub sq_date: NaiveDate,
    /// Of options: which right, at which strike in yen.
    pub option: Option<(PutCall, f64)>,
}

/// Why a name was not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{vendor}: expected {expected}, found '{text}'")]
pub struct Unread {
    vendor: Vendor,
    expected: &'static str,
    text: String,
}

/// What a name says, before the calendar is asked.
struct Said {
    product: Product,
    ends: Ends,
    option: Option<(PutCall, f64)>,
}

/// How a name says when a contract ends.
enum Ends {
    /// By its month.
    Month(ContractMonth),
    /// By its last trading day.
    LastTradingDay(NaiveDate),
}

/// Why a name could not be understood: what was expected in it.
type Expected = &'static str;

/// Reads the name of a contract on the Nikkei 225.
///
/// # Errors
/// When the text is not wholly of the vendor's form: what was expected.
pub fn parse(calendar: &Calendar, text: &str, vendor: Vendor) -> Result<Contract, Unread> {
    let said = match vendor {
        Vendor::Qri => codes::qri(text),
        Vendor::JQuants => codes::jquants(text),
        Vendor::Jpx => codes::jpx(text),
        Vendor::Kabu => japanese::name(text, japanese::Style::Slash),
        Vendor::Osaka => japanese::name(text, japanese::Style::Kanji),
    };
    let read = said.and_then(|said| {
        let expiry = match said.ends {
            Ends::Month(month) => Expiry::Month(month),
            Ends::LastTradingDay(last) => {
                let venue = said.product.venue();
                if !calendar.is_trading_day(venue, last) {
                    return Err("a last trading day on which there is trading");
                }
                Expiry::on(calendar, calendar.next_trading_day(venue, last))
            }
        };
        let weekly = matches!(expiry, Expiry::Week(_));
        if weekly && said.product != Product::MiniOption {
            return Err("a last trading day before the month's special quotation");
        }
        Ok(Contract {
            product: said.product,
            expiry,
            sq_date: expiry.sq_date(calendar),
            option: said.option,
        })
    });
    read.map_err(|expected| Unread {
        vendor,
        expected,
        text: text.to_owned(),
    })
}

/// A strike: whole or decimal digits, more than zero, commas between thousands allowed.
fn strike(text: &str) -> Result<f64, Expected> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    let number = text.replace(',', "").parse::<f64>().ok();
    let positive = number.filter(|strike| plain && *strike > 0.0);
    positive.ok_or("a strike in yen")
}

/// A month of a year in this century, both in digits.
fn month(year: &str, month: &str) -> Result<ContractMonth, Expected> {
    let read = || {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year) || !digits(month) || month.len() > 2 {
            return None;
        }
        let number: i32 = year.parse().ok()?;
        let year = match year.len() {
            2 => 2000 + number,
            4 => number,
            _ => return None,
        };
        ContractMonth::new(year, month.parse().ok()?)
    };
    read().ok_or("a contract month")
}
