//! `xlsx = { … }`: which sheet of a workbook is read, and where its rows begin. Both connectors that
//! read workbooks (`file`, `http_client`) have it.

use zaraba_core::diagnostic::Diagnostic;

use crate::connector::SheetDoc;
use crate::document::Format;
use crate::format;
use crate::read::{Context, Fields};
use crate::spec::{Kind, Opt, Section, optional};

/// Rows that a sheet can have.
const ROWS_MAX: i64 = 1_048_576;

/// `xlsx`
static XLSX: Section = Section {
    title: "xlsx",
    about: "Which sheet of a workbook is read, and where its rows begin.",
    groups: &[&[
        optional(
            "sheet",
            Kind::TextOrNumber,
            "`1`",
            "\"Options\"",
            "the sheet, by its name or its number from 1",
        ),
        optional(
            "skip_rows",
            Kind::Int(0, ROWS_MAX),
            "`0`",
            "4",
            "rows at the top that are passed over",
        ),
        optional(
            "header",
            Kind::Bool,
            "`true`",
            "false",
            "whether a row names the columns: the first that has all the names; rows above it are passed over. Without one, columns give their letters in `from`, or stand in the order of the schema from A on",
        ),
    ]],
    later: &[],
    example: "",
};

/// The option `xlsx`.
pub(crate) const OPTION: Opt = optional(
    "xlsx",
    Kind::Table(&XLSX),
    "",
    "{ sheet = \"Options\", skip_rows = 4 }",
    "which sheet of a workbook is read, and where its rows begin",
);

/// What the option says.
pub(crate) fn convert(cx: &mut Context<'_>, fields: &Fields, format: Option<Format>) -> SheetDoc {
    let wrong = format.filter(|f| *f != Format::Xlsx);
    if let (Some(key), Some(format)) = (fields.key("xlsx"), wrong) {
        let message = format!(
            "`xlsx` says how a workbook is read, but the format is \"{}\"",
            format::name(format)
        );
        cx.mistake(Diagnostic::at(key, message));
    }
    let Some(own) = fields.table("xlsx") else {
        return SheetDoc::default();
    };
    let skip = own.int("skip_rows").and_then(|n| u32::try_from(n).ok());
    SheetDoc {
        sheet: own.text("sheet").map(|t| t.value),
        skip_rows: skip.unwrap_or(0),
        header: own.bool("header").unwrap_or(true),
    }
}

/// Whether `from` is the letters of a column: `A`, `BC`.
pub(crate) fn is_letters(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// Whether `from` is one cell for all rows: `$A$2`.
pub(crate) fn is_cell(text: &str) -> bool {
    let Some((column, row)) = text.strip_prefix('$').and_then(|t| t.split_once('$')) else {
        return false;
    };
    let number = row.parse::<i64>();
    let plain = row.bytes().all(|b| b.is_ascii_digit());
    is_letters(column) && plain && number.is_ok_and(|n| (1..=ROWS_MAX).contains(&n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        for (text, right) in [
            ("$A$2", true),
            ("$XFD$1048576", true),
            ("$A$0", false),
            ("$A$1048577", false),
            ("$a$2", false),
            ("$A2", false),
            ("A2", false),
            ("$ABCD$1", false),
            ("$A$+1", false),
        ] {
            assert_eq!(is_cell(text), right, "{text}");
        }
    }
}
