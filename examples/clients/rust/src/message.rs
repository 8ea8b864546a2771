//! What the server says, as it says it: one JSON object a text frame.

use std::collections::HashMap;

use serde::Deserialize;

use crate::change::{Description, Row};

/// A message of the server.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Message {
    /// First.
    Hello {
        protocol: u32,
        pipeline: String,
        stream_id: String,
    },
    /// Rows of a topic, or that some will not come.
    Snapshot {
        topic: String,
        last: u64,
        rows: Vec<Row>,
    },
    Append {
        topic: String,
        first: u64,
        last: u64,
        time: Option<String>,
        rows: Vec<Row>,
    },
    Upsert {
        topic: String,
        first: u64,
        last: u64,
        time: Option<String>,
        rows: Vec<Row>,
        deleted: Vec<Row>,
    },
    Gap {
        topic: String,
        first: u64,
        last: u64,
    },
    /// Each second.
    Watermark {
        time: Option<String>,
        #[serde(default)]
        topics: HashMap<String, Option<String>>,
        stale: Vec<String>,
    },
    /// Answers.
    Subscribed { topics: Vec<Description> },
    Error {
        message: String,
        topic: Option<String>,
    },
    /// `unsubscribed`, `pong`, and what later versions add.
    #[serde(other)]
    Other,
}
