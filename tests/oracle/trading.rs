//! The constructs that follow an exchange's calendar, and the bugs that they find.

use super::faults::Fault;
use super::run::{Construct, run};
use super::{finds, trading_session, trading_table};

const TRADING_SESSION: Construct = Construct {
    name: "trading_session",
    case: trading_session::trading_session,
};
const TRADING_TABLE: Construct = Construct {
    name: "trading_table",
    case: trading_table::trading_table,
};

#[test]
fn sessions_of_an_exchange() {
    run(TRADING_SESSION);
}

#[test]
fn tables_by_an_exchanges_calendar() {
    run(TRADING_TABLE);
}

#[test]
fn finds_a_night_given_to_its_own_date() {
    finds(Fault::NightsOwnDate, &[TRADING_SESSION]);
}

#[test]
fn finds_a_closing_minute_lost() {
    finds(Fault::ClosingMinute, &[TRADING_SESSION, TRADING_TABLE]);
}

#[test]
fn finds_a_weekend_that_counts() {
    finds(Fault::WeekendCounted, &[TRADING_TABLE]);
}

#[test]
fn finds_what_it_finds_of_other_windows_and_tables() {
    // Not `Tie`: it turns the order at each operator, and sessions are cut by a second one.
    for fault in [Fault::PaneTwice, Fault::LateCounted, Fault::BatchWatermark] {
        finds(fault, &[TRADING_SESSION]);
    }
    for fault in [Fault::Tie, Fault::DeletionLost] {
        finds(fault, &[TRADING_TABLE]);
    }
    finds(Fault::NullKey, &[TRADING_SESSION, TRADING_TABLE]);
}
