//! What a pipeline file says, typed and with places, before anything is cross-checked: the output
//! of this crate and the input of the planner (`zaraba-runtime`, `plan/`). No schema and no SQL is
//! looked at here.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono_tz::Tz;
use zaraba_core::diagnostic::Span;

mod market;

pub use self::market::{CrashDoc, FuturesProduct, MarketDoc, MarketStream};

pub use crate::alert::{AlertDoc, SeverityDoc, TextsDoc};
pub use crate::argument::Argument;
pub use crate::calendar::{CalendarDoc, HaltDoc};
pub use crate::connector::{
    HttpClientDoc, HttpServerDoc, NextPage, RequestDoc, SheetDoc, SourceConnector, WebsocketDoc,
};
pub use crate::listener::{AuthDoc, ListenerDoc, ListenerLimitsDoc, TlsDoc};
pub use crate::message::MessageDoc;
pub use crate::rule::{PluginDoc, RuleDoc, RuleLimitsDoc};
pub use crate::sink::QueryLimitsDoc;
pub use crate::sink_file::{FileSinkDoc, RollDoc};
pub use crate::sink_webhook::{DigestDoc, QuietDoc, WebhookDoc, WebhookForm};
pub use crate::storm::{GroupDoc, StormDoc};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// A string and where it stands, to the byte: errors inside it (SQL, templates) can be shown at
/// their own line and column.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The string, escapes and environment variables put in.
    pub value: String,
    /// The whole token, quotes included.
    pub span: Span,
    /// Pairs (byte of `value`, byte of the file), ascending by the first: from each pair to the
    /// next both advance alike.
    pub offsets: Vec<(usize, usize)>,
}

impl Text {
    /// Where bytes `start..end` of the value stand in the file. Where the file has bytes between
    /// two of the value (a line's end behind a backslash), a span ends before and begins behind
    /// them.
    #[must_use]
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let behind =
            |i: usize, byte: usize| match i.checked_sub(1).and_then(|i| self.offsets.get(i)) {
                Some((value, file)) => (file + (byte - value)).min(self.span.end),
                None => self.span.start,
            };
        let first = behind(
            self.offsets.partition_point(|(value, _)| *value <= start),
            start,
        );
        let before = self.offsets.partition_point(|(value, _)| *value < end);
        let last = match self.offsets.get(before) {
            Some((value, file)) if *value == end => *file,
            _ => behind(before, end),
        };
        Span {
            file: self.span.file,
            start: first,
            end: last.max(first),
        }
    }
}

/// A parameter's or a column's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true`, `false`
    Bool(bool),
    /// `14`
    Int(i64),
    /// `1.3`
    Float(f64),
    /// `"text"`
    Text(String),
}

/// A whole pipeline.
#[derive(Clone, Debug)]
pub struct Document {
    /// `name`
    pub name: String,
    /// The folder of the main file.
    pub dir: PathBuf,
    /// `timezone`, UTC if left out.
    pub timezone: Located<Tz>,
    /// `[params]` after `--set`, in the file's order.
    pub params: Vec<(String, Located<Value>)>,
    /// `[source.*]`, in the file's order; the order is the sources' ordinal.
    pub sources: Vec<SourceDoc>,
    /// `[table.*]`
    pub tables: Vec<TableDoc>,
    /// `[query.*]`
    pub queries: Vec<QueryDoc>,
    /// `[alert.*]`
    pub alerts: Vec<AlertDoc>,
    /// `[rule.*]`
    pub rules: Vec<RuleDoc>,
    /// `[sink.*]`
    pub sinks: Vec<SinkDoc>,
    /// `[[test]]`
    pub tests: Vec<TestDoc>,
    /// `[calendar]`
    pub calendar: CalendarDoc,
    /// `[limits]`
    pub limits: LimitsDoc,
    /// Names of nodes that have a mistake of their own (or are of a kind not built yet) and are
    /// left out above: references to them are not mistakes of their own.
    pub broken: BTreeSet<String>,
    /// Values that came from the environment, to be kept out of every output.
    pub secrets: Vec<String>,
}

impl Document {
    /// Whether a node of this name is in the document, and has no mistake of its own.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let mut names = (self.sources.iter().map(|n| &n.name))
            .chain(self.tables.iter().map(|n| &n.name))
            .chain(self.queries.iter().map(|n| &n.name))
            .chain(self.alerts.iter().map(|n| &n.name))
            .chain(self.rules.iter().map(|n| &n.name))
            .chain(self.sinks.iter().map(|n| &n.name));
        names.any(|n| n.value == name)
    }
}

/// `[source.NAME]`
#[derive(Clone, Debug)]
pub struct SourceDoc {
    /// NAME
    pub name: Located<String>,
    /// Its connector with the connector's own options.
    pub connector: SourceConnector,
    /// `time`: the event-time column.
    pub time: Located<String>,
    /// `out_of_order`, microseconds; 0 if left out.
    pub out_of_order: i64,
    /// `idle_timeout`, microseconds (live sources).
    pub idle_timeout: Option<i64>,
    /// `stale_after`, microseconds.
    pub stale_after: Option<i64>,
    /// `ahead`, microseconds past the clock that a live row may be; a minute if left out.
    pub ahead: i64,
    /// `replay.speed`: event time per real time; none: as fast as it can.
    pub speed: Option<f64>,
    /// `bootstrap`: files that are read first.
    pub bootstrap: Option<FileSourceDoc>,
    /// `on_error`; none: by kind of connector.
    pub on_error: Option<ErrorPolicy>,
    /// `[source.NAME.schema]`, in the file's order; empty where the format brings its own.
    pub schema: Vec<ColumnDoc>,
}

/// `on_error`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorPolicy {
    /// The run ends.
    Fail,
    /// The row is counted and logged.
    Skip,
    /// The row goes to `SOURCE__errors`.
    DeadLetter,
}

/// Options of `connector = "file"` (in).
#[derive(Clone, Debug)]
pub struct FileSourceDoc {
    /// `path`, relative to the file that names it, resolved; may be a glob.
    pub path: Located<PathBuf>,
    /// Files in its place, in this order, where a program says which; empty: what `path` finds.
    pub files: Vec<PathBuf>,
    /// `format`; by the file's ending if left out.
    pub format: Format,
    /// `merge = "time"`: one partition a file instead of one after the other.
    pub merge_by_time: bool,
    /// `follow`: read on as files grow.
    pub follow: bool,
    /// `schema_evolution = "add_nullable"`: the columns are those of all files.
    pub add_nullable: bool,
    /// `encoding` of text formats.
    pub encoding: Encoding,
    /// `csv.delimiter`, a comma if left out.
    pub delimiter: u8,
    /// `csv.header`: the first line names the columns; true if left out.
    pub header: bool,
    /// `xlsx`: where in a workbook the rows are.
    pub sheet: SheetDoc,
}

/// `encoding`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// Shift JIS as Windows has it.
    Cp932,
    /// EUC-JP.
    EucJp,
}

/// `format`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Parquet.
    Parquet,
    /// CSV, RFC 4180.
    Csv,
    /// One JSON object a line.
    Json,
    /// Arrow IPC, file or stream.
    Arrow,
    /// An Excel workbook.
    Xlsx,
}

/// Options of `connector = "simulate"`.
#[derive(Clone, Debug)]
pub struct SimulateDoc {
    /// `seed`; 1 if left out.
    pub seed: u64,
    /// `start`, microseconds UTC: event time of the first row.
    pub start: i64,
    /// `interval`, microseconds of event time from row to row, on average.
    pub interval: i64,
    /// `rows`: how many; none: without end.
    pub rows: Option<u64>,
    /// `disorder`, microseconds: how much later than it should a row may come.
    pub disorder: i64,
}

/// A column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `timestamp`: microseconds, UTC.
    Timestamp,
    /// `date`
    Date,
    /// `text`
    Text,
    /// `bool`
    Bool,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `float64`
    Float64,
    /// `decimal(precision, scale)`
    Decimal(u8, i8),
}

/// One column of a source's schema.
#[derive(Clone, Debug)]
pub struct ColumnDoc {
    /// Its name.
    pub name: Located<String>,
    /// `type`
    pub kind: ColumnType,
    /// `format` of a timestamp or date, in `strftime` words, or `epoch_s`, `epoch_ms`, `epoch_us`,
    /// `epoch_ns`; ISO 8601 if left out.
    pub format: Option<String>,
    /// `zone` of a time without one; the pipeline's if left out.
    pub zone: Option<Tz>,
    /// `at` of a timestamp that is written as a date: microseconds since the day began.
    pub at: Option<i64>,
    /// `received`: where a row has no time, it is that at which a live source got the row.
    pub received: bool,
    /// `from`: the field's name (CSV), its 0-based number in a headerless CSV, its letters or one
    /// cell in a workbook (`C`, `$A$2`), or its JSON path (`$.Board.Price`); the column's name if
    /// left out.
    pub from: Option<Text>,
    /// `nulls`: words that mean null.
    pub nulls: Vec<String>,
    /// `thousands`: the separator between thousands in numbers.
    pub thousands: Option<char>,
    /// `optional`: the field may be missing and is then null.
    pub optional: bool,
    /// `default`: what stands in a missing or null field.
    pub default: Option<Value>,
    /// How `simulate` makes its values.
    pub generate: Option<Generate>,
}

/// How `simulate` makes a column's values.
#[derive(Clone, Debug)]
pub enum Generate {
    /// `one_of = [...]`: one of these at random; such columns together are the key of the walks
    /// and counters.
    OneOf(Vec<Value>),
    /// `range = [low, high]`: uniform.
    Range(f64, f64),
    /// `walk = { start, step, min }`: a random path per key; a price.
    Walk {
        /// First value.
        start: f64,
        /// Tick size: each row moves by -1, 0 or 1 of it.
        step: f64,
        /// Never below.
        min: f64,
    },
    /// `counter = { start, step_max }`: never falls, per key; a cumulative volume.
    Counter {
        /// First value.
        start: i64,
        /// Each row adds 0 to this.
        step_max: i64,
    },
}

/// `ttl`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlDoc {
    /// A length of time, microseconds.
    Span(i64),
    /// `"2 trading_days"`
    TradingDays(u32),
}

/// `snapshot_at`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentDoc {
    /// `OSE.day_close`
    OseDayClose,
    /// `OSE.night_close`
    OseNightClose,
    /// `TSE.close`
    TseClose,
    /// `US.close`
    UsClose,
}

/// `[table.NAME]`
#[derive(Clone, Debug)]
pub struct TableDoc {
    /// NAME
    pub name: Located<String>,
    /// `from`: the stream that feeds it.
    pub from: Located<String>,
    /// `key`: its key columns; empty: one row.
    pub key: Vec<Located<String>>,
    /// `ttl`
    pub ttl: Option<TtlDoc>,
    /// `drop_when`: an SQL condition over its columns.
    pub drop_when: Option<Text>,
    /// `snapshot_at`: the moment as of which readers see it.
    pub snapshot_at: Option<MomentDoc>,
}

/// `[query.NAME]`
#[derive(Clone, Debug)]
pub struct QueryDoc {
    /// NAME
    pub name: Located<String>,
    /// `sql`
    pub sql: Text,
    /// When it runs; none: a streaming query.
    pub trigger: Option<Located<Trigger>>,
    /// `key`: upsert key of a triggered query's result.
    pub key: Option<Vec<Located<String>>>,
    /// `emit`
    pub emit: Emit,
}

/// When a query over tables runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// `every`, microseconds of event time.
    Every(i64),
    /// `on_change = true`, at most once per `min_interval` (microseconds, 0 if left out).
    OnChange(i64),
}

/// `emit` of a triggered query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// `changes`: what changed since the last tick, as upserts and deletions by `key`.
    Changes,
    /// `all`: all rows at each tick, as an append stream.
    All,
}

/// `[sink.NAME]`
#[derive(Clone, Debug)]
pub struct SinkDoc {
    /// NAME
    pub name: Located<String>,
    /// `from`: the streams it takes.
    pub from: Vec<Located<String>>,
    /// Its connector with the connector's own options.
    pub connector: SinkConnector,
}

/// What a sink writes to.
#[derive(Clone, Debug)]
pub enum SinkConnector {
    /// `connector = "file"`
    File(FileSinkDoc),
    /// `connector = "stdout"`: one JSON object a line, or CSV.
    Stdout {
        /// `format`
        format: Format,
    },
    /// `connector = "websocket"`
    Websocket(Box<WebsocketSinkDoc>),
    /// `connector = "webhook"`
    Webhook(Box<WebhookDoc>),
    /// `connector = "channel"`: rows go to the embedding program.
    Channel,
}

/// A sink with `connector = "websocket"`.
#[derive(Clone, Debug)]
pub struct WebsocketSinkDoc {
    /// `listen`, `auth` and their like.
    pub listener: ListenerDoc,
    /// `assets`: a folder of static files served at `/`.
    pub assets: Option<Located<PathBuf>>,
    /// `history`: newest rows kept per append topic; 1,000 if left out.
    pub history: usize,
    /// `history_time`: of them those no older than so many microseconds of event time.
    pub history_time: Option<i64>,
    /// `history_size`, bytes of any topic.
    pub history_size: u64,
    /// `query`: what a query of `/api/query` may cost.
    pub query: QueryLimitsDoc,
}

/// `[[test]]`
#[derive(Clone, Debug)]
pub struct TestDoc {
    /// `name`
    pub name: Located<String>,
    /// `input.STREAM = [rows]`: rows that stand in for a stream.
    pub input: Vec<(Located<String>, Vec<Row>)>,
    /// `expect.STREAM = [rows]`: rows that the stream must emit; columns left out are not
    /// compared.
    pub expect: Vec<(Located<String>, Vec<Row>)>,
}

/// A row in a test: columns with values; `{}`-free scalars only. Times and dates are texts.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its place.
    pub span: Span,
    /// Column, value; none: null (written as the text `"null"` is not null; leave the column out
    /// of an input row to make it null).
    pub columns: Vec<(Located<String>, Located<Value>)>,
}

/// `[limits]`
#[derive(Clone, Debug)]
pub struct LimitsDoc {
    /// `memory`, bytes; none: half of the machine's.
    pub memory: Option<u64>,
    /// `queue`: messages that may wait before a node; 16 if left out.
    pub queue: usize,
    /// `batch_rows`: most rows in a batch that a source makes; 8,192 if left out.
    pub batch_rows: usize,
    /// `parallelism`: threads that share the keys of a keyed stage; one if left out.
    pub parallelism: usize,
    /// `max_drift`: microseconds by which a source may be ahead of the slowest; an hour if left
    /// out.
    pub max_drift: i64,
}
