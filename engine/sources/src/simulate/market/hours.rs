//! When which market is open: the minutes of a trading day, from the close of the one before to its
//! own, with what trades in each.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;
use zaraba_core::time::{EventTime, SECOND};
use zaraba_finance::calendar::{Calendar, SessionKind, Venue};

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

/// A time in Tokyo, for people.
pub(super) fn shown(second: i64) -> String {
    let time = DateTime::from_timestamp(second, 0).map(|t| t.with_timezone(&TOKYO));
    time.map_or_else(String::new, |t| t.to_rfc3339())
}

/// When markets are open, by a calendar.
#[derive(Clone, Debug)]
pub(super) struct Hours(pub(super) Calendar);

impl Hours {
    /// Whether futures and options have a trading day of this date.
    pub(super) fn is_trading_day(&self, date: NaiveDate) -> bool {
        self.0.is_trading_day(Venue::OseOption, date)
    }

    /// The trading day after this date.
    pub(super) fn next_trading_day(&self, date: NaiveDate) -> NaiveDate {
        self.0.next_trading_day(Venue::OseOption, date)
    }

    /// The trading day before this date.
    pub(super) fn previous_trading_day(&self, date: NaiveDate) -> NaiveDate {
        self.0.prev_trading_day(Venue::OseOption, date)
    }

    /// The sessions of a trading day, in order.
    pub(super) fn sessions(&self, date: NaiveDate) -> Vec<Open> {
        let sessions = self.0.sessions_of(Venue::OseOption, date);
        let open = |s: zaraba_finance::calendar::Session| Open {
            start: s.start.0.div_euclid(SECOND),
            end: s.close().0.div_euclid(SECOND),
            night: s.kind == SessionKind::Night,
        };
        sessions.into_iter().map(open).collect()
    }

    /// The next settlement dates after a day, of every so many months of the year.
    pub(super) fn sq_dates_after(
        &self,
        date: NaiveDate,
        every: u32,
        count: usize,
    ) -> Vec<NaiveDate> {
        let months = (date.month()..).filter(|month| month % every == 0);
        let dates = months.map(|month| self.0.sq_date(date.year(), month));
        dates.filter(|sq| *sq > date).take(count).collect()
    }

    /// Whether shares trade somewhere, at a second.
    fn shares(&self, venue: Venue, second: i64) -> bool {
        let time = EventTime(second * SECOND);
        let session = self.0.session_at(venue, time);
        session.is_some_and(|s| time < s.close())
    }

    /// The minutes of a trading day in which something trades, from the second given.
    pub(super) fn minutes(&self, from: i64, sessions: &[Open]) -> Vec<Minute> {
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
                tokyo: self.shares(Venue::TseCash, start),
                new_york: self.shares(Venue::UsCash, start),
                currencies: currencies(new_york.weekday(), new_york.hour()),
                hour: tokyo.hour() as usize,
            };
            let any = minute.session.is_some() || minute.new_york || minute.currencies;
            any.then_some(minute)
        };
        starts.filter_map(minute).collect()
    }
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
