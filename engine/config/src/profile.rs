//! `[profile.NAME]`: a part of the pipeline laid over the rest when chosen. Tables merge, all else
//! is replaced. When it changes a node's connector, options that only the old one knows go.

use zaraba_core::diagnostic::{Diagnostic, Diagnostics};
use zaraba_core::suggest::nearest;

use crate::column::GENERATORS;
use crate::document::{Located, Text};
use crate::nodes::other_connector;
use crate::read::ticked;
use crate::root::{NODES, NODES_LATER, ROOT};
use crate::spec::NodeSpec;
use crate::tree::{Entry, Node, Table, TomlValue};

/// Lays the chosen profile over the rest, and looks at all of them loosely.
pub(crate) fn apply(root: &mut Table, chosen: Option<&str>, mistakes: &mut Diagnostics) {
    let profiles = match root.remove("profile") {
        Some(entry) => match entry.node.value {
            TomlValue::Table(table) => table,
            _ => {
                let found = entry.node.describe();
                let message = format!("expected sections `[profile.NAME]`, found {found}");
                mistakes.push(Diagnostic::at(entry.node.span, message));
                return;
            }
        },
        None => Table::default(),
    };
    let names: Vec<String> = profiles
        .entries
        .iter()
        .map(|e| e.key.value.clone())
        .collect();
    let mut found = false;
    for entry in profiles.entries {
        let name = entry.key.value.clone();
        check(&entry, mistakes);
        if let (TomlValue::Table(over), true) = (entry.node.value, chosen == Some(&name)) {
            found = true;
            lay(root, over, &mut Vec::new());
        }
    }
    if let Some(chosen) = chosen.filter(|c| !found && !names.iter().any(|n| n == c)) {
        mistakes.push(unknown(chosen, &names));
    }
}

fn unknown(chosen: &str, names: &[String]) -> Diagnostic {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let message = format!("--profile {chosen}: no such profile");
    match nearest(chosen, names.iter().copied()) {
        Some(near) => Diagnostic::nowhere(format!("{message}; did you mean `{near}`?")),
        None if names.is_empty() => {
            Diagnostic::nowhere(message).help("the pipeline has no `[profile.NAME]`")
        }
        None => Diagnostic::nowhere(message).help(format!("profiles are {}", ticked(&names))),
    }
}

/// A profile holds what a pipeline holds; what is in it is looked at when it is chosen.
fn check(profile: &Entry, mistakes: &mut Diagnostics) {
    let name = &profile.key.value;
    let Some(table) = profile.node.as_table() else {
        let found = profile.node.describe();
        let message = format!("expected a section `[profile.{name}]`, found {found}");
        mistakes.push(Diagnostic::at(profile.node.span, message));
        return;
    };
    for entry in &table.entries {
        let (key, span) = (entry.key.value.as_str(), entry.key.span);
        if key == "profile" || key == "include" {
            let message = format!("a profile cannot have `{key}`");
            mistakes.push(Diagnostic::at(span, message));
        } else if ROOT.option(key).is_none() && !ROOT.later.contains(&key) {
            let message = format!("a pipeline has no `{key}`");
            mistakes.push(match nearest(key, ROOT.options().map(|o| o.name)) {
                Some(near) => Diagnostic::at(span, format!("{message}; did you mean `{near}`?")),
                None => Diagnostic::at(span, message),
            });
        } else {
            check_nodes(key, &entry.node, mistakes);
        }
    }
}

fn check_nodes(kind: &str, node: &Node, mistakes: &mut Diagnostics) {
    if !NODES.iter().any(|n| n.kind == kind) && !NODES_LATER.contains(&kind) {
        return;
    }
    let wrong = match node.as_table() {
        Some(table) => table
            .entries
            .iter()
            .map(|e| &e.node)
            .find(|n| n.as_table().is_none()),
        None => Some(node),
    };
    if let Some(wrong) = wrong {
        let message = format!(
            "expected sections `[{kind}.NAME]`, found {}",
            wrong.describe()
        );
        mistakes.push(Diagnostic::at(wrong.span, message));
    }
}

/// Lays `over` over `base`; `path` is where the two stand.
fn lay(base: &mut Table, over: Table, path: &mut Vec<String>) {
    if let [kind, _] = path.as_slice()
        && let Some(spec) = NODES.into_iter().find(|n| n.kind == kind)
    {
        drop_old_options(spec, base, &over);
    }
    for entry in over.entries {
        let Some(existing) = base.get_mut(&entry.key.value) else {
            base.entries.push(entry);
            continue;
        };
        path.push(entry.key.value.clone());
        if is_column(path) && entry.node.as_table().is_some() {
            lengthen(&mut existing.node);
        }
        match (&mut existing.node.value, entry.node.value) {
            (TomlValue::Table(base), TomlValue::Table(over)) => lay(base, over, path),
            (_, value) => {
                existing.key = entry.key;
                existing.node = Node {
                    span: entry.node.span,
                    value,
                };
            }
        }
        path.pop();
    }
}

/// Whether this is the path of a column: `source.NAME.schema.COLUMN`.
fn is_column(path: &[String]) -> bool {
    matches!(path, [kind, _, schema, _] if kind == "source" && schema == "schema")
}

/// Makes `"int64"` the table `{ type = "int64" }`, so that a profile can add to it.
fn lengthen(column: &mut Node) {
    if let TomlValue::Text(text) = &column.value {
        let key = Located {
            value: "type".to_owned(),
            span: text.span,
        };
        let text: Text = text.clone();
        let node = Node {
            span: text.span,
            value: TomlValue::Text(text),
        };
        column.value = TomlValue::Table(Table {
            entries: vec![Entry { key, node }],
        });
    }
}

/// Takes what only the old connector knows out of `base`, if `over` names a new one.
fn drop_old_options(spec: &NodeSpec, base: &mut Table, over: &Table) {
    let connector = |table: &Table| match table.get("connector").map(|e| e.node.value.clone()) {
        Some(TomlValue::Text(text)) => Some(text.value),
        _ => None,
    };
    let (Some(old), Some(new)) = (connector(base), connector(over)) else {
        return;
    };
    if old == new {
        return;
    }
    let Some(body) = spec.section(&new, over.get("kind").is_some()) else {
        return;
    };
    base.entries
        .retain(|e| other_connector(spec, body, &e.key.value).is_none());
    if old == "simulate"
        && let Some(TomlValue::Table(schema)) = base.get_mut("schema").map(|e| &mut e.node.value)
    {
        for column in &mut schema.entries {
            if let TomlValue::Table(column) = &mut column.node.value {
                column
                    .entries
                    .retain(|e| !GENERATORS.contains(&e.key.value.as_str()));
            }
        }
    }
}
