//! What a rule says of itself, as a builder.

use crate::bindings;
use crate::row::Row;

pub use crate::bindings::DataType;

/// What a rule is and wants.
#[derive(Clone, Debug)]
pub struct Manifest(bindings::Manifest);

impl Manifest {
    /// A rule's name, its version (`env!("CARGO_PKG_VERSION")`) and what it does, in a line.
    #[must_use]
    pub fn new(name: &str, version: &str, description: &str) -> Self {
        Self(bindings::Manifest {
            name: name.to_owned(),
            version: version.to_owned(),
            description: description.to_owned(),
            streams: Vec::new(),
            tables: Vec::new(),
            outputs: Vec::new(),
            params_schema: String::new(),
            timer: None,
            messages: Vec::new(),
        })
    }

    /// One more stream that it reads, by the columns it wants of it.
    #[must_use]
    pub fn reads<R: Row>(mut self, name: &str) -> Self {
        self.0.streams.push(bindings::Stream {
            name: name.to_owned(),
            fields: R::fields(),
        });
        self
    }

    /// One more table that it looks into: its key columns, and the columns it wants.
    #[must_use]
    pub fn looks_into<K: Row, R: Row>(mut self, name: &str, optional: bool) -> Self {
        self.0.tables.push(bindings::Table {
            name: name.to_owned(),
            key: K::fields(),
            fields: R::fields(),
            optional,
        });
        self
    }

    /// One more field that it adds to its alerts.
    #[must_use]
    pub fn adds(mut self, name: &str, data_type: DataType, description: &str) -> Self {
        self.0.outputs.push(bindings::Field {
            name: name.to_owned(),
            type_: data_type,
            nullable: true,
            optional: false,
            description: description.to_owned(),
        });
        self
    }

    /// Asks for ticks, so many microseconds apart.
    #[must_use]
    pub const fn every(mut self, micros: i64) -> Self {
        self.0.timer = Some(micros);
        self
    }

    /// How the alerts of a code read in a language: templates over arguments and output fields.
    #[must_use]
    pub fn says(mut self, code: &str, language: &str, title: &str, body: &str) -> Self {
        self.0.messages.push(bindings::Message {
            code: code.to_owned(),
            language: language.to_owned(),
            title: title.to_owned(),
            body: body.to_owned(),
        });
        self
    }

    pub(crate) fn into_inner(self) -> bindings::Manifest {
        self.0
    }
}
