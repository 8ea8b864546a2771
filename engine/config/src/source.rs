//! `[source.NAME]`: what each connector in may be told, and its conversion to a [`SourceDoc`].

use std::path::PathBuf;

use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::suggest::nearest;
use zaraba_core::time::SECOND;

use crate::column;
use crate::document::{
    ColumnDoc, ColumnType, ErrorPolicy, Located, SimulateDoc, SourceConnector, SourceDoc, Text,
};
use crate::market;
use crate::path;
use crate::read::{Context, Fields, ticked};
use crate::source_clock::CLOCK;
use crate::source_file::{BOOTSTRAP, FILE, file};
use crate::source_http_client::{HTTP_CLIENT, http_client};
use crate::source_http_server::{HTTP_SERVER, http_server};
use crate::source_websocket::{WEBSOCKET, websocket};
use crate::spec::{Body, Kind, NodeSpec, Opt, Section, Words, optional, required};

/// `[source.NAME]`
pub(crate) static SOURCE: NodeSpec = NodeSpec {
    kind: "source",
    body: Body::ByConnector(
        &CONNECTORS,
        &[
            &FILE,
            &SIMULATE,
            &HTTP_SERVER,
            &HTTP_CLIENT,
            &WEBSOCKET,
            &CLOCK,
            &CHANNEL,
        ],
        &[("simulate", &market::MARKET)],
    ),
};

static CONNECTORS: Words = Words {
    what: "connector",
    now: &[
        "file",
        "simulate",
        "http_server",
        "http_client",
        "websocket",
        "clock",
        "channel",
    ],
    later: &["nats", "kafka", "mqtt"],
};

/// Options of all sources.
pub(crate) const HEAD: &[Opt] = &[
    required(
        "connector",
        Kind::Words(&CONNECTORS),
        "\"file\"",
        "what feeds the source",
    ),
    required("time", Kind::Name, "\"ts\"", "the event-time column"),
];

/// Options of all sources but the clock.
pub(crate) const COMMON: &[Opt] = &[
    optional(
        "out_of_order",
        Kind::DurationOrZero,
        "`\"0s\"`",
        "\"5s\"",
        "how far behind the newest a row may be; older rows are late. It is also how long results wait",
    ),
    optional(
        "idle_timeout",
        Kind::Duration,
        "never",
        "\"30s\"",
        "a live source silent for so long no longer holds the watermark back",
    ),
    optional(
        "stale_after",
        Kind::Duration,
        "never",
        "\"2m\"",
        "a source silent for so long marks what is made from it as stale",
    ),
    optional(
        "ahead",
        Kind::Duration,
        "`\"1m\"`",
        "\"1m\"",
        "how far past the clock a live row's time may be; beyond it the row is bad",
    ),
    optional(
        "replay",
        Kind::Table(&REPLAY),
        "",
        "{ speed = 60.0 }",
        "how fast rows are fed; not of `http_server` and `websocket`, whose rows come when they come",
    ),
    optional(
        "bootstrap",
        Kind::Table(&BOOTSTRAP),
        "none",
        "{ path = \"history/*.parquet\" }",
        "files of the past, read before the source's own rows and as fast as it can",
    ),
    optional(
        "on_error",
        Kind::Words(&ON_ERROR),
        "`\"fail\"` for files that are not followed and for `http_server`, `\"dead_letter\"` for other live sources",
        "\"dead_letter\"",
        "what becomes of a bad row: the run ends (of `http_server`: the request that has it is refused), it is counted and logged, or it goes to the stream `NAME__errors`",
    ),
    optional(
        "schema",
        Kind::Map(&column::COLUMN_OR_TYPE),
        "what the files say",
        "{ ts = \"timestamp\", price = \"float64\" }",
        "the columns; required for csv, json, simulate without `kind`, http_server, http_client, websocket and channel",
    ),
];

static ON_ERROR: Words = Words {
    what: "error policy",
    now: &["fail", "skip", "dead_letter"],
    later: &[],
};

static REPLAY: Section = Section {
    title: "replay",
    about: "How fast a bounded source is read.",
    groups: &[&[optional(
        "speed",
        Kind::PositiveFloat,
        "as fast as it can",
        "60.0",
        "event time per real time: 1.0 is real time",
    )]],
    later: &[],
    example: "",
};

static SIMULATE: Section = Section {
    title: "[source.NAME] with connector = \"simulate\"",
    about: "Makes rows from a seed: the same seed gives the same rows. Every column but the time says how its values are made; one that has only a `default` always has that, one that is only `optional` is null.",
    groups: &[HEAD, COMMON, SIMULATE_OPTIONS],
    later: &[],
    example: r#"[source.ticks]
connector = "simulate"
time = "ts"
seed = 7
start = "2025-11-14T09:00:00+09:00"
interval = "10ms"
rows = 100000
disorder = "2s"
out_of_order = "2s"
[source.ticks.schema]
ts = "timestamp"
put_call = { type = "text", one_of = ["C", "P"] }
strike = { type = "int64", one_of = [51000, 52000, 53000] }
price = { type = "float64", walk = { start = 250.0, step = 5.0, min = 1.0 } }
volume = { type = "int64", counter = { start = 0, step_max = 10 } }
iv = { type = "float64", range = [0.15, 0.35] }
"#,
};

const SIMULATE_OPTIONS: &[Opt] = &[
    optional(
        "seed",
        Kind::Int(0, i64::MAX),
        "`1`",
        "7",
        "what all random choices come from",
    ),
    required(
        "start",
        Kind::Time,
        "\"2025-11-14T09:00:00\"",
        "event time of the first row",
    ),
    required(
        "interval",
        Kind::Duration,
        "\"10ms\"",
        "event time from row to row, on average",
    ),
    optional(
        "rows",
        Kind::Int(1, i64::MAX),
        "without end",
        "100000",
        "how many rows",
    ),
    optional(
        "disorder",
        Kind::DurationOrZero,
        "`\"0s\"`",
        "\"2s\"",
        "how much later than it should a row may come, at random",
    ),
];

static CHANNEL: Section = Section {
    title: "[source.NAME] with connector = \"channel\"",
    about: "Rows come from the program that embeds zaraba.",
    groups: &[HEAD, COMMON],
    later: &[],
    example: r#"[source.ticks]
connector = "channel"
time = "ts"
[source.ticks.schema]
ts = "timestamp"
price = "float64"
"#,
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn convert(
    cx: &mut Context<'_>,
    name: Located<String>,
    connector: &str,
    fields: &Fields,
) -> Option<SourceDoc> {
    let mut schema = column::convert_all(cx, fields);
    if fields.has("kind") {
        schema = market::schema(cx, fields, schema);
    }
    if !schema.is_empty() {
        check_time(cx, &name.value, fields, &schema);
    }
    if connector != "simulate" || fields.has("kind") {
        let kind = fields.has("kind");
        column::refuse_generators(cx, fields, if kind { " without `kind`" } else { "" });
    }
    if matches!(connector, "file" | "simulate") {
        column::refuse_received(cx, fields, connector);
    }
    let connector = match connector {
        "file" => file(cx, &name.value, fields, fields, &schema).map(SourceConnector::File),
        "simulate" if fields.key("kind").is_some() => {
            market::convert(cx, fields).map(SourceConnector::Market)
        }
        "simulate" => simulate(cx, &name.value, fields, &schema).map(SourceConnector::Simulate),
        "http_server" => http_server(cx, &name, fields, &schema).map(SourceConnector::HttpServer),
        "http_client" => {
            let client = http_client(cx, &name.value, fields, &schema);
            client.map(SourceConnector::HttpClient)
        }
        "websocket" => {
            let feed = websocket(cx, &name.value, fields, &schema);
            feed.map(SourceConnector::Websocket)
        }
        "clock" => {
            let time = fields.name("time")?;
            schema = vec![column::plain(time, ColumnType::Timestamp)];
            let every = fields.micros("every");
            every.map(|every| SourceConnector::Clock { every })
        }
        _ => {
            require_schema(cx, &name.value, fields, &schema, "connector \"channel\"");
            Some(SourceConnector::Channel)
        }
    };
    refuse_replay(cx, fields, &connector);
    let bootstrap = match fields.table("bootstrap") {
        Some(own) => Some(file(cx, &name.value, fields, own, &schema)?),
        None => None,
    };
    if let (Some(key), true) = (
        fields.key("bootstrap"),
        bootstrap.as_ref().is_some_and(|b| b.merge_by_time),
    ) {
        let message =
            "files of a `bootstrap` are read one after the other, `merge` is not for them";
        cx.mistake(Diagnostic::at(key, message));
    }
    Some(SourceDoc {
        connector: connector?,
        bootstrap,
        time: fields.name("time")?,
        out_of_order: fields.micros("out_of_order").unwrap_or(0),
        idle_timeout: fields.micros("idle_timeout"),
        stale_after: fields.micros("stale_after"),
        ahead: fields.micros("ahead").unwrap_or(60 * SECOND),
        speed: fields.table("replay").and_then(|r| r.float("speed")),
        on_error: fields.word("on_error").map(|word| match word {
            "fail" => ErrorPolicy::Fail,
            "skip" => ErrorPolicy::Skip,
            _ => ErrorPolicy::DeadLetter,
        }),
        schema,
        name,
    })
}

/// Rows that come by themselves cannot be fed at another speed.
fn refuse_replay(cx: &mut Context<'_>, fields: &Fields, connector: &Option<SourceConnector>) {
    let name = match connector {
        Some(SourceConnector::HttpServer(_)) => "http_server",
        Some(SourceConnector::Websocket(_)) => "websocket",
        _ => return,
    };
    if let Some(key) = fields.key("replay") {
        let message = format!("rows of connector \"{name}\" come when they come: no `replay`");
        let help = "`zaraba record` writes them to files, which can be replayed";
        cx.mistake(Diagnostic::at(key, message).help(help));
    }
}

/// `time` must be a timestamp of the schema.
fn check_time(cx: &mut Context<'_>, source: &str, fields: &Fields, schema: &[ColumnDoc]) {
    let Some(time) = fields.name("time") else {
        return;
    };
    let declared = || column::declared(fields);
    match schema.iter().find(|c| c.name.value == time.value) {
        Some(column) if column.kind == ColumnType::Timestamp => {}
        Some(column) => {
            let message = format!(
                "`time` must be a column of type timestamp, `{}` is not",
                time.value
            );
            let help = format!(
                "write `{} = \"timestamp\"` in the schema",
                column.name.value
            );
            cx.mistake(Diagnostic::at(time.span, message).help(help));
        }
        None if declared().contains(&time.value) => {} // it has a mistake of its own
        None => {
            let message = format!("no column `{}` in the schema of `{source}`", time.value);
            let names: Vec<&str> = schema.iter().map(|c| c.name.value.as_str()).collect();
            cx.mistake(match nearest(&time.value, names.iter().copied()) {
                Some(near) => {
                    Diagnostic::at(time.span, format!("{message}; did you mean `{near}`?"))
                }
                None => Diagnostic::at(time.span, message)
                    .help(format!("columns are {}", ticked(&names))),
            });
        }
    }
}

/// There must be a schema; `why` is what wants it.
pub(crate) fn require_schema(
    cx: &mut Context<'_>,
    name: &str,
    fields: &Fields,
    schema: &[ColumnDoc],
    why: &str,
) {
    if schema.is_empty() && column::declared(fields).is_empty() {
        let message =
            format!("`[source.{name}.schema]` is missing: {why} needs to know the columns");
        let help = "for example: `schema = { ts = \"timestamp\", price = \"float64\" }`";
        cx.missing(Diagnostic::at(fields.span, message).help(help));
    }
}

/// A path as its file means it.
pub(crate) fn located_path(cx: &Context<'_>, text: &Text) -> Located<PathBuf> {
    Located {
        value: path::resolve(cx.sources, text),
        span: text.span,
    }
}

fn simulate(
    cx: &mut Context<'_>,
    name: &str,
    fields: &Fields,
    schema: &[ColumnDoc],
) -> Option<SimulateDoc> {
    require_schema(cx, name, fields, schema, "connector \"simulate\"");
    let time = fields.name("time");
    for column in schema {
        let is_time = time.as_ref().is_some_and(|t| t.value == column.name.value);
        let constant = column.default.is_some() || column.optional;
        if !is_time && column.generate.is_none() && !constant {
            let message = format!(
                "column `{}` does not say how its values are made",
                column.name.value
            );
            let help =
                "give it `one_of`, `range`, `walk` or `counter`, or a `default` that all rows have";
            cx.mistake(Diagnostic::at(column.name.span, message).help(help));
        }
        if is_time && column.generate.is_some() {
            let message = "the event time is made from `start` and `interval`, not by a generator";
            cx.mistake(Diagnostic::at(column.name.span, message));
        }
    }
    let count = |option: &str| fields.int(option).and_then(|i| u64::try_from(i).ok());
    Some(SimulateDoc {
        seed: count("seed").unwrap_or(1),
        start: fields.micros("start")?,
        interval: fields.micros("interval")?,
        rows: count("rows"),
        disorder: fields.micros("disorder").unwrap_or(0),
    })
}
