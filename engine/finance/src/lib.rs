//! What a market knows: its calendar, its contracts, the prices of its options, indicators on its
//! bars, margin. Pure functions on plain numbers and dates first; over them, the functions that SQL
//! calls. No I/O, no clock, no state.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

/// Trading days, sessions and their phases, holidays, last trading days.
pub mod calendar;

/// Contracts on the Nikkei 225: products, months, strikes, ticks, names.
pub mod contract;

/// What options are worth.
pub mod pricing;

/// Futures: profit, margin, the roll.
pub mod margin;

/// The functions that SQL calls.
pub mod functions;

/// Indicators on bars: streaming state machines.
pub mod indicator;
