//! From SQL to stages: parse, name resolution, refusals, event time, and the two kinds of query.

pub mod mistake;

pub(crate) mod wording;

pub mod parse;

mod ignored;

pub mod catalog;

mod window_call;

mod session_call;

mod trading_call;

mod unassigned;

mod session_assign;

mod event_time;

mod join;

mod join_bounds;

mod join_kind;

mod refuse;

mod time_zone;

pub mod streaming;

mod aggregation;

pub mod spread;

mod session;

mod lift;

mod over;

mod over_calls;

pub mod triggered;

pub mod stage;
