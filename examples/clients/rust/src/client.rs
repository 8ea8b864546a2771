//! A connection that is kept up, and the topics on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::line::{Line, Order};
use crate::topic::Topic;

/// Messages of one topic that wait for their reader.
const MESSAGES_MAX: usize = 64;

/// What a client is told.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    pub(crate) until_end: bool,
}

impl Options {
    /// For the server at `ws://HOST:PORT/ws`; `wss://` needs the feature `tls`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: None,
            until_end: false,
        }
    }

    /// Says this token, in the header `Authorization`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Ends when the pipeline has ended, instead of waiting for it to run again.
    #[must_use]
    pub fn until_end(mut self) -> Self {
        self.until_end = true;
        self
    }
}

/// What is known of the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether the server has said hello and is there.
    pub connected: bool,
    /// The pipeline's name.
    pub pipeline: String,
    /// The id of its run: where it is another, numbers of rows have begun anew.
    pub stream_id: String,
    /// How often a server said hello.
    pub connections: u64,
    /// Why the connection before this one ended.
    pub trouble: Option<String>,
    /// How far event time has come over all topics that are followed.
    pub watermark: Option<String>,
    /// How far the topics are, where they differ.
    pub watermarks: HashMap<String, Option<String>>,
    /// Topics behind which a source is silent.
    pub stale: Vec<String>,
}

/// A connection to a pipeline. It is left when this is dropped.
#[derive(Debug)]
pub struct Client {
    orders: mpsc::UnboundedSender<Order>,
    status: watch::Receiver<Status>,
    task: JoinHandle<()>,
    ids: AtomicU64,
}

impl Client {
    /// Connects, and again whenever the connection is gone. Must be called in a tokio runtime.
    #[must_use]
    pub fn connect(options: Options) -> Self {
        let (orders, ordered) = mpsc::unbounded_channel();
        let (telling, status) = watch::channel(Status::default());
        let task = tokio::spawn(Line::new(options, ordered, telling).run());
        Self {
            orders,
            status,
            task,
            ids: AtomicU64::new(0),
        }
    }

    /// Follows a topic from here on. One that was asked for under the same name before ends.
    #[must_use]
    pub fn topic(&self, name: impl Into<String>) -> Topic {
        let (name, id) = (name.into(), self.ids.fetch_add(1, Ordering::Relaxed));
        let (queue, waiting) = mpsc::channel(MESSAGES_MAX);
        // Where the client has ended, the queue is dropped with the order, and the topic ends.
        let _ = self.orders.send(Order::Follow {
            name: name.clone(),
            id,
            queue,
        });
        Topic::new(name, id, waiting, self.orders.clone())
    }

    /// What is known of the connection; the receiver may also be waited on for changes.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}
