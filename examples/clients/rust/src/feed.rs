//! One topic on its way from the connection to whoever follows it: rows are counted, and wait in a
//! queue that has an end.

use tokio::sync::mpsc::Sender;

use crate::change::{Change, Changelog, Description};
use crate::error::Error;
use crate::message::Message;

/// What a `Topic` is told.
#[derive(Debug)]
pub(crate) enum News {
    /// What the server says of the topic.
    Described(Description),
    /// What happened.
    Change(Change),
    /// Why nothing follows.
    Failed(Error),
}

/// A topic that is followed.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) name: String,
    /// Tells a topic from one that was asked for under the same name before.
    pub(crate) id: u64,
    queue: Sender<News>,
    upsert: bool,
    /// The newest row that came, and the run of the server that numbered it.
    last: u64,
    stream_id: Option<String>,
}

impl Feed {
    pub(crate) fn new(name: String, id: u64, queue: Sender<News>) -> Self {
        Self {
            name,
            id,
            queue,
            upsert: false,
            last: 0,
            stream_id: None,
        }
    }

    /// The row to go on behind, if this run of the server numbered it.
    pub(crate) fn resume(&self, stream_id: &str) -> Option<u64> {
        (self.stream_id.as_deref() == Some(stream_id)).then_some(self.last)
    }

    pub(crate) async fn described(&mut self, description: Description) {
        self.upsert = description.changelog == Changelog::Upsert;
        self.send(News::Described(description)).await;
    }

    pub(crate) async fn fail(&mut self, error: Error) {
        self.send(News::Failed(error)).await;
    }

    /// Waits for room in the queue. One that nobody reads any more is about to be forgotten.
    async fn send(&self, news: News) {
        let _ = self.queue.send(news).await;
    }

    /// Hands on what a message says.
    pub(crate) async fn take(&mut self, message: Message, stream_id: &str) -> Result<(), Error> {
        let change = match message {
            Message::Snapshot { last, rows, .. } => {
                let before = last.saturating_sub(rows.len() as u64);
                // Rows between those that came and the snapshot, where the server has counted on.
                if let Some(seen) = self.resume(stream_id).filter(|seen| *seen < before)
                    && !self.upsert
                {
                    let (first, last) = (seen + 1, before);
                    self.send(News::Change(Change::Gap { first, last })).await;
                }
                self.last = last;
                self.stream_id = Some(stream_id.to_owned());
                Change::Snapshot { last, rows }
            }
            Message::Append {
                first,
                last,
                time,
                rows,
                ..
            } => {
                self.count(first, last)?;
                if rows.len() as u64 != last + 1 - first {
                    return Err(Error::Protocol(format!(
                        "{} rows came as {first} to {last} of `{}`",
                        rows.len(),
                        self.name
                    )));
                }
                Change::Append {
                    first,
                    last,
                    time,
                    rows,
                }
            }
            Message::Upsert {
                first,
                last,
                time,
                rows,
                deleted,
                ..
            } => {
                self.count(first, last)?;
                Change::Upsert {
                    first,
                    last,
                    time,
                    rows,
                    deleted,
                }
            }
            Message::Gap { first, last, .. } => {
                self.count(first, last)?;
                Change::Gap { first, last }
            }
            _ => return Ok(()),
        };
        self.send(News::Change(change)).await;
        Ok(())
    }

    /// Rows follow each other without a hole.
    fn count(&mut self, first: u64, last: u64) -> Result<(), Error> {
        if first != self.last + 1 || last < first {
            return Err(Error::Protocol(format!(
                "rows {first} to {last} of `{}` came after {}",
                self.name, self.last
            )));
        }
        self.last = last;
        Ok(())
    }
}
