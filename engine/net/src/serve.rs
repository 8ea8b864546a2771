//! Connections of a listener: each a task, none of which can hold more than its limits say. One
//! that says nothing, or says its header too slowly, is closed; where there are too many, it is the
//! one that has been silent for longest.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::limits::Limits;
use crate::silent::{Seat, Silent, sent_away};
use crate::stall::Stall;
use crate::tls::Tls;

/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// How long no connection is taken after the system had none to give.
const BREATH: Duration = Duration::from_millis(100);

/// A WebSocket closes a slow client itself, with the code that says so: this comes after.
const STALL: u32 = 2;

/// What each connection needs.
#[derive(Clone)]
struct Speaker {
    routes: Router,
    limits: Limits,
    closing: watch::Receiver<bool>,
}

/// Serves until it is told to stop, and the requests that run then to their end.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: Limits,
    tls: Option<Tls>,
    mut stopping: oneshot::Receiver<()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let silent = Silent::default();
    let (close, closing) = watch::channel(false);
    let (alive, mut ended) = mpsc::channel::<()>(1);
    let speaker = Speaker {
        routes,
        limits,
        closing,
    };
    loop {
        let accepted = tokio::select! {
            biased;
            _ = &mut stopping => break,
            accepted = listener.accept() => accepted,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(BREATH).await;
                continue;
            }
        };
        let Some(place) = place(&places, &silent).await else {
            tracing::debug!("a connection too many was closed");
            continue;
        };
        let (speaker, tls, alive) = (speaker.clone(), tls.clone(), alive.clone());
        let (seat, told) = silent.sit();
        tokio::spawn(async move {
            tokio::select! {
                () = speaker.welcome(socket, tls, seat) => {}
                () = sent_away(told) => tracing::debug!("a silent connection made room"),
            }
            drop((place, alive));
        });
    }
    drop((listener, alive));
    let _ = close.send(true); // nobody may be connected
    let _ = ended.recv().await;
}

/// Serves one connection until it ends.
pub(crate) async fn speak(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    routes: Router,
    limits: Limits,
) {
    let (close, closing) = watch::channel(false);
    let speaker = Speaker {
        routes,
        limits,
        closing,
    };
    let (seat, _told) = Silent::default().sit();
    speaker.speak(io, seat).await;
    drop(close);
}

/// A place for one more, that of a silent connection if there is no other.
async fn place(places: &Arc<Semaphore>, silent: &Silent) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    if !silent.make_room() {
        return None;
    }
    // It leaves at once; but who is served does not wait for it for ever.
    let given = timeout(BREATH, Arc::clone(places).acquire_owned()).await;
    given.ok()?.ok()
}

impl Speaker {
    async fn welcome(self, socket: TcpStream, tls: Option<Tls>, seat: Seat) {
        // Messages are whole when they are sent: waiting for more would only delay them.
        drop(socket.set_nodelay(true));
        let Some(tls) = tls else {
            return self.speak(socket, seat).await;
        };
        match timeout(self.limits.header_time, tls.0.accept(socket)).await {
            Ok(Ok(socket)) => self.speak(socket, seat).await,
            Ok(Err(error)) => tracing::debug!(%error, "a connection that does not speak TLS"),
            Err(_) => tracing::debug!("a connection spoke TLS too slowly"),
        }
    }

    async fn speak(
        mut self,
        socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        seat: Seat,
    ) {
        let routes = TowerToHyperService::new(self.routes);
        let service = service_fn(move |request| {
            seat.speaks();
            routes.call(request)
        });
        let socket = Stall::new(socket, self.limits.slow * STALL);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_time)
            .max_buf_size(self.limits.header_bytes_max)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades();
        tokio::pin!(connection);
        let closed = async move { drop(self.closing.wait_for(|closing| *closing).await) };
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = closed => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

#[cfg(test)]
mod tests;
