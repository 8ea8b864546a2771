//! Streaming SQL on DataFusion. A query is planned once ([`plan`]) into a few stages, each an
//! operator: rows on their own ([`pass_through`]), windowed aggregates ([`window`]), sessions
//! ([`session`]), tables and the queries over them ([`table`], [`triggered`]), joins ([`join`]).
//! [`ask`] runs a query once, over rows that are there.
//! Operators know no executor.

pub mod rows;

pub mod failed;

pub mod pass_through;

mod exact;

pub mod one_form;

pub mod merge;

pub mod number;

pub mod agg;

pub mod window;

pub mod session;

pub mod over;

pub mod table;

pub mod triggered;

pub mod join;

pub mod functions;

mod required;

pub mod ask;

pub mod plan;
