//! Windows over event time: their arithmetic ([`spec`]), panes of aggregated rows, overlapping
//! windows by two stacks, and the operator that closes them ([`aggregate`]). Knows no SQL.

pub mod spec;

mod pane;

mod two_stacks;

pub mod aggregate;
