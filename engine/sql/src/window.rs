//! Windows over event time: where they begin and end ([`windows`]), panes of aggregated rows, overlapping
//! windows by two stacks, and the operator that closes them ([`aggregate`]). Knows no SQL.

pub mod spec;

pub mod trading;

pub mod windows;

pub mod in_session;

mod pane;

mod two_stacks;

pub mod aggregate;
