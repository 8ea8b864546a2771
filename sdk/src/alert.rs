//! Alerts, as a builder: what is left out is empty.

use crate::bindings::{Alert, Argument, Evidence};
use crate::input::{Date, Timestamp};

pub use crate::bindings::{AlertState, Severity, Value};

macro_rules! value_from {
    ($($of:ty => $make:expr,)*) => {
        $(impl From<$of> for Value {
            fn from(value: $of) -> Self {
                ($make)(value)
            }
        })*
    };
}

value_from! {
    bool => Value::Boolean,
    i64 => Value::Int64,
    f64 => Value::Float64,
    String => Value::Text,
    &str => |text: &str| Value::Text(text.to_owned()),
    crate::text::Text<'_> => |text: crate::text::Text<'_>| Value::Text(text.as_str().to_owned()),
    Timestamp => |time: Timestamp| Value::Timestamp(time.0),
    Date => |date: Date| Value::Date(date.0),
}

impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// The alerts of a call.
#[derive(Debug, Default)]
pub struct Alerts(Vec<Alert>);

impl Alerts {
    /// One more, raised by a row: `index` of [`crate::input::At`], or 0 in a tick.
    pub fn add(
        &mut self,
        row: u32,
        state: AlertState,
        severity: Severity,
        kind: &str,
    ) -> Draft<'_> {
        self.0.push(Alert {
            row,
            state,
            severity,
            kind: kind.to_owned(),
            key: String::new(),
            code: String::new(),
            args: Vec::new(),
            title: String::new(),
            message: String::new(),
            value: None,
            baseline: None,
            baseline_time: None,
            threshold: None,
            unit: None,
            evidence: Vec::new(),
            link: None,
            fields: Vec::new(),
        });
        let last = self.0.len() - 1;
        Draft(&mut self.0[last])
    }

    /// One that begins.
    pub fn open(&mut self, row: u32, severity: Severity, kind: &str) -> Draft<'_> {
        self.add(row, AlertState::Open, severity, kind)
    }

    pub(crate) fn into_inner(self) -> Vec<Alert> {
        self.0
    }
}

/// An alert that is being written. Each method fills something in.
#[derive(Debug)]
pub struct Draft<'a>(&'a mut Alert);

impl Draft<'_> {
    /// What it is about: an instrument.
    pub fn key(self, key: impl Into<String>) -> Self {
        self.0.key = key.into();
        self
    }

    /// Which message of the manifest it is.
    pub fn code(self, code: &str) -> Self {
        self.0.code = code.to_owned();
        self
    }

    /// What the message says, beside the output fields.
    pub fn arg(self, name: &str, value: impl Into<Value>) -> Self {
        self.0.args.push(Argument {
            name: name.to_owned(),
            value: value.into(),
        });
        self
    }

    /// A line, where the manifest has no messages.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.0.title = title.into();
        self
    }

    /// Sentences, where the manifest has no messages.
    pub fn message(self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// The figure, what it passed, and the unit of both.
    pub fn figure(self, value: f64, threshold: f64, unit: &str) -> Self {
        self.0.threshold = Some(threshold);
        self.value(value, unit)
    }

    /// A figure that passed nothing, and its unit.
    pub fn value(self, value: f64, unit: &str) -> Self {
        self.0.value = Some(value);
        self.0.unit = Some(unit.to_owned());
        self
    }

    /// What the figure is compared with, and when that was so.
    pub fn baseline(self, value: f64, time: Option<Timestamp>) -> Self {
        self.0.baseline = Some(value);
        self.0.baseline_time = time.map(|time| time.0);
        self
    }

    /// A figure that it rests on, and when that was so.
    pub fn evidence(self, name: &str, value: impl Into<Value>, time: Option<Timestamp>) -> Self {
        self.0.evidence.push(Evidence {
            name: name.to_owned(),
            value: value.into(),
            time: time.map(|time| time.0),
        });
        self
    }

    /// Where a viewer finds it.
    pub fn link(self, link: impl Into<String>) -> Self {
        self.0.link = Some(link.into());
        self
    }

    /// The next of the manifest's output fields.
    pub fn field(self, value: impl Into<Value>) -> Self {
        self.0.fields.push(value.into());
        self
    }
}
