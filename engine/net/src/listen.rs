//! A listener: bound before anything runs, so that a wrong or taken address is told at once;
//! served on the caller's tokio runtime; stopped from a plain thread.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use axum::{Router, middleware};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use zaraba_core::error::{Error, Result};

use crate::access::{Access, Auth};
use crate::guard::{Door, guard};
use crate::limits::Limits;
use crate::serve::{serve, speak};
use crate::tls::Tls;

/// What stands between a listener's routes and strangers.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// Who may ask.
    pub access: Access,
    /// What is shown to those who speak TLS; none: plain HTTP.
    pub tls: Option<Tls>,
    /// What strangers may cost.
    pub limits: Limits,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    stopped: Receiver<()>,
    task: AbortHandle,
}

impl Server {
    /// As [`Server::open`], for any program of this machine.
    ///
    /// # Errors
    /// When the address is none, is not a loopback one, or is taken.
    pub fn start(listen: &str, routes: Router, handle: &Handle) -> Result<Self> {
        Self::open(listen, routes, Edge::default(), handle)
    }

    /// Binds `listen` (`127.0.0.1:8225`, `localhost:8225`, `[::1]:8225`; port 0 is any free one)
    /// and serves the routes there. Who may not ask is refused before any route is; who may is a
    /// [`Caller`](crate::access::Caller) among the request's extensions.
    ///
    /// # Errors
    /// When the address is none, is open to other machines without `auth`, or is taken.
    pub fn open(listen: &str, routes: Router, edge: Edge, handle: &Handle) -> Result<Self> {
        let wanted = parse(listen, &edge.access.auth)?;
        let listener = bind(wanted)?;
        let failed = |e: std::io::Error| Error::outside(format!("cannot listen on {wanted}: {e}"));
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let listener = {
            let _entered = handle.enter();
            tokio::net::TcpListener::from_std(listener).map_err(failed)?
        };
        let Edge {
            access,
            tls,
            limits,
        } = edge;
        let routes = guarded(routes, access, tls.is_some(), limits);
        let (stop, stopping) = oneshot::channel::<()>();
        let (ended, stopped) = channel();
        let task = handle.spawn(async move {
            serve(listener, routes, limits, tls, stopping).await;
            let _ = ended.send(()); // nobody may be waiting
        });
        Ok(Self {
            address,
            stop: Some(stop),
            stopped,
            task: task.abort_handle(),
        })
    }

    /// Where it listens: with the port that was found for port 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and waits, at most so long, until the requests that run are
    /// answered. Blocks: for plain threads only.
    pub fn stop(&mut self, limit: Duration) {
        let Some(stop) = self.stop.take() else { return };
        let _ = stop.send(()); // it may have failed already
        if self.stopped.recv_timeout(limit).is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves one connection that is there already, whatever it is made of, until it ends: for tests,
/// and for whoever has sockets of another kind.
pub async fn converse(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    routes: Router,
    edge: Edge,
) {
    let limits = edge.limits;
    speak(
        io,
        guarded(routes, edge.access, edge.tls.is_some(), limits),
        limits,
    )
    .await;
}

/// The routes behind the guard.
fn guarded(routes: Router, access: Access, secure: bool, limits: Limits) -> Router {
    let door = Arc::new(Door {
        access,
        secure,
        body_time: limits.header_time,
    });
    let guard = move |request, next| guard(Arc::clone(&door), request, next);
    routes.layer(middleware::from_fn(guard))
}

/// Reads an address and refuses what would be open to the network.
fn parse(listen: &str, auth: &Auth) -> Result<SocketAddr> {
    let numeric = match listen.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => listen.to_owned(),
    };
    let address: SocketAddr = numeric.parse().map_err(|_| {
        Error::user(format!(
            "expected an address and a port such as 127.0.0.1:8225, got `{listen}`"
        ))
    })?;
    if address.ip().is_loopback() || !matches!(auth, Auth::Machine) {
        return Ok(address);
    }
    Err(Error::user(format!(
        "{address} is open to other machines, which needs `auth`; or listen on 127.0.0.1:{}",
        address.port()
    )))
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        Error::outside(match error.kind() {
            ErrorKind::AddrInUse => format!(
                "{address} is already in use; stop the program that listens there, or give this \
                 one another port (port 0 takes a free one)"
            ),
            ErrorKind::PermissionDenied => {
                format!("{address} may not be listened on by this user; take a port above 1023")
            }
            _ => format!("cannot listen on {address}: {error}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (listen, expected) in [
            ("127.0.0.1:8225", Ok("127.0.0.1:8225")),
            ("localhost:0", Ok("127.0.0.1:0")),
            ("[::1]:8225", Ok("[::1]:8225")),
            (
                "8225",
                Err("expected an address and a port such as 127.0.0.1:8225, got `8225`"),
            ),
            ("127.0.0.1:99999", Err("expected an address and a port")),
            (
                "0.0.0.0:8225",
                Err("0.0.0.0:8225 is open to other machines"),
            ),
            ("[::]:8225", Err("[::]:8225 is open to other machines")),
        ] {
            match (parse(listen, &Auth::Machine), expected) {
                (Ok(address), Ok(expected)) => assert_eq!(address.to_string(), expected),
                (Err(Error::User(message)), Err(expected)) => {
                    assert!(message.starts_with(expected), "{message}");
                }
                (got, _) => panic!("{listen}: {got:?}"),
            }
        }
    }

    #[test]
    fn a_taken_port_is_told_with_a_way_out() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut first = Server::start("127.0.0.1:0", Router::new(), runtime.handle()).unwrap();
        let address = first.address();
        assert_ne!(address.port(), 0);
        let again = Server::start(&address.to_string(), Router::new(), runtime.handle());
        let Err(Error::Outside(message)) = again else {
            panic!("{again:?}")
        };
        assert!(
            message.starts_with(&format!("{address} is already in use; ")),
            "{message}"
        );
        first.stop(Duration::from_secs(5));
        Server::start(&address.to_string(), Router::new(), runtime.handle()).unwrap();
    }
}
