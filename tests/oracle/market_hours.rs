//! Sessions of the autumn of 2025, by rules written here and not the engine's: hours, the holidays
//! of these weeks, and the day on which New York's summer time ends.

use chrono::{Datelike, NaiveDate, Weekday};

use super::data::{SECOND, Source, Times};
use super::dice::Dice;

const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// Holidays of Japan from Monday to Friday; on the first there was no holiday trading.
const JAPAN: [(u32, u32); 5] = [(9, 15), (9, 23), (10, 13), (11, 3), (11, 24)];
/// Days without trading in New York, and those on which it closes at 13:00.
const NEW_YORK: [(u32, u32); 3] = [(9, 1), (11, 27), (12, 25)];
const EARLY: [(u32, u32); 2] = [(11, 28), (12, 24)];

/// The names of venues.
pub(crate) const VENUES: [&str; 4] = ["OSE.future", "OSE.option", "TSE.cash", "US.cash"];

/// A session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) start: i64,
    /// A minute after the close.
    pub(crate) end: i64,
    /// Its trading day, days since the Unix epoch.
    pub(crate) day: i64,
    pub(crate) night: bool,
}

fn date(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, month, day).unwrap()
}

/// Days since the Unix epoch.
fn number(date: NaiveDate) -> i64 {
    (date - NaiveDate::from_ymd_opt(1970, 1, 1).unwrap()).num_days()
}

fn open(date: NaiveDate, closed: &[(u32, u32)]) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    !weekend && !closed.contains(&(date.month(), date.day()))
}

/// The sessions of a venue from September to December, in order.
pub(crate) fn sessions(venue: &str) -> Vec<Session> {
    let mut sessions = Vec::new();
    let dates = date(9, 1).iter_days().take_while(|d| *d < date(12, 30));
    for date in dates {
        let midnight = number(date) * DAY;
        let mut add = |zone: i64, from: [i64; 2], to: [i64; 2], day: NaiveDate, night| {
            let at = |[hour, minute]: [i64; 2]| midnight + ((hour - zone) * 60 + minute) * MINUTE;
            sessions.push(Session {
                start: at(from),
                end: at(to) + MINUTE,
                day: number(day),
                night,
            });
        };
        match venue {
            "OSE.future" | "OSE.option" => {
                if !open(date, &JAPAN[..1]) {
                    continue;
                }
                let next = |d: NaiveDate| d.iter_days().find(|d| open(*d, &JAPAN)).unwrap();
                add(9, [8, 45], [15, 45], next(date), false);
                // To 6:00 of the next date.
                add(9, [17, 0], [30, 0], next(date.succ_opt().unwrap()), true);
            }
            "TSE.cash" => {
                if open(date, &JAPAN) {
                    add(9, [9, 0], [11, 30], date, false);
                    add(9, [12, 30], [15, 30], date, false);
                }
            }
            _ => {
                let summer = (date.month(), date.day()) < (11, 2);
                let early = EARLY.contains(&(date.month(), date.day()));
                let zone = if summer { -4 } else { -5 };
                let close = if early { 13 } else { 16 };
                if open(date, &NEW_YORK) {
                    add(zone, [9, 30], [close, 0], date, false);
                }
            }
        }
    }
    sessions
}

/// Times that meet openings, closes and the minutes behind them.
pub(crate) fn times(dice: &mut Dice) -> Times {
    let day = number(date(9, 5)) + dice.within(0, 75);
    // UTC: openings and closes in Japan and New York, and a minute around them.
    let of_day = dice.pick(&[
        [23, 45],
        [6, 45],
        [6, 46],
        [8, 0],
        [21, 0],
        [21, 1],
        [0, 0],
        [2, 30],
        [3, 29],
        [6, 30],
        [13, 30],
        [20, 0],
    ]);
    Times {
        origin: day * DAY + (of_day[0] * 60 + of_day[1]) * MINUTE,
        grain: dice.pick(&[1, 5, 15, 30]) * MINUTE,
        step: dice.pick(&[0, 1, 1, 2, 6]),
    }
}

/// A source whose rows lie in the weeks that are known.
pub(crate) fn source(dice: &mut Dice, keys: usize, times: Times) -> Source {
    let columns = Source::schema(dice, keys);
    let mut source = Source::random(dice, "s", 0, columns, times);
    let last = number(date(12, 16)) * DAY;
    let beyond = source.rows.iter().position(|row| row.time > last);
    source.rows.truncate(beyond.unwrap_or(usize::MAX));
    source
}

/// A time, where it is in the minute after a close of some session a minute later.
pub(crate) fn without_closing_minute(time: i64) -> i64 {
    // UTC: 15:45, 6:00, 11:30 and 15:30 in Tokyo, 16:00 and 13:00 in New York.
    let closes = [405, 1260, 150, 390, 1200, 1080];
    let minute = time.rem_euclid(DAY) / MINUTE;
    time + MINUTE * i64::from(closes.contains(&minute))
}
