//! What feeds a source: its connector with the connector's own options, as the checker hands it on.

use crate::document::{FileSourceDoc, Format, Located, MarketDoc, SimulateDoc};

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
    /// `connector = "http_client"`: an address is asked again and again.
    HttpClient(HttpClientDoc),
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

/// Options of `connector = "http_client"`.
#[derive(Clone, Debug)]
pub struct HttpClientDoc {
    /// `url`
    pub url: Located<String>,
    /// Whether `method` is POST.
    pub post: bool,
    /// `body`
    pub body: Option<String>,
    /// `headers`
    pub headers: Vec<(String, String)>,
    /// `every`, microseconds from the start of a poll to that of the next.
    pub every: i64,
    /// `format`; JSON if left out.
    pub format: Format,
    /// `rows`: the JSON path of the array; none: the answer is one, or one object, or lines.
    pub rows: Option<String>,
    /// `next`
    pub next: Option<NextPage>,
    /// `rate`: most requests in a second.
    pub rate: f64,
    /// `timeout`, microseconds for one request and its answer.
    pub timeout: i64,
    /// `max_size`, bytes of one answer.
    pub max_size: u64,
    /// `xlsx`: where in a workbook the rows are.
    pub sheet: SheetDoc,
}

/// `xlsx = { sheet, skip_rows, header }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetDoc {
    /// `sheet`: its name, or its number from 1; none: the first.
    pub sheet: Option<String>,
    /// `skip_rows`: rows at the top that are passed over.
    pub skip_rows: u32,
    /// `header`: a row names the columns; true if left out.
    pub header: bool,
}

impl Default for SheetDoc {
    fn default() -> Self {
        Self {
            sheet: None,
            skip_rows: 0,
            header: true,
        }
    }
}

/// `next = { from, into }`
#[derive(Clone, Debug)]
pub struct NextPage {
    /// `from`: the JSON path of what the next request is told.
    pub from: String,
    /// `into`: the query parameter in which it is told.
    pub into: String,
}
