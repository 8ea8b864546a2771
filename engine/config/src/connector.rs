//! What feeds a source: its connector with the connector's own options, as the checker hands it on.

use crate::document::{FileSourceDoc, Located, MarketDoc, SimulateDoc};

/// What feeds a source.
#[derive(Clone, Debug)]
pub enum SourceConnector {
    /// `connector = "file"`
    File(FileSourceDoc),
    /// `connector = "simulate"`
    Simulate(SimulateDoc),
    /// `connector = "simulate"` with `kind = "nikkei225-options"`
    Market(MarketDoc),
    /// `connector = "http_server"`: rows are POSTed.
    HttpServer(HttpServerDoc),
    /// `connector = "clock"`
    Clock {
        /// `every`, microseconds.
        every: i64,
    },
    /// `connector = "channel"`: rows come from the embedding program.
    Channel,
}

/// Options of `connector = "http_server"`.
#[derive(Clone, Debug)]
pub struct HttpServerDoc {
    /// `listen`: a loopback address with a port.
    pub listen: Located<String>,
    /// `path`; `/NAME` if left out, and then its place is the section's.
    pub path: Located<String>,
    /// `max_size`, bytes of one request.
    pub max_size: u64,
}
