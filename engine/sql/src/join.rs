//! Joins. A stream's row waits until all that it may meet has come, then meets it, once:
//! [`interval`] joins streams whose rows are near each other in event time (and windows, which are
//! at distance zero), [`as_of`] a stream with a table as it was at the row's time. Both keep rows
//! in a `store`, judge pairs by [`pairs`], and know their inputs by [`side`].

pub mod side;

pub mod pairs;

pub mod interval;

pub mod as_of;

mod key;

mod store;

mod waiting;

mod versions;
