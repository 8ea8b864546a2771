//! One topic: a stream of its changes, and its state as of the change that was read last.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, UnboundedSender};

use crate::change::{Change, Changelog, Description, Row};
use crate::error::Error;
use crate::feed::News;
use crate::line::Order;

/// A topic that is followed until this is dropped. The stream ends when the client is dropped, or
/// when the pipeline has ended for good; after an error nothing follows.
#[derive(Debug)]
pub struct Topic {
    name: String,
    id: u64,
    queue: Receiver<News>,
    orders: UnboundedSender<Order>,
    description: Option<Description>,
    state: BTreeMap<String, Row>,
    failed: bool,
}

impl Topic {
    pub(crate) fn new(
        name: String,
        id: u64,
        queue: Receiver<News>,
        orders: UnboundedSender<Order>,
    ) -> Self {
        Self {
            name,
            id,
            queue,
            orders,
            description: None,
            state: BTreeMap::new(),
            failed: false,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the server says of it; none before the first change.
    #[must_use]
    pub fn description(&self) -> Option<&Description> {
        self.description.as_ref()
    }

    /// The rows of an upsert topic, as of the change that was read last.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.state.values()
    }

    /// The row of an upsert topic with these values of its key columns.
    #[must_use]
    pub fn get(&self, key: &[Value]) -> Option<&Row> {
        self.state.get(&key_text(key.iter()))
    }

    fn apply(&mut self, change: &Change) {
        let Some(description) = &self.description else {
            return;
        };
        if description.changelog == Changelog::Append {
            return;
        }
        let key = |row: &Row| {
            let column = |name: &String| row.get(name).unwrap_or(&Value::Null);
            key_text(description.key.iter().map(column))
        };
        let (rows, deleted) = match change {
            Change::Snapshot { rows, .. } => {
                self.state.clear();
                (rows, &[][..])
            }
            Change::Upsert { rows, deleted, .. } => (rows, deleted.as_slice()),
            Change::Append { .. } | Change::Gap { .. } => return,
        };
        let rows = rows.iter().map(|row| (key(row), row.clone()));
        self.state.extend(rows);
        for gone in deleted {
            self.state.remove(&key(gone));
        }
    }
}

/// A key as a text that no other key has.
fn key_text<'a>(key: impl Iterator<Item = &'a Value>) -> String {
    let texts: Vec<String> = key.map(Value::to_string).collect();
    texts.join(",")
}

impl Stream for Topic {
    type Item = Result<Change, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.failed {
                return Poll::Ready(None);
            }
            match ready!(self.queue.poll_recv(cx)) {
                None => return Poll::Ready(None),
                Some(News::Described(description)) => self.description = Some(description),
                Some(News::Failed(error)) => {
                    self.failed = true;
                    return Poll::Ready(Some(Err(error)));
                }
                Some(News::Change(change)) => {
                    self.apply(&change);
                    return Poll::Ready(Some(Ok(change)));
                }
            }
        }
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // A client that is gone needs not be told.
        let _ = self.orders.send(Order::Forget { id: self.id });
    }
}
