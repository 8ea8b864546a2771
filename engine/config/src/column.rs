//! `[source.NAME.schema]`: the columns, in their short form (`volume = "int64"`) or as a table,
//! and how `simulate` makes their values.

use zaraba_core::diagnostic::{Diagnostic, Span};
use zaraba_core::time::SECOND;

use crate::document::{ColumnDoc, ColumnType, Generate, Located, Value};
use crate::leaf::parse_time;
use crate::mapping::check_time_format;
use crate::read::{Context, Fields, Typed};
use crate::spec::{Kind, Least, Section, optional, required};

/// A column: its type, or a table.
pub(crate) static COLUMN_OR_TYPE: Kind = Kind::Either(&Kind::ColumnType, &COLUMN);

/// A column in its long form.
pub(crate) static COLUMN: Section = Section {
    title: "[source.NAME.schema]",
    about: "One key a column: its type, or a table that begins with `type`. Types are `timestamp` (microseconds, UTC), `date`, `text`, `bool`, `int32`, `int64`, `float64` and `decimal(precision, scale)`.",
    groups: &[&[
        required("type", Kind::ColumnType, "\"float64\"", "the column's type"),
        optional(
            "format",
            Kind::Text,
            "ISO 8601",
            "\"%Y%m%d%H%M\"",
            "how a timestamp or date is written: `strftime` words, or `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`",
        ),
        optional(
            "zone",
            Kind::Zone,
            "the pipeline's `timezone`",
            "\"Asia/Tokyo\"",
            "the zone of times that do not say theirs",
        ),
        optional(
            "at",
            Kind::Text,
            "00:00",
            "\"20:00\"",
            "when on that day, for a timestamp that is written as a date; 27:00 is three in the morning after",
        ),
        optional(
            "received",
            Kind::Bool,
            "`false`",
            "true",
            "whether a row without this time gets that at which it was received; of live sources",
        ),
        optional(
            "from",
            Kind::TextOrNumber,
            "the column's name",
            "\"$.Board.Price\"",
            "where it comes from: a CSV field's name, its number from 0 in a CSV without header, a JSON path, or in a workbook a header's text, the letters of a column without one (`C`), or one cell for all rows (`$A$2`)",
        ),
        optional(
            "nulls",
            Kind::List(&Kind::Text, Least::None),
            "none",
            "[\"\", \"-\"]",
            "words that mean null",
        ),
        optional(
            "thousands",
            Kind::Char,
            "none",
            "\",\"",
            "what separates thousands in numbers",
        ),
        optional(
            "optional",
            Kind::Bool,
            "`false`",
            "true",
            "whether the field may be missing; it is null then",
        ),
        optional(
            "default",
            Kind::Scalar,
            "null",
            "0",
            "what stands in a missing or null field",
        ),
        optional(
            "one_of",
            Kind::List(&Kind::Scalar, Least::One),
            "",
            "[\"C\", \"P\"]",
            "`simulate`: one of these at random; such columns together are the key of walks and counters",
        ),
        optional(
            "range",
            Kind::Pair,
            "",
            "[0.15, 0.35]",
            "`simulate`: uniform between the two",
        ),
        optional(
            "walk",
            Kind::Table(&WALK),
            "",
            "{ start = 250.0, step = 5.0, min = 1.0 }",
            "`simulate`: a random walk per key; a price",
        ),
        optional(
            "counter",
            Kind::Table(&COUNTER),
            "",
            "{ start = 0, step_max = 10 }",
            "`simulate`: never falls, per key; a cumulative volume",
        ),
    ]],
    later: &[],
    example: "",
};

static WALK: Section = Section {
    title: "walk",
    about: "A random walk per key.",
    groups: &[&[
        required("start", Kind::Float, "250.0", "the first value"),
        required(
            "step",
            Kind::PositiveFloat,
            "5.0",
            "each row moves by -1, 0 or 1 of it",
        ),
        optional("min", Kind::Float, "`0`", "1.0", "never below it"),
    ]],
    later: &[],
    example: "",
};

static COUNTER: Section = Section {
    title: "counter",
    about: "A number that never falls, per key.",
    groups: &[&[
        optional(
            "start",
            Kind::Int(0, i64::MAX),
            "`0`",
            "0",
            "the first value",
        ),
        required(
            "step_max",
            Kind::Int(1, i64::MAX),
            "10",
            "each row adds 0 to this",
        ),
    ]],
    later: &[],
    example: "",
};

/// Names of generators.
pub(crate) const GENERATORS: [&str; 4] = ["one_of", "range", "walk", "counter"];

/// Names of the columns that stand in the section, right or wrong ones.
pub(crate) fn declared(fields: &Fields) -> Vec<String> {
    fields.keys_within("schema")
}

/// All columns that are right.
pub(crate) fn convert_all(cx: &mut Context<'_>, fields: &Fields) -> Vec<ColumnDoc> {
    let columns = fields.map("schema").unwrap_or_default();
    columns
        .into_iter()
        .filter_map(|(name, typed)| convert(cx, name, &typed))
        .collect()
}

fn convert(
    cx: &mut Context<'_>,
    name: Located<String>,
    typed: &Located<Typed>,
) -> Option<ColumnDoc> {
    if name.value.starts_with("__") {
        let message = "names of columns that begin with `__` are the engine's own";
        cx.mistake(Diagnostic::at(name.span, message));
        return None;
    }
    let fields = match &typed.value {
        Typed::Column(kind) => return Some(plain(name, *kind)),
        Typed::Table(fields) => fields,
        _ => return None,
    };
    if !fields.whole {
        return None;
    }
    let kind = fields.column("type")?;
    let before = cx.count();
    check_uses(cx, &name.value, kind, fields);
    if let Some(format) = fields.text("format") {
        check_time_format(cx, &format);
    }
    let nulls = fields.names("nulls").unwrap_or_default();
    let default = fields.scalar("default");
    if let (Some(default), Some(span)) = (&default, fields.at("default")) {
        check_fits(cx, default, kind, fields.has("format"), span);
    }
    let generate = generate(cx, kind, fields);
    (cx.count() == before).then(|| ColumnDoc {
        format: fields.text("format").map(|t| t.value),
        zone: fields.zone("zone"),
        at: at(cx, fields),
        received: fields.bool("received").unwrap_or(false),
        from: fields.text("from"),
        nulls: nulls.into_iter().map(|n| n.value).collect(),
        thousands: fields.char("thousands"),
        optional: fields.bool("optional").unwrap_or(false)
            || fields.bool("received").unwrap_or(false),
        default,
        generate,
        ..plain(name, kind)
    })
}

pub(crate) fn plain(name: Located<String>, kind: ColumnType) -> ColumnDoc {
    ColumnDoc {
        name,
        kind,
        format: None,
        zone: None,
        at: None,
        received: false,
        from: None,
        nulls: Vec::new(),
        thousands: None,
        optional: false,
        default: None,
        generate: None,
    }
}

/// `at`: hours and minutes, up to the end of the next day.
fn at(cx: &mut Context<'_>, fields: &Fields) -> Option<i64> {
    let text = fields.text("at")?;
    let part = |part: &str, max: i64| {
        let two = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>().ok().filter(|n| two && *n <= max)
    };
    let read = text.value.split_once(':');
    let minutes = read.and_then(|(hour, minute)| Some(part(hour, 47)? * 60 + part(minute, 59)?));
    if minutes.is_none() {
        let found = crate::tree::quoted(&text.value);
        let message = format!("expected a time of day like \"20:00\", found {found}");
        cx.mistake(Diagnostic::at(text.span, message));
    }
    minutes.map(|minutes| minutes * 60 * SECOND)
}

fn is_time(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Timestamp | ColumnType::Date)
}

fn is_integer(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Int32 | ColumnType::Int64)
}

fn is_number(kind: ColumnType) -> bool {
    is_integer(kind) || matches!(kind, ColumnType::Float64 | ColumnType::Decimal(..))
}

/// Options that only some types have: the option, whether a type has it, what the types are.
type Use = (&'static str, fn(ColumnType) -> bool, &'static str);

const USES: [Use; 8] = [
    ("format", is_time, "timestamps and dates"),
    ("zone", |kind| kind == ColumnType::Timestamp, "timestamps"),
    ("at", |kind| kind == ColumnType::Timestamp, "timestamps"),
    (
        "received",
        |kind| kind == ColumnType::Timestamp,
        "timestamps",
    ),
    ("thousands", is_number, "numbers"),
    ("range", is_number, "numbers"),
    ("walk", is_number, "numbers"),
    ("counter", is_integer, "whole numbers"),
];

fn check_uses(cx: &mut Context<'_>, name: &str, kind: ColumnType, fields: &Fields) {
    for (option, has, types) in USES {
        if let Some(key) = fields.key(option).filter(|_| !has(kind)) {
            let message = format!(
                "`{option}` is for {types}, `{name}` is of type {}",
                shown(kind)
            );
            cx.mistake(Diagnostic::at(key, message));
        }
    }
}

/// A type as the file writes it.
pub(crate) fn shown(kind: ColumnType) -> String {
    match kind {
        ColumnType::Decimal(precision, scale) => format!("decimal({precision}, {scale})"),
        _ => crate::leaf::COLUMN_TYPES
            .iter()
            .find(|(_, k)| *k == kind)
            .map_or_else(String::new, |(name, _)| (*name).to_owned()),
    }
}

/// A value must be of its column's type.
fn check_fits(cx: &mut Context<'_>, value: &Value, kind: ColumnType, own_format: bool, span: Span) {
    let fits = match (value, kind) {
        (Value::Bool(_), ColumnType::Bool) => true,
        (Value::Int(i), ColumnType::Int32) => i32::try_from(*i).is_ok(),
        (Value::Int(_), kind) => is_number(kind),
        (Value::Float(_), ColumnType::Float64 | ColumnType::Decimal(..)) => true,
        (Value::Text(_), ColumnType::Text) => true,
        (Value::Text(text), kind) if is_time(kind) => {
            own_format || parse_time(text, chrono_tz::Tz::UTC).is_some()
        }
        _ => false,
    };
    if !fits {
        let found = match value {
            Value::Bool(b) => b.to_string(),
            Value::Int(i) => i.to_string(),
            Value::Float(f) => format!("{f:?}"),
            Value::Text(text) => crate::tree::quoted(text),
        };
        let message = format!("expected a value of type {}, found {found}", shown(kind));
        cx.mistake(Diagnostic::at(span, message));
    }
}

fn generate(cx: &mut Context<'_>, kind: ColumnType, fields: &Fields) -> Option<Generate> {
    let given: Vec<&str> = GENERATORS.into_iter().filter(|g| fields.has(g)).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("`{first}` and `{second}` both say how values are made");
        let key = fields.key(second).unwrap_or(fields.span);
        cx.mistake(Diagnostic::at(key, message).help("keep one of them"));
        return None;
    }
    if let Some(list) = fields.list("one_of") {
        let mut values = Vec::new();
        for item in list {
            if let Typed::Scalar(value) = item.value {
                check_fits(cx, &value, kind, fields.has("format"), item.span);
                values.push(value);
            }
        }
        return Some(Generate::OneOf(values));
    }
    if let Some((low, high)) = fields.pair("range") {
        let span = fields.at("range").unwrap_or(fields.span);
        if low > high {
            let message = format!("a range goes from low to high, found [{low}, {high}]");
            cx.mistake(Diagnostic::at(span, message));
        } else if is_integer(kind) && low.ceil() > high.floor() {
            let message = format!("there is no whole number in the range [{low}, {high}]");
            cx.mistake(Diagnostic::at(span, message));
        }
        return Some(Generate::Range(low, high));
    }
    if let Some(walk) = fields.table("walk") {
        let (start, step) = (walk.float("start")?, walk.float("step")?);
        let min = walk.float("min").unwrap_or(0.0);
        if start < min {
            let span = walk.at("start").unwrap_or(walk.span);
            let message = format!("the walk starts at {start}, below its `min` of {min}");
            cx.mistake(Diagnostic::at(span, message));
        }
        return Some(Generate::Walk { start, step, min });
    }
    let counter = fields.table("counter")?;
    let start = counter.int("start").unwrap_or(0);
    Some(Generate::Counter {
        start,
        step_max: counter.int("step_max")?,
    })
}

/// Only a live source receives rows.
pub(crate) fn refuse_received(cx: &mut Context<'_>, fields: &Fields, connector: &str) {
    for (_, column) in fields.map("schema").unwrap_or_default() {
        let Typed::Table(column) = &column.value else {
            continue;
        };
        if let Some(key) = column.key("received") {
            let message = format!(
                "`received` is the time at which a live source got a row, and connector \
                 \"{connector}\" is none"
            );
            cx.mistake(Diagnostic::at(key, message));
        }
    }
}

/// Only `simulate` makes values, and of that `which`.
pub(crate) fn refuse_generators(cx: &mut Context<'_>, fields: &Fields, which: &str) {
    for (_, column) in fields.map("schema").unwrap_or_default() {
        let Typed::Table(column) = &column.value else {
            continue;
        };
        for generator in GENERATORS {
            if let Some(key) = column.key(generator) {
                let message = format!("`{generator}` is only for connector \"simulate\"{which}");
                cx.mistake(Diagnostic::at(key, message));
            }
        }
    }
}
