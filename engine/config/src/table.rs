//! `[table.NAME]`: the newest row per key of a stream.

use crate::document::{Located, MomentDoc, TableDoc};
use crate::read::Fields;
use crate::spec::{Body, Kind, Least, NodeSpec, Section, Words, optional, required};

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
            "\"2 trading_days\"",
            "a row is gone for a reader so long after its time: a duration, or trading days, which a weekend is not",
        ),
        optional(
            "drop_when",
            Kind::Sql,
            "never",
            "\"sq_date < '2025-11-14'\"",
            "a row for which this SQL condition holds is gone; `now()` is the reader's time",
        ),
        optional(
            "snapshot_at",
            Kind::Words(&MOMENTS),
            "always the newest row",
            "\"OSE.day_close\"",
            "readers see the rows as of the last such moment: yesterday's settlement beside today's prices",
        ),
    ]],
    later: &[],
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

/// At which `snapshot_at` can take a table.
static MOMENTS: Words = Words {
    what: "moment",
    now: &["OSE.day_close", "OSE.night_close", "TSE.close", "US.close"],
    later: &[],
};

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn convert(name: Located<String>, fields: &Fields) -> Option<TableDoc> {
    Some(TableDoc {
        name,
        from: fields.name("from")?,
        key: fields.names("key")?,
        ttl: fields.ttl("ttl"),
        drop_when: fields.text("drop_when"),
        snapshot_at: fields.word("snapshot_at").map(|word| match word {
            "OSE.day_close" => MomentDoc::OseDayClose,
            "OSE.night_close" => MomentDoc::OseNightClose,
            "TSE.close" => MomentDoc::TseClose,
            _ => MomentDoc::UsClose,
        }),
    })
}
