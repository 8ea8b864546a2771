//! `connector = "websocket"` of a source: a server that pushes rows.

use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::time::SECOND;

use crate::captures::{Names, check};
use crate::connector::WebsocketDoc;
use crate::document::{ColumnDoc, Format};
use crate::format;
use crate::headers::{headers, plain};
use crate::mapping::check_from;
use crate::read::{Context, Fields, Typed};
use crate::requests::{REQUEST, checked, requests};
use crate::source::{COMMON, HEAD, require_schema};
use crate::source_file::{CSV, csv};
use crate::source_http_client::{FORMATS, check_path};
use crate::spec::{Kind, Least, Section, optional, required};

/// Bytes of one message.
const SIZE: u64 = 4 << 20;

/// Headers that the handshake itself sets.
const OWN_HEADERS: [&str; 6] = [
    "host",
    "connection",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
];

/// An item of `before`
static BEFORE: Section = Section {
    title: "before",
    about: "A request that is made before each connection. What its answer says can be put, as `{name}`, into the requests behind it, into `url` and `headers`, and into what `subscribe` sends; `{{name}}` stands for `{name}` itself.",
    groups: &[REQUEST],
    later: &[],
    example: "",
};

/// `connector = "websocket"`
pub(crate) static WEBSOCKET: Section = Section {
    title: "[source.NAME] with connector = \"websocket\"",
    about: "A server pushes rows over a connection that is opened from here. A live source; when the connection is lost it is opened again, later and later, and what `before` and `subscribe` say is said again. See [sources](sources.md).",
    groups: &[
        HEAD,
        COMMON,
        &[
            required(
                "url",
                Kind::SocketUrl,
                "\"wss://example.com/feed?market=$market\"",
                "where the server is; redirects are not followed",
            ),
            optional(
                "headers",
                Kind::Map(&Kind::Text),
                "none",
                "{ Authorization = \"Bearer {token}\" }",
                "headers of the request that opens the connection",
            ),
            optional(
                "before",
                Kind::List(&Kind::Table(&BEFORE), Least::None),
                "none",
                "[{ request = \"POST http://127.0.0.1:18080/kabusapi/token\", capture = { token = \"$.Token\" } }]",
                "requests that are made, in this order, before each connection",
            ),
            optional(
                "subscribe",
                Kind::List(&Kind::Message, Least::None),
                "none",
                "[{ op = \"subscribe\", channel = \"ticks\" }]",
                "messages that are sent when the connection is open: texts as they are, tables as JSON",
            ),
            optional(
                "ping",
                Kind::Duration,
                "`\"20s\"`, or a third of `timeout` if that is less",
                "\"10s\"",
                "how often the server is asked for a sign of life",
            ),
            optional(
                "timeout",
                Kind::Duration,
                "`\"1m\"`",
                "\"30s\"",
                "a connection on which nothing came for so long, not even an answer to a ping, is lost",
            ),
            optional(
                "connect_timeout",
                Kind::Duration,
                "`\"10s\"`",
                "\"5s\"",
                "how long a request of `before` may take with its answer, and how long opening the connection",
            ),
            optional(
                "format",
                Kind::Words(&FORMATS),
                "`\"json\"`",
                "\"csv\"",
                "how messages are written; json: one object, an array, or one object a line",
            ),
            optional(
                "rows",
                Kind::Name,
                "the message itself",
                "\"$.data\"",
                "where in a JSON message the array of rows is, or the one row",
            ),
            optional(
                "csv",
                Kind::Table(&CSV),
                "",
                "{ header = false }",
                "how CSV messages are written; a header, if there is one, begins each",
            ),
            optional(
                "max_size",
                Kind::Size,
                "`\"4MiB\"`",
                "\"256KiB\"",
                "most bytes of one message; a longer one ends the connection",
            ),
        ],
    ],
    later: &[],
    example: r#"[source.board]
connector = "websocket"
url = "ws://127.0.0.1:18080/kabusapi/websocket"
before = [
    { request = "POST http://127.0.0.1:18080/kabusapi/token", body = { APIPassword = "${KABU_PASSWORD:-none}" }, capture = { token = "$.Token" } },
    { request = "PUT http://127.0.0.1:18080/kabusapi/register", headers = { X-API-KEY = "{token}" }, body = { Symbols = [{ Symbol = "167090018", Exchange = 2 }] } },
]
time = "ts"
out_of_order = "5s"
idle_timeout = "30s"
[source.board.schema]
ts = { type = "timestamp", from = "CurrentPriceTime" }
symbol = { type = "text", from = "Symbol" }
price = { type = "float64", from = "CurrentPrice" }
"#,
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn websocket(
    cx: &mut Context<'_>,
    name: &str,
    fields: &Fields,
    schema: &[ColumnDoc],
) -> Option<WebsocketDoc> {
    require_schema(cx, name, fields, schema, "connector \"websocket\"");
    let format = fields.word("format").map_or(Format::Json, format::of_word);
    let csv = csv(cx, fields, Some(format));
    check_from(cx, schema, format, csv.is_none_or(|(_, header)| header));
    let rows = fields.text("rows");
    if let Some(path) = &rows {
        check_path(cx, path);
    }
    if let Some(key) = fields.key("rows").filter(|_| format != Format::Json) {
        let shown = format::name(format);
        let message = format!("`rows` looks into JSON, but the format is \"{shown}\"");
        cx.mistake(Diagnostic::at(key, message));
    }
    let mut names = Names::default();
    let before = requests(cx, fields, "before", &mut names);
    let url = fields.text("url");
    if let Some(url) = &url {
        check(cx, url, &names);
    }
    let headers = headers(cx, fields);
    for (name, value) in &headers {
        check(cx, value, &names);
        if OWN_HEADERS.contains(&name.value.to_ascii_lowercase().as_str()) {
            let message = format!("`{}` is set by the handshake itself", name.value);
            cx.mistake(Diagnostic::at(name.span, message));
        }
    }
    let mut subscribe = Vec::new();
    for item in fields.list("subscribe").unwrap_or_default() {
        if let Typed::Message(message) = item.value {
            subscribe.push(checked(cx, message, &names));
        }
    }
    let timeout = fields.micros("timeout").unwrap_or(60 * SECOND);
    let ping = fields.micros("ping");
    if let Some(span) = fields.at("ping").filter(|_| ping >= Some(timeout)) {
        let message = "`ping` must be shorter than `timeout`: a silent connection would be lost before the server is asked";
        cx.mistake(Diagnostic::at(span, message));
    }
    let (delimiter, header) = csv?;
    Some(WebsocketDoc {
        url: fields.name("url")?,
        headers: plain(headers),
        before,
        subscribe,
        ping: ping.unwrap_or_else(|| (20 * SECOND).min(timeout / 3).max(1)),
        timeout,
        connect_timeout: fields.micros("connect_timeout").unwrap_or(10 * SECOND),
        format,
        rows: rows.map(|t| t.value),
        delimiter,
        header,
        max_size: fields.bytes("max_size").unwrap_or(SIZE),
    })
}
