//! Decoding, from the outside: texts and files in, rows and bad rows out.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

/// What the other modules share.
mod common;

/// CSV, case by case.
mod csv;

/// JSON lines, case by case.
mod json;

/// Bytes in memory.
mod memory;

/// Parquet and Arrow: types, projection, damage.
mod columnar;

/// Rows written by Arrow's own writers are read back equal.
mod round_trip;
