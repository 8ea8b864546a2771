//! The calendar beside other calendars, and beside what traded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use zaraba_core::time::{EventTime, SECOND};
use zaraba_finance::calendar::holiday::holidays;
use zaraba_finance::calendar::{Calendar, Session, Venue};

use crate::python;

fn date(text: &str) -> NaiveDate {
    text.trim()
        .parse()
        .unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The dates that a script prints, one a line.
fn dates(script: &str, args: &[&str]) -> BTreeSet<NaiveDate> {
    python::run(script, args).lines().map(date).collect()
}

/// Weekdays of 2016 to 2030 on which a venue has no trading day.
fn closed(calendar: &Calendar, venue: Venue) -> BTreeSet<NaiveDate> {
    let mut days = BTreeSet::new();
    let mut day = date("2016-01-01");
    while day < date("2031-01-01") {
        use chrono::Datelike;
        if day.weekday().number_from_monday() < 6 && !calendar.is_trading_day(venue, day) {
            days.insert(day);
        }
        day = day.checked_add_days(Days::new(1)).unwrap();
    }
    days
}

/// Dates that only one side has: `+` ours, `-` theirs.
fn differences(ours: &BTreeSet<NaiveDate>, theirs: &BTreeSet<NaiveDate>) -> Vec<String> {
    let mine = ours.difference(theirs).map(|day| format!("+{day}"));
    mine.chain(theirs.difference(ours).map(|day| format!("-{day}")))
        .collect()
}

/// The law's rules beside jpholiday, further than the years that the desk needs.
#[test]
fn holidays_of_japan_are_those_of_jpholiday() {
    let script = "
import jpholiday
for year in range(1990, 2051):
    for day, _ in jpholiday.year_holidays(year):
        print(day)";
    let theirs = dates(script, &[]);
    assert!(theirs.len() > 900, "only {} holidays", theirs.len());
    let ours = (1990..=2050).flat_map(holidays).collect();
    assert_eq!(differences(&ours, &theirs), [""; 0]);
}

const QUANTLIB: &str = "
import sys
import QuantLib as ql
calendar = ql.Japan() if sys.argv[1] == 'Japan' else ql.UnitedStates(ql.UnitedStates.NYSE)
for year in range(2016, 2031):
    first, last = ql.Date(1, 1, year), ql.Date(31, 12, year)
    for day in ql.Calendar.holidayList(calendar, first, last, False):
        print(day.ISO())";

/// Weekdays without trading in Tokyo and Osaka beside QuantLib's calendar of Japan.
#[test]
fn closed_days_in_japan_are_those_of_quantlib() {
    let theirs = dates(QUANTLIB, &["Japan"]);
    assert!(theirs.len() > 200, "only {} days", theirs.len());
    let calendar = Calendar::built_in();
    for venue in [Venue::TseCash, Venue::OseFuture, Venue::OseOption] {
        let found = differences(&closed(&calendar, venue), &theirs);
        assert_eq!(found, [""; 0], "{venue}");
    }
}

/// Weekdays without trading in New York beside QuantLib's calendar of the NYSE.
#[test]
fn closed_days_in_new_york_are_those_of_quantlib() {
    let theirs = dates(QUANTLIB, &["NYSE"]);
    assert!(theirs.len() > 100, "only {} days", theirs.len());
    let ours = closed(&Calendar::built_in(), Venue::UsCash);
    assert_eq!(differences(&ours, &theirs), [""; 0]);
}

/// Hourly bars of Nikkei 225 mini futures, 2025-01-20 to 2025-10-01: their owner states no licence,
/// so they are read where they are.
fn bars() -> Option<BTreeSet<EventTime>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/local-only");
    let files: Vec<PathBuf> = (1..=3)
        .map(|part| folder.join(format!("futures_nk225_1h_{part}.csv")))
        .collect();
    if let Some(missing) = files.iter().find(|file| !file.is_file()) {
        println!("SKIPPED: {} is not here", missing.display());
        return None;
    }
    let texts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    let time = |line: &str| {
        let seconds: i64 = line.split(',').next().unwrap().parse().unwrap();
        EventTime(seconds * SECOND)
    };
    let times = |text: String| text.lines().skip(1).map(time).collect::<Vec<_>>();
    Some(texts.flat_map(times).collect())
}

const HOUR: i64 = 3600 * SECOND;

/// Every bar lies in a session, and every session has bars, holidays with and without trading
/// among them. Sessions without bars, by their day and kind, are gaps of the file.
#[test]
fn futures_traded_in_the_sessions_of_2025() {
    let Some(bars) = bars() else { return };
    assert!(bars.len() > 3000, "only {} bars", bars.len());
    let calendar = Calendar::built_in();
    let mut traded: BTreeMap<EventTime, (Session, usize)> = BTreeMap::new();
    let (first, last) = (*bars.first().unwrap(), *bars.last().unwrap());
    let mut next = calendar.session_after(Venue::OseFuture, first);
    while let Some(session) = next.filter(|session| session.end < last) {
        traded.insert(session.start, (session, 0));
        next = calendar.session_after(Venue::OseFuture, session.start);
    }
    let mut outside = Vec::new();
    for bar in &bars {
        // A bar that is stamped with the hour may open later.
        let within = calendar
            .session_at(Venue::OseFuture, *bar)
            .or_else(|| calendar.session_after(Venue::OseFuture, *bar))
            .filter(|session| session.start < bar.plus(HOUR));
        match within {
            Some(session) => {
                if let Some((_, count)) = traded.get_mut(&session.start) {
                    *count += 1;
                }
            }
            None => outside.push(bar.to_string()),
        }
    }
    assert_eq!(outside, [""; 0], "bars outside sessions");
    let silent = traded.values().filter(|(_, count)| *count == 0);
    let silent: Vec<String> = silent
        .map(|(session, _)| format!("{} {}", session.start, session.kind))
        .collect();
    assert_eq!(silent, [""; 0], "sessions without bars");
    let holidays = traded.values().filter(|(session, _)| {
        let local = calendar
            .local_date(Venue::OseFuture, session.start)
            .unwrap();
        calendar.is_holiday_trading(local)
    });
    assert_eq!(
        holidays.count(),
        18,
        "two sessions on each of nine holidays"
    );
}
