//! `[sink.NAME]`: what each connector out may be told, and its conversion to a [`SinkDoc`].

use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::time::SECOND;

use crate::document::{Format, Located, SinkConnector, SinkDoc, WebsocketSinkDoc};
use crate::format;
use crate::listener::{self, LISTENER};
use crate::read::{Context, Fields};
use crate::sink_file::{FILE, file_sink};
use crate::sink_webhook::{WEBHOOK, webhook};
use crate::source::located_path;
use crate::spec::{Body, Kind, Least, NodeSpec, Opt, Section, Words, optional, required};

/// `[sink.NAME]`
pub(crate) static SINK: NodeSpec = NodeSpec {
    kind: "sink",
    body: Body::ByConnector(
        &CONNECTORS,
        &[&FILE, &STDOUT, &WEBSOCKET, &WEBHOOK, &CHANNEL],
        &[],
    ),
};

static CONNECTORS: Words = Words {
    what: "connector",
    now: &["file", "stdout", "websocket", "webhook", "channel"],
    later: &["nats", "kafka", "mqtt"],
};

/// Rows that a WebSocket client who comes late is shown of an append topic.
const HISTORY_ROWS: usize = 1_000;
/// Bytes of any topic's rows that are kept for clients.
const HISTORY_BYTES: u64 = 64 << 20;

/// What every sink is told.
pub(crate) const COMMON: &[Opt] = &[
    required(
        "connector",
        Kind::Words(&CONNECTORS),
        "\"websocket\"",
        "what the sink writes to",
    ),
    required(
        "from",
        Kind::List(&Kind::Name, Least::One),
        "[\"balance\"]",
        "the streams it takes",
    ),
];

static STDOUT: Section = Section {
    title: "[sink.NAME] with connector = \"stdout\"",
    about: "Writes rows to standard output.",
    groups: &[
        COMMON,
        &[optional(
            "format",
            Kind::Words(&TEXT_FORMATS),
            "`\"json\"`",
            "\"csv\"",
            "one JSON object a line, or CSV",
        )],
    ],
    later: &[],
    example: r#"[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[sink.screen]
connector = "stdout"
from = ["ticks"]
format = "csv"
"#,
};

static TEXT_FORMATS: Words = Words {
    what: "format",
    now: &["json", "csv"],
    later: &[],
};

static WEBSOCKET: Section = Section {
    title: "[sink.NAME] with connector = \"websocket\"",
    about: "Serves streams to WebSocket clients, with static files beside them.",
    groups: &[
        COMMON,
        LISTENER,
        &[
            optional(
                "assets",
                Kind::Path,
                "the inspector",
                "\"dashboard/dist\"",
                "a folder of static files served at `/`",
            ),
            optional(
                "history",
                Kind::Int(0, 10_000_000),
                "`1000`",
                "5000",
                "newest rows kept per append stream for clients who come late",
            ),
            optional(
                "history_time",
                Kind::Duration,
                "any age",
                "\"10m\"",
                "of the rows of `history` those of the last so much event time",
            ),
            optional(
                "history_size",
                Kind::Size,
                "`\"64MiB\"`",
                "\"8MiB\"",
                "of any stream no more than so much, whatever `history` says: its newest rows, as they are in memory",
            ),
            optional(
                "query",
                Kind::Table(&QUERY),
                "as below",
                "{ time = \"2s\", rows = 1000 }",
                "what one SELECT of `/api/query` may cost",
            ),
        ],
    ],
    later: &[],
    example: r#"[params]
port = 8225

[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[sink.dashboard]
connector = "websocket"
from = ["ticks"]
listen = "127.0.0.1:$port"
history = 5000
"#,
};

static QUERY: Section = Section {
    title: "query",
    about: "Limits of one SELECT over the topics. What reaches one is stopped and told so.",
    groups: &[&[
        optional(
            "time",
            Kind::Duration,
            "`\"5s\"`",
            "\"2s\"",
            "how long it may run",
        ),
        optional(
            "memory",
            Kind::Size,
            "`\"256MiB\"`",
            "\"64MiB\"",
            "what it may hold",
        ),
        optional(
            "rows",
            Kind::Int(1, 100_000_000),
            "`100000`",
            "1000",
            "how many rows it may answer",
        ),
    ]],
    later: &[],
    example: "",
};

/// What a query of `/api/query` may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimitsDoc {
    /// `time`, microseconds.
    pub time: i64,
    /// `memory`, bytes.
    pub memory: u64,
    /// `rows`
    pub rows: usize,
}

fn query_limits(fields: Option<&Fields>) -> QueryLimitsDoc {
    let rows = fields.and_then(|f| f.int("rows")).unwrap_or(100_000);
    QueryLimitsDoc {
        time: fields.and_then(|f| f.micros("time")).unwrap_or(5 * SECOND),
        memory: fields.and_then(|f| f.bytes("memory")).unwrap_or(256 << 20),
        rows: usize::try_from(rows).unwrap_or(usize::MAX),
    }
}

static CHANNEL: Section = Section {
    title: "[sink.NAME] with connector = \"channel\"",
    about: "Hands rows to the program that embeds zaraba.",
    groups: &[COMMON],
    later: &[],
    example: r#"[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[sink.out]
connector = "channel"
from = ["ticks"]
"#,
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn convert(
    cx: &mut Context<'_>,
    name: Located<String>,
    connector: &str,
    fields: &Fields,
) -> Option<SinkDoc> {
    let from = fields.names("from");
    check_twice(cx, from.as_deref().unwrap_or_default());
    let connector = match connector {
        "file" => {
            let streams = from.as_ref().map_or(0, Vec::len);
            SinkConnector::File(file_sink(cx, fields, streams)?)
        }
        "webhook" => SinkConnector::Webhook(Box::new(webhook(cx, &name.value, fields)?)),
        "stdout" => SinkConnector::Stdout {
            format: fields.word("format").map_or(Format::Json, format::of_word),
        },
        "websocket" => SinkConnector::Websocket(Box::new(WebsocketSinkDoc {
            listener: listener::convert(cx, fields)?,
            assets: fields.text("assets").map(|text| located_path(cx, &text)),
            history: fields.int("history").map_or(HISTORY_ROWS, |rows| {
                usize::try_from(rows).unwrap_or(usize::MAX)
            }),
            history_time: fields.micros("history_time"),
            history_size: fields.bytes("history_size").unwrap_or(HISTORY_BYTES),
            query: query_limits(fields.table("query")),
        })),
        _ => SinkConnector::Channel,
    };
    Some(SinkDoc {
        name,
        from: from?,
        connector,
    })
}

/// A sink takes a stream once.
fn check_twice(cx: &mut Context<'_>, from: &[Located<String>]) {
    for (i, stream) in from.iter().enumerate() {
        if from[..i]
            .iter()
            .any(|earlier| earlier.value == stream.value)
        {
            let message = format!("`{}` is named twice", stream.value);
            cx.mistake(Diagnostic::at(stream.span, message));
        }
    }
}
