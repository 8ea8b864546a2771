//! Contracts against the vectors of REQUIREMENTS (003-1 to 003-3, F6) and the roll of a week.

use chrono::NaiveDate;
use zaraba_core::time::EventTime;

use crate::calendar::{Additions, Calendar, SessionKind, Venue};
use crate::contract::listing::{contracts, weekly_sq};
use crate::contract::parse::{Vendor, parse};
use crate::contract::{ContractMonth, Expiry, Product};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(text: &str) -> Expiry {
    Expiry::Month(text.parse().unwrap())
}

fn count(product: Product, on: &str) -> Option<usize> {
    Some(contracts(&Calendar::built_in(), product, day(on))?.len())
}

/// 003-2: 13 months, then 19; mini 16; large options 27; mini options 3 + 4, with Wednesdays 11.
#[test]
fn as_many_months_as_the_exchange_says() {
    for (product, on, months) in [
        (Product::Future, "2021-09-17", Some(13)),
        (Product::Future, "2021-09-21", Some(19)),
        (Product::Mini, "2021-09-17", Some(16)),
        (Product::Mini, "2026-07-31", Some(16)),
        (Product::Option, "2021-09-17", None),
        (Product::Option, "2026-07-31", Some(27)),
        (Product::Micro, "2023-05-26", Some(0)),
        (Product::MiniOption, "2023-05-26", Some(0)),
        (Product::MiniOption, "2025-05-23", Some(7)),
        (Product::MiniOption, "2025-05-26", Some(11)),
        (Product::Future, "2101-01-04", None),
    ] {
        assert_eq!(count(product, on), months, "{product} on {on}");
    }
}

/// 003-3: the new month is listed on the day of the special quotation, when the old one is gone.
#[test]
fn months_change_on_the_special_quotation() {
    let calendar = Calendar::built_in();
    let listed = |on| contracts(&calendar, Product::Future, day(on)).unwrap();
    let (before, after) = (listed("2026-09-10"), listed("2026-09-11"));
    assert_eq!(before.first(), Some(&month("2026-09")));
    assert!(!before.contains(&month("2028-03")));
    assert_eq!(after.first(), Some(&month("2026-12")));
    assert!(after.contains(&month("2028-03")));
}

/// A week's roll: the month that ends trades in the day session of its last trading day and not in
/// the night that opens then; where Friday is a holiday all of it is a day earlier.
#[test]
fn a_month_that_ends_has_no_night() {
    let calendar = Calendar::built_in();
    for (expiry, last) in [("2026-09", "2026-09-10"), ("2028-08", "2028-08-09")] {
        let (expiry, last) = (month(expiry), day(last));
        assert_eq!(expiry.last_trading_day(&calendar), last);
        let sq = expiry.sq_date(&calendar);
        let on_last = calendar.sessions_of(Venue::OseFuture, last);
        assert!(on_last.iter().all(|s| expiry.trades_in(&calendar, s)));
        let close = expiry.last_close(&calendar);
        assert_eq!(close, on_last.last().map(|session| session.close()));
        let next = calendar.sessions_of(Venue::OseFuture, sq);
        assert_eq!(next.first().map(|s| s.kind), Some(SessionKind::Night));
        assert!(next.iter().all(|s| !expiry.trades_in(&calendar, s)));
        assert!(
            next.iter()
                .all(|s| s.start > close.unwrap_or(EventTime::MAX))
        );
    }
}

/// Weeks end on Fridays and Wednesdays, or the business day before: 2026-05-06 and 2027-04-30's
/// neighbours are holidays.
#[test]
fn weeks_end_before_holidays() {
    let calendar = Calendar::built_in();
    for (nominal, sq) in [
        ("2026-09-04", Some("2026-09-04")),
        ("2026-09-11", None), // the month's own
        ("2026-09-09", Some("2026-09-09")),
        ("2026-09-10", None),
        ("2026-05-06", Some("2026-05-01")),
        ("2026-09-23", Some("2026-09-18")),
        ("2027-01-01", Some("2026-12-30")),
    ] {
        assert_eq!(weekly_sq(&calendar, day(nominal)), sq.map(day), "{nominal}");
    }
}

/// A day that the exchange closes moves the special quotation too.
#[test]
fn a_closed_friday_moves_the_quotation() {
    let more = Additions {
        closed: vec![(Venue::OseFuture, day("2026-09-11"))],
        ..Additions::default()
    };
    let calendar = Calendar::built_in().with(&more);
    assert_eq!(calendar.sq_date(2026, 9), day("2026-09-10"));
    assert_eq!(calendar.sq_date(2026, 13), calendar.sq_date(2027, 1));
}

#[test]
fn months_are_read_strictly() {
    for text in [
        "2026-9", "26-09", "2026-13", "2026-00", "2026/09", "1989-12", "2101-01", "+026-09",
    ] {
        assert!(text.parse::<ContractMonth>().is_err(), "{text}");
    }
    assert_eq!(month("2026-09").to_string(), "2026-09");
}

/// What could not be read says what was expected.
#[test]
fn names_that_are_not_read_say_why() {
    let calendar = Calendar::built_in();
    for (vendor, text, why) in [
        (
            Vendor::Qri,
            "2026-09 CALLS 70000",
            "qri: expected CALL or PUT, found '2026-09 CALLS 70000'",
        ),
        (
            Vendor::Qri,
            "2026-09 CALL 0",
            "qri: expected a strike in yen, found '2026-09 CALL 0'",
        ),
        (
            Vendor::Qri,
            "2026-09 CALL NaN",
            "qri: expected a strike in yen, found '2026-09 CALL NaN'",
        ),
        (
            Vendor::Jpx,
            "FUT_225_260910_1",
            "jpx: expected `FUT_225_260910` or `CAL_225_260910_70000`, found 'FUT_225_260910_1'",
        ),
        (
            Vendor::Jpx,
            "FUT_225_260231",
            "jpx: expected a last trading day such as 260910, found 'FUT_225_260231'",
        ),
        (
            Vendor::Jpx,
            "FUT_225_260911",
            "jpx: expected a last trading day before the month's special quotation, found 'FUT_225_260911'",
        ),
        (
            Vendor::Kabu,
            "日経225先物 26年9月",
            "kabu: expected a contract month such as 26/09, found '日経225先物 26年9月'",
        ),
        (
            Vendor::Osaka,
            "日経225先物 2026年9月 C1",
            "osaka: expected nothing after the month, found '日経225先物 2026年9月 C1'",
        ),
    ] {
        let found = parse(&calendar, text, vendor).map_err(|unread| unread.to_string());
        assert_eq!(found, Err(why.to_owned()));
    }
}

proptest::proptest! {
    /// Any text is read or not, and what is read has a special quotation on a business day.
    #[test]
    fn any_text_is_read_or_not(
        text in r"(CAL|FUT|NK225E|2026-0?9|日経225|ミニ|先物|オプション|[0-9/_年月CP ,.]{0,4}|\PC){0,8}"
    ) {
        let calendar = Calendar::built_in();
        for vendor in Vendor::ALL {
            if let Ok(contract) = parse(&calendar, &text, vendor) {
                assert!(calendar.is_trading_day(Venue::OseFuture, contract.sq_date));
                assert_eq!(contract.option.is_some(), contract.product.is_option());
            }
        }
    }
}
