//! `[[test]]`: rows in, rows expected out.

use zaraba_core::diagnostic::Diagnostic;

use crate::document::{Located, Row, TestDoc};
use crate::read::{Context, Fields, Typed, section};
use crate::spec::{Kind, Least, Section, optional, required};
use crate::tree::{Node, TomlValue};

/// `[[test]]`
pub(crate) static TEST: Section = Section {
    title: "[[test]]",
    about: "A test of the pipeline, run by `zaraba test` without clock and network. Rows given for a stream stand in for it.",
    groups: &[&[
        required(
            "name",
            Kind::Name,
            "\"a jump is seen\"",
            "what is tested, in words",
        ),
        optional(
            "input",
            Kind::Map(&Kind::List(&Kind::Row, Least::None)),
            "no rows",
            "{ ticks = [{ ts = \"2025-11-14T09:00:00\", price = 100.0 }] }",
            "for each stream the rows that it emits; a column left out is null, a time without zone is of the pipeline's `timezone`",
        ),
        required(
            "expect",
            Kind::Map(&Kind::List(&Kind::Row, Least::None)),
            "{ dear = [{ price = 101.5 }] }",
            "for each stream the rows that it must emit; columns left out are not compared, `[]` means no rows",
        ),
    ]],
    later: &[],
    example: r#"[source.ticks]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", price = "float64" }

[query.dear]
sql = "SELECT ts, price FROM ticks WHERE price > 100"

[[test]]
name = "only dear ticks pass"
input.ticks = [
    { ts = 2025-11-14T09:00:00, price = 100.0 },
    { ts = 2025-11-14T09:00:01, price = 101.5 },
]
expect.dear = [{ price = 101.5 }]
"#,
};

/// All tests that are right.
pub(crate) fn convert_all(cx: &mut Context<'_>, node: &Node) -> Vec<TestDoc> {
    let TomlValue::Array(items) = &node.value else {
        let message = "tests are written `[[test]]`, with two brackets";
        cx.mistake(Diagnostic::at(node.span, message));
        return Vec::new();
    };
    items.iter().filter_map(|item| convert(cx, item)).collect()
}

fn convert(cx: &mut Context<'_>, node: &Node) -> Option<TestDoc> {
    let before = cx.count();
    let Some(table) = node.as_table() else {
        let message = format!("expected a test, found {}", node.describe());
        cx.mistake(Diagnostic::at(node.span, message));
        return None;
    };
    let fields = section(cx, &TEST, "[[test]]", node.span, table);
    let test = TestDoc {
        name: fields.name("name")?,
        input: rows(&fields, "input"),
        expect: rows(&fields, "expect"),
    };
    (cx.count() == before).then_some(test)
}

fn rows(fields: &Fields, option: &str) -> Vec<(Located<String>, Vec<Row>)> {
    let mut streams = Vec::new();
    for (stream, typed) in fields.map(option).unwrap_or_default() {
        let Typed::List(items) = typed.value else {
            continue;
        };
        let row = |item: Located<Typed>| match item.value {
            Typed::Row(row) => Some(row),
            _ => None,
        };
        streams.push((stream, items.into_iter().filter_map(row).collect()));
    }
    streams
}
