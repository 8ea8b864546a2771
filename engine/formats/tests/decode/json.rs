//! JSON lines, case by case.

use zaraba_config::document::{ColumnDoc, ColumnType, Format, Value};
use zaraba_formats::decode::open;

use crate::common::{TextFile, column, from, options};

fn schema() -> Vec<ColumnDoc> {
    vec![
        from("ts", ColumnType::Timestamp, "$.Board.Time"),
        from("price", ColumnType::Float64, "$.Board.Price"),
        from("bid", ColumnType::Int64, "$.Board.Levels[0].Qty"),
        column("name", ColumnType::Text),
    ]
}

fn check_with(schema: &[ColumnDoc], text: impl AsRef<[u8]>, rows: &[&str], bad: &[&str]) {
    TextFile::new("a.jsonl", text.as_ref()).check(schema, &options(Format::Json), rows, bad);
}

const LINE: &str = r#"{"x":[1,{"y":null}],"Board":{"Time":"2025-11-14T09:00:00+09:00","Price":1.5,"Levels":[{"P":9,"Qty":7},{"Qty":8}]},"name":"a"}"#;
const ROW: &str = "2025-11-14T00:00:00Z|1.5|7|a";

#[test]
fn layouts() {
    let check = |text: String, rows: &[&str]| check_with(&schema(), text, rows, &[]);
    check(format!("{LINE}\n"), &[ROW]);
    check(LINE.to_owned(), &[ROW]);
    check(format!("\u{feff}{LINE}\r\n\r\n  \n{LINE}\n\n"), &[ROW, ROW]);
    check(LINE.replace("1.5", "\"1.5\"").replace('7', "\"7\""), &[ROW]);
    check(
        LINE.replace(':', " : ")
            .replace(',', " ,\t")
            .replace("09 : 00 : 00+09 : 00", "09:00:00+09:00"),
        &[ROW],
    );
    check(LINE.replace("\"name\"", "\"n\\u0061me\""), &[ROW]);
    check(LINE.replace("\"a\"", "\"b\",\"name\":\"a\""), &[ROW]);
    check(LINE.replace("1.5", "null"), &["2025-11-14T00:00:00Z|-|7|a"]);
    check(
        LINE.replace("\"a\"", r#""\u65e5\u7d4c \"\\\/\n\ud83d\ude00""#),
        &["2025-11-14T00:00:00Z|1.5|7|日経 \"\\/\n😀"],
    );
    check(String::new(), &[]);
}

#[test]
fn bad_rows_leave_their_neighbours_alone() {
    for (line, reason) in [
        ("{", "expected a field's name at byte 2 of the line"),
        (
            "{\"name\":\"a\",}",
            "expected a value at byte 13 of the line",
        ),
        ("[1,2]", "expected a JSON object, got `[1,2]`"),
        ("12", "expected a JSON object, got `12`"),
        ("hello", "expected a value at byte 1 of the line"),
        (
            &format!("{LINE}}}"),
            &format!("expected the end at byte {} of the line", LINE.len() + 1),
        ),
        ("{\"name\":\"a\"}", "column `ts`: the field is missing"),
        (
            &LINE.replace(",\"name\":\"a\"", ""),
            "column `name`: the field is missing",
        ),
        (
            &LINE.replace("[{\"P\":9,\"Qty\":7},{\"Qty\":8}]", "[]"),
            "column `bid`: the field is missing",
        ),
        (
            &LINE.replace("1.5", "\"dear\""),
            "column `price`: expected float64, got `dear`",
        ),
        (
            &LINE.replace("1.5", "true"),
            "column `price`: expected float64, got `true`",
        ),
        (
            &LINE.replace("1.5", "{}"),
            "column `price`: expected float64, got `{`",
        ),
        (
            &LINE.replace("1.5", "01.5"),
            &format!(
                "expected a number without a leading zero at byte {} of the line",
                LINE.find("1.5").unwrap() + 2
            ),
        ),
        (
            &LINE.replace("\"a\"", "5"),
            "column `name`: expected text, got `5`",
        ),
        (
            &LINE.replace("\"a\"", "[]"),
            "column `name`: expected text, got `[`",
        ),
        (
            &LINE.replace("\"a\"", "\"\\ud800\""),
            "column `name`: expected text, got `\\ud800`, whose escapes name no character",
        ),
        (
            &LINE.replace('7', "9223372036854775808"),
            "column `bid`: expected int64, got `9223372036854775808`, which is too large",
        ),
    ] {
        let text = format!("{LINE}\n{line}\n{LINE}\n");
        check_with(&schema(), text, &[ROW, ROW], &[&format!("2: {reason}")]);
    }
}

#[test]
fn invalid_utf8_is_a_bad_row() {
    let mut text = b"{\"name\":\"\x83v\"}\n".to_vec();
    text.extend(LINE.bytes());
    check_with(
        &schema(),
        text,
        &[ROW],
        &["1: expected UTF-8, got something else at byte 10"],
    );
}

#[test]
fn optional_and_default() {
    let mut schema = schema();
    schema[0].optional = true;
    schema[1].nulls = vec!["-".to_owned()];
    schema[1].optional = true;
    schema[2].default = Some(Value::Int(0));
    schema[3].default = Some(Value::Text("?".to_owned()));
    let text = r#"{}
{"Board":null,"name":null}
{"Board":{"Price":"-","Levels":"none"}}
{"Board":{"Price":"","Levels":[{"Qty":null}]}}
"#;
    check_with(&schema, text, &["-|-|0|?"; 4], &[]);
}

#[test]
fn numbers_keep_their_digits() {
    let schema = [
        column("d", ColumnType::Decimal(38, 10)),
        column("f", ColumnType::Float64),
        column("i", ColumnType::Int64),
    ];
    let text = r#"{"d":1234567890123456789012345678.0123456789,"f":0.30000000000000004,"i":9007199254740993}
{"d":"-1e-10","f":5e-324,"i":-9223372036854775808}
"#;
    let rows = [
        "1234567890123456789012345678.0123456789|0.30000000000000004|9007199254740993",
        "-0.0000000001|5e-324|-9223372036854775808",
    ];
    check_with(&schema, text, &rows, &[]);
}

#[test]
fn times_as_numbers() {
    let mut ms = column("ms", ColumnType::Timestamp);
    ms.format = Some("epoch_ms".to_owned());
    let mut day = column("day", ColumnType::Date);
    day.format = Some("%Y%m%d".to_owned());
    let text =
        "{\"ms\":1763078400123,\"day\":20251114}\n{\"ms\":\"1763078400123\",\"day\":\"20251114\"}";
    check_with(
        &[ms, day],
        text,
        &["2025-11-14T00:00:00.123Z|2025-11-14"; 2],
        &[],
    );
}

#[test]
fn two_columns_of_one_field() {
    let schema = [
        from("a", ColumnType::Text, "$.v"),
        from("b", ColumnType::Int64, "$.v"),
    ];
    check_with(&schema, "{\"v\":\"12\"}", &["12|12"], &[]);
}

#[test]
fn wrong_paths_are_refused() {
    let file = TextFile::new("a.jsonl", b"");
    let schema = [from("a", ColumnType::Text, "$.v[*]")];
    let error = open(&file.path(), &schema, &options(Format::Json))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.starts_with("column `a`: expected a path such as"),
        "{error}"
    );
}

#[test]
fn a_line_without_an_end_is_refused_once() {
    let mut text = b"{\"name\":\"".to_vec();
    text.resize(40 << 20, b'x');
    text.extend(format!("\"}}\n{LINE}\nx\n").bytes());
    let bad = [
        "1: expected a line of at most 16 MiB, got a longer one",
        "3: expected a value at byte 1 of the line",
    ];
    check_with(&schema(), text, &[ROW], &bad);
}
