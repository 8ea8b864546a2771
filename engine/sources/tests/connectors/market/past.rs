//! The market at dates when hours were others, and at the roll of a quarter.

use zaraba_config::document::{MarketDoc, MarketStream};

use super::{all, date, days, doc, ints, texts, times, tokyo};
use crate::common::located;

#[test]
fn nights_began_at_half_past_four_until_2024() {
    for (day, first, before) in [
        ("2024-11-01", "2024-10-31T16:30:00", "2024-10-31T16:32:00"),
        ("2024-11-06", "2024-11-05T17:00:00", "2024-11-05T17:02:00"),
    ] {
        for stream in [MarketStream::Options, MarketStream::Futures] {
            let rows = all(&MarketDoc {
                start: located(date(day)),
                ..doc(stream)
            });
            let least = times(&rows, "ts")[0];
            assert!(
                (tokyo(first)..tokyo(before)).contains(&least),
                "{day}: {least}"
            );
        }
    }
}

#[test]
fn a_quarter_nobody_has_rolled_to_stays_small() {
    // The SQ is 2026-06-12: September is in full roll the day before, December is nobody's yet.
    let rows = all(&MarketDoc {
        start: located(date("2026-06-10")),
        days: 4,
        ..doc(MarketStream::OpenInterest)
    });
    let (product, sq) = (texts(&rows, "product"), days(&rows, "sq_date"));
    let (of, oi) = (days(&rows, "oi_date"), ints(&rows, "oi"));
    let mut december = Vec::new();
    let mut september = Vec::new();
    for row in 0..rows.num_rows() {
        if product[row].as_deref() == Some("NK225.future") && of[row] >= Some(date("2026-06-10")) {
            let all = if sq[row] == Some(date("2026-12-11")) {
                &mut december
            } else if sq[row] == Some(date("2026-09-11")) {
                &mut september
            } else {
                continue;
            };
            all.push(oi[row].unwrap());
        }
    }
    assert!(september.iter().any(|oi| *oi > 200_000), "{september:?}");
    assert!(!december.is_empty());
    assert!(december.iter().all(|oi| *oi < 20_000), "{december:?}");
}

#[test]
fn no_page_knows_what_comes_after_it() {
    let rows = all(&MarketDoc {
        start: located(date("2026-09-01")),
        days: 2,
        ticks_per_day: Some(100_000),
        ..doc(MarketStream::Qri)
    });
    let (page, traded) = (texts(&rows, "qri_update_time"), texts(&rows, "trade_time"));
    let mut compared = 0;
    for (page, traded) in page.iter().zip(&traded) {
        // `2026/09/01 06:00` and `09/01 05:59`, in one year.
        if let (Some(page), Some(traded)) = (page, traded) {
            assert!(
                traded.as_str() <= &page[5..],
                "{traded} on the page of {page}"
            );
            compared += 1;
        }
    }
    assert!(compared > 1_000, "{compared}");
}
