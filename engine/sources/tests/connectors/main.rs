//! The connectors that need nothing outside of this process.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

/// What the other modules share.
mod common;

/// `connector = "file"`
mod file;

/// `follow = true`
mod follow;

/// `connector = "simulate"`
mod simulate;

/// A simulated market.
mod market;

/// `connector = "channel"`
mod channel;

/// `connector = "http_server"`
mod http_server;

/// The same, by strangers who mean harm.
mod hostile;

/// `connector = "http_client"`
mod http_client;

/// `http_client` that asks for one item after the other.
mod rounds;

/// `connector = "websocket"`
mod websocket;

/// `connector = "clock"`
mod clock;

/// Rows judged by time.
mod intake;
