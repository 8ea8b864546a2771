//! The calendar against published dates, sources named beside them.

use chrono::{Datelike, NaiveDate};
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

        assert_eq!(calendar.sq_date(month.year(), month.month()), month);
    }
    for date in ["2026-09-10", "2026-10-08", "2026-12-10"] {
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

/// The exchange's lists: its announcement of 2022-06-30 for the first half of 2023, its page
/// 祝日取引実施日 for 2024 and for 2025 as planned.
#[test]
fn holiday_trading_as_the_exchange_has_it() {
    let held = "2022-09-23 2022-10-10 2022-11-03 2022-11-23 2023-01-03 2023-02-23 2023-03-21 \
                2023-05-03 2023-05-04 2023-05-05 2024-01-03 2024-02-12 2024-02-23 2024-03-20 \
                2024-04-29 2024-05-03 2024-05-06 2024-07-15 2024-09-23 2024-10-14 2025-01-03 \
                2025-02-11 2025-02-24 2025-03-20 2025-04-29 2025-05-05 2025-05-06 2025-07-21 \
                2025-08-11";
    let not = "2022-09-19 2023-01-02 2023-01-09 2024-01-01 2024-01-02 2024-01-08 2024-08-12 \
               2024-09-16 2024-11-04 2024-12-31 2025-01-01 2025-01-02 2025-01-13 2025-09-15";
    let calendar = Calendar::built_in();
    for (list, expected) in [(held, true), (not, false)] {
        for date in list.split_whitespace().map(day) {
            assert_eq!(calendar.is_holiday_trading(date), expected, "{date}");
            assert!(!calendar.is_trading_day(Venue::OseFuture, date), "{date}");
        }
    }
    // January 3 and the nights of December 30 and January 3 are the first business day's.
    let sessions = calendar.sessions_of(Venue::OseFuture, day("2025-01-06"));
    let starts: Vec<EventTime> = sessions.iter().map(|s| s.start).collect();
    let expected = [
        "2024-12-30 17:00",
        "2025-01-03 08:45",
        "2025-01-03 17:00",
        "2025-01-06 08:45",
    ];
    assert_eq!(starts, expected.map(jst));
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

/// REQUIREMENTS F6: options opened at 9:00 until 2021-09-21, futures at 8:45 before and after; Tokyo
/// closes at 15:30 since 2024-11-05.
#[test]
fn hours_change_with_their_dates() {
    let calendar = Calendar::built_in();
    for (venue, date, sessions) in [
        (Venue::OseFuture, "2021-09-17", "16:30-05:30 08:45-15:15"),
        (Venue::OseOption, "2021-09-17", "16:30-05:30 09:00-15:15"),
        // The night opened under the old hours.
        (Venue::OseOption, "2021-09-21", "16:30-05:30 08:45-15:15"),
        (Venue::OseOption, "2021-09-22", "16:30-06:00 08:45-15:15"),
        (Venue::OseFuture, "2024-11-01", "16:30-06:00 08:45-15:15"),
        (Venue::OseFuture, "2024-11-06", "17:00-06:00 08:45-15:45"),
        (Venue::TseCash, "2024-11-01", "09:00-11:30 12:30-15:00"),
        (Venue::TseCash, "2024-11-05", "09:00-11:30 12:30-15:30"),
    ] {
        let clock = |time: EventTime| {
            let minutes = (time.0 / (60 * SECOND) + 9 * 60).rem_euclid(24 * 60);
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
        };
        let found = calendar.sessions_of(venue, day(date));
        let found: Vec<String> = found
            .iter()
            .map(|session| format!("{}-{}", clock(session.start), clock(session.close())))
            .collect();
        assert_eq!(found.join(" "), sessions, "{venue} {date}");
    }
}

/// New York's hours in UTC: summer time begins on 2026-03-08 and ends on 2026-11-01; the day after
/// Thanksgiving ends at 13:00.
#[test]
fn new_york_keeps_its_own_time() {
    let calendar = Calendar::built_in();
    for (date, open, close) in [
        ("2026-03-06", 14 * 60 + 30, 21 * 60),
        ("2026-03-09", 13 * 60 + 30, 20 * 60),
        ("2026-10-30", 13 * 60 + 30, 20 * 60),
        ("2026-11-02", 14 * 60 + 30, 21 * 60),
        ("2026-11-27", 14 * 60 + 30, 18 * 60),
        ("2025-07-03", 13 * 60 + 30, 17 * 60),
    ] {
        let sessions = calendar.sessions_of(Venue::UsCash, day(date));
        let [session] = sessions[..] else {
            panic!("{date}: {sessions:?}")
        };
        let minutes = |time: EventTime| time.0.rem_euclid(DAY) / (60 * SECOND);
        let found = (minutes(session.start), minutes(session.close()));
        assert_eq!(found, (open, close), "{date}");
    }
}

/// What must hold of every calendar: sessions in order and apart, each of a trading day, trading
/// days without a gap, and a trading day that never goes back.
#[test]
fn sessions_follow_one_another() {
    let calendar = Calendar::built_in();
    for venue in Venue::ALL {
        let mut session = calendar.session_after(venue, EventTime::MIN).unwrap();
        let (mut days, mut count) = (1, 1);
        assert_eq!(calendar.session_after(venue, EventTime::MAX), None);
        while let Some(next) = calendar.session_after(venue, session.start) {
            assert!(session.start < session.close() && session.end <= next.start);
            assert!(calendar.is_trading_day(venue, next.trading_day));
            if next.trading_day != session.trading_day {
                let after = calendar.next_trading_day(venue, session.trading_day);
                assert_eq!(next.trading_day, after, "{venue} after {session:?}");
                days += 1;
            }
            // Between two sessions it is the next one's trading day, and both ends are sharp.
            let ends = [session.end, next.start.minus(1)];
            for time in ends.into_iter().filter(|time| *time < next.start) {
                assert_eq!(calendar.session_at(venue, time), None);
                assert_eq!(calendar.trading_day(venue, time), next.trading_day);
            }
            assert_eq!(calendar.session_at(venue, next.start), Some(next));
            assert_eq!(calendar.session_at(venue, next.end.minus(1)), Some(next));
            (session, count) = (next, count + 1);
        }
        let (first, last) = (day("1990-01-01"), day("2100-12-31"));
        assert_eq!(
            calendar.trading_days_between(venue, first, last),
            days,
            "{venue}"
        );
        assert!(
            days > 27_000 && count >= days,
            "{venue}: {days} days, {count} sessions"
        );
    }
}

#[test]
fn trading_days_are_counted_like_a_clock() {
    let calendar = Calendar::built_in();
    for (from, to, days) in [
        ("2026-08-28", "2026-08-31", 1), // Friday to Monday
        ("2026-08-28", "2026-08-28", 0),
        ("2026-08-31", "2026-08-28", -1),
        ("2026-08-29", "2026-08-30", 0),
        ("2026-09-18", "2026-09-24", 1), // five days without trading
        ("2025-12-30", "2026-01-05", 1),
        ("2026-08-03", "2026-08-31", 19),
    ] {
        let found = calendar.trading_days_between(Venue::OseFuture, day(from), day(to));
        assert_eq!(found, days, "{from} to {to}");
    }
}

#[test]
fn what_users_know_is_laid_over() {
    let built_in = Calendar::built_in();
    let (from, to) = (jst("2024-08-05 13:26"), jst("2024-08-05 13:36"));
    let more = Additions {
        closed: vec![(Venue::TseCash, day("2026-09-02"))],
        halts: vec![(Venue::OseFuture, from, to)],
        ..Additions::default()
    };
    let calendar = built_in.with(&more);
    assert_eq!(calendar.phase(Venue::OseFuture, from), Phase::Halted);
    assert_eq!(calendar.phase(Venue::OseFuture, to), Phase::Zaraba);
    assert_eq!(calendar.phase(Venue::OseOption, from), Phase::Zaraba);
    assert_eq!(built_in.phase(Venue::OseFuture, from), Phase::Zaraba);
    let next = |venue| calendar.next_trading_day(venue, day("2026-09-01"));
    assert_eq!(next(Venue::TseCash), day("2026-09-03"));
    assert_eq!(next(Venue::OseFuture), day("2026-09-02"));
    // What was said before stays when more is said.
    let again = calendar.with(&Additions::default());
    assert!(!again.is_trading_day(Venue::TseCash, day("2026-09-02")));
}

/// A cursor answers as the calendar does, whichever way time jumps.
#[test]
fn a_cursor_is_the_calendar() {
    let calendar = Calendar::built_in();
    for venue in Venue::ALL {
        let mut cursor = super::cursor::Cursor::new(&calendar, venue);
        let start = jst("2024-10-30 00:00").0;
        for step in 0..5_000 {
            // Seven minutes ahead most of the time, now and then far back or ahead.
            let jump = if step % 97 == 0 {
                (step % 13 - 6) * DAY
            } else {
                0
            };
            let time = EventTime(start + step * 7 * 60 * SECOND + jump);
            assert_eq!(cursor.session(time), calendar.session_at(venue, time));
            assert_eq!(cursor.phase(time), Some(calendar.phase(venue, time)));
            let today = calendar.trading_day(venue, time);
            assert_eq!(cursor.trading_day(time), Some(today));
        }
    }
}

/// Outside its years the calendar says so, and answers by weekends.
#[test]
fn other_years_are_not_known() {
    let calendar = Calendar::built_in();
    let error = super::known(day("2101-01-04")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the calendar knows 1990 to 2100, not 2101-01-04"
    );
    assert_eq!(super::known(day("2100-12-31")), Ok(day("2100-12-31")));
    assert!(calendar.is_trading_day(Venue::OseFuture, day("2101-01-03")));
    assert!(!calendar.is_trading_day(Venue::OseFuture, day("2101-01-02")));
    assert_eq!(trading_day("2101-01-08 18:00"), "2101-01-08");
    assert_eq!(trading_day("1989-12-29 10:00"), "1989-12-29");
    assert_eq!(
        calendar.sessions_of(Venue::OseFuture, day("2101-01-04")),
        []
    );
}

proptest::proptest! {
    /// Any time and any date has an answer.
    #[test]
    fn nothing_panics(time: i64, days in -90_000_000_i64..90_000_000, year: i32, month: u32) {
        let calendar = Calendar::built_in();
        let time = EventTime(time);
        let date = crate::calendar::date::from_unix_days(days).unwrap();
        for venue in Venue::ALL {
            let session = calendar.session_at(venue, time);
            assert!(session.is_none_or(|session| session.contains(time)));
            let trading_day = calendar.trading_day(venue, time);
            let mut cursor = super::cursor::Cursor::new(&calendar, venue);
            assert!(cursor.trading_day(time).is_none_or(|found| found == trading_day));
            let _ = (cursor.phase(time), calendar.phase(venue, time));
            let (before, after) = (
                calendar.prev_trading_day(venue, date),
                calendar.next_trading_day(venue, date),
            );
            assert!(before < date && date < after);
            assert!(calendar.trading_days_between(venue, before, after) >= 0);
        }
        let _ = calendar.sq_date(year, month);
        let _ = calendar.basis(date);
    }
}
