//! `[table.NAME]`: the newest row per key of a stream.

use crate::document::{Located, TableDoc};
use crate::read::Fields;
use crate::spec::{Body, Kind, Least, NodeSpec, Section, optional, required};

/// `[table.NAME]`
pub(crate) static TABLE: NodeSpec = NodeSpec {
    kind: "table",
    body: Body::One(&SECTION),
};

static SECTION: Section = Section {
    title: "[table.NAME]",
    about: "Keeps the newest row per key of a stream, by event time. Queries read it by its name.",
    groups: &[&[
        required("from", Kind::Name, "\"ticks\"", "the stream that feeds it"),
        required(
            "key",
            Kind::List(&Kind::Name, Least::None),
            "[\"sq_date\", \"strike\"]",
            "the columns that tell rows apart; `[]` keeps one row",
        ),
        optional(
            "ttl",
            Kind::Ttl,
            "for ever",
            "\"4d\"",
            "a row is gone for a reader so long after its time",
        ),
        optional(
            "drop_when",
            Kind::Sql,
            "never",
            "\"sq_date < '2025-11-14'\"",
            "a row for which this SQL condition holds is gone; `now()` is the reader's time",
        ),
    ]],
    later: &["snapshot_at"],
    example: r#"[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[table.chain]
from = "ticks"
key = ["product", "sq_date", "strike", "put_call"]
ttl = "4d"
drop_when = "volume = 0"
"#,
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn convert(name: Located<String>, fields: &Fields) -> Option<TableDoc> {
    Some(TableDoc {
        name,
        from: fields.name("from")?,
        key: fields.names("key")?,
        ttl: fields.micros("ttl"),
        drop_when: fields.text("drop_when"),
    })
}
