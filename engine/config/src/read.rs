//! The one validator: walks a TOML table along a [`Section`] and gives typed [`Fields`], or says
//! what is wrong with each key. It knows no section by name; `leaf.rs` reads single values.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;
use zaraba_core::diagnostic::{Diagnostic, Diagnostics, FileId, SourceMap, Span};
use zaraba_core::suggest::nearest;

use crate::argument::Argument;
use crate::document::{ColumnType, Located, Row, Text, TtlDoc, Value};
use crate::leaf;
use crate::message::Message;
use crate::spec::{Kind, Least, Presence, Section};
use crate::tree::{Node, Table, TomlValue};

/// What reading a section needs to know of the rest, and the mistakes so far.
pub(crate) struct Context<'a> {
    pub(crate) sources: &'a SourceMap,
    /// The pipeline's.
    pub(crate) zone: Tz,
    pub(crate) params: &'a [(String, Located<Value>)],
    /// Files with syntax errors: what is missing in them is not a mistake of its own.
    pub(crate) damaged: &'a BTreeSet<FileId>,
    pub(crate) mistakes: Diagnostics,
    /// Environment variables, for options that name one.
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
    /// What was read from them.
    pub(crate) secrets: Vec<String>,
    count: usize,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        sources: &'a SourceMap,
        damaged: &'a BTreeSet<FileId>,
        mistakes: Diagnostics,
    ) -> Self {
        Self {
            sources,
            zone: Tz::UTC,
            params: &[],
            damaged,
            mistakes,
            env: &|_| None,
            secrets: Vec::new(),
            count: 0,
        }
    }

    /// Adds a mistake.
    pub(crate) fn mistake(&mut self, diagnostic: Diagnostic) {
        self.count += 1;
        self.mistakes.push(diagnostic);
    }

    /// How many mistakes were made since this was created: more after a section than before it
    /// means that the section has one.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// A mistake that is reported already.
    pub(crate) fn known_mistake(&mut self) {
        self.count += 1;
    }

    /// Something that must be there is not.
    pub(crate) fn missing(&mut self, diagnostic: Diagnostic) {
        self.count += 1;
        if !diagnostic
            .span
            .is_some_and(|s| self.damaged.contains(&s.file))
        {
            self.mistakes.push(diagnostic);
        }
    }
}

/// A value that is what its option wants.
#[derive(Clone, Debug)]
pub(crate) enum Typed {
    Text(Text),
    Char(char),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// A duration or a time.
    Micros(i64),
    TradingDays(u32),
    Date(NaiveDate),
    Bytes(u64),
    Zone(Tz),
    Column(ColumnType),
    Word(&'static str),
    Scalar(Value),
    Pair(f64, f64),
    Row(Row),
    List(Vec<Located<Typed>>),
    Table(Fields),
    Map(Vec<(Located<String>, Located<Typed>)>),
    Message(Message),
    Argument(Argument),
}

/// The options that a section gave.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// The section's header, or the whole inline table.
    pub(crate) span: Span,
    /// Whether nothing in it is wrong.
    pub(crate) whole: bool,
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    name: &'static str,
    key: Span,
    /// Keys of the table that it is.
    within: Vec<String>,
    /// None if it is wrong.
    value: Option<Located<Typed>>,
}

/// Makes a getter for one kind of value; none where the option was left out (or wrong).
macro_rules! getter {
    ($name:ident, $variant:ident, $type:ty) => {
        pub(crate) fn $name(&self, option: &str) -> Option<$type> {
            match self.value(option) {
                Some(Typed::$variant(value)) => Some(value.clone()),
                _ => None,
            }
        }
    };
}

impl Fields {
    getter!(text, Text, Text);
    getter!(char, Char, char);
    getter!(int, Int, i64);
    getter!(float, Float, f64);
    getter!(bool, Bool, bool);
    getter!(micros, Micros, i64);
    pub(crate) fn ttl(&self, option: &str) -> Option<TtlDoc> {
        match self.value(option) {
            Some(Typed::Micros(micros)) => Some(TtlDoc::Span(*micros)),
            Some(Typed::TradingDays(days)) => Some(TtlDoc::TradingDays(*days)),
            _ => None,
        }
    }

    getter!(bytes, Bytes, u64);
    getter!(zone, Zone, Tz);
    getter!(column, Column, ColumnType);
    getter!(word, Word, &'static str);
    getter!(scalar, Scalar, Value);
    getter!(message, Message, Message);
    getter!(list, List, Vec<Located<Typed>>);
    getter!(map, Map, Vec<(Located<String>, Located<Typed>)>);

    /// A table with options of its own.
    pub(crate) fn table(&self, option: &str) -> Option<&Fields> {
        match self.value(option) {
            Some(Typed::Table(fields)) => Some(fields),
            _ => None,
        }
    }

    /// A text with its place, without the places inside it.
    pub(crate) fn name(&self, option: &str) -> Option<Located<String>> {
        self.text(option).map(|t| Located {
            value: t.value,
            span: t.span,
        })
    }

    /// A list of texts.
    pub(crate) fn names(&self, option: &str) -> Option<Vec<Located<String>>> {
        let name = |item: Located<Typed>| match item.value {
            Typed::Text(text) => Some(Located {
                value: text.value,
                span: text.span,
            }),
            _ => None,
        };
        Some(self.list(option)?.into_iter().filter_map(name).collect())
    }

    /// Two numbers.
    pub(crate) fn pair(&self, option: &str) -> Option<(f64, f64)> {
        match self.value(option) {
            Some(Typed::Pair(low, high)) => Some((*low, *high)),
            _ => None,
        }
    }

    /// Whether the option was given, and rightly.
    pub(crate) fn has(&self, option: &str) -> bool {
        self.value(option).is_some()
    }

    /// The place of an option's key, right or wrong.
    pub(crate) fn key(&self, option: &str) -> Option<Span> {
        self.field(option).map(|f| f.key)
    }

    /// The keys of the table that an option is, right and wrong ones.
    pub(crate) fn keys_within(&self, option: &str) -> Vec<String> {
        self.field(option)
            .map(|f| f.within.clone())
            .unwrap_or_default()
    }

    /// The place of an option's value.
    pub(crate) fn at(&self, option: &str) -> Option<Span> {
        Some(self.field(option)?.value.as_ref()?.span)
    }

    fn value(&self, option: &str) -> Option<&Typed> {
        Some(&self.field(option)?.value.as_ref()?.value)
    }

    fn field(&self, option: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == option)
    }
}

/// Reads a table as a section; `label` is what messages call it (`[source.ticks]`).
pub(crate) fn section(
    cx: &mut Context<'_>,
    section: &'static Section,
    label: &str,
    span: Span,
    table: &Table,
) -> Fields {
    let before = cx.count();
    let mut fields = Vec::new();
    let mut meant = Vec::new();
    for entry in &table.entries {
        let Some(option) = section.option(&entry.key.value) else {
            let (mistake, near) = unknown_option(section, label, &entry.key);
            cx.mistake(mistake);
            meant.extend(near);
            continue;
        };
        let value = value(cx, &option.kind, &entry.key.value, &entry.node);
        let value = value.map(|value| Located {
            value,
            span: entry.node.span,
        });
        let entries = entry
            .node
            .as_table()
            .map_or(&[][..], |t| t.entries.as_slice());
        let within = entries.iter().map(|e| e.key.value.clone()).collect();
        fields.push(Field {
            name: option.name,
            key: entry.key.span,
            within,
            value,
        });
    }
    for option in section.options() {
        let given = table.get(option.name).is_some() || meant.contains(&option.name);
        if option.presence == Presence::Required && !given {
            let message = format!("`{}` is missing in `{label}`", option.name);
            let help = format!("{}: `{} = {}`", option.about, option.name, option.example);
            cx.missing(Diagnostic::at(span, message).help(help));
        }
    }
    Fields {
        span,
        whole: cx.count() == before,
        fields,
    }
}

/// A key that the section does not know, and the one that was probably meant.
fn unknown_option(
    section: &Section,
    label: &str,
    key: &Located<String>,
) -> (Diagnostic, Option<&'static str>) {
    let name = key.value.as_str();
    if section.later.contains(&name) {
        return (not_built(key.span, &format!("`{name}` in `{label}`")), None);
    }
    let message = format!("`{label}` has no option `{name}`");
    let near = nearest(name, section.options().map(|o| o.name));
    let mistake = match near {
        Some(near) => Diagnostic::at(key.span, format!("{message}; did you mean `{near}`?")),
        None => {
            let known: Vec<&str> = section.options().map(|o| o.name).collect();
            Diagnostic::at(key.span, message).help(format!("options are {}", ticked(&known)))
        }
    };
    (mistake, near)
}

/// Something that the design names and this version has not.
pub(crate) fn not_built(span: Span, what: &str) -> Diagnostic {
    Diagnostic::at(span, format!("{what} is not built yet"))
}

/// `` `a`, `b` ``
pub(crate) fn ticked(words: &[&str]) -> String {
    words
        .iter()
        .map(|w| format!("`{w}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Reads one value; `key` is its option's name.
pub(crate) fn value(
    cx: &mut Context<'_>,
    kind: &'static Kind,
    key: &str,
    node: &Node,
) -> Option<Typed> {
    match (kind, &node.value) {
        (_, TomlValue::Broken) => {
            cx.known_mistake();
            None
        }
        (Kind::List(item, least), TomlValue::Array(items)) => {
            list(cx, item, *least, key, node, items)
        }
        (Kind::Table(spec) | Kind::Either(_, spec), TomlValue::Table(table)) => {
            Some(Typed::Table(section(cx, spec, key, node.span, table)))
        }
        (Kind::Either(short, _), _) => value(cx, short, key, node),
        (Kind::Texts, TomlValue::Table(_)) => value(cx, &Kind::Map(&Kind::Text), key, node),
        (Kind::Map(item), TomlValue::Table(table)) => {
            let mut map = Vec::new();
            for entry in &table.entries {
                if let Some(value) = value(cx, item, &entry.key.value, &entry.node) {
                    map.push((
                        entry.key.clone(),
                        Located {
                            value,
                            span: entry.node.span,
                        },
                    ));
                }
            }
            Some(Typed::Map(map))
        }
        (Kind::Row, TomlValue::Table(table)) => Some(row(cx, node.span, table)),
        _ => leaf::read(cx, kind, node),
    }
}

fn list(
    cx: &mut Context<'_>,
    item: &'static Kind,
    least: Least,
    key: &str,
    node: &Node,
    items: &[Node],
) -> Option<Typed> {
    if items.is_empty() && least == Least::One {
        let message = format!("`{key}` must not be empty");
        cx.mistake(Diagnostic::at(node.span, message));
        return None;
    }
    let mut values = Vec::new();
    for node in items {
        if let Some(value) = value(cx, item, key, node) {
            values.push(Located {
                value,
                span: node.span,
            });
        }
    }
    Some(Typed::List(values))
}

/// A row of a test.
fn row(cx: &mut Context<'_>, span: Span, table: &Table) -> Typed {
    let mut columns = Vec::new();
    for entry in &table.entries {
        let node = &entry.node;
        let value = match (&node.value, node.scalar()) {
            (_, Some(value)) => value,
            (TomlValue::Datetime(time), _) => Value::Text(time.clone()),
            (TomlValue::Broken, _) => {
                cx.known_mistake();
                continue;
            }
            _ => {
                let message = format!(
                    "expected a text, number, boolean or time, found {}",
                    node.describe()
                );
                cx.mistake(Diagnostic::at(node.span, message));
                continue;
            }
        };
        columns.push((
            entry.key.clone(),
            Located {
                value,
                span: node.span,
            },
        ));
    }
    Typed::Row(Row { span, columns })
}
