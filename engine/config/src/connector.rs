//! What feeds a source: its connector with the connector's own options, as the checker hands it on.

use crate::document::{FileSourceDoc, Format, Located, MarketDoc, SimulateDoc};
use crate::message::MessageDoc;

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
    /// `connector = "websocket"`: a server pushes rows.
    Websocket(WebsocketDoc),
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
    pub body: Option<MessageDoc>,
    /// `headers`
    pub headers: Vec<(String, String)>,
    /// `before`: requests made before the first poll, and again when a poll is refused.
    pub before: Vec<RequestDoc>,
    /// `each`: what is asked for, one after the other; none: there is one poll.
    pub each: Option<Vec<String>>,
    /// `after`: requests made after each answer.
    pub after: Vec<RequestDoc>,
    /// `every`, microseconds from the start of a poll (with `each`, a round) to that of the next.
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

/// Options of `connector = "websocket"`.
#[derive(Clone, Debug)]
pub struct WebsocketDoc {
    /// `url`
    pub url: Located<String>,
    /// `headers` of the handshake.
    pub headers: Vec<(String, String)>,
    /// `before`: requests made before each connection.
    pub before: Vec<RequestDoc>,
    /// `subscribe`: messages sent when it is open.
    pub subscribe: Vec<MessageDoc>,
    /// `ping`, microseconds from ping to ping.
    pub ping: i64,
    /// `timeout`, microseconds of silence after which it is lost.
    pub timeout: i64,
    /// `connect_timeout`, microseconds for a request of `before`, and for opening it.
    pub connect_timeout: i64,
    /// `format`; JSON if left out.
    pub format: Format,
    /// `rows`: the JSON path of the rows in a message.
    pub rows: Option<String>,
    /// `csv.delimiter`
    pub delimiter: u8,
    /// `csv.header`
    pub header: bool,
    /// `max_size`, bytes of one message.
    pub max_size: u64,
}

/// An item of `before` or `after`. In all its texts `{name}` stands for what an earlier one captured.
#[derive(Clone, Debug)]
pub struct RequestDoc {
    /// The first word of `request`.
    pub method: String,
    /// The second.
    pub url: String,
    /// `headers`
    pub headers: Vec<(String, String)>,
    /// `body`
    pub body: Option<MessageDoc>,
    /// `capture`: names and JSON paths.
    pub capture: Vec<(String, String)>,
}
