//! The Rust client as a probe.

use std::collections::HashMap;

use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use zaraba_client::change::{Change, Changelog};
use zaraba_client::client::{Client, Options};
use zaraba_client::error::Error;
use zaraba_client::topic::Topic;

use crate::clients::probe::How;

/// Runs until what it answers is dropped.
pub(super) fn probe(how: &How<'_>, lines: UnboundedSender<Value>) -> UnboundedSender<String> {
    let mut options = Options::new(how.url);
    if let Some(token) = how.token {
        options = options.token(token);
    }
    if how.until_end {
        options = options.until_end();
    }
    let (ear, mut said) = unbounded_channel::<String>();
    for topic in how.topics {
        ear.send(format!("+{topic}")).unwrap();
    }
    tokio::spawn(async move {
        let client = Client::connect(options);
        let mut tasks: HashMap<String, AbortHandle> = HashMap::new();
        while let Some(line) = said.recv().await {
            let name = line[1..].to_owned();
            if line.starts_with('+') {
                let following = follow(client.topic(&name), client.status(), lines.clone());
                tasks.insert(name, tokio::spawn(following).abort_handle());
            } else if let Some(task) = tasks.remove(&name) {
                task.abort(); // which drops the topic
                let _ = lines.send(json!({ "type": "ended", "topic": name }));
            }
        }
    });
    ear
}

type Status = tokio::sync::watch::Receiver<zaraba_client::client::Status>;

async fn follow(mut topic: Topic, status: Status, lines: UnboundedSender<Value>) {
    while let Some(change) = topic.next().await {
        let mut line = match change {
            Ok(Change::Snapshot { last, rows }) => {
                json!({ "type": "snapshot", "last": last, "rows": rows })
            }
            Ok(Change::Append {
                first, last, rows, ..
            }) => json!({ "type": "append", "first": first, "last": last, "rows": rows }),
            Ok(Change::Upsert { first, last, .. }) => {
                json!({ "type": "upsert", "first": first, "last": last })
            }
            Ok(Change::Gap { first, last }) => {
                json!({ "type": "gap", "first": first, "last": last })
            }
            Err(error) => {
                let name = match error {
                    Error::Refused(_) => "Refused",
                    Error::NoTopic(_) => "NoTopic",
                    _ => "ProtocolError",
                };
                json!({ "type": "failed", "error": name, "message": error.to_string() })
            }
        };
        line["topic"] = json!(topic.name());
        line["connections"] = json!(status.borrow().connections);
        if topic
            .description()
            .is_some_and(|d| d.changelog == Changelog::Upsert)
        {
            line["state"] = topic.rows().cloned().map(Value::from).collect();
        }
        let failed = line["type"] == "failed";
        let _ = lines.send(line);
        if failed {
            return;
        }
    }
    let _ = lines.send(json!({ "type": "ended", "topic": topic.name() }));
}
