//! What a plugin says of itself, read with suspicion: names are names, lists are short, and nothing
//! contradicts itself. Behind this, nobody checks again.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};
use zaraba_core::alert;

use crate::bindings::Manifest as Said;
use crate::bindings::zaraba::rules::types as said;
use crate::messages::Messages;
use crate::value::DataType;

/// A field of a stream, of a table or of the alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Whether rows without a value are wanted (outputs: whether null may be given).
    pub nullable: bool,
    /// Whether the stream may lack the column.
    pub optional: bool,
    /// What it is.
    pub description: String,
}

/// A stream that the rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// What the rule calls it.
    pub name: String,
    /// The columns it wants.
    pub fields: Vec<Field>,
}

/// A table that the rule looks into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What the rule calls it.
    pub name: String,
    /// Its key columns, in order.
    pub key: Vec<Field>,
    /// The columns it wants.
    pub fields: Vec<Field>,
    /// Whether the rule does without.
    pub optional: bool,
}

/// A manifest that makes sense.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The rule's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does.
    pub description: String,
    /// The streams it reads.
    pub streams: Vec<Stream>,
    /// The tables it looks into.
    pub tables: Vec<Table>,
    /// What it adds to the columns of its alerts.
    pub outputs: Vec<Field>,
    /// JSON Schema of its parameters.
    pub params: Map<String, Json>,
    /// Microseconds between its ticks.
    pub timer: Option<i64>,
    pub(crate) messages: Messages,
}

/// The least interval of ticks, microseconds.
pub const TIMER_MIN: i64 = 100_000;

/// Streams, tables and fields of each.
const LISTS: usize = 256;

/// Bytes of a description, a template, the schema of parameters.
const TEXT: usize = 64 << 10;

/// `a-z`, then also digits, `-` and `_`: at most 64.
fn name(what: &str, name: &str) -> Result<(), String> {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    match first && name.len() <= 64 && name.chars().all(rest) {
        true => Ok(()),
        false => Err(format!(
            "{what} {name:?}: a name is lower-case letters, digits, - and _"
        )),
    }
}

/// A column's name may be any that SQL knows.
fn column_name(what: &str, name: &str) -> Result<(), String> {
    let fine = !name.is_empty() && name.len() <= 128 && !name.chars().any(char::is_control);
    if fine {
        Ok(())
    } else {
        Err(format!("{what}: {name:?} is not the name of a column"))
    }
}

fn short(what: &str, text: &str) -> Result<(), String> {
    match text.len() <= TEXT {
        true => Ok(()),
        false => Err(format!(
            "{what}: {} bytes, at most {TEXT} are allowed",
            text.len()
        )),
    }
}

fn few<T>(what: &str, list: &[T]) -> Result<(), String> {
    match list.len() <= LISTS {
        true => Ok(()),
        false => Err(format!(
            "{} {what}, at most {LISTS} are allowed",
            list.len()
        )),
    }
}

fn once<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{what}: `{name}` is named twice"));
        }
    }
    Ok(())
}

fn fields(what: &str, said: Vec<said::Field>) -> Result<Vec<Field>, String> {
    few(&format!("fields of {what}"), &said)?;
    once(what, said.iter().map(|field| field.name.as_str()))?;
    let field = |field: said::Field| {
        column_name(what, &field.name)?;
        short(what, &field.description)?;
        if field.optional && !field.nullable {
            let name = &field.name;
            return Err(format!("{what}: `{name}` is optional, but not nullable"));
        }
        Ok(Field {
            name: field.name,
            data_type: field.type_,
            nullable: field.nullable,
            optional: field.optional,
            description: field.description,
        })
    };
    said.into_iter().map(field).collect()
}

fn stream(said: said::Stream) -> Result<Stream, String> {
    name("the stream", &said.name)?;
    let fields = fields(&format!("the stream `{}`", said.name), said.fields)?;
    Ok(Stream {
        name: said.name,
        fields,
    })
}

fn table(said: said::Table) -> Result<Table, String> {
    name("the table", &said.name)?;
    let what = format!("the table `{}`", said.name);
    let key = fields(&format!("the key of {what}"), said.key)?;
    if key.is_empty() {
        return Err(format!("{what} has no key"));
    }
    Ok(Table {
        key,
        fields: fields(&what, said.fields)?,
        name: said.name,
        optional: said.optional,
    })
}

fn outputs(said: Vec<said::Field>) -> Result<Vec<Field>, String> {
    let outputs = fields("the outputs", said)?;
    let own = alert::columns();
    for field in &outputs {
        if own.column_with_name(&field.name).is_some() {
            return Err(format!(
                "the outputs: every alert has a column `{}`",
                field.name
            ));
        }
    }
    Ok(outputs)
}

fn params(text: &str) -> Result<Map<String, Json>, String> {
    short("the schema of the parameters", text)?;
    match serde_json::from_str(text) {
        Ok(Json::Object(schema)) => Ok(schema),
        Ok(other) => Err(format!(
            "the schema of the parameters is {other}, not an object"
        )),
        Err(error) => Err(format!("the schema of the parameters is not JSON: {error}")),
    }
}

impl Manifest {
    /// Reads what a plugin said.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(said: Said) -> Result<Self, String> {
        name("the plugin", &said.name)?;
        for text in [&said.version, &said.description] {
            short("the description", text)?;
        }
        few("streams", &said.streams)?;
        few("tables", &said.tables)?;
        few("messages", &said.messages)?;
        if said.streams.is_empty() {
            return Err("it reads no stream".into());
        }
        once("the streams", said.streams.iter().map(|s| s.name.as_str()))?;
        once("the tables", said.tables.iter().map(|t| t.name.as_str()))?;
        if let Some(timer) = said.timer.filter(|timer| *timer < TIMER_MIN) {
            return Err(format!("a timer of {timer} µs, the least is {TIMER_MIN}"));
        }
        for message in &said.messages {
            short("a message", &message.title)?;
            short("a message", &message.body)?;
        }
        Ok(Self {
            name: said.name,
            version: said.version,
            description: said.description,
            streams: said
                .streams
                .into_iter()
                .map(stream)
                .collect::<Result<_, _>>()?,
            tables: said
                .tables
                .into_iter()
                .map(table)
                .collect::<Result<_, _>>()?,
            outputs: outputs(said.outputs)?,
            params: params(&said.params_schema)?,
            timer: said.timer,
            messages: Messages::new(&said.messages)?,
        })
    }
}
