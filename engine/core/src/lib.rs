//! What every other crate of zaraba agrees on: time, rows, messages, and the three traits.
//!
//! The key decision: **operators are synchronous and know no executor, no clock and no I/O**. They
//! are handed messages and write to an [`output::Output`]; whoever drives them (threads under
//! tokio, or the seeded single-threaded executor) decides when. That is what makes a failing seed
//! replay exactly. This crate knows Arrow and nothing above it.

pub mod time;

pub mod past;

pub mod sequence;

pub mod batch;

pub mod stream;

pub mod message;

pub mod output;

pub mod operator;

pub mod snapshot;

pub mod packed;

pub mod in_order;

pub mod source;

pub mod mapped;

pub mod sink;

pub mod bad_rows;

pub mod alert;

pub mod clock;

pub mod meter;

pub mod diagnostic;

pub mod suggest;

pub mod error;
