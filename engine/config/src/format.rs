//! `format`, said or seen from a path's ending.

use zaraba_core::diagnostic::Diagnostic;

use crate::document::{Format, Text};
use crate::read::{Context, Fields};
use crate::spec::Words;

/// What files are written as.
pub(crate) static FORMATS: Words = Words {
    what: "format",
    now: &["parquet", "csv", "json", "arrow"],
    later: &[],
};

/// What files are read as.
pub(crate) static READ_FORMATS: Words = Words {
    what: "format",
    now: &["parquet", "csv", "json", "arrow", "xlsx"],
    later: &[],
};

/// Endings of paths, with the format that they mean.
const ENDINGS: [(&str, Format); 15] = [
    (".parquet", Format::Parquet),
    (".csv", Format::Csv),
    (".csv.gz", Format::Csv),
    (".csv.zst", Format::Csv),
    (".json", Format::Json),
    (".json.gz", Format::Json),
    (".json.zst", Format::Json),
    (".jsonl", Format::Json),
    (".jsonl.gz", Format::Json),
    (".jsonl.zst", Format::Json),
    (".ndjson", Format::Json),
    (".arrow", Format::Arrow),
    (".arrows", Format::Arrow),
    (".feather", Format::Arrow),
    (".xlsx", Format::Xlsx),
];

/// A format's word.
pub(crate) fn name(format: Format) -> &'static str {
    match format {
        Format::Parquet => "parquet",
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Arrow => "arrow",
        Format::Xlsx => "xlsx",
    }
}

/// The format of a word out of [`READ_FORMATS`].
pub(crate) fn of_word(word: &str) -> Format {
    match word {
        "parquet" => Format::Parquet,
        "csv" => Format::Csv,
        "json" => Format::Json,
        "xlsx" => Format::Xlsx,
        _ => Format::Arrow,
    }
}

/// The format that a path's ending means.
#[must_use]
pub fn of_path(path: &str) -> Option<Format> {
    let path = path.to_ascii_lowercase();
    ENDINGS
        .iter()
        .find(|(ending, _)| path.ends_with(ending))
        .map(|(_, format)| *format)
}

/// What `format` says, or else the ending of `path`.
pub(crate) fn chosen(cx: &mut Context<'_>, fields: &Fields, path: Option<&Text>) -> Option<Format> {
    if let Some(word) = fields.word("format") {
        return Some(of_word(word));
    }
    if fields.key("format").is_some() {
        return None; // it has a mistake of its own
    }
    let path = path?;
    let format = of_path(&path.value);
    if format.is_none() {
        let message = "`format` is missing: the path's ending does not tell it";
        let help = "add `format = \"parquet\"`, or \"csv\", \"json\" or \"arrow\"";
        cx.mistake(Diagnostic::at(path.span, message).help(help));
    }
    format
}

/// Workbooks are read only.
pub(crate) fn check_written(cx: &mut Context<'_>, format: Option<Format>, path: &Text) {
    if format == Some(Format::Xlsx) {
        let message = "a workbook cannot be written";
        let help = "write \"csv\", \"parquet\", \"json\" or \"arrow\"";
        cx.mistake(Diagnostic::at(path.span, message).help(help));
    }
}
