//! Files as a source, or as what a source begins with (`bootstrap`).

use zaraba_core::diagnostic::{Diagnostic, Span};

use crate::document::{ColumnDoc, Encoding, FileSourceDoc, Format, Text};
use crate::format;
use crate::mapping::check_from;
use crate::read::{Context, Fields};
use crate::sheet;
use crate::source::{COMMON, HEAD, located_path, require_schema};
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
    about: "Reads files in the order of their names, then ends; with `follow`, reads on as they grow (see [sources](sources.md)).",
    groups: &[HEAD, COMMON, FILE_OPTIONS, OWN],
    later: &[],
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

const OWN: &[Opt] = &[
    optional(
        "follow",
        Kind::Bool,
        "`false`",
        "true",
        "whether the source goes on with what is appended to CSV and JSON files, and with new files; a live source then",
    ),
    optional(
        "schema_evolution",
        Kind::Words(&EVOLUTION),
        "files without a declared schema have the columns of the first",
        "\"add_nullable\"",
        "`\"add_nullable\"`: the columns are those of all Parquet or Arrow files; in a file that has not one of them it is null",
    ),
];

static EVOLUTION: Words = Words {
    what: "`schema_evolution`",
    now: &["add_nullable"],
    later: &[],
};

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

pub(crate) static CSV: Section = Section {
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
    let csv = csv(cx, fields, format);
    if let (Some(key), Some(format @ (Format::Parquet | Format::Arrow | Format::Xlsx))) =
        (fields.key("encoding"), format)
    {
        let message = format!(
            "`encoding` is of text files, but the format is \"{}\"",
            format::name(format)
        );
        cx.mistake(Diagnostic::at(key, message));
    }
    let sheet = sheet::convert(cx, fields, format);
    if let Some(format) = format {
        let header = match format {
            Format::Xlsx => sheet.header,
            _ => csv.is_none_or(|(_, header)| header),
        };
        check_from(cx, schema, format, header);
    }
    let follow = follow(cx, fields, path.as_ref(), format);
    let add_nullable = add_nullable(cx, fields, schema, format);
    let (delimiter, header) = csv?;
    Some(FileSourceDoc {
        path: located_path(cx, &path?),
        files: Vec::new(),
        format: format?,
        merge_by_time: fields.word("merge").is_some(),
        follow,
        add_nullable,
        delimiter,
        header,
        sheet,
        encoding: match fields.word("encoding") {
            Some("cp932") => Encoding::Cp932,
            Some("euc-jp") => Encoding::EucJp,
            _ => Encoding::Utf8,
        },
    })
}

/// `follow`: only of texts as they are, in one stream.
fn follow(
    cx: &mut Context<'_>,
    fields: &Fields,
    path: Option<&Text>,
    format: Option<Format>,
) -> bool {
    if fields.bool("follow") != Some(true) {
        return false;
    }
    let key = fields.key("follow").unwrap_or(fields.span);
    let packed = path.filter(|p| [".gz", ".zst"].iter().any(|end| p.value.ends_with(end)));
    if let Some(format @ (Format::Parquet | Format::Arrow | Format::Xlsx)) = format {
        let name = format::name(format);
        let message = format!("`follow` is for CSV and JSON, but the format is \"{name}\"");
        let help =
            "a file of columns is whole when it is written; a sink can write a new one each day";
        cx.mistake(Diagnostic::at(key, message).help(help));
    } else if let Some(path) = packed {
        let message = "a packed file cannot be followed: its rows can be read when it is whole";
        cx.mistake(Diagnostic::at(path.span, message));
    }
    if let Some(merge) = fields.key("merge") {
        let message = "files that are followed are one stream, `merge` is not for them";
        cx.mistake(Diagnostic::at(merge, message));
    }
    true
}

/// `schema_evolution`: only where files say their columns themselves.
fn add_nullable(
    cx: &mut Context<'_>,
    fields: &Fields,
    schema: &[ColumnDoc],
    format: Option<Format>,
) -> bool {
    let Some(key) = fields.key("schema_evolution") else {
        return false;
    };
    if !schema.is_empty() || matches!(format, Some(Format::Csv | Format::Json)) {
        let message = "`schema_evolution` is for files that say their columns themselves, but this source declares them";
        let help = "give the columns that may be missing `optional = true` or a `default`";
        cx.mistake(Diagnostic::at(key, message).help(help));
    }
    fields.has("schema_evolution")
}

/// Delimiter and header of a `csv` table; none if the delimiter is wrong.
pub(crate) fn csv(
    cx: &mut Context<'_>,
    fields: &Fields,
    format: Option<Format>,
) -> Option<(u8, bool)> {
    let csv = fields.table("csv");
    if let (Some(key), Some(format)) = (fields.key("csv"), format.filter(|f| *f != Format::Csv)) {
        let message = format!(
            "`csv` says how CSV is written, but the format is \"{}\"",
            format::name(format)
        );
        cx.mistake(Diagnostic::at(key, message));
    }
    let delimiter = csv.and_then(|csv| Some((csv.char("delimiter")?, csv.at("delimiter")?)));
    let header = csv.and_then(|csv| csv.bool("header")).unwrap_or(true);
    let delimiter = delimiter.map_or(Some(b','), |(c, span)| ascii(cx, c, span))?;
    Some((delimiter, header))
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
