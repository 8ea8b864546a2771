//! Where the pipeline's thread and the clients meet: topics, a bell that rings when there is
//! something new, and how it ended. The pipeline's side never waits for a client.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::time::EventTime;

use crate::input::SinkInput;
use crate::websocket::bell::Bell;
use crate::websocket::log::Retention;
use crate::websocket::topic::Topic;

/// Whether more is to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// More may come.
    #[default]
    None,
    /// The inputs have ended.
    Done,
    /// The run broke off.
    Failed,
}

/// What the clients of a sink cost and missed.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Clients connected now.
    pub clients: AtomicU64,
    /// Messages sent.
    pub messages: AtomicU64,
    /// Bytes of messages sent, without the frames' heads.
    pub bytes: AtomicU64,
    /// Gaps told to clients that fell behind on append topics.
    pub gaps: AtomicU64,
    /// Conflated messages to clients that fell behind on upsert topics.
    pub conflated: AtomicU64,
    /// Clients closed because they were too slow.
    pub too_slow: AtomicU64,
}

/// Tells whether the figures of a topic are stale: whether a source behind it has been silent for
/// too long.
#[derive(Clone)]
pub struct Staleness(Arc<dyn Fn(usize) -> bool + Send + Sync>);

impl Staleness {
    /// By a function of topics, by their places among the sink's streams.
    pub fn new(of: impl Fn(usize) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(of))
    }

    pub(crate) fn of(&self, topic: usize) -> bool {
        (self.0)(topic)
    }
}

impl fmt::Debug for Staleness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Staleness")
    }
}

/// Topics and their clients.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) pipeline: String,
    /// New with every run: another id means that seqs do not go on.
    pub(crate) stream_id: String,
    pub(crate) zone: Tz,
    pub(crate) topics: Vec<Arc<Topic>>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) stale: Staleness,
    pub(crate) bell: Bell,
    /// How the run ended, once it has.
    ending: OnceLock<Ending>,
    sessions: Mutex<usize>,
    gone: Condvar,
}

/// A client's presence, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Presence(Arc<Hub>);

impl Hub {
    pub(crate) fn new(
        inputs: &[SinkInput],
        history: Retention,
        pipeline: String,
        stream_id: String,
        zone: Tz,
        stale: Staleness,
    ) -> Result<Self> {
        let topic = |input| Topic::new(input, history, zone).map(Arc::new);
        Ok(Self {
            pipeline,
            stream_id,
            zone,
            topics: inputs.iter().map(topic).collect::<Result<_>>()?,
            traffic: Arc::default(),
            stale,
            bell: Bell::default(),
            ending: OnceLock::new(),
            sessions: Mutex::new(0),
            gone: Condvar::new(),
        })
    }

    /// Takes rows of a topic.
    pub(crate) fn write(&self, topic: usize, rows: &Batch) -> Result<()> {
        if !rows.is_empty() {
            self.topic(topic)?.log().write(rows)?;
            self.bell.ring();
        }
        Ok(())
    }

    /// A topic's watermark advanced. Clients learn of it with the next heartbeat.
    pub(crate) fn advance(&self, topic: usize, watermark: EventTime) -> Result<()> {
        self.topic(topic)?.log().advance(watermark);
        Ok(())
    }

    /// Nothing follows.
    pub(crate) fn end(&self, ending: Ending) {
        if ending == Ending::Done {
            for topic in &self.topics {
                topic.log().advance(EventTime::MAX);
            }
        }
        // An ending, once there is one, stays.
        self.ending.get_or_init(|| ending);
        self.bell.ring();
    }

    /// Whether more is to come.
    pub(crate) fn ending(&self) -> Ending {
        self.ending.get().copied().unwrap_or_default()
    }

    /// Counts a client in, unless there are too many.
    pub(crate) fn enter(self: &Arc<Self>, clients_max: usize) -> Option<Presence> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if *sessions >= clients_max {
            return None;
        }
        *sessions += 1;
        self.traffic
            .clients
            .store(*sessions as u64, Ordering::Relaxed);
        Some(Presence(Arc::clone(self)))
    }

    /// Waits, at most so long, until no client is left.
    pub(crate) fn wait_for_clients(&self, limit: Duration) {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .gone
            .wait_timeout_while(sessions, limit, |sessions| *sessions > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn topic(&self, topic: usize) -> Result<&Topic> {
        self.topics.get(topic).map(AsRef::as_ref).ok_or_else(|| {
            Error::internal(format!(
                "port {topic} of a sink with {} inputs",
                self.topics.len()
            ))
        })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut sessions = self
            .0
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *sessions -= 1;
        self.0
            .traffic
            .clients
            .store(*sessions as u64, Ordering::Relaxed);
        self.0.gone.notify_all();
    }
}
