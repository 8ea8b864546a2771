//! Clients without sockets: what each is told, and what one that is behind is told.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use chrono_tz::Tz;
use serde_json::{Value, json};
use zaraba_core::batch::Batch;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::time::{EventTime, SECOND};

use super::*;
use crate::input::SinkInput;
use crate::websocket::hub::{Ending, Staleness};
use crate::websocket::log::{LOG_ROWS, Retention};

const HISTORY: usize = 3;

fn batch(rows: &[(&str, i64, bool)]) -> Batch {
    let columns: [(&str, ArrayRef); 2] = [
        (
            "key",
            Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
        ),
        (
            "oi",
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.1))),
        ),
    ];
    let time: Vec<i64> = rows.iter().map(|r| r.1 * SECOND).collect();
    let columns = RecordBatch::try_from_iter(columns).unwrap();
    let mut batch = Batch::new(columns, time.into(), vec![0; rows.len()].into()).unwrap();
    batch.deleted = Some(rows.iter().map(|r| r.2).collect());
    batch
}

fn facts(numbers: std::ops::Range<i64>) -> Batch {
    let mut batch = batch(&numbers.map(|n| ("a", n, false)).collect::<Vec<_>>());
    batch.deleted = None;
    batch
}

/// An append topic `facts`, an upsert topic `state` by `key`.
fn hub() -> Arc<Hub> {
    let input = |name: &str, changelog| SinkInput {
        name: name.to_owned(),
        schema: StreamSchema {
            columns: batch(&[]).rows.schema(),
            time: None,
            changelog,
        },
    };
    let key = Changelog::Upsert {
        key: vec!["key".to_owned()],
    };
    let inputs = [input("facts", Changelog::Append), input("state", key)];
    let hub = Hub::new(
        &inputs,
        Retention {
            rows: HISTORY,
            time: None,
            bytes: 1 << 20,
        },
        "p".to_owned(),
        "run-1".to_owned(),
        Tz::UTC,
        Staleness::new(|topic| topic == 1),
    );
    Arc::new(hub.unwrap())
}

fn join(hub: &Arc<Hub>, topics: &[&str]) -> (Session, Vec<Value>) {
    let topics = Some(topics.iter().map(|t| (*t).to_owned()).collect());
    let (session, greeting) = Session::new(
        Arc::clone(hub),
        &Wish {
            topics,
            ..Wish::default()
        },
    );
    (session, greeting.iter().map(read).collect())
}

fn read(message: &Message) -> Value {
    let text = std::str::from_utf8(message.payload()).unwrap();
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn told(session: &mut Session) -> Vec<Value> {
    std::iter::from_fn(|| session.next().unwrap())
        .map(|m| read(&m))
        .collect()
}

fn asked(session: &mut Session, op: &Value) -> Vec<Value> {
    session.answer(&op.to_string()).iter().map(read).collect()
}

#[test]
fn hello_says_what_there_is() {
    let (_, greeting) = join(&hub(), &["state", "fact"]);
    let encoding = json!({
        "rows": "json",
                    "int64": "number", "decimal": "string", "nan": "null", "infinity": "null",
        "timestamp": "ISO 8601 with offset", "binary": "hex", "zone": "UTC",
    });
    let state = json!({
        "name": "state", "changelog": "upsert", "key": ["key"],
        "schema": [
            {"name": "key", "type": "text", "nullable": false},
            {"name": "oi", "type": "int64", "nullable": false},
        ],
    });
    assert_eq!(
        greeting,
        [
            json!({
                "type": "hello", "protocol": 1, "pipeline": "p", "stream_id": "run-1",
                "topics": [state], "encoding": encoding,
            }),
            json!({
                "type": "error",
                "topic": "fact",
                "message": "no topic `fact`; did you mean `facts`?: expected one of facts, state",
            }),
        ]
    );
}

#[test]
fn snapshot_then_deltas() {
    let hub = hub();
    hub.write(0, &facts(1..6)).unwrap();
    hub.write(
        1,
        &batch(&[
            ("b", 1, false),
            ("a", 2, false),
            ("c", 3, false),
            ("c", 4, true),
        ]),
    )
    .unwrap();
    let (mut session, _) = join(&hub, &["facts", "state"]);
    let row = |key: &str, oi: i64| json!({ "key": key, "oi": oi });
    assert_eq!(
        told(&mut session),
        [
            json!({ "type": "snapshot", "topic": "facts", "last": 5,
            "rows": [row("a", 3), row("a", 4), row("a", 5)] }),
            json!({ "type": "snapshot", "topic": "state", "last": 4,
            "rows": [row("a", 2), row("b", 1)] }),
        ]
    );
    hub.write(0, &facts(6..7)).unwrap();
    // Within one message each key is named once, with what it is at its end.
    hub.write(
        1,
        &batch(&[
            ("a", 5, true),
            ("b", 6, true),
            ("a", 7, false),
            ("d", 8, false),
        ]),
    )
    .unwrap();
    assert_eq!(
        told(&mut session),
        [
            json!({ "type": "append", "topic": "facts", "first": 6, "last": 6,
            "time": "1970-01-01T00:00:06+00:00", "rows": [row("a", 6)] }),
            json!({ "type": "upsert", "topic": "state", "first": 5, "last": 8,
            "time": "1970-01-01T00:00:08+00:00",
            "rows": [row("a", 7), row("d", 8)], "deleted": [{ "key": "b" }] }),
        ]
    );
    assert!(told(&mut session).is_empty());
}

#[test]
fn integers_as_texts_where_asked() {
    let hub = hub();
    let wish = Wish {
        voice: Voice::Json(zaraba_formats::encode::json::Int64::Text),
        ..Wish::default()
    };
    let (mut session, _) = Session::new(Arc::clone(&hub), &wish);
    let (mut other, _) = join(&hub, &["facts"]);
    told(&mut session);
    told(&mut other);
    hub.write(0, &facts(1..2)).unwrap();
    assert_eq!(
        told(&mut session)[0]["rows"],
        json!([{ "key": "a", "oi": "1" }])
    );
    assert_eq!(
        told(&mut other)[0]["rows"],
        json!([{ "key": "a", "oi": 1 }])
    );
}

#[test]
fn behind_on_facts_is_a_gap() {
    let hub = hub();
    let (mut session, _) = join(&hub, &["facts"]);
    told(&mut session);
    let rows = i64::try_from(LOG_ROWS).unwrap();
    for start in (0..3 * rows).step_by(1_000) {
        hub.write(0, &facts(start..start + 1_000)).unwrap();
    }
    let messages = told(&mut session);
    assert_eq!(messages[0]["type"], "gap");
    assert_eq!(messages[0]["first"], 1);
    // Without a hole: what is said to be missing and what comes meet.
    let mut next = 1;
    for message in &messages {
        assert_eq!(message["first"], next);
        next = message["last"].as_u64().unwrap() + 1;
        if message["type"] == "append" {
            let rows = message["rows"].as_array().unwrap();
            assert_eq!(rows[0]["oi"], message["first"].as_i64().unwrap() - 1);
            assert_eq!(rows.len() as u64, next - message["first"].as_u64().unwrap());
        }
    }
    assert!(messages[0]["last"].as_u64().unwrap() <= next - 1 - LOG_ROWS as u64);
    assert_eq!(hub.traffic.gaps.load(Ordering::Relaxed), 1);
}

/// Puts messages of an upsert topic into a client's own state.
fn follow(state: &mut BTreeMap<String, Value>, messages: &[Value]) {
    let key = |row: &Value| row["key"].as_str().unwrap().to_owned();
    for message in messages {
        if message["type"] == "snapshot" {
            state.clear();
        }
        for row in message["rows"].as_array().unwrap() {
            state.insert(key(row), row["oi"].clone());
        }
        for row in message["deleted"].as_array().into_iter().flatten() {
            assert!(state.remove(&key(row)).is_some() || message["type"] == "upsert");
        }
    }
}

#[test]
fn behind_on_state_is_the_newest_of_each_key() {
    let hub = hub();
    hub.write(1, &batch(&[("gone", 1, false), ("same", 2, false)]))
        .unwrap();
    let (mut session, _) = join(&hub, &["state"]);
    let mut client = BTreeMap::new();
    follow(&mut client, &told(&mut session));
    hub.write(1, &batch(&[("gone", 3, true)])).unwrap();
    let keys: Vec<String> = (0..50).map(|k| format!("k{k}")).collect();
    for n in 0..(LOG_ROWS + 1_000) / 50 {
        let value = i64::try_from(n).unwrap();
        let rows: Vec<_> = keys
            .iter()
            .map(|k| (k.as_str(), value, n % 7 == 6))
            .collect();
        hub.write(1, &batch(&rows)).unwrap();
    }
    hub.write(1, &batch(&[("k0", 77, false)])).unwrap();
    let messages = told(&mut session);
    let last = hub.topics[1].log().last();
    assert_eq!(messages.len(), 1, "one message stands for all");
    assert_eq!(
        (&messages[0]["first"], &messages[0]["last"]),
        (&json!(3), &json!(last))
    );
    let rows = messages[0]["rows"].as_array().unwrap();
    assert!(
        !rows.iter().any(|r| r["key"] == "same"),
        "what did not change is not told"
    );
    follow(&mut client, &messages);
    let mut late = BTreeMap::new();
    follow(&mut late, &told(&mut join(&hub, &["state"]).0));
    assert_eq!(client, late);
    assert_eq!(client.get("k0"), Some(&json!(77)));
    assert!(!client.contains_key("gone"));
}

#[test]
fn watermarks_never_run_ahead_of_the_rows() {
    let hub = hub();
    let (mut session, _) = join(&hub, &["facts", "state"]);
    let time = |session: &Session| read(&session.watermark(&mut Told::default()))["time"].clone();
    told(&mut session);
    assert_eq!(time(&session), Value::Null);
    let watermark = read(&session.watermark(&mut Told::default()));
    assert_eq!(watermark["stale"], json!(["state"]));
    let at = |seconds| EventTime(seconds * SECOND);
    hub.advance(0, at(5)).unwrap();
    hub.advance(1, at(9)).unwrap();
    told(&mut session);
    assert_eq!(time(&session), "1970-01-01T00:00:05+00:00");
    assert_eq!(
        read(&session.watermark(&mut Told::default()))["topics"]["state"],
        "1970-01-01T00:00:09+00:00"
    );
    hub.write(0, &facts(6..7)).unwrap();
    hub.advance(0, at(60)).unwrap();
    assert_eq!(
        time(&session),
        "1970-01-01T00:00:05+00:00",
        "the row of 6 s is still to come"
    );
    told(&mut session);
    assert_eq!(
        read(&session.watermark(&mut Told::default()))["topics"]["facts"],
        "1970-01-01T00:01:00+00:00"
    );
    hub.end(Ending::Done);
    told(&mut session);
    assert_eq!(time(&session), "1970-01-01T00:00:09+00:00");
}

#[test]
fn resume_goes_on_where_it_can() {
    let hub = hub();
    hub.write(0, &facts(1..9)).unwrap();
    hub.write(
        1,
        &batch(&[("a", 1, false), ("b", 2, false), ("a", 3, true)]),
    )
    .unwrap();
    let (mut session, _) = join(&hub, &[]);
    let resume = |stream_id: &str, facts: u64| {
        json!({ "op": "subscribe", "topics": ["facts", "state"],
            "resume": { "stream_id": stream_id, "seq": { "facts": facts, "state": 2 } } })
    };
    let answers = asked(&mut session, &resume("run-1", 6));
    assert_eq!(answers[0]["type"], "subscribed");
    assert_eq!(answers[0]["topics"][1]["name"], "state");
    let messages = told(&mut session);
    assert_eq!(
        (&messages[0]["type"], &messages[0]["first"]),
        (&json!("append"), &json!(7))
    );
    assert_eq!(messages[0]["rows"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&messages[1]["type"], &messages[1]["first"]),
        (&json!("upsert"), &json!(3))
    );
    assert_eq!(messages[1]["deleted"], json!([{ "key": "a" }]));
    // Another run's numbers, and numbers that were never given, mean nothing here.
    for (stream_id, seq) in [("run-0", 6), ("run-1", 99)] {
        asked(&mut session, &resume(stream_id, seq));
        assert_eq!(
            told(&mut session)[0]["type"],
            "snapshot",
            "{stream_id} {seq}"
        );
    }
}

#[test]
fn questions_and_wrong_ones() {
    let hub = hub();
    let (mut session, _) = join(&hub, &["facts"]);
    assert_eq!(
        asked(&mut session, &json!({ "op": "ping" })),
        [json!({ "type": "pong" })]
    );
    let dropped = json!({ "op": "unsubscribe", "topics": ["facts"] });
    assert_eq!(
        asked(&mut session, &dropped),
        [json!({ "type": "unsubscribed", "topics": ["facts"] }),]
    );
    hub.write(0, &facts(1..2)).unwrap();
    assert!(told(&mut session).is_empty());
    let answers = asked(
        &mut session,
        &json!({ "op": "subscribe", "topics": ["facts", "stat"] }),
    );
    assert_eq!(answers[0]["topics"].as_array().unwrap().len(), 1);
    assert_eq!(
        answers[1]["message"],
        "no topic `stat`; did you mean `state`?: expected one of facts, state"
    );
    assert_eq!(told(&mut session)[0]["last"], 1);
    assert_eq!(
        asked(&mut session, &json!({ "op": "stop" }))[0]["type"],
        "error"
    );
}

#[test]
fn rows_of_the_last_so_much_time() {
    let input = SinkInput {
        name: "facts".to_owned(),
        schema: StreamSchema {
            columns: batch(&[]).rows.schema(),
            time: None,
            changelog: Changelog::Append,
        },
    };
    for (rows, seconds, bytes, expected) in [
        (100, Some(3), 1 << 20, vec![6, 7, 8, 9]),
        (2, Some(3), 1 << 20, vec![8, 9]),
        (100, None, 1 << 20, (0..10).collect::<Vec<i64>>()),
        // Seven rows are more; the newest message is kept in any case.
        (100, None, 8 * 7, vec![7, 8, 9]),
        (100, None, 1, vec![7, 8, 9]),
    ] {
        let kept = Retention {
            rows,
            time: seconds.map(|s: i64| s * SECOND),
            bytes,
        };
        let id = || "x".to_owned();
        let hub = Hub::new(
            std::slice::from_ref(&input),
            kept,
            id(),
            id(),
            Tz::UTC,
            Staleness::new(|_| false),
        )
        .unwrap();
        let hub = Arc::new(hub);
        // In the middle of a batch, and over several.
        hub.write(0, &facts(0..7)).unwrap();
        hub.write(0, &facts(7..10)).unwrap();
        let (mut session, _) = join(&hub, &["facts"]);
        let snapshot = &told(&mut session)[0];
        assert_eq!(snapshot["last"], 10);
        let rows = snapshot["rows"].as_array().unwrap();
        let got: Vec<i64> = rows.iter().map(|r| r["oi"].as_i64().unwrap()).collect();
        assert_eq!(got, expected);
    }
}

/// The bytes that a client is sent until there is nothing new, by where they lie.
fn pieces(session: &mut Session) -> Vec<*const u8> {
    std::iter::from_fn(|| session.next().unwrap())
        .map(|message| message.bytes().as_ptr())
        .collect()
}

#[test]
fn what_all_get_is_made_once() {
    let hub = hub();
    let mut sessions: Vec<Session> = (0..50).map(|_| join(&hub, &["facts", "state"]).0).collect();
    let mut same = |expected: usize| {
        let mut got = sessions.iter_mut().map(pieces);
        let first = got.next().unwrap();
        assert_eq!(first.len(), expected);
        assert!(got.all(|other| other == first), "made more than once");
        first
    };
    hub.write(0, &facts(0..9)).unwrap();
    hub.write(1, &batch(&[("a", 1, false), ("b", 2, true)]))
        .unwrap();
    let snapshots = same(2);
    let late = pieces(&mut join(&hub, &["facts", "state"]).0);
    assert_eq!(late, snapshots, "nothing came since");
    hub.write(0, &facts(9..12)).unwrap();
    hub.write(1, &batch(&[("a", 3, false)])).unwrap();
    same(2);
    // Behind the log: the state conflated.
    let rows = i64::try_from(LOG_ROWS).unwrap();
    for start in (0..2 * rows).step_by(1_024) {
        hub.write(1, &batch(&vec![("a", start, false); 1_024]))
            .unwrap();
    }
    same(1);
}
