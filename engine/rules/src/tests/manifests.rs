//! Manifests that lie or make no sense.

use crate::bindings::Manifest as Said;
use crate::bindings::zaraba::rules::types::{DataType, Field, Message, Stream, Table};
use crate::manifest::Manifest;

fn field(name: &str, nullable: bool, optional: bool) -> Field {
    Field {
        name: name.to_owned(),
        type_: DataType::Int64,
        nullable,
        optional,
        description: String::new(),
    }
}

fn stream(name: &str, fields: Vec<Field>) -> Stream {
    Stream {
        name: name.to_owned(),
        fields,
    }
}

fn message(code: &str, title: &str) -> Message {
    Message {
        code: code.to_owned(),
        language: "en".to_owned(),
        title: title.to_owned(),
        body: String::new(),
    }
}

fn honest() -> Said {
    Said {
        name: "honest".into(),
        version: "1.0.0".into(),
        description: "Says what is so".into(),
        streams: vec![stream("rows", vec![field("n", false, false)])],
        tables: Vec::new(),
        outputs: vec![field("total", true, false)],
        params_schema: "{}".into(),
        timer: Some(100_000),
        messages: vec![message("a", "{{ total }}")],
    }
}

/// A lie, and what is said of it.
type Lie = (fn(&mut Said), &'static str);

const LIES: &[Lie] = &[
    (
        |m| m.name = "Not A Name".into(),
        "the plugin \"Not A Name\": a name is lower-case",
    ),
    (|m| m.streams.clear(), "it reads no stream"),
    (
        |m| m.streams.push(stream("rows", Vec::new())),
        "the streams: `rows` is named twice",
    ),
    (
        |m| m.streams[0].fields.push(field("n", true, false)),
        "the stream `rows`: `n` is named twice",
    ),
    (
        |m| m.streams[0].fields.push(field("", true, false)),
        "\"\" is not the name of a column",
    ),
    (
        |m| m.streams[0].fields.push(field("o", false, true)),
        "the stream `rows`: `o` is optional, but not nullable",
    ),
    (
        |m| {
            m.streams[0].fields = (0..300)
                .map(|i| field(&format!("c{i}"), true, false))
                .collect()
        },
        "300 fields of the stream `rows`, at most 256 are allowed",
    ),
    (
        |m| m.outputs.push(field("severity", true, false)),
        "every alert has a column `severity`",
    ),
    (
        |m| m.timer = Some(1),
        "a timer of 1 µs, the least is 100000",
    ),
    (|m| m.timer = Some(i64::MIN), "the least is 100000"),
    (
        |m| m.params_schema = "[1]".into(),
        "the schema of the parameters is [1], not an object",
    ),
    (
        |m| m.params_schema = "{".into(),
        "the schema of the parameters is not JSON",
    ),
    (
        |m| m.params_schema = " ".repeat(1 << 20),
        "1048576 bytes, at most 65536 are allowed",
    ),
    (
        |m| m.messages.push(message("a", "again")),
        "two messages `a` in `en`",
    ),
    (
        |m| m.messages.push(message("b", "{{ broken")),
        "the message `b` in `en`",
    ),
    (
        |m| {
            m.tables.push(Table {
                name: "t".into(),
                key: Vec::new(),
                fields: Vec::new(),
                optional: false,
            });
        },
        "the table `t` has no key",
    ),
];

#[test]
fn lies_are_refused_with_the_reason() {
    assert!(Manifest::read(honest()).is_ok());
    for (lie, reason) in LIES {
        let mut said = honest();
        lie(&mut said);
        let refused = Manifest::read(said).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
}
