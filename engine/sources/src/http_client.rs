//! `connector = "http_client"`: an address that is asked for rows again and again. Asking blocks,
//! so it has a thread of its own: `round` is what it does each time, `pages` follows the pages of a
//! poll, `ask` is one of them.

mod ask;

mod pages;

mod round;

use std::sync::Arc;

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, HttpClientDoc};
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::source::{Source as _, Wake};

use self::round::Round;
use crate::threaded::{Drive, ThreadedSource};

/// Answers that wait until the pipeline takes their rows.
const QUEUE: usize = 2;

/// Starts its thread; nothing is asked before the first poll.
///
/// # Errors
/// When the system gives no thread.
pub fn http_client(
    doc: &HttpClientDoc,
    schema: &[ColumnDoc],
    zone: Tz,
    clock: Arc<dyn Clock>,
) -> Result<ThreadedSource> {
    let drive = Drive {
        name: "http_client",
        queue: QUEUE,
        every: doc.every,
        clock: Arc::clone(&clock),
        wake: Wake::default(),
    };
    let mut source = ThreadedSource::start(Round::new(doc, schema, zone, clock), drive)?;
    if doc.each.as_ref().is_some_and(Vec::is_empty) {
        source.close(); // There is nothing to ask for, and nobody waits for its rows.
    }
    Ok(source)
}
