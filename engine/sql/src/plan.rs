//! From SQL to stages: parse, name resolution, refusals, event time, and the two kinds of query.

pub mod mistake;

pub(crate) mod wording;

mod unbuilt;

pub(crate) mod dialect;

pub mod parse;

mod ignored;

mod alias;

mod constants;

pub mod catalog;

mod window_call;

mod lengths;

mod session_call;

mod trading_call;

mod unassigned;

mod session_assign;

mod event_time;

mod join;

mod join_bounds;

mod join_kind;

pub(crate) mod refuse;

mod time_zone;

pub mod streaming;

mod aggregation;

pub mod spread;

mod origins;

mod tied;

mod session;

mod lift;

mod push_down;

mod one_zero;

mod decimal_float;

mod over;

mod over_calls;

mod over_indicator;

pub mod triggered;

pub mod stage;

mod explain;
