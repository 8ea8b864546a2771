//! Queries over tables that run on a trigger: when ([`schedule`]), on what (tables' readers), and
//! what of the result is emitted (`changes`).

pub mod schedule;

pub(crate) mod scan;

mod changes;

pub mod operator;
