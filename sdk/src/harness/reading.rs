//! How values read in templates, and the filters that every template has: of a rule's messages, of
//! declared alerts, of webhooks. The engine's crate of templates is this very file, so that a rule's
//! test shows what people will read.
//!
//! A filter of nothing is nothing, which whoever writes it out has a word for; a filter of a number
//! is a text with its digits.

use std::fmt::Write as _;

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

/// How a missing value reads.
pub(crate) const MISSING: &str = "—";

/// Most decimals of a number.
const DECIMALS_MAX: usize = 12;

/// An environment whose templates may take so many steps each.
pub(crate) fn environment(fuel: u64) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_fuel(Some(fuel));
    // Asking whether there is something is no mistake, writing what there is not is one.
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_formatter(|out, _, value| Ok(out.write_str(&read(value))?));
    env.add_filter("round", |v: &Value, n: Option<usize>| {
        filtered(v, n.unwrap_or(0), fixed)
    });
    env.add_filter("thousands", |v: &Value, n: Option<usize>| {
        filtered(v, n.unwrap_or(0), thousands)
    });
    env.add_filter("signed", |v: &Value, n: Option<usize>| {
        filtered(v, n.unwrap_or(0), signed)
    });
    env.add_filter("percent", |v: &Value, n: Option<usize>| {
        filtered(v, n.unwrap_or(2), |v, n| signed(v, n) + "%")
    });
    env.add_filter("date", |v: &Value| part(v, 0, 10));
    env.add_filter("time", |v: &Value| part(v, 11, 16));
    for name in ["json", "tojson"] {
        env.add_filter(name, |v: &Value| Value::from_safe_string(json(v)));
    }
    env.add_filter("urlencode", |v: &Value| {
        Value::from_safe_string(form(&read(v)))
    });
    env
}

/// A value in words: one that is missing is a dash, and a whole number is one, whatever its column's
/// type.
pub(crate) fn read(value: &Value) -> String {
    if value.is_none() {
        return MISSING.to_owned();
    }
    if value.kind() == ValueKind::Bool {
        return value.is_true().to_string();
    }
    match f64::try_from(value.clone()) {
        Ok(number) if value.is_number() && number.fract() == 0.0 && number.abs() < 1e15 => {
            digits(number, 0)
        }
        _ => value.to_string(),
    }
}

/// A value as JSON, a text with its quotes.
pub(crate) fn json(value: &Value) -> String {
    match value.as_str() {
        // Texts are by far the most, and cannot fail.
        Some(text) => serde_json::Value::from(text).to_string(),
        None => serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()),
    }
}

/// A text as it stands in a form or a URL.
pub(crate) fn form(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to memory cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A number, or a text that is one, by a filter; nothing stays nothing.
fn filtered(
    value: &Value,
    decimals: usize,
    filter: impl Fn(f64, usize) -> String,
) -> Result<Value, Error> {
    if value.is_none() {
        return Ok(Value::from(()));
    }
    let number = f64::try_from(value.clone()).ok();
    let number = number.or_else(|| value.as_str()?.parse().ok());
    let number = number.ok_or_else(|| {
        let message = format!("expected a number, found `{value}`");
        Error::new(ErrorKind::InvalidOperation, message)
    })?;
    Ok(Value::from(filter(number, decimals)))
}

/// A number with so many decimals; none that is zero is negative.
fn digits(number: f64, decimals: usize) -> String {
    let text = format!("{number:.*}", decimals.min(DECIMALS_MAX));
    let zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    match text.strip_prefix('-') {
        Some(rest) if zero => rest.to_owned(),
        _ => text,
    }
}

/// Half away from zero, as people round what is written with few digits.
fn fixed(number: f64, decimals: usize) -> String {
    let scale = 10_f64.powi(i32::try_from(decimals.min(DECIMALS_MAX)).unwrap_or(0));
    let scaled = number * scale;
    let rounded = if scaled.abs() < 1e15 {
        // 1.005 is a little less than it says: its last bits are forgiven.
        (scaled * (1.0 + 4.0 * f64::EPSILON)).round() / scale
    } else {
        number
    };
    digits(rounded, decimals)
}

fn thousands(number: f64, decimals: usize) -> String {
    let text = fixed(number, decimals);
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = sign.to_owned();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 && digit.is_ascii_digit() {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

fn signed(number: f64, decimals: usize) -> String {
    let text = thousands(number, decimals);
    if text.starts_with('-') {
        text
    } else {
        format!("+{text}")
    }
}

/// A part of a time as ISO 8601 writes it.
fn part(value: &Value, from: usize, to: usize) -> Value {
    let text = value.as_str().and_then(|text| text.get(from..to));
    text.map_or_else(|| value.clone(), Value::from)
}
