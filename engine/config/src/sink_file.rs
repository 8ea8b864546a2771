//! `connector = "file"` of a sink: which files rows are put into, and when one is whole.

use std::path::PathBuf;

use zaraba_core::diagnostic::Diagnostic;

use crate::document::{Format, Located, Text};
use crate::format;
use crate::read::{Context, Fields, not_built};
use crate::sink::COMMON;
use crate::source::located_path;
use crate::spec::{Kind, Section, optional, required};

/// Files that are written at one time.
const OPEN_FILES: usize = 100;

/// What stands for something else than a column in a path.
pub(crate) const PATH_WORDS: [&str; 4] = ["stream", "date", "trading_day", "time"];

/// `connector = "file"`
pub(crate) static FILE: Section = Section {
    title: "[sink.NAME] with connector = \"file\"",
    about: "Writes files, which appear under their names when they are whole. See [sinks](sinks.md).",
    groups: &[
        COMMON,
        &[
            required(
                "path",
                Kind::Path,
                "\"out/{stream}/{product}/{trading_day}.parquet\"",
                "a file. `{stream}` is the stream's name, `{COLUMN}` the row's value: a file for each. With `{date}` (of the pipeline's `timezone`) or `{trading_day}` (of the exchange's derivatives: the night before belongs to it) a file for each day, which appears when the day is over; `{time}` is when a stretch of `roll.every` begins. What is there already stays, the next file is called `….2.…`; only a path without any of these, and without `roll`, is written over. Relative to the file that says it",
            ),
            optional(
                "format",
                Kind::Words(&format::FORMATS),
                "by the path's ending",
                "\"parquet\"",
                "how rows are written",
            ),
            optional(
                "roll",
                Kind::Table(&ROLL),
                "a file is never full",
                "{ size = \"128MiB\", every = \"1h\" }",
                "when a file is full and the next begins",
            ),
            optional(
                "open_files",
                Kind::Int(1, 10_000),
                "`100`",
                "1000",
                "files that are written at one time; before one more is begun, the one that was not written to for longest gets its name",
            ),
        ],
    ],
    later: &[],
    example: r#"[source.ticks]
connector = "file"
path = "data/*.parquet"
time = "ts"

[sink.archive]
connector = "file"
from = ["ticks", "ticks__late"]
path = "out/{stream}/{trading_day}.parquet"
roll = { size = "128MiB", every = "6h" }
"#,
};

static ROLL: Section = Section {
    title: "roll",
    about: "When a file is full: by what was written, by event time, or both.",
    groups: &[&[
        optional(
            "size",
            Kind::Size,
            "any size",
            "\"128MiB\"",
            "about so much was written; looked at each 1,024 rows",
        ),
        optional(
            "every",
            Kind::Duration,
            "any time",
            "\"1h\"",
            "a file for each so much event time, in multiples since 1970-01-01 UTC; it appears when that is over",
        ),
    ]],
    later: &[],
    example: "",
};

/// Options of a sink with `connector = "file"`.
#[derive(Clone, Debug)]
pub struct FileSinkDoc {
    /// `path`, relative to the file that names it, resolved.
    pub path: Located<PathBuf>,
    /// `format`; by the file's ending if left out.
    pub format: Format,
    /// `roll`
    pub roll: RollDoc,
    /// `open_files`
    pub open_files: usize,
    /// Columns that the path names, each at its first place.
    pub columns: Vec<Located<String>>,
}

/// `roll`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RollDoc {
    /// `size`, bytes.
    pub size: Option<u64>,
    /// `every`, microseconds.
    pub every: Option<i64>,
}

/// What the section says; none if a part that cannot be left out is wrong.
pub(crate) fn file_sink(
    cx: &mut Context<'_>,
    fields: &Fields,
    streams: usize,
) -> Option<FileSinkDoc> {
    let path = fields.text("path");
    let format = format::chosen(cx, fields, path.as_ref());
    let roll = fields.table("roll");
    if let Some(roll) = roll.filter(|roll| roll.whole && !roll.has("size") && !roll.has("every")) {
        let message = "`roll` says neither `size` nor `every`";
        cx.mistake(Diagnostic::at(roll.span, message));
    }
    let path = path?;
    check_packing(cx, &path);
    format::check_written(cx, format, &path);
    let timed = roll.is_some_and(|roll| roll.has("every") || !roll.whole);
    let columns = placeholders(cx, &path, streams, timed);
    let open_files = fields.int("open_files").and_then(|n| n.try_into().ok());
    Some(FileSinkDoc {
        path: located_path(cx, &path),
        format: format?,
        roll: RollDoc {
            size: roll.and_then(|roll| roll.bytes("size")),
            every: roll.and_then(|roll| roll.micros("every")),
        },
        open_files: open_files.unwrap_or(OPEN_FILES),
        columns,
    })
}

/// Files are read packed, but not written so.
fn check_packing(cx: &mut Context<'_>, path: &Text) {
    if let Some(ending) = [".gz", ".zst"].iter().find(|e| path.value.ends_with(**e)) {
        let length = path.value.len();
        let span = path.span_of(length - ending.len(), length);
        cx.mistake(not_built(span, "writing packed files").help("leave the ending out"));
    }
}

/// The columns among the placeholders. Several streams need `{stream}`, and a file is of one kind
/// of day. `timed`: whether there are stretches of time.
fn placeholders(
    cx: &mut Context<'_>,
    path: &Text,
    streams: usize,
    timed: bool,
) -> Vec<Located<String>> {
    let mut at = 0;
    let mut names: Vec<Located<String>> = Vec::new();
    while let Some((start, length)) = placeholder(&path.value[at..]) {
        let span = path.span_of(at + start, at + start + length);
        let value = path.value[at + start + 1..at + start + length - 1].to_owned();
        if value.is_empty() {
            let message = "`{}` names nothing: `{stream}`, a day or a column";
            cx.mistake(Diagnostic::at(span, message));
        } else if value == "time" && !timed {
            let message = "`{time}` is when a stretch of `roll.every` begins, and there is none";
            let help = "add `roll = { every = \"1h\" }`";
            cx.mistake(Diagnostic::at(span, message).help(help));
        }
        if !names.iter().any(|known| known.value == value) {
            names.push(Located { value, span });
        }
        at += start + length;
    }
    let has = |name: &str| names.iter().any(|known| known.value == name);
    if has("date") && has("trading_day") {
        let message = "expected one of `{date}` and `{trading_day}` in a path, found both";
        cx.mistake(Diagnostic::at(path.span, message));
    }
    if streams > 1 && !has("stream") {
        let message = format!("{streams} streams cannot be written to one file");
        let help = "put `{stream}` into the path: a file for each";
        cx.mistake(Diagnostic::at(path.span, message).help(help));
    }
    names.retain(|name| !name.value.is_empty() && !PATH_WORDS.contains(&name.value.as_str()));
    names
}

/// Start and length of the first `{…}`.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    let start = text.find('{')?;
    Some((start, text[start..].find('}')? + 1))
}
