//! The calendar against published dates, sources named beside them.

use chrono::NaiveDate;
use zaraba_core::time::{DAY, EventTime, SECOND};

use super::{Additions, Basis, Calendar, Phase, Session, SessionKind, Venue};
use crate::calendar::date::unix_days;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// `2026-08-31 16:41` in Japan.
fn jst(text: &str) -> EventTime {
    let (date, time) = text.split_once(' ').unwrap();
    let mut parts = time.split(':').map(|part| part.parse::<i64>().unwrap());
    let mut next = || parts.next().unwrap_or(0);
    let seconds = next() * 3600 + next() * 60 + next() - 9 * 3600;
    EventTime(unix_days(day(date)) * DAY + seconds * SECOND)
}

fn trading_day(time: &str) -> String {
    let calendar = Calendar::built_in();
    calendar
        .trading_day(Venue::OseFuture, jst(time))
        .to_string()
}

/// REQUIREMENTS 003-3: the table of jpxtime3; 2026 by the last trading days of the quote page.
#[test]
fn special_quotations() {
    let calendar = Calendar::built_in();
    for date in [
        "2011-02-10",
        "2017-08-10",
        "2022-02-10",
        "2023-08-10",
        "2028-02-10",
        "2028-08-10",
        "2026-09-11",
        "2026-10-09",
        "2026-12-11",
    ] {
        let month = day(date);
        use chrono::Datelike;
        assert_eq!(calendar.sq_date(month.year(), month.month()), month);
    }
    for date in ["2026-09-10", "2026-10-08", "2026-12-10"] {
        use chrono::Datelike;
        let last = day(date);
        let sq = calendar.sq_date(last.year(), last.month());
        assert_eq!(calendar.prev_trading_day(Venue::OseFuture, sq), last);
    }
}

/// REQUIREMENTS 003-5 and F7 (a row of the quote page).
#[test]
fn nights_belong_to_the_next_trading_day() {
    for (time, day) in [
        ("2024-01-04 18:00", "2024-01-05"),
        ("2026-08-31 16:41", "2026-09-01"),
        ("2026-09-01 17:41", "2026-09-02"),
        ("2026-08-28 18:00", "2026-08-31"), // Friday
        ("2026-08-29 03:00", "2026-08-31"),
        ("2026-08-31 09:00", "2026-08-31"),
        ("2026-08-31 15:45:59", "2026-08-31"),
        ("2026-08-31 15:46", "2026-09-01"),
    ] {
        assert_eq!(trading_day(time), day, "{time}");
    }
}

/// A holiday with trading joins the next business day: Friday's night to Tuesday's day.
#[test]
fn a_holiday_session_belongs_to_the_next_business_day() {
    let calendar = Calendar::built_in();
    let sessions = calendar.sessions_of(Venue::OseOption, day("2022-10-11"));
    let found: Vec<(SessionKind, EventTime)> = sessions
        .iter()
        .map(|Session { kind, start, .. }| (*kind, *start))
        .collect();
    let expected = [
        (SessionKind::Night, jst("2022-10-07 16:30")),
        (SessionKind::Day, jst("2022-10-10 08:45")),
        (SessionKind::Night, jst("2022-10-10 16:30")),
        (SessionKind::Day, jst("2022-10-11 08:45")),
    ];
    assert_eq!(found, expected);
    assert!(!calendar.is_trading_day(Venue::OseOption, day("2022-10-10")));
    let more = Additions {
        holiday_trading: vec![(day("2022-10-10"), false), (day("2026-11-23"), true)],
        published_years: vec![2026],
        ..Additions::default()
    };
    let changed = calendar.with(&more);
    assert_eq!(
        changed
            .sessions_of(Venue::OseOption, day("2022-10-11"))
            .len(),
        2
    );
    assert_eq!(calendar.basis(day("2026-11-23")), Basis::ByRule);
    assert_eq!(changed.basis(day("2026-11-23")), Basis::Published);
}

#[test]
fn phases_of_today() {
    let calendar = Calendar::built_in();
    for (time, future, option) in [
        ("07:59:59", Phase::Closed, Phase::Closed),
        ("08:00", Phase::PreOpen, Phase::PreOpen),
        ("08:44", Phase::Ncp, Phase::PreOpen),
        ("08:45", Phase::ItayoseOpen, Phase::ItayoseOpen),
        ("08:45:01", Phase::Zaraba, Phase::Zaraba),
        ("15:39:59", Phase::Zaraba, Phase::Zaraba),
        ("15:40", Phase::PreClose, Phase::PreClose),
        ("15:44:59", Phase::PreClose, Phase::PreClose),
        ("15:45", Phase::ItayoseClose, Phase::ItayoseClose),
        ("15:46", Phase::Closed, Phase::Closed),
        ("16:45", Phase::PreOpen, Phase::PreOpen),
        ("16:59", Phase::Ncp, Phase::PreOpen),
        ("05:55", Phase::PreClose, Phase::PreClose),
        ("05:59", Phase::Ncp, Phase::PreClose),
        ("06:00", Phase::ItayoseClose, Phase::ItayoseClose),
        ("06:01", Phase::Closed, Phase::Closed),
    ] {
        let at = jst(&format!("2026-09-02 {time}"));
        assert_eq!(calendar.phase(Venue::OseFuture, at), future, "{time}");
        assert_eq!(calendar.phase(Venue::OseOption, at), option, "{time}");
    }
}
