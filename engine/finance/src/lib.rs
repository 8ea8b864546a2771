//! What a market knows: its calendar, its contracts, the prices of its options, indicators on its
//! bars, margin. Pure functions on plain numbers and dates first; over them, the functions that SQL
//! calls. No I/O, no clock, no state.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod calendar;

pub mod contract;

pub mod pricing;

pub mod margin;

pub mod functions;

pub mod indicator;
