//! Alerts of a pipeline that runs: their options set, and how programs get them.

use serde_json::{Value, json};

use crate::harness::{Came, wait_for};
use crate::remote::{Served, send};

const PIPELINE: &str = r#"
name = "alerted"
[source.ticks]
connector = "http_server"
listen = "127.0.0.1:0"
time = "ts"
schema = { ts = "timestamp", n = "int64", text = "text" }
[query.words]
sql = "SELECT ts, n, text FROM ticks"
[alert.many]
from = "words"
key = ["text"]
when = "n >= 20"
title = { ja = "{{ n }}枚 {{ text }}", en = "{{ n }} lots" }
[rule.count]
plugin = "hostile"
from = ["ticks"]
cooldown = "1h"
[sink.desk]
connector = "websocket"
listen = "127.0.0.1:0"
from = ["alerts"]
auth = { token_env = "DESK_TOKEN" }
"#;

const TOKEN: &str = "correct-horse-battery";

fn zaraba(served: &Served, words: &[&str]) -> Came {
    let words = [words, &["--url", &served.url]].concat();
    let mut command = served.folder.command(&words);
    Came::from(command.env("ZARABA_TOKEN", TOKEN).output().unwrap())
}

/// The alerts of one node that a program gets.
fn alerts(served: &Served, rule: &str) -> Vec<Value> {
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    let url = format!("{}/api/topics/alerts", served.url);
    let answer = send(&url, "GET", &bearer, "");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut answer: Value = serde_json::from_str(body).unwrap();
    let Value::Array(rows) = answer["rows"].take() else {
        panic!("{body}")
    };
    rows.into_iter().filter(|row| row["rule"] == rule).collect()
}

#[test]
fn options_change_while_it_runs_and_json_is_json() {
    let served = Served::with(PIPELINE, Some(TOKEN), &[]);
    let listed = zaraba(&served, &["set"]).code(0).out;
    let expected = "count.cooldown = 1h: can change while it runs\n\
                    many.when = n >= 20: can change while it runs\n\
                    many.for = 0s: can change while it runs\n";
    assert!(listed.starts_with(expected), "{listed}");
    served.post(1..10);
    let said = zaraba(
        &served,
        &[
            "set",
            "many.when=n >= 5",
            "many.severity=high",
            "count.cooldown=1s",
        ],
    )
    .code(0);
    assert_eq!(
        said.out,
        "many.when: n >= 5, was n >= 20\nmany.severity: high, was watch\ncount.cooldown: 1s, was 1h\n"
    );
    served.post(10..13);
    served.post(13..14);
    wait_for("alerts", || alerts(&served, "many").len() >= 2);
    let first = &alerts(&served, "many")[0];
    assert_eq!(first["severity"], "high");
    assert_eq!(first["args"], json!({ "n": 10, "text": "even, \"板\"" }));
    assert_eq!(first["texts"]["ja"]["title"], "10枚 even, \"板\"");
    assert_eq!(
        first["evidence"],
        json!([{ "name": "n", "value": 10, "time": "2025-11-14T09:00:10Z" }])
    );
    let top = zaraba(&served, &["top", "--once"]).code(0).out;
    let mut lines = top.lines().skip_while(|line| !line.starts_with("RULE"));
    let names = lines.by_ref().skip(1).take(2);
    let names: Vec<_> = names.map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, [Some("count"), Some("many")], "{top}");
    served.stop();
}

#[test]
fn what_cannot_change_says_why() {
    let served = Served::with(PIPELINE, Some(TOKEN), &[]);
    let refused = zaraba(&served, &["set", "many.for=1m", "many.when=m > 3"])
        .code(2)
        .err;
    assert_eq!(
        refused,
        "error: nothing was changed\n`many` cannot take it: no column `m` in `words`; did you mean `n`?\n"
    );
    for (asked, expected) in [
        ("words.sql=x", "`words` is no alert and no rule"),
        ("mayn.for=1m", "did you mean `many`?"),
        (
            "many.title=x",
            "of an alert when, for, clear, severity, cooldown, repeat, value, threshold can change",
        ),
        (
            "count.from=x",
            "of a rule cooldown can change while it runs",
        ),
    ] {
        let refused = zaraba(&served, &["set", asked]).code(2).err;
        assert!(refused.contains(expected), "{asked}: {refused}");
    }
    served.stop();
}
