//! `connector = "http_client"`: an address that is asked for rows again and again. Asking blocks,
//! so it has a thread of its own: `worker` follows the pages of a poll, `ask` is one of them.

mod ask;

mod worker;

use std::sync::Arc;

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, HttpClientDoc};
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::source::Wake;

use self::worker::Worker;
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
    ThreadedSource::start(Worker::new(doc, schema, zone, clock), drive)
}
