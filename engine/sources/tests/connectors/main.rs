//! The connectors that need nothing outside: files, made-up rows, the embedding program.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

/// What the other modules share.
mod common;

/// `connector = "file"`
mod file;

/// `connector = "simulate"`
mod simulate;

/// A simulated market.
mod market;

/// `connector = "channel"`
mod channel;

/// Rows judged by time.
mod intake;
