//! Alerts, whoever raises them: their columns, and the id that a replay gives again. Declared alerts
//! and rules make [`Alert`]s; what they emit are rows of [`columns`].

pub mod ordinals;

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::error::Result;
use crate::stream::{Changelog, StreamSchema, TimeColumn, event_time_type};
use crate::time::EventTime;

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It begins.
    Open,
    /// It goes on, with other figures.
    Update,
    /// It is over.
    Clear,
}

impl State {
    /// As in rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Update => "update",
            Self::Clear => "clear",
        }
    }
}

/// How much an alert matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth an eye.
    Watch,
    /// Act soon.
    High,
    /// Act now.
    Critical,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Watch, Self::High, Self::Critical];

    /// As in rows and in pipelines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Watch => "watch",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its event time.
    pub time: EventTime,
    /// What tells it from every other, see [`id`].
    pub id: String,
    /// The node that raised it.
    pub rule: String,
    /// Where it stands.
    pub state: State,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about, of the kinds that its rule knows.
    pub kind: String,
    /// What it is about, of all things it could be about.
    pub key: String,
    /// Which message it is.
    pub code: String,
    /// What the message says: a JSON object.
    pub args: String,
    /// A line, in the first language.
    pub title: String,
    /// Sentences, in the first language; may be empty.
    pub message: String,
    /// Title and message by language: a JSON object `{"ja": {"title": …, "message": …}}`.
    pub texts: Option<String>,
    /// The figure.
    pub value: Option<f64>,
    /// What it is compared with.
    pub baseline: Option<f64>,
    /// When the baseline was so.
    pub baseline_time: Option<EventTime>,
    /// What was passed.
    pub threshold: Option<f64>,
    /// Of figure and threshold.
    pub unit: Option<String>,
    /// What it rests on: a JSON array of `{"name": …, "value": …, "time": …}`.
    pub evidence: String,
    /// Where a viewer finds it.
    pub link: Option<String>,
}

/// A column of text that is JSON, in Arrow's own word for it: whoever writes JSON may put it in as
/// it is.
fn json(name: &str, nullable: bool) -> Field {
    let says = [("ARROW:extension:name".to_owned(), "arrow.json".to_owned())];
    Field::new(name, DataType::Utf8, nullable).with_metadata(says.into())
}

/// The columns of every alert.
#[must_use]
pub fn columns() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let number = |name: &str| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        Field::new("time", event_time_type(), false),
        text("id"),
        text("rule"),
        text("state"),
        text("severity"),
        text("kind"),
        text("key"),
        text("code"),
        json("args", false),
        text("title"),
        text("message"),
        json("texts", true),
        number("value"),
        number("baseline"),
        Field::new("baseline_time", event_time_type(), true),
        number("threshold"),
        Field::new("unit", DataType::Utf8, true),
        json("evidence", false),
        Field::new("link", DataType::Utf8, true),
    ]))
}

/// The shape of a stream of alerts with these columns (those of [`columns`], and what its node adds).
#[must_use]
pub fn stream(columns: SchemaRef) -> StreamSchema {
    StreamSchema {
        columns,
        time: Some(TimeColumn {
            name: "time".into(),
            offset: 0,
        }),
        changelog: Changelog::Append,
    }
}

/// Alerts as rows of [`columns`].
///
/// # Errors
/// When Arrow refuses: a broken invariant.
pub fn rows(alerts: &[Alert]) -> Result<RecordBatch> {
    let text = |of: fn(&Alert) -> Option<&str>| -> ArrayRef {
        Arc::new(alerts.iter().map(of).collect::<StringArray>())
    };
    let number = |of: fn(&Alert) -> Option<f64>| -> ArrayRef {
        Arc::new(alerts.iter().map(of).collect::<Float64Array>())
    };
    let time = |of: fn(&Alert) -> Option<EventTime>| -> ArrayRef {
        let micros = alerts.iter().map(|alert| of(alert).map(|time| time.0));
        Arc::new(
            micros
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        )
    };
    let arrays = vec![
        time(|a| Some(a.time)),
        text(|a| Some(&a.id)),
        text(|a| Some(&a.rule)),
        text(|a| Some(a.state.name())),
        text(|a| Some(a.severity.name())),
        text(|a| Some(&a.kind)),
        text(|a| Some(&a.key)),
        text(|a| Some(&a.code)),
        text(|a| Some(&a.args)),
        text(|a| Some(&a.title)),
        text(|a| Some(&a.message)),
        text(|a| a.texts.as_deref()),
        number(|a| a.value),
        number(|a| a.baseline),
        time(|a| a.baseline_time),
        number(|a| a.threshold),
        text(|a| a.unit.as_deref()),
        text(|a| Some(&a.evidence)),
        text(|a| a.link.as_deref()),
    ];
    Ok(RecordBatch::try_new(columns(), arrays)?)
}

/// The id of an alert: 32 hexadecimal digits made from its node, kind, key and time and from its
/// place among those of one kind, key and time. The same after a replay and for any batch size.
#[must_use]
pub fn id(rule: &str, kind: &str, key: &str, time: EventTime, ordinal: u64) -> String {
    let mut hash = Fnv::default();
    for text in [rule, kind, key] {
        // The length before the text: `ab`, `c` is not `a`, `bc`.
        hash.add(&(text.len() as u64).to_le_bytes());
        hash.add(text.as_bytes());
    }
    hash.add(&time.0.to_le_bytes());
    hash.add(&ordinal.to_le_bytes());
    format!("{:032x}", hash.value())
}

/// FNV-1a of 128 bits: the same on every machine and in every version of zaraba.
#[derive(Clone, Copy, Debug)]
pub struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// The hash of what was added.
    #[must_use]
    pub const fn value(self) -> u128 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        // Vectors of the FNV specification (draft-eastlake-fnv, FNV-1a of 128 bits).
        for (text, expected) in [
            ("", 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128),
            ("a", 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964),
            ("foobar", 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18),
        ] {
            let mut hash = Fnv::default();
            hash.add(text.as_bytes());
            assert_eq!(hash.value(), expected, "{text}");
        }
    }

    #[test]
    fn ids_tell_alerts_apart() {
        let time = EventTime(1_763_078_400_000_000);
        let ids = [
            id("r", "ab", "c", time, 0),
            id("r", "a", "bc", time, 0),
            id("r", "ab", "c", time, 1),
            id("r", "ab", "c", time.plus(1), 0),
        ];
        for (i, one) in ids.iter().enumerate() {
            assert!(!ids[..i].contains(one), "{one}");
        }
    }
}
