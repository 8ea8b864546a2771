//! What a node emits, as known before anything runs: columns, which of them is the event time,
//! and how rows relate (changelog).

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};

/// How a stream's rows relate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changelog {
    /// Rows are facts.
    Append,
    /// A row replaces the one with its key; no key columns means that there is one row.
    Upsert {
        /// The key columns, by name.
        key: Vec<String>,
    },
}

/// The column that shows a stream's event time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeColumn {
    /// Its name.
    pub name: String,
    /// Event time minus the column, microseconds: −1 for the `window_end` of a window's result,
    /// 0 elsewhere.
    pub offset: i64,
}

/// A stream's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSchema {
    /// The columns that SQL sees.
    pub columns: SchemaRef,
    /// The column that shows the event time, where it was selected. The event time itself travels
    /// beside the columns in any case.
    pub time: Option<TimeColumn>,
    /// How the rows relate.
    pub changelog: Changelog,
}

/// The type of event time in columns: `timestamp(µs, UTC)`.
#[must_use]
pub fn event_time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}
