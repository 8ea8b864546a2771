//! `[sink.NAME]`: what each connector out may be told, and its conversion to a [`SinkDoc`].

use zaraba_core::diagnostic::{Diagnostic, Span};
use zaraba_core::suggest::nearest;
use zaraba_core::time::SECOND;

use crate::document::{Format, Located, SinkConnector, SinkDoc, Text};
use crate::format;
use crate::listener::{self, LISTENER};
use crate::read::{Context, Fields, not_built};
use crate::source::located_path;
use crate::spec::{Body, Kind, Least, NodeSpec, Opt, Section, Words, optional, required};

/// `[sink.NAME]`
pub(crate) static SINK: NodeSpec = NodeSpec {
    kind: "sink",
    body: Body::ByConnector(&CONNECTORS, &[&FILE, &STDOUT, &WEBSOCKET, &CHANNEL], &[]),
};

static CONNECTORS: Words = Words {
    what: "connector",
    now: &["file", "stdout", "websocket", "channel"],
    later: &["webhook", "nats", "kafka", "mqtt"],
};

/// Rows that a WebSocket client who comes late is shown of an append topic.
const HISTORY_ROWS: usize = 1_000;

const COMMON: &[Opt] = &[
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

static FILE: Section = Section {
    title: "[sink.NAME] with connector = \"file\"",
    about: "Writes files.",
    groups: &[
        COMMON,
        &[
            required(
                "path",
                Kind::Path,
                "\"out/{stream}.parquet\"",
                "a file; `{stream}` is the stream's name. With `{date}` (of the pipeline's `timezone`) or `{trading_day}` (of the exchange's derivatives: the night before belongs to it) a file for each day, which appears when the day is over; a file that an earlier run wrote stays, the next is called `….2.…`. Relative to the file that says it",
            ),
            optional(
                "format",
                Kind::Words(&format::FORMATS),
                "by the path's ending",
                "\"parquet\"",
                "how rows are written",
            ),
        ],
    ],
    later: &[],
    example: r#"[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[sink.archive]
connector = "file"
from = ["ticks", "ticks__late"]
path = "out/{stream}.parquet"
"#,
};

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
                "none",
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
            let path = fields.text("path");
            let format = format::chosen(cx, fields, path.as_ref());
            let path = path?;
            check_packing(cx, &path);
            format::check_written(cx, format, &path);
            check_placeholders(cx, &path, from.as_deref().unwrap_or_default());
            SinkConnector::File {
                path: located_path(cx, &path),
                format: format?,
            }
        }
        "stdout" => SinkConnector::Stdout {
            format: fields.word("format").map_or(Format::Json, format::of_word),
        },
        "websocket" => SinkConnector::Websocket {
            listener: Box::new(listener::convert(cx, fields)?),
            assets: fields.text("assets").map(|text| located_path(cx, &text)),
            history: fields.int("history").map_or(HISTORY_ROWS, |rows| {
                usize::try_from(rows).unwrap_or(usize::MAX)
            }),
            history_time: fields.micros("history_time"),
            query: query_limits(fields.table("query")),
        },
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

/// Files are read packed, but not written so.
fn check_packing(cx: &mut Context<'_>, path: &Text) {
    if let Some(ending) = [".gz", ".zst"].iter().find(|e| path.value.ends_with(**e)) {
        let length = path.value.len();
        let span = path.span_of(length - ending.len(), length);
        cx.mistake(not_built(span, "writing packed files").help("leave the ending out"));
    }
}

/// Placeholders of a path.
const PLACEHOLDERS: [&str; 3] = ["stream", "date", "trading_day"];

/// Several streams need `{stream}`, and a file is of one kind of day.
fn check_placeholders(cx: &mut Context<'_>, path: &Text, from: &[Located<String>]) {
    let mut at = 0;
    let mut names = Vec::new();
    while let Some((start, length)) = placeholder(&path.value[at..]) {
        let span = path.span_of(at + start, at + start + length);
        let name = &path.value[at + start + 1..at + start + length - 1];
        names.push(name);
        if !PLACEHOLDERS.contains(&name) {
            cx.mistake(unknown_placeholder(name, span));
        }
        at += start + length;
    }
    if names.contains(&"date") && names.contains(&"trading_day") {
        let message = "expected one of `{date}` and `{trading_day}` in a path, found both";
        cx.mistake(Diagnostic::at(path.span, message));
    }
    if from.len() > 1 && !names.contains(&"stream") {
        let message = format!("{} streams cannot be written to one file", from.len());
        let help = "put `{stream}` into the path: a file for each";
        cx.mistake(Diagnostic::at(path.span, message).help(help));
    }
}

/// Start and length of the first `{…}`.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    let start = text.find('{')?;
    Some((start, text[start..].find('}')? + 1))
}

fn unknown_placeholder(name: &str, span: Span) -> Diagnostic {
    let message = format!("no placeholder `{{{name}}}`");
    match nearest(name, PLACEHOLDERS) {
        Some(near) => Diagnostic::at(span, format!("{message}; did you mean `{{{near}}}`?")),
        None => {
            Diagnostic::at(span, message).help("there are `{stream}`, `{date}` and `{trading_day}`")
        }
    }
}
