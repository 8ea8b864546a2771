//! The words of the protocol (version 1): what is said around rows, and what clients may ask. One
//! JSON object a text frame. Rows are written by `rows`; who is told what is `session`'s.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, FieldRef, Schema};
use chrono_tz::Tz;
use serde_json::{Value, json};
use zaraba_core::stream::Changelog;
use zaraba_core::suggest::hint;
use zaraba_core::time::EventTime;
use zaraba_formats::encode::json::{Int64, is_json};
use zaraba_formats::encode::write_time;

use crate::input::SinkInput;
use crate::websocket::voice::Voice;

/// The protocol's version.
const PROTOCOL: u32 = 1;
/// What clients may ask.
const OPS: [&str; 3] = ["subscribe", "unsubscribe", "ping"];

/// What a client asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Topics from here on; none named: all.
    Subscribe {
        topics: Option<Vec<String>>,
        resume: Option<Resume>,
    },
    /// No more of these; none named: of any.
    Unsubscribe { topics: Option<Vec<String>> },
    /// Answer.
    Ping,
}

/// Where a client was before its connection broke.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resume {
    pub(crate) stream_id: String,
    /// The seq it saw last, per topic.
    pub(crate) seq: Vec<(String, u64)>,
}

/// Reads what a client sent; else what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Op, String> {
    let message: Value =
        serde_json::from_str(text).map_err(|e| format!("expected a JSON object: {e}"))?;
    let op = match message.get("op") {
        Some(Value::String(op)) => op.as_str(),
        Some(other) => return Err(format!("expected `op` to be a text, got {}", shown(other))),
        None => return Err(format!("expected an `op`: one of {}", OPS.join(", "))),
    };
    let known: &[&str] = match op {
        "subscribe" => &["op", "topics", "resume"],
        "unsubscribe" => &["op", "topics"],
        _ => &["op"],
    };
    let keys = message.as_object().into_iter().flat_map(|o| o.keys());
    if let Some(key) = keys.map(String::as_str).find(|key| !known.contains(key))
        && OPS.contains(&op)
    {
        let hint = hint(key, known.iter().copied());
        return Err(format!("no key `{}` in `{op}`{hint}", shown(&key)));
    }
    match op {
        "subscribe" => {
            let resume = message
                .get("resume")
                .filter(|r| !r.is_null())
                .map(resume)
                .transpose()?;
            Ok(Op::Subscribe {
                topics: topics(&message)?,
                resume,
            })
        }
        "unsubscribe" => Ok(Op::Unsubscribe {
            topics: topics(&message)?,
        }),
        "ping" => Ok(Op::Ping),
        _ => Err(format!(
            "no op `{}`{}: expected one of {}",
            shown(&op),
            hint(op, OPS),
            OPS.join(", ")
        )),
    }
}

fn topics(message: &Value) -> Result<Option<Vec<String>>, String> {
    let Some(topics) = message.get("topics") else {
        return Ok(None);
    };
    let names = topics.as_array().and_then(|list| {
        list.iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
    });
    match names {
        Some(names) => Ok(Some(names)),
        None => Err(format!(
            "expected `topics` to be a list of names, got {}",
            shown(topics)
        )),
    }
}

fn resume(resume: &Value) -> Result<Resume, String> {
    let wrong = || {
        let got = shown(resume);
        format!("expected `resume` as {{\"stream_id\":…,\"seq\":{{topic:number}}}}, got {got}")
    };
    let stream_id = resume
        .get("stream_id")
        .and_then(Value::as_str)
        .ok_or_else(wrong)?;
    let seqs = resume
        .get("seq")
        .and_then(Value::as_object)
        .ok_or_else(wrong)?;
    let seq = |(name, seq): (&String, &Value)| Some((name.clone(), seq.as_u64()?));
    let seq = seqs
        .iter()
        .map(seq)
        .collect::<Option<Vec<_>>>()
        .ok_or_else(wrong)?;
    Ok(Resume {
        stream_id: stream_id.to_owned(),
        seq,
    })
}

/// `{"name","changelog","key","schema"}`
pub(crate) fn description(input: &SinkInput) -> String {
    let (changelog, key): (_, &[String]) = match &input.schema.changelog {
        Changelog::Append => ("append", &[]),
        Changelog::Upsert { key } => ("upsert", key),
    };
    let schema = columns(&input.schema.columns);
    json!({ "name": input.name, "changelog": changelog, "key": key, "schema": schema }).to_string()
}

/// `[{"name","type","nullable"},…]`
pub(crate) fn columns(schema: &Schema) -> Value {
    let column = |f: &FieldRef| {
        let word = match is_json(f) {
            true => "json".to_owned(),
            false => type_word(f.data_type()),
        };
        json!({
            "name": f.name(),
            "type": word,
            "nullable": f.is_nullable(),
        })
    };
    schema.fields().iter().map(column).collect()
}

/// A type in the words of the pipeline file.
fn type_word(kind: &DataType) -> String {
    match kind {
        DataType::Boolean => "bool".to_owned(),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            kind.to_string().to_lowercase()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "binary".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::Duration(_) | DataType::Interval(_) => "interval".to_owned(),
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) => {
            format!("decimal({p}, {s})")
        }
        DataType::Dictionary(_, values) => type_word(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list({})", type_word(item.data_type()))
        }
        DataType::Struct(fields) => {
            let field = |f: &FieldRef| format!("{} {}", f.name(), type_word(f.data_type()));
            format!(
                "struct({})",
                fields.iter().map(field).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string().to_lowercase(),
    }
}

/// The first message.
pub(crate) fn hello(
    pipeline: &str,
    stream_id: &str,
    topics: &[&str],
    voice: Voice,
    zone: Tz,
) -> String {
    let int64 = match voice {
        Voice::Json(Int64::Text) => "string",
        Voice::Json(Int64::Number) => "number",
        Voice::Arrow => return greeting(pipeline, stream_id, topics, &json!({ "rows": "arrow" })),
    };
    let encoding = json!({
        "rows": "json",
        "int64": int64,
        "decimal": "string",
        "nan": "null",
        "infinity": "null",
        "timestamp": "ISO 8601 with offset",
        "binary": "hex",
        "zone": zone.name(),
    });
    greeting(pipeline, stream_id, topics, &encoding)
}

fn greeting(pipeline: &str, stream_id: &str, topics: &[&str], encoding: &Value) -> String {
    format!(
        "{{\"type\":\"hello\",\"protocol\":{PROTOCOL},\"pipeline\":{},\"stream_id\":{},\
         \"topics\":[{}],\"encoding\":{encoding}}}",
        Value::from(pipeline),
        Value::from(stream_id),
        topics.join(",")
    )
}

/// The answer to `subscribe`: the descriptions of the topics that were added.
pub(crate) fn subscribed(topics: &[&str]) -> String {
    format!(
        "{{\"type\":\"subscribed\",\"topics\":[{}]}}",
        topics.join(",")
    )
}

/// The answer to `unsubscribe`: the names of the topics that were dropped.
pub(crate) fn unsubscribed(topics: &[&str]) -> String {
    json!({ "type": "unsubscribed", "topics": topics }).to_string()
}

/// The answer to `ping`.
pub(crate) fn pong() -> String {
    json!({ "type": "pong" }).to_string()
}

/// The answer to anything that is wrong.
pub(crate) fn error(message: &str) -> String {
    json!({ "type": "error", "message": message }).to_string()
}

/// What is wrong with a topic's name.
pub(crate) fn no_topic<'a>(name: &str, topics: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = topics.into_iter().collect();
    let hint = hint(name, all.iter().copied());
    let message = format!(
        "no topic `{}`{hint}: expected one of {}",
        shown(&name),
        all.join(", ")
    );
    json!({ "type": "error", "topic": shown(&name), "message": message }).to_string()
}

/// What is wrong with the names behind the first ones.
pub(crate) fn more_unknown(n: usize) -> String {
    error(&format!("there are no topics of {n} more names, either"))
}

/// What came, in a message: not much of it.
fn shown(came: &impl ToString) -> String {
    const SHOWN_MAX: usize = 100;
    let text = came.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Rows of an append topic that this client will not get.
pub(crate) fn gap(topic: &str, first: u64, last: u64) -> String {
    json!({ "type": "gap", "topic": topic, "first": first, "last": last }).to_string()
}

/// A snapshot up to its rows.
pub(crate) fn snapshot_head(topic: &str, last: u64) -> Vec<u8> {
    format!(
        "{{\"type\":\"snapshot\",\"topic\":{},\"last\":{last},\"rows\":",
        Value::from(topic)
    )
    .into_bytes()
}

/// An `append` or `upsert` up to its rows.
pub(crate) fn rows_head(
    kind: &str,
    topic: &str,
    (first, last): (u64, u64),
    time: EventTime,
    zone: Tz,
) -> Vec<u8> {
    format!(
        "{{\"type\":\"{kind}\",\"topic\":{},\"first\":{first},\"last\":{last},\"time\":{},\"rows\":",
        Value::from(topic),
        iso(time, zone)
    )
    .into_bytes()
}

/// How far the client's topics are: the least of their times, each topic's own where they differ,
/// and which of them are stale.
pub(crate) fn watermark(topics: &[(&str, EventTime)], stale: &[&str], zone: Tz) -> String {
    let least = topics
        .iter()
        .map(|(_, time)| *time)
        .min()
        .unwrap_or(EventTime::MIN);
    let mut text = format!("{{\"type\":\"watermark\",\"time\":{}", iso(least, zone));
    if topics.iter().any(|(_, time)| *time != least) {
        let each = topics
            .iter()
            .map(|(n, t)| format!("{}:{}", Value::from(*n), iso(*t, zone)));
        // Writing to memory cannot fail.
        let _ = write!(
            text,
            ",\"topics\":{{{}}}",
            each.collect::<Vec<_>>().join(",")
        );
    }
    // Writing to memory cannot fail.
    let _ = write!(text, ",\"stale\":{}}}", json!(stale));
    text
}

/// A time as JSON; null before the first.
fn iso(time: EventTime, zone: Tz) -> String {
    let mut out = vec![b'"'];
    if !write_time(&mut out, time, zone) {
        return "null".to_owned();
    }
    out.push(b'"');
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Op, &str>) {
        match (parse(text), expected) {
            (Err(message), Err(expected)) => {
                assert!(message.starts_with(expected), "{text}: {message}");
            }
            (got, expected) => assert_eq!(got, expected.map_err(str::to_owned), "{text}"),
        }
    }

    #[test]
    fn what_clients_may_ask() {
        let names = |n: &[&str]| Some(n.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        check(r#"{"op":"ping"}"#, Ok(Op::Ping));
        check(
            r#"{"op":"subscribe","topics":["a"]}"#,
            Ok(Op::Subscribe {
                topics: names(&["a"]),
                resume: None,
            }),
        );
        check(
            r#"{"op":"unsubscribe"}"#,
            Ok(Op::Unsubscribe { topics: None }),
        );
        check(
            r#"{"op":"subscribe","topics":["a"],"resume":{"stream_id":"x","seq":{"a":7}}}"#,
            Ok(Op::Subscribe {
                topics: names(&["a"]),
                resume: Some(Resume {
                    stream_id: "x".to_owned(),
                    seq: vec![("a".to_owned(), 7)],
                }),
            }),
        );
        for (text, message) in [
            ("hi", "expected a JSON object: "),
            (
                "[]",
                "expected an `op`: one of subscribe, unsubscribe, ping",
            ),
            (r#"{"op":1}"#, "expected `op` to be a text, got 1"),
            (
                r#"{"op":"subscrib"}"#,
                "no op `subscrib`; did you mean `subscribe`?: expected",
            ),
            (
                r#"{"op":"subscribe","topic":["a"]}"#,
                "no key `topic` in `subscribe`; did you mean `topics`?",
            ),
            (
                r#"{"op":"subscribe","topics":"a"}"#,
                "expected `topics` to be a list of names, got",
            ),
            (
                r#"{"op":"subscribe","topics":[1]}"#,
                "expected `topics` to be a list of names, got",
            ),
            (
                r#"{"op":"subscribe","resume":{"seq":{"a":-1}}}"#,
                "expected `resume` as",
            ),
        ] {
            check(text, Err(message));
        }
    }

    #[test]
    fn watermarks() {
        let (early, late) = (EventTime(0), EventTime(1_763_078_400_000_000));
        for (topics, stale, expected) in [
            (
                vec![],
                &[][..],
                r#"{"type":"watermark","time":null,"stale":[]}"#,
            ),
            (
                vec![("a", late), ("b", late)],
                &[],
                r#"{"type":"watermark","time":"2025-11-14T09:00:00+09:00","stale":[]}"#,
            ),
            (
                vec![("a", late), ("b", early), ("c", EventTime::MIN)],
                &["b", "c"],
                r#"{"type":"watermark","time":null,"topics":{"a":"2025-11-14T09:00:00+09:00","b":"1970-01-01T09:00:00+09:00","c":null},"stale":["b","c"]}"#,
            ),
        ] {
            assert_eq!(watermark(&topics, stale, Tz::Asia__Tokyo), expected);
        }
        assert_eq!(
            watermark(&[], &["a", "b"], Tz::Asia__Tokyo),
            r#"{"type":"watermark","time":null,"stale":["a","b"]}"#
        );
    }
}
