//! A schema from a sample: what columns there are, of which types, how times and missing values are
//! written. A type is taken only if the decoder itself reads every value of the sample by it, so
//! what is inferred cannot be at odds with what is then run. `zaraba connect` shows and writes it.

mod csv;

mod json;

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, ColumnType, Located, Text};
use zaraba_core::diagnostic::{FileId, Span};

use super::builder::Builder;

pub use self::csv::{InferredCsv, infer_csv};
pub use self::json::{InferredJson, infer_json};

/// Words that stand for a missing value.
const NULL_WORDS: [&str; 13] = [
    "", "-", "--", "－", "―", "N/A", "#N/A", "NA", "null", "NULL", "None", "NaN", "nan",
];

/// Ways to write a day, and a moment; none: ISO 8601.
const DATES: [Option<&str>; 5] = [
    None,
    Some("%Y/%m/%d"),
    Some("%Y%m%d"),
    Some("%d-%b-%Y"),
    Some("%Y年%m月%d日"),
];
const TIMES: [Option<&str>; 9] = [
    None,
    Some("%Y/%m/%d %H:%M:%S"),
    Some("%Y/%m/%d %H:%M:%S%.f"),
    Some("%Y/%m/%d %H:%M"),
    Some("%Y%m%d%H%M%S"),
    Some("%Y%m%d%H%M"),
    Some("%Y%m%d %H:%M:%S"),
    Some("%d-%b-%Y %H:%M:%S"),
    Some("%Y年%m月%d日 %H:%M:%S"),
];

/// Counts since the epoch, by how many digits those of these decades have.
const EPOCHS: [(usize, &str); 4] = [
    (10, "epoch_s"),
    (13, "epoch_ms"),
    (16, "epoch_us"),
    (19, "epoch_ns"),
];

/// Names that a column of times may well have.
const TIME_NAMES: [&str; 8] = [
    "ts",
    "time",
    "timestamp",
    "datetime",
    "date",
    "日時",
    "時刻",
    "日付",
];

/// A column of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InferredColumn {
    /// What to call it in SQL.
    pub name: String,
    /// `from`, where that is not its name.
    pub from: Option<String>,
    /// `type`
    pub kind: &'static str,
    /// `format`
    pub format: Option<&'static str>,
    /// `nulls`
    pub nulls: Vec<String>,
    /// Whether there are commas between thousands.
    pub thousands: bool,
    /// Whether some rows have it not.
    pub optional: bool,
}

/// The column that is most likely the event time; a date may have to stand in for it.
#[must_use]
pub fn time_column(columns: &[InferredColumn]) -> Option<usize> {
    let is_named = |column: &InferredColumn| {
        let from = column.from.as_deref().unwrap_or(&column.name);
        let last = from.rsplit(['.', '_']).next().unwrap_or(from);
        TIME_NAMES
            .iter()
            .any(|name| last.eq_ignore_ascii_case(name))
    };
    let full = |column: &InferredColumn| column.nulls.is_empty() && !column.optional;
    let rank = |column: &InferredColumn| match column.kind {
        "timestamp" => 4 + 2 * u8::from(full(column)) + u8::from(is_named(column)),
        "date" => u8::from(full(column)) + u8::from(is_named(column)),
        _ => 0,
    };
    let times = columns.iter().enumerate();
    let times = times.filter(|(_, c)| matches!(c.kind, "timestamp" | "date"));
    // Of equal ones the first.
    times.rev().max_by_key(|(_, c)| rank(c)).map(|(i, _)| i)
}

/// Digits that a float holds whatever they are.
const FLOAT_DIGITS: usize = 15;

/// What all values of a column can be read as; nulls are in no list. Where more are to come than
/// these, a number may have decimals then.
fn column(name: &str, values: &[&str], all: bool) -> InferredColumn {
    let mut nulls: Vec<String> = Vec::new();
    let mut full = Vec::new();
    for value in values {
        if !NULL_WORDS.contains(value) {
            full.push(*value);
        } else if !nulls.iter().any(|n| n == value) {
            nulls.push((*value).to_owned());
        }
    }
    let found = kinds(name, &full);
    let (mut kind, format, thousands) = found.unwrap_or((ColumnType::Text, None, false));
    if !all && kind == ColumnType::Int64 && full.iter().all(|v| v.len() <= FLOAT_DIGITS) {
        kind = ColumnType::Float64;
    }
    if kind == ColumnType::Text {
        // A hyphen may be a text as good as any.
        nulls.retain(String::is_empty);
    }
    InferredColumn {
        name: name.to_owned(),
        from: None,
        kind: word(kind),
        format,
        nulls,
        thousands,
        optional: false,
    }
}

type Kind = (ColumnType, Option<&'static str>, bool);

/// The narrowest type that takes all values; none: a text.
fn kinds(name: &str, values: &[&str]) -> Option<Kind> {
    if values.is_empty() {
        return None;
    }
    let digits = |v: &&str| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit());
    let whole = values.iter().all(digits);
    let width = |n: usize| whole && values.iter().all(|v| v.len() == n);
    let takes = |kind: Kind| takes(name, values, kind).then_some(kind);
    let flags = ["true", "false"];
    if values
        .iter()
        .all(|v| flags.iter().any(|f| v.eq_ignore_ascii_case(f)))
    {
        return Some((ColumnType::Bool, None, false));
    }
    let of_this_century = |v: &&str| ("1980".."2100").contains(&&v[..4.min(v.len())]);
    if [8, 12, 14].into_iter().any(width) && values.iter().all(of_this_century) {
        let dates = DATES.iter().map(|f| (ColumnType::Date, *f, false));
        let times = TIMES.iter().map(|f| (ColumnType::Timestamp, *f, false));
        let found = dates.chain(times).find_map(takes);
        if found.is_some() {
            return found;
        }
    }
    let last = name.rsplit(['.', '_']).next().unwrap_or(name);
    let named = TIME_NAMES.iter().any(|n| last.eq_ignore_ascii_case(n));
    let epoch = EPOCHS.iter().find(|(digits, _)| width(*digits));
    if let Some((digits, epoch)) = epoch.filter(|(digits, _)| named || *digits == 13) {
        let begins = |v: &&str| ("09".."22").contains(&&v[..2]);
        if *digits > 0 && values.iter().all(begins) {
            return Some((ColumnType::Timestamp, Some(epoch), false));
        }
    }
    // A code such as 0101 is no number.
    let coded = |v: &&str| v.len() > 1 && v.starts_with('0') && digits(v);
    if values.iter().any(coded) {
        return None;
    }
    let numbers = [
        (ColumnType::Int64, None, false),
        (ColumnType::Float64, None, false),
        (ColumnType::Int64, None, true),
        (ColumnType::Float64, None, true),
    ];
    let dates = DATES.iter().map(|f| (ColumnType::Date, *f, false));
    let times = TIMES.iter().map(|f| (ColumnType::Timestamp, *f, false));
    numbers
        .into_iter()
        .chain(dates)
        .chain(times)
        .find_map(takes)
}

/// Whether the decoder reads all of them so.
fn takes(name: &str, values: &[&str], (kind, format, thousands): Kind) -> bool {
    // Whole numbers that are written 7.0 are read as such, but more likely are none.
    let pointed = |v: &&str| v.contains(['.', 'e', 'E']);
    if kind == ColumnType::Int64 && values.iter().any(pointed) {
        return false;
    }
    let mut doc = plain(name, kind);
    doc.format = format.map(str::to_owned);
    doc.thousands = thousands.then_some(',');
    let Ok(mut builder) = Builder::new(&doc, Tz::UTC) else {
        return false;
    };
    values.iter().all(|v| builder.field(v.as_bytes()).is_ok())
}

fn plain(name: &str, kind: ColumnType) -> ColumnDoc {
    let span = Span {
        file: FileId(0),
        start: 0,
        end: 0,
    };
    ColumnDoc {
        name: Located {
            value: name.to_owned(),
            span,
        },
        kind,
        format: None,
        zone: None,
        at: None,
        received: false,
        from: None::<Text>,
        nulls: Vec::new(),
        thousands: None,
        optional: false,
        default: None,
        generate: None,
    }
}

fn word(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Timestamp => "timestamp",
        ColumnType::Date => "date",
        ColumnType::Bool => "bool",
        ColumnType::Int32 | ColumnType::Int64 => "int64",
        ColumnType::Float64 | ColumnType::Decimal(..) => "float64",
        ColumnType::Text => "text",
    }
}

/// A name that SQL reads without quotes: letters, digits and `_`; none where nothing is left.
fn identifier(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut lower = false;
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            if !name.is_empty() && !name.ends_with('_') {
                name.push('_');
            }
            lower = false;
            continue;
        }
        if c.is_ascii_uppercase() && lower {
            name.push('_');
        }
        lower = !c.is_ascii_uppercase();
        name.push(c.to_ascii_lowercase());
    }
    let name = name.trim_end_matches('_').to_owned();
    let first = name.chars().next()?;
    Some(if first.is_ascii_digit() {
        format!("c{name}")
    } else {
        name
    })
}

/// Gives each column a name of its own.
fn name_all(columns: &mut [InferredColumn]) {
    let mut taken: Vec<String> = Vec::new();
    for (i, column) in columns.iter_mut().enumerate() {
        let last = column.name.rsplit('.').next().unwrap_or(&column.name);
        let base = identifier(last).unwrap_or_else(|| format!("column_{}", i + 1));
        let mut name = base.clone();
        let mut n = 2;
        while taken.contains(&name) {
            name = format!("{base}_{n}");
            n += 1;
        }
        if column.from.is_none() && column.name != name {
            column.from = Some(column.name.clone());
        }
        taken.push(name.clone());
        column.name = name;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, values: &[&str], expected: &str) {
        let column = column(name, values, true);
        let format = column.format.map_or(String::new(), |f| format!(" {f}"));
        let thousands = if column.thousands { " thousands" } else { "" };
        let nulls = if column.nulls.is_empty() {
            String::new()
        } else {
            format!(" {:?}", column.nulls)
        };
        let shown = format!("{}{format}{thousands}{nulls}", column.kind);
        assert_eq!(shown, expected, "{name}: {values:?}");
    }

    #[test]
    fn types() {
        check("a", &["1", "-2"], "int64");
        check("a", &["1", "2.5", "1e3"], "float64");
        check("a", &["7.0"], "float64");
        check("a", &["1,234", "5"], "int64 thousands");
        check("a", &["1,234.5", "-"], "float64 thousands [\"-\"]");
        check("a", &["", "3"], "int64 [\"\"]");
        check("a", &["0101", "0107"], "text");
        check("a", &["C", "P", "-"], "text");
        check("a", &["true", "FALSE"], "bool");
        check("a", &["1", "0"], "int64");
        check("a", &["20251114", "20251117"], "date %Y%m%d");
        check("a", &["20251114", "99999999"], "int64");
        check("a", &["2025-11-14"], "date");
        check("a", &["2025/11/14"], "date %Y/%m/%d");
        check("a", &["2025/11/14 09:00"], "timestamp %Y/%m/%d %H:%M");
        check("a", &["2025-11-14T09:00:00+09:00"], "timestamp");
        check("a", &["202511140900"], "timestamp %Y%m%d%H%M");
        check("a", &["25-Aug-2026"], "date %d-%b-%Y");
        check("trade_ts", &["1763078400"], "timestamp epoch_s");
        check("oi", &["1763078400"], "int64");
        check("x", &["1763078400123"], "timestamp epoch_ms");
        check("a", &[], "text");
        check("a", &["", "-"], "text [\"\"]");
    }

    #[test]
    fn names() {
        for (text, name) in [
            ("CurrentPrice", Some("current_price")),
            ("IV", Some("iv")),
            ("last price", Some("last_price")),
            ("前日比", None),
            ("日経225", Some("c225")),
            ("ts", Some("ts")),
            ("a__b", Some("a_b")),
        ] {
            assert_eq!(identifier(text).as_deref(), name, "{text}");
        }
    }
}
