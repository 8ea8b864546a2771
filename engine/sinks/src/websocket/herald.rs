//! Carries news to the clients: one thread for all of them. It is woken once, however many clients
//! there are, and writes what is new to each that waits for it: one write a client, of bytes that
//! all share, and no task is woken for that. A client that needs more (a snapshot, what it missed,
//! room in its socket) is left to its own task. The heart beats here as well, for all at once and
//! with the rows where there are some, so that no client has a timer.

use std::io;
use std::sync::{Arc, Weak};
use std::task::{Context, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use zaraba_core::clock::Stopwatch;
use zaraba_core::error::{Error, Result};

use crate::websocket::connection::Client;
use crate::websocket::hub::{Ending, Hub};
use crate::websocket::session::Told;

/// How often clients hear the watermark, at least.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// From when on the heart beats with rows that are sent anyway.
const EARLY: Duration = Duration::from_millis(900);

/// The thread.
#[derive(Debug)]
pub(crate) struct Herald {
    hub: Arc<Hub>,
    thread: Option<JoinHandle<()>>,
}

impl Herald {
    /// Starts it. Sockets are those of the given runtime.
    pub(crate) fn start(hub: &Arc<Hub>, handle: &Handle) -> Result<Self> {
        let (its_hub, handle) = (Arc::clone(hub), handle.clone());
        let failed = |e: io::Error| Error::outside(format!("no thread for clients: {e}"));
        let thread = std::thread::Builder::new()
            .name("clients".to_owned())
            .spawn(move || {
                let _entered = handle.enter();
                run(&its_hub);
            })
            .map_err(failed)?;
        Ok(Self {
            hub: Arc::clone(hub),
            thread: Some(thread),
        })
    }
}

impl Drop for Herald {
    fn drop(&mut self) {
        self.hub.bell.dismiss();
        if let Some(thread) = self.thread.take() {
            drop(thread.join()); // what it panicked with was printed
        }
    }
}

fn run(hub: &Hub) {
    let mut clients: Vec<Weak<Client>> = Vec::new();
    let mut beat = Stopwatch::start();
    while let Some(newcomers) = hub.bell.wait(HEARTBEAT.saturating_sub(beat.elapsed())) {
        clients.extend(newcomers);
        let beats = beat.elapsed() >= EARLY;
        if beats {
            beat = Stopwatch::start();
        }
        let ended = hub.ending() != Ending::None;
        let mut told = Told::default();
        // Nobody is woken by a socket that has room again: that is the client's own task.
        let mut cx = Context::from_waker(Waker::noop());
        clients.retain(|client| match client.upgrade() {
            Some(client) => {
                client.carry(&mut cx, beats, ended, &mut told);
                true
            }
            None => false,
        });
    }
}
