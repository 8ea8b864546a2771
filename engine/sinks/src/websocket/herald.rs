//! Carries news to the clients: one thread for all of them. It is woken once, however many clients
//! there are, and writes what is new to each that waits for it: one write a client, of bytes that
//! all share, and no task is woken for that. A client that needs more (a snapshot, what it missed,
//! room in its socket) is left to its own task. The heart beats here as well, for all at once and
//! with the rows where there are some, so that no client has a timer.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use zaraba_core::clock::Stopwatch;
use zaraba_core::error::{Error, Result};

use crate::websocket::connection::{Client, Round};
use crate::websocket::hub::{Ending, Hub};

/// How often clients hear the watermark, at least.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// From when on the heart beats with rows that are sent anyway.
const EARLY: Duration = Duration::from_millis(900);

/// Clients whose memory is fetched at one time: one after another, each would be waited for.
const TOGETHER: usize = 16;

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
    let mut clients: Vec<Arc<Client>> = Vec::new();
    let mut beat = Stopwatch::start();
    while let Some(newcomers) = hub.bell.wait(HEARTBEAT.saturating_sub(beat.elapsed())) {
        clients.extend(newcomers);
        let beats = beat.elapsed() >= EARLY;
        if beats {
            beat = Stopwatch::start();
        }
        let mut round = Round::new(beats, hub.ending() != Ending::None);
        let mut gone = Vec::new();
        for start in (0..clients.len()).step_by(TOGETHER) {
            let together = &clients[start..clients.len().min(start + TOGETHER)];
            together.iter().for_each(|client| client.fetch());
            let at = (start..).zip(together);
            gone.extend(at.filter_map(|(at, client)| (!client.carry(&mut round)).then_some(at)));
        }
        for at in gone.into_iter().rev() {
            clients.swap_remove(at);
        }
        round.end(&hub.traffic);
    }
}
