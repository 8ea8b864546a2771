//! The webhook sink: rows as requests to a chat, a mail gateway or any other server.
//!
//! The pipeline's thread makes items of rows (`row`), puts them where they wait (`waiting`) and
//! never waits itself. A thread of its own (`sender`) takes them by the clock (`quiet`), says them
//! in words (`template`, `escape`) and sends them (`request`), again and again where that may help.
//! What was not sent is written down (`dead`): for good no row is lost silently, and none ends the
//! run.

mod escape;

mod row;

mod template;

mod quiet;

mod waiting;

mod dead;

mod request;

mod sender;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono_tz::Tz;
use zaraba_config::document::{QuietDoc, WebhookDoc};
use zaraba_config::env::SECRET_BYTES_MIN;
use zaraba_core::batch::Batch;
use zaraba_core::clock::Clock;
use zaraba_core::error::{Error, Result};
use zaraba_core::meter::Meter;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_core::time::{ClockTime, SECOND};

use crate::input::{SinkInput, at_port};
use crate::webhook::dead::DeadLetters;
use crate::webhook::quiet::Quiet;
use crate::webhook::request::Requester;
use crate::webhook::row::{Item, Rows};
use crate::webhook::sender::{Post, Sender};
use crate::webhook::template::Templates;
use crate::webhook::waiting::Rules;

pub use crate::webhook::template::{TemplateMistake, check};

/// What a webhook sink is told beside its section.
pub struct WebhookOptions {
    /// Its name.
    pub sink: String,
    /// In which times are shown, and quiet hours are.
    pub zone: Tz,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// What no message may show.
    pub secrets: Vec<String>,
    /// Counts rows that were not sent.
    pub meter: Arc<Meter>,
}

/// Streams as requests.
pub struct WebhookSink {
    streams: Vec<Rows>,
    clock: Arc<dyn Clock>,
    post: Arc<Post>,
    dead: Arc<DeadLetters>,
    /// Rows that may wait, and how long the end waits for them.
    queue: usize,
    drain: Duration,
    closed: bool,
}

impl WebhookSink {
    /// Starts the thread that sends.
    ///
    /// # Errors
    /// When a column cannot be written, or the system gives no thread.
    pub fn start(doc: &WebhookDoc, inputs: &[SinkInput], options: WebhookOptions) -> Result<Self> {
        let WebhookOptions {
            sink,
            zone,
            clock,
            mut secrets,
            meter,
        } = options;
        // A server may say back what it was sent.
        secrets.push(doc.url.value.clone());
        secrets.extend(request::path(&doc.url.value).map(str::to_owned));
        secrets.extend(doc.headers.iter().map(|(_, value)| value.clone()));
        secrets.retain(|secret| secret.len() >= SECRET_BYTES_MIN);
        let except: Vec<(String, Vec<String>)> = doc.quiet.iter().flat_map(excepted).collect();
        let rows = |input| Rows::new(input, &except, zone);
        let dead = Arc::new(DeadLetters {
            sink,
            path: doc.dead_letter.clone(),
            zone,
            clock: Arc::clone(&clock),
            meter,
            secrets,
            file: Mutex::new(None),
        });
        let post = Arc::new(Post::default());
        let templates = Templates::new(doc);
        let hours = |quiet: &QuietDoc| Quiet {
            hours: quiet.hours,
            zone,
        };
        let sender = Sender {
            post: Arc::clone(&post),
            requester: Requester::new(doc, &templates.content_type),
            templates,
            rules: Rules {
                digest: doc.digest,
                quiet: doc.quiet.as_ref().map(hours),
            },
            clock: Arc::clone(&clock),
            dead: Arc::clone(&dead),
            retries: doc.retries,
            pause: (SECOND as f64 / doc.rate) as i64,
            next: ClockTime(i64::MIN),
        };
        let streams = inputs.iter().map(rows).collect::<Result<_>>()?;
        let thread = std::thread::Builder::new().name("webhook".to_owned());
        let started = thread.spawn(move || sender.run());
        drop(started.map_err(|e| Error::outside(format!("no thread to send from: {e}")))?);
        Ok(Self {
            streams,
            clock,
            post,
            dead,
            queue: doc.queue,
            drain: Duration::from_micros(u64::try_from(doc.drain).unwrap_or(0)),
            closed: false,
        })
    }

    /// Waits for what is not sent yet, as long as it may; the rest are dead letters.
    fn finish(&mut self) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        self.post.waiting().closing = true;
        self.post.ring();
        let (flying, rows) = {
            let mut waiting = self.post.wait_for_end(self.drain);
            waiting.abandoned = true;
            let rows: Vec<Item> = waiting.rows.drain(..).collect();
            (std::mem::take(&mut waiting.flying), rows)
        };
        self.post.ring();
        let reason = "the run ended before it was known to be taken";
        self.dead.bury(&flying, reason, false);
        self.dead
            .bury(&rows, "the run ended before it could be sent", false);
    }
}

fn excepted(quiet: &QuietDoc) -> impl Iterator<Item = (String, Vec<String>)> {
    let except = quiet.except.iter();
    except.map(|(column, values)| (column.value.clone(), values.clone()))
}

impl Sink for WebhookSink {
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()> {
        let stream = at_port(&mut self.streams, port)?;
        let mut items = stream.items(rows, self.clock.now())?;
        let (over, first) = {
            let mut waiting = self.post.waiting();
            let room = self
                .queue
                .saturating_sub(waiting.rows.len() + waiting.flying.len());
            let over = items.split_off(room.min(items.len()));
            waiting.rows.extend(items);
            let full = !over.is_empty();
            let before = std::mem::replace(&mut waiting.full, full);
            (over, full && !before)
        };
        self.post.ring();
        // Of many in a row the log has the first.
        let reason = format!(
            "{} rows wait already, as many as `queue` allows",
            self.queue
        );
        self.dead.bury(&over, &reason, !first);
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        self.finish();
        Ok(())
    }
}

impl Drop for WebhookSink {
    fn drop(&mut self) {
        self.finish();
    }
}

impl fmt::Debug for WebhookSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSink")
            .field("sink", &self.dead.sink)
            .finish()
    }
}
