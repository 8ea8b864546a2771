//! The webhook sink against a server of another program, which answers as each test tells it: what
//! it is sent and when, and what becomes of rows that it does not take.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers are tests, too"
)]

#[path = "webhook/stand.rs"]
mod stand;

use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::{Value, json};
use zaraba_config::document::{DigestDoc, QuietDoc, WebhookDoc, WebhookForm};
use zaraba_core::clock::Clock;
use zaraba_core::meter::Meter;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink as _;
use zaraba_core::time::{ClockTime, SECOND};
use zaraba_sinks::webhook::{WebhookOptions, WebhookSink};

use crate::stand::{HOUR, Hook, NOON, Stand, doc, input, located, rows};

#[test]
fn each_row_is_a_request_whatever_is_in_it() {
    let stand = Stand::new(&[]);
    let mut hook = Hook::new(&stand, NOON, |doc| {
        doc.form = WebhookForm::Body(located(
            r#"{"t":"{{ text }}","v":{{ value }},"title":{{ title | json }},"n":[{% for row in rows %}"{{ row.severity }}"{% endfor %}]}"#,
        ));
        doc.text = Some(located(
            "[{{ stream }}] {{ title }} {{ value | round(1) }} {{ none | round(2) }}",
        ));
    });
    let title = "say \"x\"\\\n\t板😀{{ value }}</script>";
    hook.write(&[(title, "high"), ("second", "info")]);
    let first = stand.next();
    let headers = &first["headers"];
    assert_eq!(first["method"], "POST");
    assert_eq!(first["path"], "/hooks/SECRET?key=SECRET2");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["authorization"], "Bearer SECRET3");
    let body: Value = serde_json::from_str(first["body"].as_str().unwrap()).unwrap();
    let text = format!("[alerts] {title} 52000.1 —");
    assert_eq!(
        body,
        json!({ "t": text, "v": 52_000.1, "title": title, "n": ["high"] })
    );
    assert_eq!(stand.body()["title"], "second");
    assert_eq!(hook.end(), []);
}

#[test]
fn forms_and_their_fields() {
    let stand = Stand::new(&[]);
    let mut hook = Hook::new(&stand, NOON, |doc| {
        let kind = "application/x-www-form-urlencoded".to_owned();
        doc.headers.push(("content-type".to_owned(), kind));
        doc.form = WebhookForm::Body(located("text={{ text }}&to=desk"));
        doc.put = true;
    });
    hook.write(&[("a&to=me 板", "")]);
    let request = stand.next();
    assert_eq!(request["method"], "PUT");
    assert_eq!(request["body"], "text=a%26to%3Dme%20%E6%9D%BF&to=desk");
    assert_eq!(
        request["headers"]["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(hook.end(), []);
}

#[test]
fn services_have_their_bodies() {
    for (service, title, expected) in [
        (
            "discord",
            "@everyone",
            json!({ "content": "@everyone", "allowed_mentions": { "parse": [] } }),
        ),
        (
            "slack",
            "<!channel> & \"x\"",
            json!({ "text": "&lt;!channel&gt; &amp; \"x\"" }),
        ),
        (
            "line",
            "板",
            json!({ "messages": [{ "type": "text", "text": "板" }] }),
        ),
    ] {
        let stand = Stand::new(&[]);
        let mut hook = Hook::new(&stand, NOON, |doc| doc.form = WebhookForm::Service(service));
        hook.write(&[(title, "")]);
        assert_eq!(stand.body(), expected);
        assert_eq!(hook.end(), []);
    }
}

#[test]
fn what_fails_is_sent_again_and_later_each_time() {
    let stand = Stand::new(&["500", "drop", "429:7", "200", "503", "429", "408"]);
    let mut hook = Hook::new(&stand, NOON, |doc| doc.rate = 2.0);
    hook.write(&[("a", ""), ("b", "")]);
    let asked: Vec<Value> = (0..8).map(|_| stand.body()["text"].clone()).collect();
    assert_eq!(asked, ["a", "a", "a", "a", "b", "b", "b", "b"]);
    let (clock, meter) = (Arc::clone(&hook.clock), Arc::clone(&hook.meter));
    assert_eq!(hook.end(), []);
    let tenths: Vec<i64> = clock
        .waits
        .lock()
        .unwrap()
        .iter()
        .map(|w| w * 10 / SECOND)
        .collect();
    // After a 500, a broken connection and Retry-After; the rate; then afresh.
    assert_eq!(tenths, [10, 20, 70, 5, 10, 20, 40]);
    assert_eq!(Meter::get(&meter.failures), 6);
}

#[test]
fn what_is_refused_is_a_dead_letter_and_the_next_is_sent() {
    let stand = Stand::new(&[
        "404",
        "302:/elsewhere",
        "echo:400",
        "500",
        "500",
        "500",
        "500",
    ]);
    let mut hook = Hook::new(&stand, NOON, |_| {});
    hook.write(&[
        ("gone", ""),
        ("moved", ""),
        ("told", ""),
        ("down", ""),
        ("well", ""),
    ]);
    let dead = hook.end();
    let asked: Vec<Value> = (0..8).map(|_| stand.body()["text"].clone()).collect();
    let expected = [
        "gone", "moved", "told", "down", "down", "down", "down", "well",
    ];
    assert_eq!(asked, expected);
    let host = stand.url.split("/hooks").next().unwrap();
    let reasons = [
        ("gone", "answered 404 Not Found: ok"),
        (
            "moved",
            "answered 302 Found (redirects are not followed: look at `url`): ok",
        ),
        ("told", "answered 400 Bad Request: *** ***"),
        (
            "down",
            "answered 500 Internal Server Error: ok, after 4 tries",
        ),
    ];
    assert_eq!(dead.len(), reasons.len());
    for ((title, reason), (expected, why)) in dead.iter().zip(reasons) {
        assert_eq!(title, expected);
        assert_eq!(*reason, format!("POST {host}: {why}"));
    }
}

#[test]
fn digests_have_so_many_rows_and_so_much_text() {
    let stand = Stand::new(&[]);
    let digest = DigestDoc {
        every: Some(60 * SECOND),
        max: 20,
    };
    let mut hook = Hook::new(&stand, NOON, |doc| doc.digest = Some(digest));
    let titles: Vec<String> = (0..45).map(|n| format!("t{n}")).collect();
    let all: Vec<(&str, &str)> = titles.iter().map(|t| (t.as_str(), "")).collect();
    hook.write(&all);
    for part in titles.chunks(20) {
        assert_eq!(
            stand.body(),
            json!({ "text": part.join("\n"), "count": part.len() })
        );
    }
    let clock = Arc::clone(&hook.clock);
    assert_eq!(hook.end(), []);
    let waited = clock.waits.lock().unwrap().iter().sum::<i64>();
    assert!(
        (60 * SECOND..61 * SECOND).contains(&waited),
        "the last five waited for others"
    );

    let mut hook = Hook::new(&stand, NOON, |doc| {
        doc.digest = Some(digest);
        doc.form = WebhookForm::Service("discord");
    });
    let (long, longest) = ("x".repeat(900), "板".repeat(3_000));
    hook.write(&[
        (&long, ""),
        (&long, ""),
        (&long, ""),
        (&longest, ""),
        ("end", ""),
    ]);
    let lengths: Vec<usize> = (0..4)
        .map(|_| stand.body()["content"].as_str().unwrap().chars().count())
        .collect();
    assert_eq!(lengths, [1_801, 900, 2_000, 3]);
    assert_eq!(hook.end(), []);
}

#[test]
fn rows_of_quiet_hours_wait_for_their_end_but_for_some() {
    let stand = Stand::new(&[]);
    let quiet = || QuietDoc {
        hours: (23 * 60, 7 * 60),
        except: vec![(located("severity"), vec!["critical".to_owned()])],
    };
    let digest = DigestDoc {
        every: None,
        max: 20,
    };
    let night = |doc: &mut WebhookDoc| {
        doc.quiet = Some(quiet());
        doc.digest = Some(digest);
    };
    let mut hook = Hook::new(&stand, NOON + 12 * HOUR, night);
    hook.write(&[("a", "info"), ("fire", "critical"), ("b", "high")]);
    assert_eq!(stand.body(), json!({ "text": "fire", "count": 1 }));
    assert_eq!(stand.body(), json!({ "text": "a\nb", "count": 2 }));
    let clock = Arc::clone(&hook.clock);
    assert_eq!(hook.end(), []);
    assert_eq!(clock.now().0, NOON + 19 * HOUR, "seven o'clock");
    // By day they are sent as they come.
    let mut hook = Hook::new(&stand, NOON, night);
    hook.write(&[("day", "info")]);
    assert_eq!(stand.body()["text"], "day");
    assert_eq!(hook.end(), []);
    assert_eq!(clock.waits.lock().unwrap().len(), 1);
}

/// A clock that stands still.
fn still(now: i64) -> Arc<dyn Clock> {
    Arc::new(zaraba_core::clock::ManualClock::new(ClockTime(now)))
}

#[test]
fn a_run_that_ends_in_quiet_hours_wakes_nobody() {
    let stand = Stand::new(&[]);
    let dir = tempfile::tempdir().unwrap();
    let mut doc = doc(&stand.url);
    doc.dead_letter = dir.path().join("dead.jsonl");
    doc.quiet = Some(QuietDoc {
        hours: (23 * 60, 7 * 60),
        except: vec![(located("severity"), vec!["critical".to_owned()])],
    });
    let options = WebhookOptions {
        sink: "chat".to_owned(),
        zone: Tz::Asia__Tokyo,
        clock: still(NOON + 12 * HOUR),
        secrets: Vec::new(),
        meter: Arc::default(),
    };
    let mut sink = WebhookSink::start(&doc, &[input()], options).unwrap();
    sink.write(Port(0), &rows(&[("a", "info"), ("fire", "critical")]))
        .unwrap();
    sink.close().unwrap();
    assert_eq!(stand.body()["text"], "fire");
    let text = std::fs::read_to_string(&doc.dead_letter).unwrap();
    let letter: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(letter["reason"], "the run ended in quiet hours");
    assert_eq!(letter["time"], "2025-11-15T00:00:00+09:00");
    assert_eq!(
        letter["row"],
        json!({ "title": "a", "severity": "info", "value": 52_000.1 })
    );
}

#[test]
fn a_server_that_never_answers_stops_nothing_and_no_row_is_lost() {
    let stand = Stand::new(&["hang"]);
    let mut hook = Hook::new(&stand, NOON, |doc| {
        doc.queue = 3;
        doc.drain = SECOND / 5;
    });
    hook.write(&[("0", "")]);
    assert_eq!(stand.body()["text"], "0"); // it hangs there
    let titles: Vec<String> = (1..10).map(|n| n.to_string()).collect();
    for title in &titles {
        hook.write(&[(title, "")]);
    }
    let mut dead = hook.end();
    let full = "3 rows wait already, as many as `queue` allows";
    assert!(
        dead[..7].iter().all(|(_, reason)| reason == full),
        "{dead:?}"
    );
    let ended = dead.split_off(7);
    assert_eq!(
        dead.iter()
            .map(|(title, _)| title.as_str())
            .collect::<Vec<_>>(),
        titles[2..]
    );
    let reasons = [
        ("0", "the run ended before it was known to be taken"),
        ("1", "the run ended before it could be sent"),
        ("2", "the run ended before it could be sent"),
    ];
    let ended: Vec<_> = ended
        .iter()
        .map(|(t, r)| (t.as_str(), r.as_str()))
        .collect();
    assert_eq!(ended, reasons);
}

#[test]
fn rows_that_no_words_are_found_for_and_deletions() {
    let stand = Stand::new(&[]);
    let mut hook = Hook::new(&stand, NOON, |doc| {
        doc.text = Some(located(
            "{{ 10 // (value if title != 'odd' else 0) }} {{ title }}",
        ));
    });
    let mut batch = rows(&[("a", ""), ("odd", ""), ("gone", ""), ("b", "")]);
    batch.deleted = Some(vec![false, false, true, false].into());
    hook.sink.write(Port(0), &batch).unwrap();
    let texts = [stand.body()["text"].clone(), stand.body()["text"].clone()];
    assert!(
        texts[0].as_str().unwrap().ends_with(" a") && texts[1].as_str().unwrap().ends_with(" b")
    );
    let dead = hook.end();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].0, "odd");
    assert!(
        dead[0].1.starts_with("line 1 of the template: "),
        "{dead:?}"
    );
}
