//! Tables: the newest row per key of a stream. [`keyed`] holds the rows, [`reader`] shows a
//! consistent snapshot to whoever reads at a time, [`operator`] is the table's own node, behind
//! [`snapshot_at`] where it shows the rows of a past moment.

pub mod keyed;

pub mod reader;

pub mod dropped;

pub mod ttl;

pub mod moments;

pub mod snapshot_at;

pub mod operator;
