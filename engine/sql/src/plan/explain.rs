//! What `explain` says of a query's stages: what they keep, by how much they hold the watermark
//! back, and the plan in the words of a pipeline file.

use zaraba_core::time::{DAY, duration_text};

use crate::plan::stage::{Input, PlannedNode, Stage, Work};
use crate::plan::wording::typed;

impl PlannedNode {
    /// How far the watermark of its stream stays behind those of its inputs, microseconds.
    #[must_use]
    pub fn held_back(&self) -> i64 {
        let mut held: Vec<i64> = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            let inputs = stage.inputs.iter().map(|input| match input {
                Input::Stage(i) => held[*i],
                Input::Stream(..) => 0,
            });
            let before = inputs.max().unwrap_or(0);
            held.push(before.saturating_add(own(stage)));
        }
        held.last().copied().unwrap_or(0)
    }

    /// What its stages keep, each said once; that there is nothing only where there is nothing.
    #[must_use]
    pub fn states(&self) -> Vec<String> {
        let keeps = |s: &&Stage| !matches!(s.work, Work::PassThrough(_) | Work::Number);
        let mut states: Vec<(String, usize)> = Vec::new();
        for state in self.stages.iter().filter(keeps).map(Stage::state) {
            match states.iter_mut().find(|(said, _)| *said == state) {
                Some((_, times)) => *times += 1,
                None => states.push((state, 1)),
            }
        }
        if states.is_empty() {
            return vec!["none: rows pass on their own".to_owned()];
        }
        let shown = |(state, times)| match times {
            1 => state,
            n => format!("{n} times: {state}"),
        };
        states.into_iter().map(shown).collect()
    }
}

/// How far a stage holds the watermark back.
fn own(stage: &Stage) -> i64 {
    match &stage.work {
        Work::Interval(plan) => plan.held_back(),
        Work::Over(plan) => plan.following(),
        _ => 0,
    }
}

/// Literals of a plan that are written as `Type(value)`.
const LITERALS: [&str; 22] = [
    "IntervalMonthDayNano",
    "IntervalDayTime",
    "IntervalYearMonth",
    "DurationMicrosecond",
    "TimestampNanosecond",
    "TimestampMicrosecond",
    "TimestampMillisecond",
    "TimestampSecond",
    "LargeUtf8",
    "Utf8View",
    "Utf8",
    "Boolean",
    "Date32",
    "Decimal128",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt64",
    "UInt32",
    "Float32",
    "Float64",
];

/// A plan's text with literals as SQL writes them and types as pipelines call them.
#[must_use]
pub(crate) fn in_words(plan: &str) -> String {
    let mut text = String::with_capacity(plan.len());
    let mut rest = plan;
    while let Some(first) = rest.chars().next() {
        let inside = text.chars().next_back().is_some_and(in_name);
        if !inside && let Some((shown, behind)) = literal(rest).or_else(|| cast(rest)) {
            text += &shown;
            rest = behind;
        } else {
            text.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    text
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A literal at the start of a text, and what is behind it.
fn literal(text: &str) -> Option<(String, &str)> {
    let kind = LITERALS.iter().find(|kind| {
        let rest = text.strip_prefix(**kind);
        rest.is_some_and(|rest| rest.starts_with('('))
    })?;
    let (value, behind) = closed(&text[kind.len() + 1..])?;
    let plain = value.trim_matches('"');
    let shown = match *kind {
        _ if value == "NULL" => "NULL".to_owned(),
        "IntervalMonthDayNano" => interval(plain)?,
        kind if kind.starts_with("Timestamp") => match value.split_once(", ") {
            Some((time, _)) => format!("timestamp {time}"),
            None => format!("timestamp {value}"),
        },
        kind if kind.starts_with("Interval") || kind.starts_with("Duration") => {
            format!("interval '{plain}'")
        }
        "Utf8" | "LargeUtf8" | "Utf8View" => format!("'{plain}'"),
        "Date32" => format!("date '{plain}'"),
        "Decimal128" => decimal(value)?,
        _ => value.to_owned(),
    };
    Some((shown, behind))
}

/// What stands up to the bracket that closes, quotes heeded, and what is behind it.
fn closed(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quoted) = (0usize, false);
    for (i, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => return Some((&text[..i], &text[i + 1..])),
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `IntervalMonthDayNano { months: 0, days: 0, nanoseconds: 300000000000 }`
fn interval(text: &str) -> Option<String> {
    let part = |name: &str| -> Option<i64> {
        let (_, rest) = text.split_once(&format!("{name}: "))?;
        let end = rest.find([',', ' ', '}']).unwrap_or(rest.len());
        rest[..end].parse().ok()
    };
    let (months, days, nanos) = (part("months")?, part("days")?, part("nanoseconds")?);
    if months != 0 {
        return Some(format!("interval '{months} months {days} days'"));
    }
    let units = [
        (DAY, "day"),
        (3_600_000_000, "hour"),
        (60_000_000, "minute"),
        (1_000_000, "second"),
    ];
    let micros = days.checked_mul(DAY)?.checked_add(nanos / 1000)?;
    let whole = units.iter().find(|(unit, _)| micros % unit == 0);
    Some(match whole {
        Some((unit, name)) => {
            let n = micros / unit;
            let plural = if n == 1 { "" } else { "s" };
            format!("interval '{n} {name}{plural}'")
        }
        None => format!("interval '{}'", duration_text(micros)),
    })
}

/// `Some(15),10,1` is 1.5.
fn decimal(text: &str) -> Option<String> {
    let (value, rest) = text.strip_prefix("Some(")?.split_once(')')?;
    let scale: usize = rest.rsplit(',').next()?.parse().ok()?;
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", value),
    };
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale > 0 { "." } else { "" };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// ` AS Utf8)`, the type of a cast at the start of a text, and what is behind it.
fn cast(text: &str) -> Option<(String, &str)> {
    let rest = text.strip_prefix("AS ")?;
    let end = rest.find(|c: char| !in_name(c)).unwrap_or(rest.len());
    let kind = &rest[..end];
    let known = LITERALS.contains(&kind) || ["Timestamp", "Interval", "Duration"].contains(&kind);
    if !known {
        return None;
    }
    let behind = &rest[end..];
    let (whole, behind) = match behind.strip_prefix('(').and_then(closed) {
        Some((inner, behind)) => (format!("{kind}({inner})"), behind),
        None => (kind.to_owned(), behind),
    };
    Some((format!("AS {}", typed(&whole)), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_in_words() {
        for (plan, words) in [
            ("ticks.oi > Int64(5)", "ticks.oi > 5"),
            ("count(Int64(1)) AS count(*)", "count(1) AS count(*)"),
            ("side = Utf8(\"a (b\")", "side = 'a (b'"),
            ("CAST(ticks.side AS Float64)", "CAST(ticks.side AS float64)"),
            (
                "CAST(x AS Timestamp(µs, \"UTC\")) AS Utf8View",
                "CAST(x AS timestamp) AS text",
            ),
            (
                "ts - IntervalMonthDayNano(\"IntervalMonthDayNano { months: 0, days: 0, \
                 nanoseconds: 300000000000 }\")",
                "ts - interval '5 minutes'",
            ),
            (
                "IntervalMonthDayNano(\"IntervalMonthDayNano { months: 0, days: 1, \
                 nanoseconds: 0 }\")",
                "interval '1 day'",
            ),
            (
                "Decimal128(Some(-15),10,2) + myInt64(3)",
                "-0.15 + myInt64(3)",
            ),
            ("Boolean(NULL) OR Boolean(true)", "NULL OR true"),
        ] {
            assert_eq!(in_words(plan), words);
        }
    }
}
