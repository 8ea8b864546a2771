//! Tables: the newest row per key of a stream. [`keyed`] holds the rows, [`reader`] shows a
//! consistent snapshot to whoever reads at a time, [`operator`] is the table's own node.

pub mod keyed;

pub mod reader;

pub mod operator;

pub(crate) mod segment;
