//! The TOML of one file as a tree of our own: every key and value with its place, in the file's
//! order, owned, so that files can be merged and profiles laid over. Made by `include.rs` from
//! what the `toml` crate parses; read by `read.rs`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zaraba_core::diagnostic::{Diagnostic, FileId, Span};

use crate::document::{Located, Text, Value};
use crate::text;

/// A value and its place; of a table with a header, the header.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: TomlValue,
}

/// What TOML knows.
#[derive(Clone, Debug)]
pub(crate) enum TomlValue {
    Text(Text),
    Integer(i64),
    Float(f64),
    Bool(bool),
    /// In ISO form.
    Datetime(String),
    Array(Vec<Node>),
    Table(Table),
    /// What could not be read, and was reported where that was found.
    Broken,
}

/// Keys with their values, in the file's order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// One key of a table.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Located<String>,
    pub(crate) node: Node,
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key.value == key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|e| e.key.value == key)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|e| e.key.value == key)?;
        Some(self.entries.remove(at))
    }
}

impl Node {
    /// A scalar as a parameter's or a column's value.
    pub(crate) fn scalar(&self) -> Option<Value> {
        match &self.value {
            TomlValue::Text(text) => Some(Value::Text(text.value.clone())),
            TomlValue::Integer(i) => Some(Value::Int(*i)),
            TomlValue::Float(f) => Some(Value::Float(*f)),
            TomlValue::Bool(b) => Some(Value::Bool(*b)),
            _ => None,
        }
    }

    /// The table that this is.
    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            TomlValue::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What came, as messages call it.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            TomlValue::Text(text) => quoted(&text.value),
            TomlValue::Integer(i) => format!("the integer {i}"),
            TomlValue::Float(f) => format!("the number {f:?}"),
            TomlValue::Bool(b) => format!("the boolean {b}"),
            TomlValue::Datetime(t) => format!("the time {t}"),
            TomlValue::Array(items) => format!("a list of {}", items.len()),
            TomlValue::Table(_) => "a table".to_owned(),
            TomlValue::Broken => "nothing".to_owned(),
        }
    }
}

/// A text in quotes, cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

/// The tree of a parsed file; numbers too large for 64 bits are mistakes.
pub(crate) fn tree(
    file: FileId,
    source: &str,
    table: &DeTable<'_>,
    mistakes: &mut Vec<Diagnostic>,
) -> Table {
    Converter {
        file,
        source,
        mistakes,
    }
    .table(table)
}

struct Converter<'a> {
    file: FileId,
    source: &'a str,
    mistakes: &'a mut Vec<Diagnostic>,
}

impl Converter<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span {
            file: self.file,
            start: range.start,
            end: range.end,
        }
    }

    fn table(&mut self, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: Located {
                    value: key.get_ref().to_string(),
                    span: self.span(key.span()),
                },
                node: self.node(value),
            })
            .collect();
        entries.sort_by_key(|e| e.key.span.start);
        Table { entries }
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let span = self.span(value.span());
        let value = match value.get_ref() {
            DeValue::String(string) => TomlValue::Text(self.text(string, span)),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(value) => TomlValue::Integer(value),
                    Err(_) => {
                        let message = "an integer must fit into 64 bits";
                        self.mistakes.push(Diagnostic::at(span, message));
                        TomlValue::Broken
                    }
                }
            }
            DeValue::Float(float) => TomlValue::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(bool) => TomlValue::Bool(*bool),
            DeValue::Datetime(time) => TomlValue::Datetime(time.to_string()),
            DeValue::Array(items) => {
                TomlValue::Array(items.iter().map(|item| self.node(item)).collect())
            }
            DeValue::Table(table) => TomlValue::Table(self.table(table)),
        };
        Node { span, value }
    }

    /// The parser's value with our places; where the two do not agree (the parser has repaired a
    /// broken string), all places are the token's beginning.
    fn text(&self, parsed: &str, span: Span) -> Text {
        let raw = self.source.get(span.start..span.end).unwrap_or("");
        if text::is_string(raw) {
            let text = text::decode(raw, span);
            if text.value == parsed {
                return text;
            }
        }
        Text {
            value: parsed.to_owned(),
            span,
            offsets: Vec::new(),
        }
    }
}
