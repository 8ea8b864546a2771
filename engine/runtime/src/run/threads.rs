//! The executor of real runs: a plain thread a node, bounded queues between them. A full queue
//! stops whoever writes to it, up to the source. Nodes know no tokio, so this works inside and
//! outside of it; sinks that need tokio were given a handle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use zaraba_core::clock::{Clock, Stopwatch};
use zaraba_core::error::{Error, Result};
use zaraba_core::message::Message;
use zaraba_core::meter::Meter;
use zaraba_core::operator::Port;
use zaraba_core::output::OutPort;
use zaraba_core::source::Wake;
use zaraba_core::time::Epoch;

use crate::run::graph::{Graph, Routes, Target, count};
use crate::run::sink_task::SinkTask;
use crate::run::source_task::{SourceTask, Stepped};
use crate::run::tap::Tap;
use crate::run::vertex::Vertex;

/// How long a waiting source sleeps at most before it looks for a stop or a barrier.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long after a stop a node may go on with what it is writing: millions of windows that close
/// at once are not waited for.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// What is said to a run from outside.
#[derive(Debug, Default)]
pub struct Control {
    stop: AtomicBool,
    /// A node has failed: sources end at once and nothing is closed, so that no output looks whole.
    failed: AtomicBool,
    epoch: AtomicU64,
}

impl Control {
    /// Sources read no further: what is in flight is drained and written, and what is not
    /// complete (a window whose end has not come) stays unsaid, as a batch would never say it.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Ends an epoch at every source; the number of the epoch.
    pub fn barrier(&self) -> Epoch {
        Epoch(self.epoch.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

type Envelope = (Port, Message);

/// The way to one who receives.
struct Way {
    from: OutPort,
    queue: SyncSender<Envelope>,
    port: Port,
    /// The receiver's.
    meter: Arc<Meter>,
}

/// Sends to those who receive, and holds nobody else's queue: a queue to which nobody can send any
/// more tells its node that the run has failed.
struct Sender {
    ways: Vec<Way>,
    taps: Vec<(OutPort, Arc<Tap>)>,
    meter: Arc<Meter>,
}

/// Whoever should receive has gone: the run is failing, and the reason is told by who failed.
struct Gone;

impl Sender {
    fn send(&self, written: Vec<(OutPort, Message)>) -> Result<(), Gone> {
        for (from, message) in written {
            count(&self.meter, from, &message);
            for (_, tap) in self.taps.iter().filter(|(port, _)| *port == from) {
                tap.see(&message);
            }
            for way in self.ways.iter().filter(|way| way.from == from) {
                way.meter.queued.fetch_add(1, Ordering::Relaxed);
                way.queue
                    .send((way.port, message.clone()))
                    .map_err(|_| Gone)?;
            }
        }
        Ok(())
    }
}

/// A pipeline that runs.
pub struct Running {
    threads: Vec<(Arc<str>, JoinHandle<Result<()>>)>,
    control: Arc<Control>,
}

impl Running {
    /// To stop it, or to end an epoch.
    #[must_use]
    pub fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    /// Waits until every node has ended.
    ///
    /// # Errors
    /// The first failure of a node.
    pub fn join(self) -> Result<()> {
        let mut failure = None;
        for (name, thread) in self.threads {
            let result = thread
                .join()
                .unwrap_or_else(|_| Err(Error::internal(format!("{name}: its thread panicked"))));
            if let Err(error) = result {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

/// Starts every node on a thread of its own. `queue`: messages that may wait before a node.
///
/// # Errors
/// When the system gives no more threads.
pub fn start(graph: Graph, queue: usize, clock: &Arc<dyn Clock>) -> Result<Running> {
    let control = Arc::new(Control::default());
    let channel = || sync_channel::<Envelope>(queue.max(1));
    let (vertex_in, vertex_out): (Vec<_>, Vec<_>) =
        graph.vertices.iter().map(|_| channel()).unzip();
    let (sink_in, sink_out): (Vec<_>, Vec<_>) = graph.sinks.iter().map(|_| channel()).unzip();
    let vertex_meters = graph.vertices.iter().map(|(v, _)| Arc::clone(&v.meter));
    let vertex_in: Vec<_> = vertex_in.into_iter().zip(vertex_meters).collect();
    let sink_meters = graph.sinks.iter().map(|s| Arc::clone(&s.meter));
    let sink_in: Vec<_> = sink_in.into_iter().zip(sink_meters).collect();
    let way = |(from, target): &(OutPort, Target)| {
        let ((queue, meter), port) = match *target {
            Target::Vertex(i, port) => (&vertex_in[i], port),
            Target::Sink(i, port) => (&sink_in[i], port),
        };
        Way {
            from: *from,
            queue: queue.clone(),
            port,
            meter: Arc::clone(meter),
        }
    };
    let sender = |routes: Routes, meter: &Arc<Meter>| Sender {
        ways: routes.ways.iter().map(way).collect(),
        taps: routes.taps,
        meter: Arc::clone(meter),
    };
    let mut threads = Vec::new();
    for (sink, inbox) in graph.sinks.into_iter().zip(sink_out) {
        let name = Arc::clone(&sink.name);
        threads.push(spawn(name, &control, move || drive_sink(sink, &inbox))?);
    }
    for ((vertex, routes), inbox) in graph.vertices.into_iter().zip(vertex_out) {
        let sender = sender(routes, &vertex.meter);
        let name = Arc::clone(&vertex.name);
        let told = Arc::clone(&control);
        threads.push(spawn(name, &control, move || {
            drive_vertex(vertex, &inbox, &sender, &told)
        })?);
    }
    for (task, routes, wake) in graph.sources {
        let sender = sender(routes, &task.meter);
        let (clock, told) = (Arc::clone(clock), Arc::clone(&control));
        let name = Arc::clone(&task.name);
        let drive = move || drive_source(task, &sender, &wake, clock.as_ref(), &told);
        threads.push(spawn(name, &control, drive)?);
    }
    Ok(Running { threads, control })
}

/// Tells the run that a node has failed, also when its thread panics.
struct Alarm(Arc<Control>, bool);

impl Drop for Alarm {
    fn drop(&mut self) {
        if self.1 {
            self.0.failed.store(true, Ordering::Relaxed);
        }
    }
}

fn spawn(
    name: Arc<str>,
    control: &Arc<Control>,
    run: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<(Arc<str>, JoinHandle<Result<()>>)> {
    let control = Arc::clone(control);
    let thread = std::thread::Builder::new()
        .name(name.to_string())
        .spawn(move || {
            let mut alarm = Alarm(control, true);
            let result = run();
            alarm.1 = result.is_err();
            result
        });
    let thread = thread.map_err(|e| Error::outside(format!("{name}: no thread: {e}")))?;
    Ok((name, thread))
}

fn busy(meter: &Meter, watch: Stopwatch) {
    let ns = u64::try_from(watch.elapsed().as_nanos()).unwrap_or(u64::MAX);
    meter.busy_ns.fetch_add(ns, Ordering::Relaxed);
}

fn drive_sink(mut sink: SinkTask, inbox: &Receiver<Envelope>) -> Result<()> {
    while !sink.ended() {
        let Ok((port, message)) = inbox.recv() else {
            return Ok(());
        };
        let watch = Stopwatch::start();
        sink.meter.queued.fetch_sub(1, Ordering::Relaxed);
        sink.receive(port, message);
        while sink.busy() {
            sink.step()?;
        }
        busy(&sink.meter, watch);
    }
    Ok(())
}

fn drive_vertex(
    mut vertex: Vertex,
    inbox: &Receiver<Envelope>,
    sender: &Sender,
    control: &Control,
) -> Result<()> {
    let mut stopped: Option<Stopwatch> = None;
    while !vertex.ended() {
        let Ok(first) = inbox.recv() else {
            return Ok(());
        };
        let mut next = Some(first);
        while let Some((port, message)) = next {
            vertex.meter.queued.fetch_sub(1, Ordering::Relaxed);
            vertex.receive(port, message)?;
            next = vertex.has_room().then(|| inbox.try_recv().ok()).flatten();
        }
        while vertex.busy() {
            let watch = Stopwatch::start();
            vertex.step()?;
            busy(&vertex.meter, watch);
            if vertex.writing() && control.stop.load(Ordering::Relaxed) {
                let since = stopped.get_or_insert_with(Stopwatch::start);
                if since.elapsed() > STOP_PATIENCE {
                    tracing::warn!(node = %vertex.name, "stopped in the middle of its rows");
                    vertex.leave();
                }
            }
            if sender.send(vertex.written()).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn drive_source(
    mut task: SourceTask,
    sender: &Sender,
    wake: &Wake,
    clock: &dyn Clock,
    control: &Control,
) -> Result<()> {
    let mut epoch = 0;
    while !task.ended() {
        if control.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        while epoch < control.epoch.load(Ordering::Relaxed) {
            epoch += 1;
            task.barrier(Epoch(epoch))?;
        }
        let watch = Stopwatch::start();
        let stepped = if control.stop.load(Ordering::Relaxed) {
            task.stop()?;
            Stepped::Ended
        } else {
            task.step()?
        };
        busy(&task.meter, watch);
        if sender.send(task.written()).is_err() {
            return Ok(());
        }
        if let Stepped::Wait(until) = stepped {
            let patience = until.map_or(LOOK_EVERY, |until| clock.patience(until));
            wake.wait(patience.min(LOOK_EVERY));
        }
    }
    Ok(())
}
