//! National holidays of Japan (国民の祝日に関する法律), by the law's own rules as they stood in each
//! year: fixed days, the Mondays since 2000 and 2003, the equinoxes, substitute days (振替休日), days
//! between two holidays (国民の休日), and the laws made for single years (1990, 1993, 2019 to 2021).
//!
//! The equinoxes are announced each February for the year after; until then they follow the
//! well-known approximation of the astronomical almanac (海上保安庁水路部『新こよみ便利帳』), which
//! has agreed with every announcement from 1980 on.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};

use crate::calendar::date::{date, nth, shift};

/// Holidays that a law made for one year only.
const ONCE: [NaiveDate; 4] = [
    date(1990, 11, 12), // 即位礼正殿の儀
    date(1993, 6, 9),   // 皇太子徳仁親王の結婚の儀
    date(2019, 5, 1),   // 天皇の即位の日
    date(2019, 10, 22), // 即位礼正殿の儀
];

/// All national holidays of a year, weekends among them, in order. The law as of 1989 to now.
#[must_use]
pub fn holidays(year: i32) -> BTreeSet<NaiveDate> {
    let named = named(year);
    let mut all = named.clone();
    all.extend(substitutes(&named));
    all.extend(between(&named, &all));
    all
}

/// The holidays that have a name of their own in the law.
fn named(year: i32) -> BTreeSet<NaiveDate> {
    let day = |month, day| date(year, month, day);
    let monday = |month, week| nth(year, month, Weekday::Mon, week);
    let (march, september) = equinoxes(year);
    let mut days = vec![day(1, 1), day(2, 11), day(4, 29), day(5, 3), day(5, 5)];
    days.extend([day(3, march), day(9, september), day(11, 3), day(11, 23)]);
    // 成人の日, 敬老の日
    days.push(if year < 2000 {
        day(1, 15)
    } else {
        monday(1, 2)
    });
    days.push(if year < 2003 {
        day(9, 15)
    } else {
        monday(9, 3)
    });
    // 天皇誕生日; みどりの日, which was a day between two holidays until 2006
    days.extend((year <= 2018).then(|| day(12, 23)));
    days.extend((year >= 2020).then(|| day(2, 23)));
    days.extend((year >= 2007).then(|| day(5, 4)));
    // 海の日, 山の日, 体育の日 (スポーツの日 since 2020): moved for the games of Tokyo
    days.extend(match year {
        ..=1995 => None,
        1996..=2002 => Some(day(7, 20)),
        2020 => Some(day(7, 23)),
        2021 => Some(day(7, 22)),
        _ => Some(monday(7, 3)),
    });
    days.extend(match year {
        ..=2015 => None,
        2020 => Some(day(8, 10)),
        2021 => Some(day(8, 8)),
        _ => Some(day(8, 11)),
    });
    days.push(match year {
        ..=1999 => day(10, 10),
        2020 => day(7, 24),
        2021 => day(7, 23),
        _ => monday(10, 2),
    });
    days.extend(ONCE.into_iter().filter(|once| once.year() == year));
    days.into_iter().collect()
}

/// The days of March and September on which the equinoxes fall, in Japan's time. The constants are
/// those of the almanac for 1980 to 2099 and for 2100 to 2150.
fn equinoxes(year: i32) -> (u32, u32) {
    let (march, september) = if year < 2100 {
        (20.8431, 23.2488)
    } else {
        (21.8510, 24.2488)
    };
    let years = year - 1980;
    let leaps = f64::from(years.div_euclid(4));
    let day = |start: f64| (start + 0.242_194 * f64::from(years) - leaps) as u32;
    (day(march), day(september))
}

/// For each holiday on a Sunday the day that is free instead: since 2007 the first later day that
/// is no holiday, before that the Monday, unless it was one itself.
fn substitutes(named: &BTreeSet<NaiveDate>) -> BTreeSet<NaiveDate> {
    let sundays = named.iter().filter(|day| day.weekday() == Weekday::Sun);
    let instead = |sunday: &NaiveDate| {
        let mut day = shift(*sunday, 1);
        while named.contains(&day) {
            if sunday.year() < 2007 {
                return None;
            }
            day = shift(day, 1);
        }
        Some(day)
    };
    sundays.filter_map(instead).collect()
}

/// The days whose neighbours are both holidays with a name.
fn between(named: &BTreeSet<NaiveDate>, all: &BTreeSet<NaiveDate>) -> Vec<NaiveDate> {
    let middle = |first: &NaiveDate| {
        let (day, last) = (shift(*first, 1), shift(*first, 2));
        let free = named.contains(&last) && !all.contains(&day);
        (free && day.weekday() != Weekday::Sun).then_some(day)
    };
    named.iter().filter_map(middle).collect()
}
