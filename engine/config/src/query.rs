//! `[query.NAME]`: SQL over streams, or over tables on a trigger.

use zaraba_core::diagnostic::Diagnostic;

use crate::document::{Emit, Located, QueryDoc, Trigger};
use crate::read::{Context, Fields};
use crate::spec::{Body, Kind, Least, NodeSpec, Section, Words, optional, required};

/// `[query.NAME]`
pub(crate) static QUERY: NodeSpec = NodeSpec {
    kind: "query",
    body: Body::One(&SECTION),
};

static EMIT: Words = Words {
    what: "`emit`",
    now: &["changes", "all"],
    later: &[],
};

static SECTION: Section = Section {
    title: "[query.NAME]",
    about: "SQL. Without `every` and `on_change` it is a streaming query: it reads streams and emits rows as they come or as windows close. With one of the two it is triggered: it reads tables and runs on ticks of event time.",
    groups: &[&[
        required(
            "sql",
            Kind::Sql,
            "\"SELECT ts, price FROM ticks\"",
            "the query",
        ),
        optional(
            "every",
            Kind::Duration,
            "",
            "\"1s\"",
            "runs at each multiple of this since the Unix epoch, in event time",
        ),
        optional(
            "on_change",
            Kind::Bool,
            "`false`",
            "true",
            "runs at each event time at which a table changed",
        ),
        optional(
            "min_interval",
            Kind::Duration,
            "no limit",
            "\"500ms\"",
            "with `on_change`: at most once in this time",
        ),
        optional(
            "key",
            Kind::List(&Kind::Name, Least::None),
            "",
            "[\"sq_date\"]",
            "the columns of a triggered query's result that tell its rows apart; `[]` for one row",
        ),
        optional(
            "emit",
            Kind::Words(&EMIT),
            "`\"changes\"`",
            "\"all\"",
            "what a triggered query emits: what changed since the last tick by `key`, or all rows at each tick",
        ),
    ]],
    later: &[],
    example: r#"[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[table.chain]
from = "ticks"
key = ["sq_date", "put_call"]

[query.dear]
sql = "SELECT ts, sq_date, price FROM ticks WHERE price > 100"

[query.balance]
every = "1s"
key = ["sq_date"]
sql = """
SELECT sq_date, sum(oi) FILTER (WHERE put_call = 'P') AS puts
FROM chain GROUP BY sq_date"""
"#,
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn convert(
    cx: &mut Context<'_>,
    name: Located<String>,
    fields: &Fields,
) -> Option<QueryDoc> {
    let trigger = trigger(cx, fields);
    let emit = match fields.word("emit") {
        Some("all") => Emit::All,
        _ => Emit::Changes,
    };
    let may_trigger = fields.key("every").is_some() || fields.key("on_change").is_some();
    check_triggered(cx, fields, may_trigger && trigger != Some(None));
    if let (Some(Some(trigger)), Emit::Changes) = (&trigger, emit)
        && fields.key("key").is_none()
        && fields.key("emit").is_none_or(|_| fields.has("emit"))
    {
        let message = "a triggered query emits changes by `key`, which is missing";
        let help = "give the columns that tell its rows apart, `key = []` if it has one row, or `emit = \"all\"`";
        cx.missing(Diagnostic::at(trigger.span, message).help(help));
    }
    Some(QueryDoc {
        name,
        sql: fields.text("sql")?,
        trigger: trigger?,
        key: fields.names("key"),
        emit,
    })
}

/// What makes the query run: none if that is wrong, some none for a streaming query.
fn trigger(cx: &mut Context<'_>, fields: &Fields) -> Option<Option<Located<Trigger>>> {
    let on_change = fields.bool("on_change").unwrap_or(false);
    let min_interval = fields.micros("min_interval");
    if let (Some(key), true) = (fields.key("every"), on_change) {
        let message = "`every` and `on_change` both say when the query runs";
        cx.mistake(Diagnostic::at(key, message).help("keep one of them"));
        return None;
    }
    if let (Some(key), false) = (fields.key("min_interval"), on_change) {
        let message = "`min_interval` limits `on_change`, which is not set";
        cx.mistake(Diagnostic::at(key, message).help("add `on_change = true`, or use `every`"));
    }
    if fields.key("every").is_some() {
        let (value, span) = (fields.micros("every")?, fields.at("every")?);
        return Some(Some(Located {
            value: Trigger::Every(value),
            span,
        }));
    }
    if on_change {
        let value = Trigger::OnChange(min_interval.unwrap_or(0));
        return Some(Some(Located {
            value,
            span: fields.at("on_change")?,
        }));
    }
    Some(None)
}

/// `key` and `emit` are for triggered queries.
fn check_triggered(cx: &mut Context<'_>, fields: &Fields, triggered: bool) {
    if triggered {
        return;
    }
    for option in ["key", "emit"] {
        if let Some(key) = fields.key(option) {
            let message =
                format!("`{option}` is for triggered queries, and nothing triggers this one");
            let help = "add `every = \"1s\"` or `on_change = true`, or leave it out";
            cx.mistake(Diagnostic::at(key, message).help(help));
        }
    }
}
