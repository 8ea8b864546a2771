//! A calendar for tests: every weekday is a trading day but those that a test takes out
//! ([`set_holidays`]), and the hours are those of Osaka and Tokyo since 2024-11-05, and of New York in
//! winter. The engine's own knows the holidays and the hours of the past.

use super::with_world;
use crate::bindings::zaraba::rules::calendar::{Phase, Session, SessionKind};
use crate::input::Date;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Tokyo is ahead of UTC by so much.
const TOKYO: i64 = 9 * 60 * MINUTE;

/// Takes days out of the calendar, on this thread.
pub fn set_holidays(days: &[Date]) {
    with_world(|world| world.holidays = days.iter().map(|day| day.0).collect());
}

fn is_trading_day(day: i32) -> bool {
    // 1970-01-01 was a Thursday.
    let weekday = (day + 3).rem_euclid(7);
    weekday < 5 && with_world(|world| !world.holidays.contains(&day))
}

/// The first trading day at or after a day.
fn trading_day_from(day: i32) -> i32 {
    (day..).find(|day| is_trading_day(*day)).unwrap_or(day)
}

/// The sessions of a venue: their kind, and opening and close in minutes of the day in Tokyo.
fn hours(venue: &str) -> &'static [(SessionKind, i64, i64)] {
    match venue {
        "OSE.future" | "OSE.option" => &[
            (SessionKind::Day, 8 * 60 + 45, 15 * 60 + 45),
            (SessionKind::Night, 17 * 60, 30 * 60),
        ],
        "TSE.cash" => &[
            (SessionKind::Day, 9 * 60, 11 * 60 + 30),
            (SessionKind::Day, 12 * 60 + 30, 15 * 60 + 30),
        ],
        "US.cash" => &[(SessionKind::Day, 23 * 60 + 30, 30 * 60)],
        other => panic!(
            "no venue `{other}`: expected one of {:?}",
            crate::calendar::VENUES
        ),
    }
}

/// The sessions that begin on a day.
fn sessions_on(venue: &str, day: i32) -> impl Iterator<Item = Session> {
    let open = is_trading_day(day);
    let begins = move |minutes: i64| i64::from(day) * DAY + minutes * MINUTE - TOKYO;
    let hours = hours(venue).iter().filter(move |_| open);
    hours.map(move |(kind, opens, closes)| Session {
        kind: *kind,
        trading_day: match kind {
            SessionKind::Day => day,
            SessionKind::Night => trading_day_from(day + 1),
        },
        opens: begins(*opens),
        closes: begins(*closes),
    })
}

fn local_day(at: i64) -> i32 {
    (at + TOKYO).div_euclid(DAY) as i32
}

pub(crate) fn session_at(venue: &str, at: i64) -> Option<Session> {
    let today = local_day(at);
    // The minute of the closing auction belongs to it.
    let inside = |session: &Session| session.opens <= at && at < session.closes + MINUTE;
    (today - 1..=today)
        .flat_map(|day| sessions_on(venue, day))
        .find(inside)
}

pub(crate) fn trading_day(venue: &str, at: i64) -> i32 {
    if let Some(session) = session_at(venue, at) {
        return session.trading_day;
    }
    let mut after = (local_day(at)..).flat_map(|day| sessions_on(venue, day));
    let next = after.find(|session| session.opens > at);
    next.map_or(0, |session| session.trading_day)
}

pub(crate) fn phase_at(venue: &str, at: i64) -> Phase {
    match session_at(venue, at) {
        Some(session) if at < session.closes => Phase::Zaraba,
        Some(_) => Phase::ItayoseClose,
        None => Phase::Closed,
    }
}

pub(crate) fn trading_days_between(_venue: &str, start: i32, end: i32) -> i64 {
    let count = |from: i32, to: i32| (from..=to).filter(|day| is_trading_day(*day)).count() as i64;
    if start <= end {
        count(start + 1, end)
    } else {
        -count(end + 1, start)
    }
}

/// The second Friday of a month: of the days 8 to 14 it is the only Friday.
pub(crate) fn next_sq(day: i32) -> (i32, i64) {
    let second_friday = |day: &i32| {
        let of_month: i32 = Date(*day).to_string()[8..].parse().unwrap_or_default();
        (day + 3).rem_euclid(7) == 4 && (8..=14).contains(&of_month)
    };
    let sq = |day: i32| (day - 14..=day).rev().find(|day| is_trading_day(*day));
    let fridays = (day..).filter(second_friday);
    let mut days = fridays.filter_map(sq).filter(|sq| *sq >= day);
    let sq = days.next().unwrap_or(day);
    (sq, i64::from(sq - day))
}
