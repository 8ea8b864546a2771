//! Where rows are POSTed: sources with the same address share a listener, that of a WebSocket
//! sink where one has the address, else one of their own.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::http::Uri;
use zaraba_config::document::{ErrorPolicy, HttpServerDoc};
use zaraba_core::error::{Error, Result};
use zaraba_net::listen::Server;
use zaraba_sources::http_server::{
    HttpServerOptions, HttpServerSource, Listener, http_server, not_found,
};

use crate::plan::PlannedSource;
use crate::wire::Wirer;

/// The doors of one address.
#[derive(Default)]
pub(super) struct Doors {
    listen: String,
    routes: Router,
    /// The sources behind them, and the path of each.
    paths: Vec<(String, String)>,
    listener: Listener,
}

/// Whether an address leaves the port to the system: such are never shared.
fn any_port(listen: &str) -> bool {
    listen.ends_with(":0")
}

impl Doors {
    /// What leads to the sources.
    pub(super) fn routes(&self) -> Router {
        self.routes.clone()
    }
}

impl Wirer<'_> {
    /// A source, with its route put where it will be listened for.
    pub(super) fn http_server(
        &mut self,
        planned: &PlannedSource,
        http: &HttpServerDoc,
    ) -> HttpServerSource {
        let doc = &planned.doc;
        let listen = &http.listen.value;
        let known = self.doors.iter().position(|d| d.listen == *listen);
        let at = known.filter(|_| !any_port(listen)).unwrap_or_else(|| {
            self.doors.push(Doors {
                listen: listen.clone(),
                ..Doors::default()
            });
            self.doors.len() - 1
        });
        let options = HttpServerOptions {
            path: http.path.value.clone(),
            schema: doc.schema.clone(),
            zone: self.plan.zone,
            time: doc.time.value.clone(),
            ahead: doc.ahead,
            on_error: doc.on_error.unwrap_or(ErrorPolicy::Fail),
            max_size: http.max_size,
            clock: Arc::clone(&self.around.clock),
        };
        let doors = &mut self.doors[at];
        let (source, route) = http_server(options, Arc::clone(&doors.listener));
        doors.routes = std::mem::take(&mut doors.routes).merge(route);
        let name = doc.name.value.clone();
        doors.paths.push((name, http.path.value.clone()));
        source
    }

    /// The routes of sources that a sink's listener serves.
    pub(super) fn doors_of(&mut self, listen: &str) -> Option<Doors> {
        let at = self.doors.iter().position(|d| d.listen == listen);
        Some(self.doors.remove(at.filter(|_| !any_port(listen))?))
    }

    /// Says where the rows of sources are POSTed.
    pub(super) fn opened(&mut self, doors: Doors, address: SocketAddr) {
        let url = |(name, path)| (name, format!("http://{address}{path}"));
        self.wired.posting.extend(doors.paths.into_iter().map(url));
    }

    /// Listens for the sources that no sink listens for.
    pub(super) fn open_doors(&mut self) -> Result<()> {
        for doors in std::mem::take(&mut self.doors) {
            let handle = self.around.tokio.clone().ok_or_else(|| {
                Error::internal("a source that listens needs a tokio runtime to run on")
            })?;
            let paths: Vec<String> = doors.paths.iter().map(|(_, path)| path.clone()).collect();
            let routes = doors.routes().fallback(move |uri: Uri| {
                let paths = paths.clone();
                async move { not_found(&paths, uri).await }
            });
            let names: Vec<&str> = doors.paths.iter().map(|(name, _)| name.as_str()).collect();
            let server = Server::start(&doors.listen, routes, &handle);
            let server = server.map_err(|e| e.at(&names.join(", ")))?;
            let (listener, address) = (Arc::clone(&doors.listener), server.address());
            *listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
            self.opened(doors, address);
        }
        Ok(())
    }
}
