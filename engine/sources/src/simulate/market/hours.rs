//! When which market is open: the minutes of a trading day, from the close of the one before to its
//! own, with what trades in each.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

/// Where the futures and options trade.
pub(super) const TOKYO: Tz = chrono_tz::Asia::Tokyo;
const NEW_YORK: Tz = chrono_tz::America::New_York;

/// A session of the futures and options, in seconds since the epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) night: bool,
}

/// A minute in which something trades.
#[derive(Clone, Copy, Debug)]
pub(super) struct Minute {
    /// Seconds since the epoch.
    pub(super) start: i64,
    /// The session of futures and options that it is in.
    pub(super) session: Option<Open>,
    /// Whether shares trade in Tokyo.
    pub(super) tokyo: bool,
    /// Whether shares trade in New York.
    pub(super) new_york: bool,
    /// Whether currencies trade.
    pub(super) currencies: bool,
    /// The hour in Tokyo.
    pub(super) hour: usize,
}

/// A local time of Tokyo in seconds since the epoch.
pub(super) fn tokyo_seconds(date: NaiveDate, hour: u32, minute: u32) -> i64 {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
    let local = TOKYO.from_local_datetime(&date.and_time(time)).earliest();
    local.map_or(0, |t| t.timestamp())
}

/// Whether futures and options have a trading day of this date.
pub(super) fn is_trading_day(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The trading day after this date.
pub(super) fn next_trading_day(date: NaiveDate) -> NaiveDate {
    let later = |days| date.checked_add_days(Days::new(days)).unwrap_or(date);
    (1..30).map(later).find(|d| is_trading_day(*d)).unwrap_or(date)
}

/// The trading day before this date.
pub(super) fn previous_trading_day(date: NaiveDate) -> NaiveDate {
    let earlier = |days| date.checked_sub_days(Days::new(days)).unwrap_or(date);
    (1..30).map(earlier).find(|d| is_trading_day(*d)).unwrap_or(date)
}

/// The sessions of a trading day, in order.
pub(super) fn sessions(date: NaiveDate) -> Vec<Open> {
    let evening = previous_trading_day(date);
    let start = tokyo_seconds(evening, 17, 0);
    vec![
        Open { start, end: start + 13 * 3600, night: true },
        Open {
            start: tokyo_seconds(date, 8, 45),
            end: tokyo_seconds(date, 15, 45),
            night: false,
        },
    ]
}

/// The settlement date of a month.
fn sq_date(year: i32, month: u32) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Fri, 2)
}

/// The next settlement dates after a day, of every so many months of the year.
pub(super) fn sq_dates_after(date: NaiveDate, every: u32, count: usize) -> Vec<NaiveDate> {
    let first = date.year() * 12 + date.month0() as i32;
    let months = (first..first + 240).map(|m| (m.div_euclid(12), m.rem_euclid(12) as u32 + 1));
    months
        .filter(|(_, month)| month % every == 0)
        .filter_map(|(year, month)| sq_date(year, month))
        .filter(|sq| *sq > date)
        .take(count)
        .collect()
}

/// The minutes of a trading day in which something trades, from the second given.
pub(super) fn minutes(from: i64, sessions: &[Open]) -> Vec<Minute> {
    let end = sessions.last().map_or(from, |s| s.end);
    let starts = (from.div_euclid(60)..end.div_euclid(60)).map(|m| m * 60);
    let minute = |start| {
        let time = DateTime::from_timestamp(start, 0)?;
        let tokyo = time.with_timezone(&TOKYO);
        let new_york = time.with_timezone(&NEW_YORK);
        let session = sessions.iter().find(|s| (s.start..s.end).contains(&start));
        let minute = Minute {
            start,
            session: session.copied(),
            tokyo: session.is_some_and(|s| !s.night) && shares_in_tokyo(tokyo.time()),
            new_york: shares_in_new_york(new_york.weekday(), new_york.time()),
            currencies: currencies(new_york.weekday(), new_york.hour()),
            hour: tokyo.hour() as usize,
        };
        let any = minute.session.is_some() || minute.new_york || minute.currencies;
        any.then_some(minute)
    };
    starts.filter_map(minute).collect()
}

fn within(time: NaiveTime, from: (u32, u32), to: (u32, u32)) -> bool {
    ((from.0, from.1)..(to.0, to.1)).contains(&(time.hour(), time.minute()))
}

fn shares_in_tokyo(time: NaiveTime) -> bool {
    within(time, (9, 0), (11, 30)) || within(time, (12, 30), (15, 30))
}

fn shares_in_new_york(day: Weekday, time: NaiveTime) -> bool {
    !matches!(day, Weekday::Sat | Weekday::Sun) && within(time, (9, 30), (16, 0))
}

/// From Sunday 17:00 to Friday 17:00 in New York.
fn currencies(day: Weekday, hour: u32) -> bool {
    match day {
        Weekday::Sat => false,
        Weekday::Sun => hour >= 17,
        Weekday::Fri => hour < 17,
        _ => true,
    }
}

/// Whether currencies change their day at this second, 17:00 in New York.
pub(super) fn currencies_roll(second: i64) -> bool {
    DateTime::from_timestamp(second, 0).is_some_and(|time| {
        let time = time.with_timezone(&NEW_YORK);
        (time.hour(), time.minute()) == (17, 0)
    })
}
