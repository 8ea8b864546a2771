//! `[KIND.NAME]` sections, whatever their kind: names, the choice of a connector, and which nodes
//! have a mistake.

use std::collections::{BTreeMap, BTreeSet};

use zaraba_core::diagnostic::{Diagnostic, SourceMap, Span};
use zaraba_core::suggest::nearest;

use crate::document::Located;
use crate::read::{Context, Fields, Typed, section, ticked, value};
use crate::spec::{Body, Kind, NodeSpec, Section, Words};
use crate::tree::{Entry, Node, Table};

/// The one stream that is there without a section.
const RESERVED: &str = "alerts";

/// Names of nodes, each with the kind and place of the section that has it.
#[derive(Default)]
pub(crate) struct Names {
    taken: BTreeMap<String, (&'static str, Span)>,
    /// Sections whose name is another's.
    clashing: BTreeSet<Span>,
}

impl Names {
    /// Checks the names of all nodes, in the order of their places.
    pub(crate) fn check(cx: &mut Context<'_>, kinds: &[(&'static str, &Table)]) -> Self {
        let mut all: Vec<(&'static str, &Entry)> = kinds
            .iter()
            .flat_map(|(kind, table)| table.entries.iter().map(|e| (*kind, e)))
            .collect();
        all.sort_by_key(|(_, e)| e.key.span);
        let mut names = Self::default();
        for (kind, entry) in all {
            names.add(cx, kind, &entry.key);
        }
        names
    }

    fn add(&mut self, cx: &mut Context<'_>, kind: &'static str, key: &Located<String>) {
        check_shape(cx, key);
        match self.taken.get(&key.value) {
            Some((other, place)) => {
                let place = place_of(cx.sources, key.span, *place);
                let message = format!("`{}` is already the {other} {place}", key.value);
                cx.mistake(Diagnostic::at(key.span, message).help("names of nodes are unique"));
                self.clashing.insert(key.span);
            }
            None => {
                self.taken.insert(key.value.clone(), (kind, key.span));
            }
        }
    }

    /// Whether this section's name is an earlier one's.
    pub(crate) fn clashes(&self, key: &Located<String>) -> bool {
        self.clashing.contains(&key.span)
    }
}

/// `at line 4`, with the file where that is another.
pub(crate) fn place_of(sources: &SourceMap, from: Span, place: Span) -> String {
    let (line, _) = sources.line_column(place.file, place.start);
    match sources.file(place.file) {
        Some((path, _)) if place.file != from.file => format!("at {}:{line}", path.display()),
        _ => format!("at line {line}"),
    }
}

/// A name is an SQL identifier that needs no quotes.
fn check_shape(cx: &mut Context<'_>, key: &Located<String>) {
    let name = key.value.as_str();
    let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let help = "a name is small letters, digits and `_`, beginning with a letter";
    let mistake = if name == RESERVED {
        let help = "it is the built-in stream of all alerts and rules";
        Diagnostic::at(key.span, format!("the name `{RESERVED}` is taken")).help(help)
    } else if name.contains("__") {
        let message =
            format!("`{name}` cannot be a name: `__` marks side streams, as in `ticks__late`");
        Diagnostic::at(key.span, message)
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(shape) {
        let message = format!("`{name}` cannot be a name");
        let lower = name.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
        let good = lower.starts_with(|c: char| c.is_ascii_lowercase()) && lower.chars().all(shape);
        let message = if good {
            format!("{message}; write `{lower}`")
        } else {
            message
        };
        Diagnostic::at(key.span, message).help(help)
    } else {
        return;
    };
    cx.mistake(mistake);
}

/// Reads a node's section: the connector that it chose (empty where there is no choice) and what
/// it said.
pub(crate) fn read(
    cx: &mut Context<'_>,
    spec: &'static NodeSpec,
    entry: &Entry,
) -> Option<(&'static str, Fields)> {
    let label = format!("[{}.{}]", spec.kind, entry.key.value);
    let Some(table) = entry.node.as_table() else {
        let message = format!(
            "expected a section `{label}`, found {}",
            entry.node.describe()
        );
        cx.mistake(Diagnostic::at(entry.node.span, message));
        return None;
    };
    match &spec.body {
        Body::One(body) => Some(("", section(cx, body, &label, entry.node.span, table))),
        Body::ByConnector(words, sections, _) => {
            let kind = &sections.first()?.option("connector")?.kind;
            let connector = connector(cx, words, kind, &label, &entry.node, table)?;
            let body = spec.section(connector, table.get("kind").is_some())?;
            let mut own = table.clone();
            for entry in &table.entries {
                if let Some(other) = other_connector(spec, body, &entry.key.value) {
                    let key = &entry.key.value;
                    let this = shown(connector, body);
                    let message =
                        format!("`{key}` is an option of connector {other}, this is {this}");
                    cx.mistake(Diagnostic::at(entry.key.span, message));
                    own.remove(key);
                }
            }
            Some((connector, section(cx, body, &label, entry.node.span, &own)))
        }
    }
}

/// The connector that knows an option which `body` does not.
pub(crate) fn other_connector(spec: &NodeSpec, body: &Section, option: &str) -> Option<String> {
    if body.option(option).is_some() {
        return None;
    }
    let sections = spec.sections().into_iter();
    let (connector, section) = sections
        .filter(|(_, s)| s.option(option).is_some())
        .find_map(|(c, s)| Some((c?, s)))?;
    Some(shown(connector, section))
}

/// A connector as messages call it.
fn shown(connector: &str, section: &Section) -> String {
    match section.kind() {
        Some(kind) => format!("\"{connector}\" with kind \"{kind}\""),
        None => format!("\"{connector}\""),
    }
}

/// The connector that a section chose.
fn connector(
    cx: &mut Context<'_>,
    words: &'static Words,
    kind: &'static Kind,
    label: &str,
    node: &Node,
    table: &Table,
) -> Option<&'static str> {
    let Some(entry) = table.get("connector") else {
        let close = |e: &&Entry| nearest(&e.key.value, ["connector"]).is_some();
        cx.missing(match table.entries.iter().find(close) {
            Some(entry) => {
                let message = format!("`{label}` has no option `{}`", entry.key.value);
                let message = format!("{message}; did you mean `connector`?");
                Diagnostic::at(entry.key.span, message)
            }
            None => Diagnostic::at(node.span, format!("`connector` is missing in `{label}`"))
                .help(format!("connectors are {}", ticked(words.now))),
        });
        return None;
    };
    match value(cx, kind, "connector", &entry.node) {
        Some(Typed::Word(word)) => Some(word),
        _ => None,
    }
}
