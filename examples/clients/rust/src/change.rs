//! What may happen to a topic.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A row: its columns by name. `serde_json::from_value(row.into())` makes a struct of it.
pub type Row = Map<String, Value>;

/// How rows of a topic follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Changelog {
    /// Rows are added.
    Append,
    /// A row replaces the one with the same key.
    Upsert,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in the words of the pipeline file.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What the server says of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// How its rows follow each other.
    pub changelog: Changelog,
    /// The names of its key columns; none on an append topic.
    pub key: Vec<String>,
    /// Its columns.
    pub schema: Vec<Column>,
}

/// What happened to a topic. Rows are numbered from 1; `first` and `last` are such numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// All that there is, in place of what was there: an upsert topic's whole state, an append
    /// topic's newest rows.
    Snapshot {
        /// The newest row.
        last: u64,
        /// The rows.
        rows: Vec<Row>,
    },
    /// New rows of an append topic.
    Append {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
        /// The newest event time among them.
        time: Option<String>,
        /// The rows.
        rows: Vec<Row>,
    },
    /// Rows of an upsert topic that are new or changed. It may stand for more changes than it has
    /// rows.
    Upsert {
        /// The first change that it stands for.
        first: u64,
        /// The last.
        last: u64,
        /// The newest event time among them.
        time: Option<String>,
        /// The rows.
        rows: Vec<Row>,
        /// The keys of rows that are gone.
        deleted: Vec<Row>,
    },
    /// Rows of an append topic that will not come: this client was too slow, or away too long.
    Gap {
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
}
