//! Excel workbooks, made by openpyxl, which is nobody's part of the engine: headings, merged titles,
//! dates and times as Excel keeps them, numbers as texts, damaged and enormous files.

use crate::cases::folder::{Folder, Ran};
use crate::python;

const PIPELINE: &str = r#"
name = "workbooks"
timezone = "Asia/Tokyo"
[source.ticks]
connector = "file"
path = "PATH"
OPTIONS
time = "ts"
on_error = "dead_letter"
[source.ticks.schema]
SCHEMA
[sink.out]
connector = "channel"
from = ["ticks", "ticks__errors"]
"#;

/// Rows below a title and a row of names.
const NAMED: &str = r##"
ts = { type = "timestamp", from = "時刻" }
day = { type = "date", from = "取引日" }
name = { type = "text", from = "銘柄" }
price = { type = "float64", from = "値段", nulls = ["-", "#N/A"], thousands = "," }
oi = { type = "int64", from = "建玉", nulls = ["－"], thousands = "," }
note = { type = "text", from = "備考", optional = true }
"##;

fn pipeline(path: &str, options: &str, schema: &str) -> String {
    PIPELINE
        .replace("PATH", path)
        .replace("OPTIONS", options)
        .replace("SCHEMA", schema)
}

/// A folder with the workbooks of the script beside this file.
fn workbooks() -> Folder {
    let folder = Folder::new();
    let at = folder.path("").display().to_string();
    python::run(include_str!("workbooks.py"), &[&at]);
    folder
}

fn errors(ran: &Ran) -> Vec<&str> {
    ran.rows("ticks__errors")
        .iter()
        .map(String::as_str)
        .collect()
}

#[test]
fn a_sheet_with_a_title_a_header_and_totals() {
    let folder = workbooks();
    for options in [
        "",
        "xlsx = { sheet = \"取引\" }",
        "xlsx = { sheet = 1, skip_rows = 2 }",
    ] {
        let ran = folder.run(&pipeline("named.xlsx", options, NAMED));
        assert_eq!(ran.failure, None);
        assert_eq!(
            ran.rows("ticks"),
            [
                "2025-11-14T00:00:00Z|2025-11-14|日経225 P2512|1234.5|4655|null",
                "2025-11-14T00:00:01.250Z|2025-11-14|2512|0.1|1234|null",
                "2025-11-14T00:00:02Z|2025-11-14|null|null|null|null",
                "2025-11-14T00:00:03Z|2025-11-14|b|null|7|null",
            ]
        );
        let [first, second] = errors(&ran)[..] else {
            panic!("{:?}", errors(&ran));
        };
        for (error, part) in [
            (
                first,
                "column `oi`: cell E11: expected int64, got `4.5`, which has too many decimals",
            ),
            (first, "named.xlsx: sheet `取引`: row 11"),
            (
                second,
                "column `ts`: cell A12: expected timestamp, got `合計`",
            ),
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}

#[test]
fn without_a_header_by_letters_and_one_cell_for_all() {
    let folder = workbooks();
    let schema = r#"
ts = { type = "timestamp", from = "$A$2", at = "20:00" }
call = { type = "text", from = "G" }
oi = { type = "int64", from = "AB", thousands = "," }
"#;
    let options = "xlsx = { sheet = \"別紙1\", header = false, skip_rows = 4 }";
    let ran = folder.run(&pipeline("letters.xlsx", options, schema));
    assert_eq!(ran.failure, None);
    // The merged heading in row 7 is no row, and neither is one with nothing in these columns.
    assert_eq!(
        ran.rows("ticks"),
        [
            "2025-11-14T11:00:00Z|C52000|12",
            "2025-11-14T11:00:00Z|C53000|null",
        ]
    );
    assert_eq!(errors(&ran), Vec::<&str>::new());
}

#[test]
fn dates_from_1904_and_numbers_that_are_days() {
    let folder = workbooks();
    let schema = "ts = { type = \"timestamp\", from = \"ts\" }\nday = \"date\"\ncode = { type = \"date\", format = \"%Y%m%d\" }";
    for path in ["from_1904.xlsx", "from_1900.xlsx"] {
        let ran = folder.run(&pipeline(path, "", schema));
        assert_eq!(
            (ran.failure.as_deref(), ran.rows("ticks")),
            (
                None,
                &["2025-11-14T00:00:00Z|2025-11-14|2025-11-14".to_owned()][..]
            ),
            "{path}: {:?}",
            errors(&ran)
        );
    }
}

#[test]
fn what_cannot_be_read_says_what_was_expected() {
    let folder = workbooks();
    let cases = [
        (
            "named.xlsx",
            "xlsx = { sheet = \"取引所\" }",
            NAMED,
            "no sheet `取引所`",
        ),
        (
            "named.xlsx",
            "xlsx = { sheet = 3 }",
            NAMED,
            "no sheet `3`; there are `取引`, `別紙1`",
        ),
        (
            "named.xlsx",
            "",
            "ts = { type = \"timestamp\", from = \"時刻\" }\noi = { type = \"int64\", from = \"建玉残\" }",
            "sheet `取引`: expected a row with the names `時刻`, `建玉残`; row 5 has all but `建玉残`",
        ),
        (
            "twice.xlsx",
            "",
            "ts = \"timestamp\"\noi = \"int64\"",
            "row 1 has `oi` twice, in B and C",
        ),
        ("damaged.xlsx", "", NAMED, "damaged.xlsx: not a workbook"),
        ("text.xlsx", "", NAMED, "text.xlsx: not a workbook"),
        (
            "bomb.xlsx",
            "",
            NAMED,
            "at most 128 MiB when unpacked, got a larger one",
        ),
        ("liar.xlsx", "", NAMED, "liar.xlsx: "),
        ("empty.xlsx", "", NAMED, "got no rows"),
    ];
    for (path, options, schema, expected) in cases {
        let error = folder.refusal(&pipeline(path, options, schema));
        assert!(error.contains(expected), "{path}: {error}");
    }
}
