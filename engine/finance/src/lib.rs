//! What a market knows: its calendar, its contracts, the prices of its options, indicators on its
//! bars, margin. Pure functions on plain numbers and dates first; over them, the functions that SQL
//! calls. No I/O, no clock, no state.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

/// Trading days, sessions and their phases, holidays, last trading days.
pub mod calendar;
