//! `connector = "websocket"`: a server that pushes rows. The thread makes the requests of `before`
//! (`requests`), opens the connection (`connection`), says what `subscribe` says, and then reads
//! message by message. While the pipeline is behind it waits with the next one, so that the server
//! is slowed down and nothing is dropped here. When the connection is lost the work has failed, and
//! the runtime starts it again, from the requests on.

mod connection;

use std::sync::Arc;

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, WebsocketDoc};
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::source::Wake;
use zaraba_formats::decode::DecodeOptions;

use self::connection::Connection;
use crate::decoded::Bodies;
use crate::http::shown;
use crate::requests::{Captured, Requests, hidden};
use crate::threaded::{Drive, Failure, Tell, ThreadedSource, Work};

/// Messages that wait until the pipeline takes their rows.
const QUEUE: usize = 64;

/// Starts its thread; nothing is connected before the first poll.
///
/// # Errors
/// When the system gives no thread.
pub fn websocket(
    doc: &WebsocketDoc,
    schema: &[ColumnDoc],
    zone: Tz,
    clock: Arc<dyn Clock>,
) -> Result<ThreadedSource> {
    let options = DecodeOptions {
        delimiter: doc.delimiter,
        header: doc.header,
        ..DecodeOptions::new(doc.format, zone)
    };
    let feed = Feed {
        before: Requests::new(&doc.before, doc.connect_timeout, doc.max_size),
        bodies: Bodies::new(schema, options, doc.rows.clone()),
        doc: doc.clone(),
        clock: Arc::clone(&clock),
    };
    let drive = Drive {
        name: "websocket",
        queue: QUEUE,
        every: 0,
        clock,
        wake: Wake::default(),
    };
    ThreadedSource::start(feed, drive)
}

/// Reads what a server pushes.
struct Feed {
    before: Requests,
    bodies: Bodies,
    doc: WebsocketDoc,
    clock: Arc<dyn Clock>,
}

impl Feed {
    /// One connection, from the requests before it to its end.
    fn connect(&self, captured: &mut Captured, tell: &Tell) -> Result<(), Failure> {
        self.before.run(captured, &*self.clock, || {})?;
        let mut connection = Connection::open(&self.doc, captured, &self.clock, tell)?;
        for message in &self.doc.subscribe {
            connection.say(message.filled(captured))?;
        }
        let name = shown(&self.doc.url.value);
        let mut messages: u64 = 0;
        while let Some(message) = connection.next(tell)? {
            messages += 1;
            let name = format!("{name}: message {messages}");
            tell.rows(self.bodies.read_or_bad(&name, message));
        }
        Ok(())
    }
}

impl Work for Feed {
    fn work(&mut self, tell: &Tell) -> Result<(), Failure> {
        let mut captured = Captured::new();
        let connected = self.connect(&mut captured, tell);
        connected.map_err(|failure| hidden(&captured, failure))
    }
}
