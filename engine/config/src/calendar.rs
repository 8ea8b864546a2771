//! `[calendar]`: what the exchange has announced since this version was made, or what a user
//! knows of their own market. Added to the calendar that is built in.

use chrono::NaiveDate;

use crate::document::Located;
use crate::read::{Fields, Typed};
use crate::spec::{Kind, Least, Section, optional, required};

/// `[calendar]`
pub(crate) static CALENDAR: Section = Section {
    title: "[calendar]",
    about: "Adds to the exchange calendar that is built in: `TRADING_SESSION`, `trading_day(ts)`, a `ttl` in trading days and all else that asks for sessions follow it. A file of its own can be kept for all pipelines and included.",
    groups: &[&[
        optional(
            "holiday_trading",
            Kind::List(&Kind::Date, Least::None),
            "what is built in",
            "[\"2027-01-11\"]",
            "holidays on which derivatives trade",
        ),
        optional(
            "no_holiday_trading",
            Kind::List(&Kind::Date, Least::None),
            "what is built in",
            "[\"2027-05-03\"]",
            "holidays on which they do not",
        ),
        optional(
            "published",
            Kind::List(&Kind::Int(1990, 2100), Least::None),
            "what is built in",
            "[2027]",
            "years of which the lists are the exchange's own; answers of other years are marked `by_rule`",
        ),
        optional(
            "closed",
            Kind::List(&Kind::Date, Least::None),
            "none",
            "[\"2027-02-01\"]",
            "days without any session in Japan",
        ),
        optional(
            "halts",
            Kind::List(&Kind::Table(&HALT), Least::None),
            "none",
            "[{ venue = \"OSE.future\", from = \"2024-08-05T10:48:00\", to = \"2024-08-05T11:00:00\" }]",
            "times at which trading was stopped: the phase is `halted`",
        ),
    ]],
    later: &[],
    example: r#"timezone = "Asia/Tokyo"

[calendar]
published = [2027]
holiday_trading = ["2027-01-11", "2027-02-11"]
no_holiday_trading = ["2027-05-03"]
halts = [{ venue = "OSE.future", from = "2027-01-12T10:48:00", to = "2027-01-12T11:00:00" }]
"#,
};

/// One of `halts`.
static HALT: Section = Section {
    title: "[[calendar.halts]]",
    about: "A stop of trading.",
    groups: &[&[
        required(
            "venue",
            Kind::Name,
            "\"OSE.future\"",
            "`OSE.future`, `OSE.option`, `TSE.cash` or `US.cash`",
        ),
        required(
            "from",
            Kind::Time,
            "\"2024-08-05T10:48:00\"",
            "its beginning",
        ),
        required("to", Kind::Time, "\"2024-08-05T11:00:00\"", "its end"),
    ]],
    later: &[],
    example: "",
};

/// `[calendar]`: what is added to the exchange calendar.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CalendarDoc {
    /// Holidays on which derivatives trade.
    pub holiday_trading: Vec<NaiveDate>,
    /// Holidays on which they do not.
    pub no_holiday_trading: Vec<NaiveDate>,
    /// Years of which those lists are the exchange's own.
    pub published: Vec<i32>,
    /// Days without any session.
    pub closed: Vec<NaiveDate>,
    /// Stops of trading.
    pub halts: Vec<HaltDoc>,
}

/// One of `halts`.
#[derive(Clone, Debug, PartialEq)]
pub struct HaltDoc {
    /// `venue`
    pub venue: Located<String>,
    /// `from`, microseconds UTC.
    pub from: i64,
    /// `to`, microseconds UTC.
    pub to: i64,
}

/// What the section says.
pub(crate) fn convert(fields: &Fields) -> CalendarDoc {
    let dates = |option: &str| {
        let items = fields.list(option).unwrap_or_default().into_iter();
        let date = |item: Located<Typed>| match item.value {
            Typed::Date(date) => Some(date),
            _ => None,
        };
        items.filter_map(date).collect()
    };
    let years = fields.list("published").unwrap_or_default().into_iter();
    let year = |item: Located<Typed>| match item.value {
        Typed::Int(year) => i32::try_from(year).ok(),
        _ => None,
    };
    let halts = fields.list("halts").unwrap_or_default().into_iter();
    let halt = |item: Located<Typed>| match item.value {
        Typed::Table(fields) => Some(HaltDoc {
            venue: fields.name("venue")?,
            from: fields.micros("from")?,
            to: fields.micros("to")?,
        }),
        _ => None,
    };
    CalendarDoc {
        holiday_trading: dates("holiday_trading"),
        no_holiday_trading: dates("no_holiday_trading"),
        published: years.filter_map(year).collect(),
        closed: dates("closed"),
        halts: halts.filter_map(halt).collect(),
    }
}
