//! Connections that have asked nothing yet. They cost a place like any other, and a stranger can
//! open more of them than there are places: so when all are taken, the one that has been silent for
//! longest makes room for the newcomer, who is most likely about to say something.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Connections in the order in which they came, each with what tells it to go.
#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    connections: BTreeMap<u64, oneshot::Sender<()>>,
}

/// The silent connections of a listener.
#[derive(Clone, Debug, Default)]
pub(crate) struct Silent(Arc<Mutex<Waiting>>);

/// A connection among them, until it speaks or ends.
#[derive(Debug)]
pub(crate) struct Seat {
    id: u64,
    silent: Silent,
}

impl Silent {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one, and what tells it to go.
    pub(crate) fn sit(&self) -> (Seat, oneshot::Receiver<()>) {
        let (go, told) = oneshot::channel();
        let mut waiting = self.waiting();
        let id = waiting.next;
        waiting.next += 1;
        waiting.connections.insert(id, go);
        let silent = self.clone();
        (Seat { id, silent }, told)
    }

    /// Tells the oldest to go; whether there was one.
    pub(crate) fn make_room(&self) -> bool {
        let oldest = self.waiting().connections.pop_first();
        oldest.is_some_and(|(_, go)| go.send(()).is_ok())
    }
}

impl Seat {
    /// It has said something: nobody tells it to go any more.
    pub(crate) fn speaks(&self) {
        self.silent.waiting().connections.remove(&self.id);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.speaks();
    }
}

/// Until a connection is told to go; for ever, if it speaks.
pub(crate) async fn sent_away(told: oneshot::Receiver<()>) {
    if told.await.is_err() {
        pending().await
    }
}
