//! Single values: durations, sizes, zones, times, words, paths, addresses. One function a kind
//! says what it makes of a TOML value, [`expected`] says in words what would have been right.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use zaraba_core::diagnostic::Diagnostic;
use zaraba_core::suggest::nearest;
use zaraba_core::time::parse_duration;

use crate::argument;
use crate::document::{ColumnType, Text};
use crate::message;
use crate::params;
use crate::read::{Context, Typed, not_built};
use crate::spec::{Kind, Words};
use crate::texts;
use crate::tree::{Node, TomlValue, quoted};
use crate::url;

/// What a kind of option wants, in words.
pub(crate) fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Text => "a text".to_owned(),
        Kind::Name => "a name".to_owned(),
        Kind::Char => "one character in quotes".to_owned(),
        Kind::Sql => "SQL in quotes".to_owned(),
        Kind::Path => "a path in quotes".to_owned(),
        Kind::Listen | Kind::ListenOpen => "an address like \"127.0.0.1:8225\"".to_owned(),
        Kind::Url => "a URL like \"https://example.com/rows\"".to_owned(),
        Kind::SocketUrl => "a URL like \"wss://example.com/feed\"".to_owned(),
        Kind::Request => "a request like \"POST https://example.com/token\"".to_owned(),
        Kind::Texts => "a text, or texts like { ja = \"…\", en = \"…\" }".to_owned(),
        Kind::Message => "a text, or a table that is sent as JSON".to_owned(),
        Kind::TextList => "a list of texts, or one as JSON in a text".to_owned(),
        Kind::Int(low, i64::MAX) => format!("an integer from {low}"),
        Kind::Int(low, high) => format!("an integer from {low} to {high}"),
        Kind::Float => "a number".to_owned(),
        Kind::PositiveFloat => "a number greater than zero".to_owned(),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Duration | Kind::DurationOrZero => "a duration like \"5s\"".to_owned(),
        Kind::Ttl => "a duration like \"5s\" or \"2 trading_days\"".to_owned(),
        Kind::Size => "a size like \"512MiB\"".to_owned(),
        Kind::Zone => "a time zone like \"Asia/Tokyo\"".to_owned(),
        Kind::Date => "a date like \"2025-11-14\"".to_owned(),
        Kind::Time => "a time like \"2025-11-14T09:00:00\"".to_owned(),
        Kind::ColumnType => "a type like \"int64\"".to_owned(),
        Kind::Words(words) => one_of(words),
        Kind::List(item, _) => format!("a list of {}", plural(item)),
        Kind::Pair => "two numbers like [1, 100]".to_owned(),
        Kind::Table(_) | Kind::Map(_) => "a table".to_owned(),
        Kind::Either(short, _) => format!("{}, or a table", expected(short)),
        Kind::TextOrNumber => "a text or a number from 0".to_owned(),
        Kind::Scalar => "a text, number or boolean".to_owned(),
        Kind::Argument => "a text, number, boolean, list or table".to_owned(),
        Kind::Row => "a row like { strike = 52000 }".to_owned(),
        Kind::Nodes(_) | Kind::Overlay => "a table of tables".to_owned(),
    }
}

/// Several of a kind, in words.
fn plural(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "texts",
        Kind::Name => "names",
        Kind::Path => "paths",
        Kind::Row => "rows",
        Kind::Table(_) => "tables",
        Kind::Message => "texts or tables",
        _ => "values",
    }
}

fn one_of(words: &Words) -> String {
    let quoted: Vec<String> = words.now.iter().map(|w| format!("{w:?}")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}

/// Reads a value that is neither list nor table.
pub(crate) fn read(cx: &mut Context<'_>, kind: &'static Kind, node: &Node) -> Option<Typed> {
    let typed = match (kind, &node.value) {
        (Kind::Text | Kind::Sql | Kind::Texts, TomlValue::Text(text)) => {
            Some(Typed::Text(text.clone()))
        }
        (Kind::Name, TomlValue::Text(text)) if !text.value.is_empty() => {
            Some(Typed::Text(text.clone()))
        }
        (Kind::Char, TomlValue::Text(text)) => one_char(&text.value).map(Typed::Char),
        (Kind::Path, TomlValue::Text(text)) => return path(cx, text),
        (Kind::Listen | Kind::ListenOpen, TomlValue::Text(text)) => return listen(cx, kind, text),
        (Kind::Url | Kind::SocketUrl | Kind::Request, TomlValue::Text(text)) => {
            return url::read(cx, kind, text);
        }
        (Kind::Message, _) => return message::read(cx, node),
        (Kind::Argument, _) => return argument::read(cx, node),
        (Kind::TextList, _) => return texts::read(cx, node),
        (Kind::Int(low, high), TomlValue::Integer(i)) if low <= i && i <= high => {
            Some(Typed::Int(*i))
        }
        (Kind::Float | Kind::PositiveFloat, _) => number(node)
            .filter(|f| matches!(kind, Kind::Float) || *f > 0.0)
            .map(Typed::Float),
        (Kind::Bool, TomlValue::Bool(b)) => Some(Typed::Bool(*b)),
        (Kind::Duration | Kind::DurationOrZero | Kind::Ttl, _) => return duration(cx, kind, node),
        (Kind::Size, TomlValue::Text(text)) => parse_size(&text.value).map(Typed::Bytes),
        (Kind::Zone, TomlValue::Text(text)) => return zone(cx, text),
        (Kind::Time, TomlValue::Text(text)) => parse_time(&text.value, cx.zone).map(Typed::Micros),
        (Kind::Time, TomlValue::Datetime(text)) => parse_time(text, cx.zone).map(Typed::Micros),
        (Kind::Date, TomlValue::Text(text)) => text.value.parse().ok().map(Typed::Date),
        (Kind::Date, TomlValue::Datetime(text)) => text.parse().ok().map(Typed::Date),
        (Kind::ColumnType, TomlValue::Text(text)) => return column_type(cx, text),
        (Kind::Words(words), TomlValue::Text(text)) => return word(cx, words, text),
        (Kind::Pair, TomlValue::Array(items)) => match items.as_slice() {
            [low, high] => number(low)
                .zip(number(high))
                .map(|(l, h)| Typed::Pair(l, h)),
            _ => None,
        },
        (Kind::TextOrNumber, TomlValue::Text(text)) => Some(Typed::Text(text.clone())),
        (Kind::TextOrNumber, TomlValue::Integer(i)) if *i >= 0 => {
            let offsets = vec![(0, node.span.start)];
            Some(Typed::Text(Text {
                value: i.to_string(),
                span: node.span,
                offsets,
            }))
        }
        (Kind::Scalar, _) => node.scalar().map(Typed::Scalar),
        _ => None,
    };
    if typed.is_none() {
        cx.mistake(wrong(kind, node));
    }
    typed
}

/// Not what was expected.
fn wrong(kind: &Kind, node: &Node) -> Diagnostic {
    let message = format!("expected {}, found {}", expected(kind), node.describe());
    let help = match (kind, &node.value) {
        (Kind::Duration | Kind::DurationOrZero | Kind::Ttl, TomlValue::Integer(i)) => {
            format!("say the unit, in quotes: \"{i}s\"")
        }
        (Kind::Duration | Kind::DurationOrZero | Kind::Ttl, _) => {
            "units are us, ms, s, m, h and d: \"250ms\", \"1m30s\"".to_owned()
        }
        (Kind::Size, TomlValue::Integer(_)) => "say the unit, in quotes: \"64KiB\"".to_owned(),
        (Kind::Size, _) => "units are B, KB, MB, GB, TB and KiB, MiB, GiB, TiB".to_owned(),
        (Kind::List(..), TomlValue::Text(text)) => {
            format!("put it in brackets: [{}]", quoted(&text.value))
        }
        (Kind::List(..), TomlValue::Table(_)) => "put it in brackets: [{ … }]".to_owned(),
        (Kind::Text | Kind::Name | Kind::Path, TomlValue::Array(items)) if items.len() == 1 => {
            "it is only one: leave the brackets out".to_owned()
        }
        (Kind::Bool, TomlValue::Text(_)) => "leave the quotes out".to_owned(),
        (Kind::Int(..) | Kind::Float | Kind::PositiveFloat, TomlValue::Text(text))
            if text.value.parse::<f64>().is_ok() =>
        {
            "leave the quotes out".to_owned()
        }
        _ => return Diagnostic::at(node.span, message),
    };
    Diagnostic::at(node.span, message).help(help)
}

fn one_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an option given as a whole number is small"
)]
fn number(node: &Node) -> Option<f64> {
    match node.value {
        TomlValue::Integer(i) => Some(i as f64),
        TomlValue::Float(f) => Some(f).filter(|f| f.is_finite()),
        _ => None,
    }
}

/// Most trading days of a `ttl`: forty years.
const TRADING_DAYS_MAX: u32 = 10_000;

fn duration(cx: &mut Context<'_>, kind: &Kind, node: &Node) -> Option<Typed> {
    let TomlValue::Text(text) = &node.value else {
        cx.mistake(wrong(kind, node));
        return None;
    };
    let value = text.value.trim();
    let days = value
        .strip_suffix("trading_days")
        .or_else(|| value.strip_suffix("trading_day"));
    let days = days.and_then(|n| n.trim().parse::<u32>().ok());
    if let (Kind::Ttl, Some(days @ 1..=TRADING_DAYS_MAX)) = (kind, days) {
        return Some(Typed::TradingDays(days));
    }
    match parse_duration(value) {
        Some(0) if !matches!(kind, Kind::DurationOrZero) => {
            let message = format!(
                "expected a duration greater than zero, found {}",
                node.describe()
            );
            cx.mistake(Diagnostic::at(node.span, message));
            None
        }
        Some(micros) => Some(Typed::Micros(micros)),
        None => {
            cx.mistake(wrong(kind, node));
            None
        }
    }
}

/// Units of sizes, with their bytes.
const SIZES: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

/// Reads `512MiB` as bytes; none if it is not a size, or zero.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, bytes) = SIZES
        .iter()
        .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)))?;
    let number = number.trim_end();
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number
        .parse::<u64>()
        .ok()?
        .checked_mul(*bytes)
        .filter(|n| *n > 0)
}

/// Reads a time with an offset, or one of the zone, as microseconds UTC.
pub(crate) fn parse_time(text: &str, zone: Tz) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let local = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ]
    .iter()
    .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    .or_else(|| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    })?;
    Some(
        zone.from_local_datetime(&local)
            .earliest()?
            .timestamp_micros(),
    )
}

fn zone(cx: &mut Context<'_>, text: &Text) -> Option<Typed> {
    if let Ok(zone) = text.value.parse::<Tz>() {
        return Some(Typed::Zone(zone));
    }
    let name = text.value.as_str();
    // `Tokyo` is meant as the city of `Asia/Tokyo`.
    let all = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let city = all().find(|z| {
        z.rsplit('/')
            .next()
            .is_some_and(|c| c.eq_ignore_ascii_case(name))
    });
    let message = format!("unknown time zone {}", quoted(name));
    cx.mistake(match city.or_else(|| nearest(name, all())) {
        Some(near) => Diagnostic::at(text.span, format!("{message}; did you mean \"{near}\"?")),
        None => Diagnostic::at(text.span, message)
            .help("zones have names like \"Asia/Tokyo\", \"America/New_York\", \"UTC\""),
    });
    None
}

/// One of several words, or a mistake that says which there are.
fn word(cx: &mut Context<'_>, words: &'static Words, text: &Text) -> Option<Typed> {
    let value = text.value.as_str();
    if let Some(word) = words.now.iter().find(|w| **w == value) {
        return Some(Typed::Word(word));
    }
    cx.mistake(if words.later.contains(&value) {
        not_built(text.span, &format!("{} \"{value}\"", words.what))
            .help(format!("use {}", one_of(words)))
    } else {
        let message = format!("unknown {} {}", words.what, quoted(value));
        match nearest(value, words.now.iter().copied()) {
            Some(near) => Diagnostic::at(text.span, format!("{message}; did you mean \"{near}\"?")),
            None => Diagnostic::at(text.span, message).help(format!("expected {}", one_of(words))),
        }
    });
    None
}

/// Types of columns without parameters.
pub(crate) const COLUMN_TYPES: [(&str, ColumnType); 7] = [
    ("timestamp", ColumnType::Timestamp),
    ("date", ColumnType::Date),
    ("text", ColumnType::Text),
    ("bool", ColumnType::Bool),
    ("int32", ColumnType::Int32),
    ("int64", ColumnType::Int64),
    ("float64", ColumnType::Float64),
];

/// What others call our types.
const OTHER_NAMES: [(&str, &str); 16] = [
    ("string", "text"),
    ("str", "text"),
    ("utf8", "text"),
    ("varchar", "text"),
    ("int", "int64"),
    ("integer", "int64"),
    ("bigint", "int64"),
    ("long", "int64"),
    ("float", "float64"),
    ("double", "float64"),
    ("real", "float64"),
    ("number", "float64"),
    ("boolean", "bool"),
    ("datetime", "timestamp"),
    ("time", "timestamp"),
    ("numeric", "decimal(18, 4)"),
];

fn column_type(cx: &mut Context<'_>, text: &Text) -> Option<Typed> {
    let name = text.value.trim();
    if let Some((_, kind)) = COLUMN_TYPES.iter().find(|(n, _)| *n == name) {
        return Some(Typed::Column(*kind));
    }
    if let Some(rest) = name.strip_prefix("decimal") {
        if let Some((precision, scale)) = decimal(rest) {
            return Some(Typed::Column(ColumnType::Decimal(precision, scale)));
        }
        let message = format!(
            "expected a decimal like \"decimal(18, 4)\", found {}",
            quoted(name)
        );
        let help = "precision is 1 to 38 digits, scale 0 to the precision";
        cx.mistake(Diagnostic::at(text.span, message).help(help));
        return None;
    }
    let lower = name.to_lowercase();
    let other = OTHER_NAMES
        .iter()
        .find(|(other, _)| *other == lower)
        .map(|(_, ours)| *ours);
    let near = other.or_else(|| nearest(name, COLUMN_TYPES.iter().map(|(n, _)| *n)));
    let message = format!("unknown type {}", quoted(name));
    cx.mistake(match near {
        Some(near) => Diagnostic::at(text.span, format!("{message}; did you mean \"{near}\"?")),
        None => {
            let names: Vec<String> = COLUMN_TYPES.iter().map(|(n, _)| format!("{n:?}")).collect();
            let help = format!("types are {} and \"decimal(18, 4)\"", names.join(", "));
            Diagnostic::at(text.span, message).help(help)
        }
    });
    None
}

/// Precision and scale from `(18, 4)`.
fn decimal(text: &str) -> Option<(u8, i8)> {
    let (precision, scale) = text
        .trim()
        .strip_prefix('(')?
        .strip_suffix(')')?
        .split_once(',')?;
    let (precision, scale) = (
        precision.trim().parse::<u8>().ok()?,
        scale.trim().parse::<u8>().ok()?,
    );
    let valid = (1..=38).contains(&precision) && scale <= precision;
    i8::try_from(scale)
        .ok()
        .filter(|_| valid)
        .map(|scale| (precision, scale))
}

fn path(cx: &mut Context<'_>, text: &Text) -> Option<Typed> {
    let text = params::substitute(cx, text)?;
    if text.value.is_empty() {
        cx.mistake(Diagnostic::at(
            text.span,
            "expected a path, found an empty text",
        ));
        return None;
    }
    Some(Typed::Text(text))
}

fn listen(cx: &mut Context<'_>, kind: &Kind, text: &Text) -> Option<Typed> {
    let text = params::substitute(cx, text)?;
    let mistake = match text.value.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() || matches!(kind, Kind::ListenOpen) => {
            return Some(Typed::Text(text));
        }
        Ok(address) => {
            let what = format!("listening on {}, which needs `auth`,", address.ip());
            let help = format!("use a loopback address: \"127.0.0.1:{}\"", address.port());
            not_built(text.span, &what).help(help)
        }
        Err(_) => {
            let message = format!(
                "expected {}, found {}",
                expected(&Kind::Listen),
                quoted(&text.value)
            );
            let help = match text.value.strip_prefix("localhost:") {
                Some(port) => format!("write \"127.0.0.1:{port}\""),
                None => "an address and a port; port 0 takes a free one".to_owned(),
            };
            Diagnostic::at(text.span, message).help(help)
        }
    };
    cx.mistake(mistake);
    None
}
