//! `connector = "clock"`: ticks as rows.

use crate::source::HEAD;
use crate::spec::{Kind, Section, required};

/// `connector = "clock"`
pub(crate) static CLOCK: Section = Section {
    title: "[source.NAME] with connector = \"clock\"",
    about: "A row at each multiple of `every` since the Unix epoch, by the clock; its one column is the `time`. A live source, and so for live pipelines: write its rows to a file beside those of the feeds, and read all of them back as `file` sources to replay what was; see [sources](sources.md).",
    groups: &[
        HEAD,
        &[required(
            "every",
            Kind::Duration,
            "\"1s\"",
            "from row to row",
        )],
    ],
    later: &[],
    example: r#"[source.beat]
connector = "clock"
every = "1s"
time = "ts"

[sink.record]
connector = "file"
from = ["beat"]
path = "recorded/{stream}.json"
"#,
};
