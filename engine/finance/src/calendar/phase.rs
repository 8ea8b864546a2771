//! What a market does at a time, from the hours of its session.

use zaraba_core::time::{EventTime, SECOND};

use crate::calendar::era::Hours;
use crate::calendar::sessions::hours_of;
use crate::calendar::venue::{Phase, Session};

const MINUTE: i64 = 60 * SECOND;

/// How long the opening auction is taken to last.
const OPENING: i64 = SECOND;

fn minutes(from: u16, to: u16) -> i64 {
    i64::from(to.saturating_sub(from)) * MINUTE
}

/// The phase at a time, given the session that it lies in and the one that opens after it.
pub(crate) fn of(current: Option<&Session>, next: Option<&Session>, time: EventTime) -> Phase {
    match (current, next) {
        (Some(session), _) => within(session, time),
        (None, Some(next)) => before(next, time),
        (None, None) => Phase::Closed,
    }
}

/// The phase at a time within a session.
fn within(session: &Session, time: EventTime) -> Phase {
    let close = session.close();
    if time >= close {
        return Phase::ItayoseClose;
    }
    if time < session.start.plus(OPENING) {
        return Phase::ItayoseOpen;
    }
    let Some(hours) = hours_of(session) else {
        return Phase::Zaraba;
    };
    let Hours {
        pre_close,
        close: end,
        ncp,
        ..
    } = *hours;
    if time >= close.minus(minutes(0, ncp.1)) {
        Phase::Ncp
    } else if time >= close.minus(minutes(pre_close, end)) {
        Phase::PreClose
    } else {
        Phase::Zaraba
    }
}

/// The phase at a time outside sessions, from the session that opens next.
fn before(next: &Session, time: EventTime) -> Phase {
    let Some(hours) = hours_of(next) else {
        return Phase::Closed;
    };
    if time >= next.start.minus(minutes(0, hours.ncp.0)) {
        Phase::Ncp
    } else if time >= next.start.minus(minutes(hours.pre_open, hours.open)) {
        Phase::PreOpen
    } else {
        Phase::Closed
    }
}
