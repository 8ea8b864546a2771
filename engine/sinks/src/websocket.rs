//! The WebSocket sink: streams become topics that browsers and other clients follow.
//!
//! The pipeline's thread writes into the hub (`hub`: one `log` per topic, and on upsert topics
//! the whole `state`), rings the `bell` and never waits for a client. Each client is a `connection`
//! with a `session` that remembers the seq sent last per topic and asks the log what comes next; the
//! message itself (`protocol`, `rows`, `binary`, `wire`) is made once per topic and encoding,
//! whatever the number of clients. One thread, the `herald`, carries what is new to those who wait
//! for it; each client's own task does what takes longer. `routes` is the rest of the listener;
//! `api` answers topics and queries over plain HTTP; `inspector` is the page where no assets are set.

mod rows;

mod state;

mod log;

mod voice;

mod protocol;

mod wire;

mod binary;

mod topic;

mod bell;

mod hub;

mod session;

mod outbox;

mod upgrade;

mod connection;

mod herald;

mod answer;

pub mod query;

mod api;

mod about;

mod tap;

mod set;

mod inspector;

mod routes;

mod astray;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono_tz::Tz;
use tokio::runtime::Handle;
use zaraba_core::batch::Batch;
use zaraba_core::clock::Clock;
use zaraba_core::error::Result;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_core::time::EventTime;
use zaraba_net::access::Access;
use zaraba_net::assets::Assets;
use zaraba_net::limits::Limits;
use zaraba_net::listen::{Edge, Server};
use zaraba_net::tls::Tls;

use crate::input::SinkInput;
use crate::inside::Inside;
use crate::websocket::herald::Herald;
use crate::websocket::hub::{Ending, Hub};
use crate::websocket::query::{Desk, QueryOptions};
use crate::websocket::routes::Site;

pub use crate::websocket::hub::{Staleness, Traffic};
pub use crate::websocket::log::Retention;

/// How long clients of a run that broke off are told so.
const BREAK_OFF: Duration = Duration::from_secs(1);

/// Makes the text of a page when it is asked for.
pub type Answer = Arc<dyn Fn() -> String + Send + Sync>;

/// Whether what a client says is understood; else what it is told.
///
/// # Errors
/// What is wrong with it.
pub fn understand(text: &str) -> std::result::Result<(), String> {
    protocol::parse(text).map(drop)
}

/// What a WebSocket sink is told.
pub struct WebsocketOptions {
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// Who may ask.
    pub access: Access,
    /// What is shown to those who speak TLS; none: plain HTTP.
    pub tls: Option<Tls>,
    /// A folder of static files served at `/`.
    pub assets: Option<PathBuf>,
    /// What is kept of append topics for clients that come late.
    pub history: Retention,
    /// The pipeline's name.
    pub pipeline: String,
    /// The zone in which times are written.
    pub zone: Tz,
    /// Which topics are stale.
    pub stale: Staleness,
    /// Who answers `/api/query`; none: nobody.
    pub query: Option<QueryOptions>,
    /// Answers what is asked about the pipeline.
    pub inside: Arc<dyn Inside>,
    /// Tells when the run began, which names its numbering of rows.
    pub clock: Arc<dyn Clock>,
    /// What clients may cost.
    pub limits: Limits,
}

/// Streams as WebSocket topics.
pub struct WebsocketSink {
    hub: Arc<Hub>,
    /// Ends after the clients, when the sink is dropped.
    _herald: Herald,
    server: Server,
    limits: Limits,
}

impl WebsocketSink {
    /// Binds the address and serves on the given runtime, `beside` with what is its own. Answers
    /// where it listens.
    ///
    /// # Errors
    /// When the address is wrong or taken, the assets' folder is not there, or a column has no
    /// JSON.
    pub fn start(
        inputs: &[SinkInput],
        options: WebsocketOptions,
        beside: Router,
        handle: &Handle,
    ) -> Result<(Self, SocketAddr)> {
        let stream_id = format!("{:x}-{:x}", options.clock.now().0, std::process::id());
        let assets = options
            .assets
            .as_deref()
            .map(Assets::open)
            .transpose()?
            .map(Arc::new);
        let hub = Hub::new(
            inputs,
            options.history,
            options.pipeline,
            stream_id,
            options.zone,
            options.stale,
        )?;
        let hub = Arc::new(hub);
        let herald = Herald::start(&hub, handle)?;
        let limits = options.limits;
        let edge = Edge {
            access: options.access,
            tls: options.tls,
            limits,
        };
        let routes = routes::routes(Site {
            hub: Arc::clone(&hub),
            limits,
            assets,
            desk: options.query.map(Desk::new),
            inside: options.inside,
            taps: tap::Places::default(),
        });
        let server = Server::open(&options.listen, routes.merge(beside), edge, handle)?;
        let address = server.address();
        Ok((
            Self {
                hub,
                _herald: herald,
                server,
                limits,
            },
            address,
        ))
    }

    /// What the clients cost and missed, for metrics.
    #[must_use]
    pub fn traffic(&self) -> Arc<Traffic> {
        Arc::clone(&self.hub.traffic)
    }
}

impl Sink for WebsocketSink {
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()> {
        self.hub.write(port.0, rows)
    }

    fn watermark(&mut self, port: Port, watermark: EventTime) -> Result<()> {
        self.hub.advance(port.0, watermark)
    }

    /// Every client gets the rest, the final watermark and close code 1000. One that does not
    /// read is waited for no longer than the limits say.
    fn close(&mut self) -> Result<()> {
        self.hub.end(Ending::Done);
        self.hub
            .wait_for_clients(self.limits.drain + self.limits.farewell);
        self.server.stop(self.limits.farewell);
        Ok(())
    }
}

impl Drop for WebsocketSink {
    fn drop(&mut self) {
        // After `close` this finds no client and changes nothing.
        self.hub.end(Ending::Failed);
        self.hub.wait_for_clients(BREAK_OFF);
    }
}

impl fmt::Debug for WebsocketSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebsocketSink")
            .field("address", &self.server.address())
            .finish()
    }
}
