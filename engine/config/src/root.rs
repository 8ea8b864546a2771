//! The top level of a pipeline file: which sections there are, and the conversion of the whole,
//! its files merged and its profile laid over, to a [`Document`].

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono_tz::Tz;
use zaraba_core::diagnostic::{Diagnostic, Span};
use zaraba_core::suggest::nearest;
use zaraba_core::time::SECOND;

use crate::alert::{self, ALERT};
use crate::calendar::{self, CALENDAR};
use crate::document::{CalendarDoc, Document, LimitsDoc, Located, Value};
use crate::nodes::{self, Names};
use crate::query::{self, QUERY};
use crate::read::{Context, Typed, not_built, ticked, value};
use crate::rule::{self, RULE};
use crate::sink::{self, SINK};
use crate::source::{self, SOURCE};
use crate::spec::{Kind, Least, NodeSpec, Section, optional};
use crate::table::{self, TABLE};
use crate::test_case::{self, TEST};
use crate::tree::{Entry, Table};

/// The top level.
pub(crate) static ROOT: Section = Section {
    title: "The file",
    about: "A pipeline is one TOML file, with the files that it includes.",
    groups: &[&[
        optional(
            "name",
            Kind::Name,
            "the file's name",
            "\"nikkei225-options\"",
            "the pipeline's name",
        ),
        optional(
            "timezone",
            Kind::Zone,
            "`\"UTC\"`",
            "\"Asia/Tokyo\"",
            "for days, and for times that do not say their zone; event time itself is UTC",
        ),
        optional(
            "include",
            Kind::List(&Kind::Path, Least::None),
            "none",
            "[\"common/calendar.toml\"]",
            "files merged first, relative to this one; a name in both is a mistake",
        ),
        optional(
            "params",
            Kind::Map(&Kind::Scalar),
            "none",
            "{ band_high = 1.3 }",
            "constants: `$name` in SQL, paths and addresses; `--set name=value` overrides",
        ),
        optional(
            "source",
            Kind::Nodes(&SOURCE),
            "none",
            "",
            "where rows come from",
        ),
        optional(
            "table",
            Kind::Nodes(&TABLE),
            "none",
            "",
            "the newest row per key",
        ),
        optional("query", Kind::Nodes(&QUERY), "none", "", "SQL"),
        optional(
            "alert",
            Kind::Nodes(&ALERT),
            "none",
            "",
            "what is worth telling",
        ),
        optional("rule", Kind::Nodes(&RULE), "none", "", "alerts by a plugin"),
        optional("sink", Kind::Nodes(&SINK), "none", "", "where rows go"),
        optional(
            "calendar",
            Kind::Table(&CALENDAR),
            "what is built in",
            "{ published = [2027] }",
            "what is added to the exchange calendar",
        ),
        optional(
            "limits",
            Kind::Table(&LIMITS),
            "",
            "{ memory = \"2GiB\" }",
            "bounds of the whole",
        ),
        optional(
            "profile",
            Kind::Map(&Kind::Overlay),
            "none",
            "",
            "`[profile.NAME.…]` is laid over the rest by `--profile NAME`: tables merge, all else is replaced",
        ),
        optional(
            "test",
            Kind::List(&Kind::Table(&TEST), Least::None),
            "none",
            "",
            "the pipeline's own tests",
        ),
    ]],
    later: &["llm", "state"],
    example: r#"name = "demo"
timezone = "Asia/Tokyo"

[params]
input = "data"
band = 1.3

[limits]
memory = "2GiB"

[source.ticks]
connector = "file"
path = "$input/*.parquet"
time = "ts"

[profile.sim.source.ticks]
connector = "simulate"
start = "2025-11-14T09:00:00"
interval = "10ms"
schema = { ts = "timestamp", price = { type = "float64", range = [1, 2] } }
"#,
};

/// `[limits]`
pub(crate) static LIMITS: Section = Section {
    title: "[limits]",
    about: "Bounds of what a run may take.",
    groups: &[&[
        optional(
            "memory",
            Kind::Size,
            "half of the machine's",
            "\"2GiB\"",
            "state and buffers; when it is reached the run stops with the node's name",
        ),
        optional(
            "queue",
            Kind::Int(1, 65_536),
            "`16`",
            "16",
            "messages that may wait before a node",
        ),
        optional(
            "batch_rows",
            Kind::Int(1, 1_048_576),
            "`8192`",
            "8192",
            "most rows in a batch that a source makes",
        ),
        optional(
            "parallelism",
            Kind::Int(1, 64),
            "`1`",
            "4",
            "threads among which a windowed query shares its keys; results stay the same",
        ),
        optional(
            "max_drift",
            Kind::Duration,
            "`\"1h\"`",
            "\"10m\"",
            "event time by which a source may be ahead of the slowest; then it is paused, so that rows which wait for the others stay few",
        ),
    ]],
    later: &[],
    example: r#"[limits]
memory = "512MiB"
max_drift = "10m"
queue = 32
batch_rows = 4096
"#,
};

/// Kinds of nodes that are read.
pub(crate) const NODES: [&NodeSpec; 6] = [&SOURCE, &TABLE, &QUERY, &ALERT, &RULE, &SINK];

/// Kinds of nodes that the design names and this version has not.
pub(crate) const NODES_LATER: [&str; 1] = ["llm"];

/// The whole document. Nodes with a mistake are left out and named in `broken`.
pub(crate) fn document(
    cx: &mut Context<'_>,
    root: &Table,
    main: Span,
    name: String,
    dir: PathBuf,
) -> Document {
    check_keys(cx, root);
    let name = match option(cx, root, "name") {
        Some((Typed::Text(text), _)) => text.value,
        _ => name,
    };
    let timezone = match option(cx, root, "timezone") {
        Some((Typed::Zone(value), span)) => Located { value, span },
        _ => Located {
            value: Tz::UTC,
            span: main,
        },
    };
    cx.zone = timezone.value;
    let mut document = Document {
        name,
        dir,
        timezone,
        params: params(cx),
        sources: Vec::new(),
        tables: Vec::new(),
        queries: Vec::new(),
        alerts: Vec::new(),
        rules: Vec::new(),
        sinks: Vec::new(),
        tests: Vec::new(),
        calendar: match option(cx, root, "calendar") {
            Some((Typed::Table(fields), _)) => calendar::convert(&fields),
            _ => CalendarDoc::default(),
        },
        limits: limits(cx, root),
        broken: BTreeSet::new(),
        secrets: Vec::new(),
    };
    let kinds: Vec<(&'static str, &Table)> = NODES
        .iter()
        .map(|n| n.kind)
        .chain(NODES_LATER)
        .filter_map(|kind| Some((kind, node_table(cx, root, kind)?)))
        .collect();
    let names = Names::check(cx, &kinds);
    for (kind, table) in kinds {
        let spec = NODES.into_iter().find(|n| n.kind == kind);
        for entry in &table.entries {
            if names.clashes(&entry.key) {
                let _ = spec.and_then(|spec| nodes::read(cx, spec, entry)); // for its mistakes
                continue;
            }
            let whole = match spec {
                Some(spec) => node(cx, &mut document, spec, entry),
                None => {
                    let what = format!("`[{kind}.{}]`", entry.key.value);
                    cx.mistake(not_built(entry.node.span, &what));
                    None
                }
            };
            if whole.is_none() {
                document.broken.insert(entry.key.value.clone());
            }
        }
    }
    if let Some(entry) = root.get("test") {
        document.tests = test_case::convert_all(cx, &entry.node);
    }
    document
}

fn params(cx: &Context<'_>) -> Vec<(String, Located<Value>)> {
    cx.params.to_vec()
}

/// Keys of the top level that are unknown, or not built yet.
fn check_keys(cx: &mut Context<'_>, root: &Table) {
    for entry in &root.entries {
        let (key, span) = (entry.key.value.as_str(), entry.key.span);
        if ROOT.option(key).is_some() || NODES_LATER.contains(&key) {
            continue;
        }
        if ROOT.later.contains(&key) {
            let shown = if entry.node.as_table().is_some() {
                format!("`[{key}]`")
            } else {
                format!("`{key}`")
            };
            cx.mistake(not_built(entry.node.span, &shown));
            continue;
        }
        let message = format!("a pipeline has no `{key}`");
        let known: Vec<&str> = ROOT.options().map(|o| o.name).collect();
        cx.mistake(match nearest(key, known.iter().copied()) {
            Some(near) => Diagnostic::at(span, format!("{message}; did you mean `{near}`?")),
            None => Diagnostic::at(span, message).help(format!("it has {}", ticked(&known))),
        });
    }
}

/// An option of the top level.
fn option(cx: &mut Context<'_>, root: &Table, name: &str) -> Option<(Typed, Span)> {
    let entry = root.get(name)?;
    let label = format!("[{name}]");
    let typed = value(cx, &ROOT.option(name)?.kind, &label, &entry.node)?;
    Some((typed, entry.node.span))
}

/// The sections of a kind, if they are sections with names.
fn node_table<'t>(cx: &mut Context<'_>, root: &'t Table, kind: &str) -> Option<&'t Table> {
    let entry = root.get(kind)?;
    let Some(table) = entry.node.as_table() else {
        let message = format!(
            "expected sections `[{kind}.NAME]`, found {}",
            entry.node.describe()
        );
        cx.mistake(Diagnostic::at(entry.node.span, message));
        return None;
    };
    let plain = |e: &&Entry| e.node.as_table().is_none();
    if let Some(first) = table.entries.iter().find(plain) {
        let message = format!("`[{kind}]` needs a name: `[{kind}.NAME]`");
        let help = format!("`{}` belongs to one {kind}", first.key.value);
        cx.mistake(Diagnostic::at(entry.node.span, message).help(help));
        return None;
    }
    Some(table)
}

/// Reads one node into the document; none if it has a mistake.
fn node(
    cx: &mut Context<'_>,
    document: &mut Document,
    spec: &'static NodeSpec,
    entry: &Entry,
) -> Option<()> {
    let before = cx.count();
    let (connector, fields) = nodes::read(cx, spec, entry)?;
    let name = entry.key.clone();
    let whole = |cx: &Context<'_>| cx.count() == before;
    match spec.kind {
        "source" => {
            let source = source::convert(cx, name, connector, &fields)?;
            whole(cx).then(|| document.sources.push(source))
        }
        "table" => {
            let table = table::convert(name, &fields)?;
            whole(cx).then(|| document.tables.push(table))
        }
        "query" => {
            let query = query::convert(cx, name, &fields)?;
            whole(cx).then(|| document.queries.push(query))
        }
        "alert" => {
            let alert = alert::convert(cx, name, &fields)?;
            whole(cx).then(|| document.alerts.push(alert))
        }
        "rule" => {
            let rule = rule::convert(cx, name, &fields)?;
            whole(cx).then(|| document.rules.push(rule))
        }
        _ => {
            let sink = sink::convert(cx, name, connector, &fields)?;
            whole(cx).then(|| document.sinks.push(sink))
        }
    }
}

fn limits(cx: &mut Context<'_>, root: &Table) -> LimitsDoc {
    let fields = match option(cx, root, "limits") {
        Some((Typed::Table(fields), _)) => Some(fields),
        _ => None,
    };
    let count = |option: &str, default: usize| {
        let given = fields.as_ref().and_then(|f| f.int(option));
        given
            .and_then(|i| usize::try_from(i).ok())
            .unwrap_or(default)
    };
    LimitsDoc {
        memory: fields.as_ref().and_then(|f| f.bytes("memory")),
        queue: count("queue", 16),
        batch_rows: count("batch_rows", 8_192),
        parallelism: count("parallelism", 1),
        max_drift: fields
            .as_ref()
            .and_then(|f| f.micros("max_drift"))
            .unwrap_or(3600 * SECOND),
    }
}
