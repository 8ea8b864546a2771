//! Files as a source, or as what a source begins with (`bootstrap`).

use zaraba_core::diagnostic::{Diagnostic, Span};

use crate::document::{ColumnDoc, Encoding, FileSourceDoc, Format};
use crate::format;
use crate::mapping::check_from;
use crate::read::{Context, Fields};
use crate::sheet;
use crate::source::{COMMON, HEAD, LATER, located_path, require_schema};
use crate::spec::{Kind, Opt, Section, Words, optional, required};

/// `bootstrap`
pub(crate) static BOOTSTRAP: Section = Section {
    title: "bootstrap",
    about: "Files of the past that are read before the source's own rows: tables and indicators are warm when the first of those comes. They have the columns of the source. Rows that the source hands over again are older than what was read, and so late.",
    groups: &[FILE_OPTIONS],
    later: &[],
    example: "",
};

/// `connector = "file"`
pub(crate) static FILE: Section = Section {
    title: "[source.NAME] with connector = \"file\"",
    about: "Reads files in the order of their names, then ends.",
    groups: &[HEAD, COMMON, FILE_OPTIONS],
    later: LATER,
    example: r#"[source.ticks]
connector = "file"
path = "data/2025-11-14/*.csv.gz"
time = "ts"
out_of_order = "5s"
on_error = "dead_letter"
csv = { delimiter = ";" }
[source.ticks.schema]
ts = { type = "timestamp", format = "%Y%m%d%H%M%S", zone = "Asia/Tokyo" }
price = { type = "float64", nulls = ["", "-"], thousands = "," }
volume = "int64"
"#,
};

const FILE_OPTIONS: &[Opt] = &[
    required(
        "path",
        Kind::Path,
        "\"data/*.parquet\"",
        "a file, or several by `*`, `?` and `**`; relative to the file that says it",
    ),
    optional(
        "format",
        Kind::Words(&format::READ_FORMATS),
        "by the path's ending",
        "\"csv\"",
        "how rows are written in the files",
    ),
    optional(
        "merge",
        Kind::Words(&MERGE),
        "one file after the other",
        "\"time\"",
        "`\"time\"`: the files are read side by side, whichever is furthest behind first; each is a partition of its own, so a row is late only within its file",
    ),
    optional(
        "csv",
        Kind::Table(&CSV),
        "",
        "{ delimiter = \";\" }",
        "how CSV files are written",
    ),
    sheet::OPTION,
    optional(
        "encoding",
        Kind::Words(&ENCODINGS),
        "`\"utf-8\"`",
        "\"cp932\"",
        "the encoding of text files; `\"cp932\"` is Shift JIS as Windows has it. A row with bytes that are no character of it is bad",
    ),
];

static MERGE: Words = Words {
    what: "`merge`",
    now: &["time"],
    later: &[],
};

static ENCODINGS: Words = Words {
    what: "encoding",
    now: &["utf-8", "cp932", "euc-jp"],
    later: &[],
};

static CSV: Section = Section {
    title: "csv",
    about: "How CSV files are written.",
    groups: &[&[
        optional(
            "delimiter",
            Kind::Char,
            "`\",\"`",
            "\";\"",
            "what stands between two fields",
        ),
        optional(
            "header",
            Kind::Bool,
            "`true`",
            "false",
            "whether the first line names the columns; without one, columns give their number in `from`, or stand in the order of the schema",
        ),
    ]],
    later: &[],
    example: "",
};

/// What a table of file options says.
pub(crate) fn file(
    cx: &mut Context<'_>,
    name: &str,
    source: &Fields,
    fields: &Fields,
    schema: &[ColumnDoc],
) -> Option<FileSourceDoc> {
    let path = fields.text("path");
    let format = format::chosen(cx, fields, path.as_ref());
    if let Some(text @ (Format::Csv | Format::Json | Format::Xlsx)) = format {
        require_schema(
            cx,
            name,
            source,
            schema,
            &format!("format \"{}\"", format::name(text)),
        );
    }
    let csv = fields.table("csv");
    if let (Some(key), Some(format)) = (fields.key("csv"), format.filter(|f| *f != Format::Csv)) {
        let message = format!(
            "`csv` says how CSV files are written, but the format is \"{}\"",
            format::name(format)
        );
        cx.mistake(Diagnostic::at(key, message));
    }
    if let (Some(key), Some(format @ (Format::Parquet | Format::Arrow | Format::Xlsx))) =
        (fields.key("encoding"), format)
    {
        let message = format!(
            "`encoding` is of text files, but the format is \"{}\"",
            format::name(format)
        );
        cx.mistake(Diagnostic::at(key, message));
    }
    let delimiter = csv.and_then(|csv| Some((csv.char("delimiter")?, csv.at("delimiter")?)));
    let header = csv.and_then(|csv| csv.bool("header")).unwrap_or(true);
    let sheet = sheet::convert(cx, fields, format);
    if let Some(format) = format {
        let header = if format == Format::Xlsx {
            sheet.header
        } else {
            header
        };
        check_from(cx, schema, format, header);
    }
    Some(FileSourceDoc {
        path: located_path(cx, &path?),
        format: format?,
        merge_by_time: fields.word("merge").is_some(),
        delimiter: delimiter.map_or(Some(b','), |(c, span)| ascii(cx, c, span))?,
        header,
        sheet,
        encoding: match fields.word("encoding") {
            Some("cp932") => Encoding::Cp932,
            Some("euc-jp") => Encoding::EucJp,
            _ => Encoding::Utf8,
        },
    })
}

fn ascii(cx: &mut Context<'_>, c: char, span: Span) -> Option<u8> {
    let byte = u8::try_from(c)
        .ok()
        .filter(|b| b.is_ascii() && !matches!(b, b'"' | b'\n' | b'\r'));
    if byte.is_none() {
        let message =
            format!("expected an ASCII character that is no quote and no line's end, found {c:?}");
        cx.mistake(Diagnostic::at(span, message));
    }
    byte
}
