//! `connector = "simulate"` with `kind = "nikkei225-options"`: its options, and the columns of its
//! streams, which are fixed and need no schema in the file.

use chrono::{DateTime, NaiveDate};
use zaraba_core::diagnostic::Diagnostic;

use crate::column::{plain, shown};
use crate::document::{
    ColumnDoc, ColumnType, CrashDoc, FuturesProduct, Located, MarketDoc, MarketStream,
};
use crate::read::{Context, Fields, Typed, ticked};
use crate::source::{COMMON, HEAD};
use crate::spec::{Kind, Least, Opt, Section, Words, optional, required};

/// The section of a simulated market.
pub(crate) static MARKET: Section = Section {
    title: "[source.NAME] with connector = \"simulate\" and a kind",
    about: "Simulates a market from a seed, a trading day at a time: one of its streams. Sources with the same options but `stream` show the same market. The columns are fixed by the stream (see [the simulator](simulator.md)); a schema may leave some out.",
    groups: &[HEAD, COMMON, OPTIONS],
    later: &[],
    example: r#"[source.options]
connector = "simulate"
kind = "nikkei225-options"
stream = "options"
seed = 225
start = "2025-11-17"
days = 2
crash = { at = "2025-11-17T22:31:00", size = -0.08 }
time = "ts"
replay = { speed = 60.0 }
[source.futures]
connector = "simulate"
kind = "nikkei225-options"
stream = "futures"
seed = 225
start = "2025-11-17"
days = 2
crash = { at = "2025-11-17T22:31:00", size = -0.08 }
time = "ts"
replay = { speed = 60.0 }
"#,
};

static KINDS: Words = Words {
    what: "kind",
    now: &["nikkei225-options"],
    later: &[],
};

static STREAMS: Words = Words {
    what: "stream",
    now: &["options", "futures", "indices", "open_interest", "qri"],
    later: &[],
};

static PRODUCTS: Words = Words {
    what: "product",
    now: &["large", "mini", "micro"],
    later: &[],
};

static PRODUCT: Kind = Kind::Words(&PRODUCTS);

const OPTIONS: &[Opt] = &[
    required(
        "kind",
        Kind::Words(&KINDS),
        "\"nikkei225-options\"",
        "which market: Nikkei 225 options, futures and what moves with them",
    ),
    required(
        "stream",
        Kind::Words(&STREAMS),
        "\"options\"",
        "which stream of the market this source emits",
    ),
    optional(
        "seed",
        Kind::Int(0, i64::MAX),
        "`1`",
        "225",
        "what all random choices come from",
    ),
    required(
        "start",
        Kind::Time,
        "\"2025-11-17\"",
        "the first trading day; its night session is on the evening before",
    ),
    optional(
        "days",
        Kind::Int(1, 400),
        "`1`",
        "2",
        "how many trading days",
    ),
    optional(
        "level",
        Kind::Int(5_000, 500_000),
        "`50000`",
        "63700",
        "the index at the first open; strikes are listed around it",
    ),
    optional(
        "products",
        Kind::List(&PRODUCT, Least::One),
        "`[\"large\", \"mini\"]`",
        "[\"mini\"]",
        "the futures that there are, each with the front and the next quarter",
    ),
    optional(
        "expiries",
        Kind::Int(1, 12),
        "`3`",
        "2",
        "how many months of options",
    ),
    optional(
        "strikes",
        Kind::Int(5, 400),
        "`250`",
        "60",
        "how many strikes a month has, close together near the money and far apart away from it",
    ),
    optional(
        "ticks_per_day",
        Kind::Int(100, 100_000_000),
        "`1000000` for options and qri, `200000` for futures",
        "50000",
        "rows of a trading day; of `qri`: the ticks behind its pages",
    ),
    optional(
        "crash",
        Kind::Table(&CRASH),
        "none",
        "{ at = \"2025-11-17T22:31:00\", size = -0.08 }",
        "a sudden move of everything",
    ),
    optional(
        "stalls",
        Kind::Bool,
        "`false`",
        "true",
        "whether the feed falls silent now and then, half a minute to three minutes long",
    ),
    optional(
        "intraday_oi",
        Kind::Bool,
        "`false`",
        "true",
        "whether open interest moves within the day; else it is blank until it is published at 20:00",
    ),
    optional(
        "disorder",
        Kind::DurationOrZero,
        "`\"0s\"`",
        "\"2s\"",
        "how much later than it should a row may come, at random; never after its day",
    ),
];

static CRASH: Section = Section {
    title: "crash",
    about: "The index moves by `size` within about ten minutes, most of it in the first two; volatility and the other markets follow.",
    groups: &[&[
        required(
            "at",
            Kind::Time,
            "\"2025-11-17T22:31:00\"",
            "when it begins; outside a session: at the next open",
        ),
        required(
            "size",
            Kind::Float,
            "-0.08",
            "how far, as a share of the price: from -0.5 to 0.5, not 0",
        ),
    ]],
    later: &[],
    example: "",
};

/// A column's name and type.
type Column = (&'static str, ColumnType);

const DATE: ColumnType = ColumnType::Date;
const FLOAT: ColumnType = ColumnType::Float64;
const INT: ColumnType = ColumnType::Int64;
const TEXT: ColumnType = ColumnType::Text;
const TIME: ColumnType = ColumnType::Timestamp;

const OPTION_COLUMNS: &[Column] = &[
    ("ts", TIME),
    ("trading_day", DATE),
    ("product", TEXT),
    ("sq_date", DATE),
    ("strike", FLOAT),
    ("put_call", TEXT),
    ("price", FLOAT),
    ("bid", FLOAT),
    ("bid_qty", INT),
    ("ask", FLOAT),
    ("ask_qty", INT),
    ("volume", INT),
    ("oi", INT),
    ("oi_date", DATE),
    ("settlement", FLOAT),
];

const FUTURES_COLUMNS: &[Column] = &[
    ("ts", TIME),
    ("trading_day", DATE),
    ("product", TEXT),
    ("sq_date", DATE),
    ("price", FLOAT),
    ("quantity", INT),
    ("bid", FLOAT),
    ("bid_qty", INT),
    ("ask", FLOAT),
    ("ask_qty", INT),
    ("volume", INT),
    ("oi", INT),
    ("oi_date", DATE),
    ("settlement", FLOAT),
];

const INDEX_COLUMNS: &[Column] = &[
    ("ts", TIME),
    ("symbol", TEXT),
    ("value", FLOAT),
    ("previous_close", FLOAT),
];

const OPEN_INTEREST_COLUMNS: &[Column] = &[
    ("ts", TIME),
    ("oi_date", DATE),
    ("product", TEXT),
    ("sq_date", DATE),
    ("strike", FLOAT),
    ("put_call", TEXT),
    ("oi", INT),
    ("change", INT),
];

/// As the exchange's page has them; the time of collection is the event time.
const QRI_COLUMNS: &[Column] = &[
    ("qri_update_time", TEXT),
    ("collected_at", TIME),
    ("trading_day", TEXT),
    ("last_trading_day", TEXT),
    ("contract", TEXT),
    ("option_type", TEXT),
    ("strike", INT),
    ("settlement", INT),
    ("open_interest", INT),
    ("volume", INT),
    ("ask_iv", FLOAT),
    ("bid_iv", FLOAT),
    ("ask_price", INT),
    ("ask_quantity", INT),
    ("bid_price", INT),
    ("bid_quantity", INT),
    ("iv", FLOAT),
    ("change", INT),
    ("change_percent", FLOAT),
    ("last_price", INT),
    ("trade_time", TEXT),
];

impl MarketStream {
    /// The columns of the stream, in order.
    #[must_use]
    pub const fn columns(self) -> &'static [(&'static str, ColumnType)] {
        match self {
            Self::Options => OPTION_COLUMNS,
            Self::Futures => FUTURES_COLUMNS,
            Self::Indices => INDEX_COLUMNS,
            Self::OpenInterest => OPEN_INTEREST_COLUMNS,
            Self::Qri => QRI_COLUMNS,
        }
    }
}

fn stream(fields: &Fields) -> Option<MarketStream> {
    Some(match fields.word("stream")? {
        "options" => MarketStream::Options,
        "futures" => MarketStream::Futures,
        "indices" => MarketStream::Indices,
        "open_interest" => MarketStream::OpenInterest,
        _ => MarketStream::Qri,
    })
}

/// The schema of the source: all columns of the stream, or those of them that the file declares.
pub(crate) fn schema(
    cx: &mut Context<'_>,
    fields: &Fields,
    declared: Vec<ColumnDoc>,
) -> Vec<ColumnDoc> {
    let Some(stream) = stream(fields) else {
        return declared;
    };
    let columns = stream.columns();
    for column in &declared {
        let name = column.name.value.as_str();
        let span = column.name.span;
        match columns.iter().find(|(n, _)| *n == name) {
            Some((_, kind)) if *kind == column.kind => {}
            Some((_, kind)) => {
                let (kind, found) = (shown(*kind), shown(column.kind));
                let message =
                    format!("column `{name}` of this stream is of type {kind}, not {found}");
                cx.mistake(Diagnostic::at(span, message));
            }
            None => {
                let names: Vec<&str> = columns.iter().map(|(n, _)| *n).collect();
                let message = format!("this stream has no column `{name}`");
                let help = format!(
                    "its columns are {}; the schema may be left out",
                    ticked(&names)
                );
                cx.mistake(Diagnostic::at(span, message).help(help));
            }
        }
    }
    if !declared.is_empty() || fields.key("schema").is_some() {
        return declared;
    }
    let span = fields.at("stream").unwrap_or(fields.span);
    let located = |name: &str| Located {
        value: name.to_owned(),
        span,
    };
    let all = columns
        .iter()
        .map(|(name, kind)| plain(located(name), *kind));
    all.collect()
}

/// What the section says of the market.
pub(crate) fn convert(cx: &mut Context<'_>, fields: &Fields) -> Option<MarketDoc> {
    let stream = stream(fields);
    let ticks = fields.int("ticks_per_day");
    if let (Some(MarketStream::Indices | MarketStream::OpenInterest), Some(key)) =
        (stream, fields.key("ticks_per_day"))
    {
        let message =
            "`ticks_per_day` is for options, futures and qri; this stream has a pace of its own";
        cx.mistake(Diagnostic::at(key, message));
    }
    let start = fields.micros("start");
    let start = start.zip(fields.at("start")).and_then(|(micros, span)| {
        Some(Located {
            value: local_date(cx, micros)?,
            span,
        })
    });
    let count = |option: &str, default: i64| fields.int(option).unwrap_or(default);
    let products = fields.list("products").map(|list| {
        let product = |item: Located<Typed>| match item.value {
            Typed::Word("large") => Some(FuturesProduct::Large),
            Typed::Word("mini") => Some(FuturesProduct::Mini),
            Typed::Word(_) => Some(FuturesProduct::Micro),
            _ => None,
        };
        let mut products: Vec<FuturesProduct> = list.into_iter().filter_map(product).collect();
        let mut seen = Vec::new();
        products.retain(|p| {
            !seen.contains(p) && {
                seen.push(*p);
                true
            }
        });
        products
    });
    let crash = crash(cx, fields);
    Some(MarketDoc {
        stream: stream?,
        seed: u64::try_from(count("seed", 1)).unwrap_or(1),
        start: start?,
        days: u32::try_from(count("days", 1)).unwrap_or(1),
        level: count("level", 50_000) as f64,
        products: products.unwrap_or_else(|| vec![FuturesProduct::Large, FuturesProduct::Mini]),
        expiries: usize::try_from(count("expiries", 3)).unwrap_or(3),
        strikes: usize::try_from(count("strikes", 250)).unwrap_or(250),
        ticks_per_day: ticks.and_then(|t| u64::try_from(t).ok()),
        crash,
        stalls: fields.bool("stalls").unwrap_or(false),
        intraday_oi: fields.bool("intraday_oi").unwrap_or(false),
        disorder: fields.micros("disorder").unwrap_or(0),
    })
}

fn crash(cx: &mut Context<'_>, fields: &Fields) -> Option<CrashDoc> {
    let crash = fields.table("crash")?;
    let (at, size) = (crash.micros("at")?, crash.float("size")?);
    let span = crash.at("at").unwrap_or(crash.span);
    if size == 0.0 || size.abs() > 0.5 {
        let place = crash.at("size").unwrap_or(crash.span);
        let message = format!("expected a move from -0.5 to 0.5 and not 0, found {size}");
        let help = "it is a share of the price: -0.08 is a fall by 8 %";
        cx.mistake(Diagnostic::at(place, message).help(help));
    }
    Some(CrashDoc { at, span, size })
}

/// The day of a time, by the pipeline's zone.
fn local_date(cx: &Context<'_>, micros: i64) -> Option<NaiveDate> {
    let time = DateTime::from_timestamp_micros(micros)?;
    Some(time.with_timezone(&cx.zone).date_naive())
}
