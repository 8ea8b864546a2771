//! A client of zaraba's WebSocket: topics as streams of changes. It knows the protocol's page
//! (docs/reference/websocket.md) and nothing of the engine.
//!
//! ```no_run
//! use futures::StreamExt as _;
//! use zaraba_client::client::{Client, Options};
//!
//! # async fn follow() -> Result<(), zaraba_client::error::Error> {
//! let client = Client::connect(Options::new("ws://127.0.0.1:8225/ws"));
//! let mut bars = client.topic("bars");
//! while let Some(change) = bars.next().await {
//!     println!("{:?}", change?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - A connection that breaks or falls silent is made again, after half a second and then later
//!   and later. Each topic goes on behind the last row that came; where that cannot be, a
//!   `Snapshot` comes and replaces what was there.
//! - Rows are counted: a hole in their numbers that the server does not call a gap is an error.
//! - Who reads slowly is not fed without end: a few messages of a topic wait, then nothing more is
//!   read, and the server says what it left out as a `Gap`, or sends the newest state. So read
//!   every topic that you ask for, or drop it.

pub mod error;

/// What the server says, as it says it.
mod message;

pub mod change;

pub mod topic;

/// Messages of one topic, checked and handed to whoever follows it.
mod feed;

/// The task that keeps the connection up.
mod line;

pub mod client;
