//! The hours of the venues, each row from a date on. A session belongs to the row of the date on
//! which it opens, so that a night that begins under old hours also ends under them. Hours are
//! minutes of the day in the venue's own time; a close after midnight is more than a day's.
//!
//! Sources: the brief's table of 2021-09-21 and 2024-11-05 (REQUIREMENTS 003-4, F6). Not verified:
//! that the row of 2016-07-19 begins there, and 16:45 as the pre-opening of the night, which is
//! inferred. Dates before a venue's first row have its hours too, and are marked as by rule.

use chrono::NaiveDate;

use crate::calendar::date::date;
use crate::calendar::venue::{SessionKind, Venue};

/// The hours of one session, minutes of the day on which it opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hours {
    pub(crate) kind: SessionKind,
    /// From when orders are taken before the opening; the opening itself where that is not known.
    pub(crate) pre_open: u16,
    pub(crate) open: u16,
    /// From when nothing is matched before the closing auction; the close where there is none.
    pub(crate) pre_close: u16,
    pub(crate) close: u16,
    /// Minutes before the opening and before the close in which no order can be cancelled.
    pub(crate) ncp: (u16, u16),
}

/// Hours from a date on.
pub(crate) struct Era {
    pub(crate) since: NaiveDate,
    pub(crate) sessions: [Hours; 2],
}

const fn at(hour: u16, minute: u16) -> u16 {
    hour * 60 + minute
}

/// The day before: what a time after midnight lies beyond.
const MIDNIGHT: u16 = at(24, 0);

/// A session that takes orders from `pre_open` and collects them from `pre_close` on.
const fn hours(kind: SessionKind, times: [u16; 4], ncp: (u16, u16)) -> Hours {
    let [pre_open, open, pre_close, close] = times;
    Hours {
        kind,
        pre_open,
        open,
        pre_close,
        close,
        ncp,
    }
}

/// Osaka: the last five minutes are collected for the auction. The minute without cancelling is
/// before both openings and the close of the night, and futures have it alone.
const fn osaka(day: [u16; 3], night: [u16; 3], ncp: u16) -> [Hours; 2] {
    let [day_pre, day_open, day_close] = day;
    let [night_pre, night_open, night_close] = night;
    let day = [day_pre, day_open, day_close - 5, day_close];
    let night = [night_pre, night_open, night_close - 5, night_close];
    [
        hours(SessionKind::Day, day, (ncp, 0)),
        hours(SessionKind::Night, night, (ncp, ncp)),
    ]
}

/// Tokyo: a morning, and an afternoon that ends at `close`, orders collected from `pre_close` on.
const fn tokyo(pre_close: u16, close: u16) -> [Hours; 2] {
    let morning = [at(8, 0), at(9, 0), at(11, 30), at(11, 30)];
    let afternoon = [at(12, 5), at(12, 30), pre_close, close];
    [
        hours(SessionKind::Day, morning, (0, 0)),
        hours(SessionKind::Day, afternoon, (0, 0)),
    ]
}

const FIRST: NaiveDate = date(2016, 7, 19);
const J_GATE_3: NaiveDate = date(2021, 9, 21);
const ARROWHEAD_4: NaiveDate = date(2024, 11, 5);

static OSE_FUTURE: [Era; 3] = [
    Era {
        since: FIRST,
        sessions: osaka(
            [at(8, 0), at(8, 45), at(15, 15)],
            [at(16, 15), at(16, 30), MIDNIGHT + at(5, 30)],
            1,
        ),
    },
    Era {
        since: J_GATE_3,
        sessions: osaka(
            [at(8, 0), at(8, 45), at(15, 15)],
            [at(16, 15), at(16, 30), MIDNIGHT + at(6, 0)],
            1,
        ),
    },
    Era {
        since: ARROWHEAD_4,
        sessions: osaka(
            [at(8, 0), at(8, 45), at(15, 45)],
            [at(16, 45), at(17, 0), MIDNIGHT + at(6, 0)],
            1,
        ),
    },
];

static OSE_OPTION: [Era; 3] = [
    Era {
        since: FIRST,
        sessions: osaka(
            [at(8, 0), at(9, 0), at(15, 15)],
            [at(16, 15), at(16, 30), MIDNIGHT + at(5, 30)],
            0,
        ),
    },
    Era {
        since: J_GATE_3,
        sessions: osaka(
            [at(8, 0), at(8, 45), at(15, 15)],
            [at(16, 15), at(16, 30), MIDNIGHT + at(6, 0)],
            0,
        ),
    },
    Era {
        since: ARROWHEAD_4,
        sessions: osaka(
            [at(8, 0), at(8, 45), at(15, 45)],
            [at(16, 45), at(17, 0), MIDNIGHT + at(6, 0)],
            0,
        ),
    },
];

static TSE_CASH: [Era; 2] = [
    Era {
        since: FIRST,
        sessions: tokyo(at(15, 0), at(15, 0)),
    },
    Era {
        since: ARROWHEAD_4,
        sessions: tokyo(at(15, 25), at(15, 30)),
    },
];

/// New York's one session; the exchange's own pre-opening is not modelled.
pub(crate) static US_CASH: Hours = hours(
    SessionKind::Day,
    [at(9, 30), at(9, 30), at(16, 0), at(16, 0)],
    (0, 0),
);

/// The close of New York's short days.
pub(crate) const US_EARLY_CLOSE: u16 = at(13, 0);

/// The hours of the sessions of a venue that open on a date, if it is open, in order.
pub(crate) fn sessions(venue: Venue, date: NaiveDate) -> &'static [Hours] {
    let eras: &'static [Era] = match venue {
        Venue::OseFuture => &OSE_FUTURE,
        Venue::OseOption => &OSE_OPTION,
        Venue::TseCash => &TSE_CASH,
        Venue::UsCash => return std::slice::from_ref(&US_CASH),
    };
    let after = eras.partition_point(|era| era.since <= date);
    &eras[after.saturating_sub(1)].sessions
}

/// Whether the hours of a date are known, and not those of a later time.
pub(crate) fn is_known(date: NaiveDate) -> bool {
    date >= FIRST
}
