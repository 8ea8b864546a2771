//! CSV, case by case.

use std::io::Write;

use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, ColumnType, Format, Value};
use zaraba_formats::decode::{DecodeOptions, open};

use crate::common::{TextFile, column, from, options, read, shown};

fn schema() -> Vec<ColumnDoc> {
    vec![
        column("ts", ColumnType::Timestamp),
        column("put_call", ColumnType::Text),
        column("price", ColumnType::Float64),
        column("oi", ColumnType::Int64),
    ]
}

fn check(text: impl AsRef<[u8]>, rows: &[&str], bad: &[&str]) {
    TextFile::new("a.csv", text.as_ref()).check(&schema(), &options(Format::Csv), rows, bad);
}

const ROW: &str = "2025-11-14T00:00:00Z|C|1.5|7";

#[test]
fn layouts() {
    let head = "ts,put_call,price,oi\n";
    let row = "2025-11-14 09:00:00,C,1.5,7";
    check(format!("{head}{row}\n"), &[ROW], &[]);
    check(format!("{head}{row}"), &[ROW], &[]);
    check(format!("\u{feff}{head}{row}\n"), &[ROW], &[]);
    check(format!("{head}{row}\n").replace('\n', "\r\n"), &[ROW], &[]);
    check(format!("{head}\n\n{row}\n\n{row}\n\n"), &[ROW, ROW], &[]);
    check(
        "oi,x,price,put_call,ts\n 7 ,,1.5,C,2025-11-14T00:00Z\n",
        &[ROW],
        &[],
    );
    check(
        format!("{head}\"2025-11-14T09:00\",\"C\",\"1.5\",\"7\"\n"),
        &[ROW],
        &[],
    );
    check(head, &[], &[]);
    check("", &[], &[]);
    let odd = "2025-11-14T09:00,\"a \"\"b\"\", c\nd\",1.5,7\n";
    check(
        format!("{head}{odd}"),
        &["2025-11-14T00:00:00Z|a \"b\", c\nd|1.5|7"],
        &[],
    );
}

#[test]
fn bad_rows_leave_their_neighbours_alone() {
    let good = "2025-11-14 09:00:00,C,1.5,7\n";
    let long = "x".repeat(50);
    let cases: &[(&str, String)] = &[
        (
            "2025-11-14 09:00:00,C,1.5",
            "expected 4 fields, got 3".to_owned(),
        ),
        (
            "2025-11-14 09:00:00,C,1.5,7,8",
            "expected 4 fields, got 5".to_owned(),
        ),
        (
            "noon,C,1.5,7",
            "column `ts`: expected timestamp, got `noon`".to_owned(),
        ),
        (
            ",C,1.5,7",
            "column `ts`: expected timestamp, got nothing (`nulls = [\"\"]` reads it as null)"
                .to_owned(),
        ),
        (
            "2025-11-14,C,cheap,7",
            "column `price`: expected float64, got `cheap`".to_owned(),
        ),
        (
            "2025-11-14,C,1.5,99999999999999999999",
            "column `oi`: expected int64, got `99999999999999999999`, which is too large"
                .to_owned(),
        ),
        (
            "2025-11-14,C,1.5,7.5",
            "column `oi`: expected int64, got `7.5`, which has too many decimals".to_owned(),
        ),
        (
            &format!("2025-11-14,C,1.5,{long}"),
            format!("column `oi`: expected int64, got `{}…`", &long[..40]),
        ),
    ];
    for (line, reason) in cases {
        let text = format!("ts,put_call,price,oi\n{good}{line}\n{good}");
        check(text, &[ROW, ROW], &[&format!("3: {reason}")]);
    }
}

#[test]
fn invalid_utf8_is_a_bad_row() {
    let mut text = b"ts,put_call,price,oi\n2025-11-14,".to_vec();
    text.extend(b"\x83v\x83b,1.5,7\n2025-11-14T09:00,C,1.5,7\n");
    let bad = "2: column `put_call`: expected text, got `\u{fffd}v\u{fffd}b`, which is not UTF-8";
    check(text, &[ROW], &[bad]);
}

#[test]
fn lines_are_counted_through_quotes_and_blanks() {
    let text =
        "ts,put_call,price,oi\r\n\r\n2025-11-14T09:00,\"a\r\nb\nc\",1.5,7\r\n\r\nx,C,1.5,7\r\n";
    let rows = ["2025-11-14T00:00:00Z|a\r\nb\nc|1.5|7"];
    check(
        text,
        &rows,
        &["7: column `ts`: expected timestamp, got `x`"],
    );
}

#[test]
fn a_bad_row_comes_as_it_was_shortened() {
    let line = format!("x,\"{}\",1.5,7", "板".repeat(300));
    let file = TextFile::new(
        "a.csv",
        format!("ts,put_call,price,oi\n{line}\n").as_bytes(),
    );
    let (_, bad) = read(&file.path(), &schema(), &options(Format::Csv), 10).unwrap();
    let expected: String = line.chars().take(200).chain(['…']).collect();
    assert_eq!(bad[0].row, expected);
    assert_eq!(bad[0].place, format!("{}:2", file.path().display()));
}

#[test]
fn nulls_defaults_and_missing_fields() {
    let mut schema = schema();
    schema[1].nulls = vec!["-".to_owned(), "N/A".to_owned()];
    schema[2].nulls = vec![String::new()];
    schema[2].thousands = Some(',');
    schema[3].default = Some(Value::Int(-1));
    let mut gone = column("gone", ColumnType::Date);
    gone.optional = true;
    let mut kind = column("kind", ColumnType::Text);
    kind.default = Some(Value::Text("option".to_owned()));
    schema.extend([gone, kind]);
    let text = "ts,put_call,price,oi\n\
        2025-11-14T09:00Z,-,\"1,234,567.5\",\n\
        2025-11-14T09:00Z,N/A,,7\n\
        2025-11-14T09:00Z,,\"1,2\",7\n\
        2025-11-14T09:00Z,C,\",12\",7\n\
        2025-11-14T09:00Z,C,\"1.2,3\",7\n";
    let rows = [
        "2025-11-14T09:00:00Z|-|1234567.5|-1|-|option",
        "2025-11-14T09:00:00Z|-|-|7|-|option",
        "2025-11-14T09:00:00Z||12.0|7|-|option",
    ];
    let bad = [
        "5: column `price`: expected float64, got `,12`",
        "6: column `price`: expected float64, got `1.2,3`",
    ];
    TextFile::new("a.csv", text.as_bytes()).check(&schema, &options(Format::Csv), &rows, &bad);
}

#[test]
fn types() {
    let mut late = column("late", ColumnType::Timestamp);
    late.format = Some("%Y%m%d%H%M".to_owned());
    late.zone = Some(Tz::America__New_York);
    let mut expiry = column("expiry", ColumnType::Date);
    expiry.format = Some("%d-%b-%Y".to_owned());
    let schema = vec![
        late,
        expiry,
        column("day", ColumnType::Date),
        column("live", ColumnType::Bool),
        column("n", ColumnType::Int32),
        column("strike", ColumnType::Decimal(6, 2)),
    ];
    let text = "late,expiry,day,live,n,strike\n\
        202511140900,25-Aug-2026,2025-11-14,TRUE,-5,1234.5\n\
        202511020130,01-Jan-2000,1999-12-31,0,+5,.05\n\
        202503090230,25-Aug-2026,2025-11-14,true,5,1\n\
        202511140900,25-Foo-2026,2025-11-14,true,5,1\n\
        202511140900,25-Aug-2026,2025-02-30,true,5,1\n\
        202511140900,25-Aug-2026,2025-11-14,maybe,5,1\n\
        202511140900,25-Aug-2026,2025-11-14,true,3000000000,1\n\
        202511140900,25-Aug-2026,2025-11-14,true,5,12345.6\n\
        202511140900,25-Aug-2026,2025-11-14,true,5,1.234\n";
    let rows = [
        "2025-11-14T14:00:00Z|2026-08-25|2025-11-14|true|-5|1234.50",
        "2025-11-02T05:30:00Z|2000-01-01|1999-12-31|false|5|0.05",
    ];
    let bad = [
        "4: column `late`: expected timestamp, got `202503090230`, which does not exist in its zone",
        "5: column `expiry`: expected date, got `25-Foo-2026`",
        "6: column `day`: expected date, got `2025-02-30`",
        "7: column `live`: expected bool, got `maybe`",
        "8: column `n`: expected int32, got `3000000000`, which is too large",
        "9: column `strike`: expected decimal(6, 2), got `12345.6`, which is too large",
        "10: column `strike`: expected decimal(6, 2), got `1.234`, which has too many decimals",
    ];
    TextFile::new("a.csv", text.as_bytes()).check(&schema, &options(Format::Csv), &rows, &bad);
}

#[test]
fn without_a_header() {
    let headless = DecodeOptions {
        header: false,
        delimiter: b'\t',
        ..options(Format::Csv)
    };
    let file = TextFile::new("a.csv", b"2025-11-14T00:00Z\tC\t1.5\t7\n2025-11-14\tC\n");
    file.check(
        &schema(),
        &headless,
        &[ROW],
        &["2: expected 4 fields, got 2"],
    );
    let by_number = [
        from("oi", ColumnType::Int64, "3"),
        from("put_call", ColumnType::Text, "1"),
    ];
    file.check(
        &by_number,
        &headless,
        &["7|C"],
        &["2: expected at least 4 fields, got 2"],
    );
    let error = open(
        &file.path(),
        &[from("oi", ColumnType::Int64, "last")],
        &headless,
    )
    .err()
    .unwrap();
    assert!(
        error
            .to_string()
            .contains("expected `from` to be a field's number"),
        "{error}"
    );
}

#[test]
fn a_header_without_a_column() {
    let file = TextFile::new("a.csv", b"ts,put_call,prise,oi\n");
    let error = open(&file.path(), &schema(), &options(Format::Csv))
        .err()
        .unwrap()
        .to_string();
    let path = file.path().display().to_string();
    assert_eq!(
        error,
        format!("{path}: no field `price` in its first line; did you mean `prise`?")
    );
    let schema = [from("price", ColumnType::Float64, "prise")];
    assert!(open(&file.path(), &schema, &options(Format::Csv)).is_ok());
}

#[test]
fn only_needed_columns() {
    let file = TextFile::new("a.csv", b"ts,put_call,price,oi\n2025-11-14,C,1,7\n");
    let cheap = TextFile::new("b.csv", b"ts,put_call,price,oi\n2025-11-14,C,cheap,7\n");
    let needed = |names: &[&str]| DecodeOptions {
        needed: Some(names.iter().map(|n| (*n).to_owned()).collect()),
        ..options(Format::Csv)
    };
    file.check(&schema(), &needed(&["oi", "put_call"]), &["C|7"], &[]);
    file.check(&schema(), &needed(&[]), &[""], &[]);
    // Whether a row is bad does not depend on who reads it.
    let bad = ["2: column `price`: expected float64, got `cheap`"];
    cheap.check(&schema(), &needed(&["oi", "put_call"]), &[], &bad);
    let error = open(&file.path(), &schema(), &needed(&["ois"]))
        .err()
        .unwrap()
        .to_string();
    assert_eq!(error, "no column `ois`; did you mean `oi`?");
}

#[test]
fn declarations_that_cannot_be_met() {
    let check = |change: fn(&mut ColumnDoc), part: &str| {
        let mut column = column("oi", ColumnType::Timestamp);
        change(&mut column);
        let error = open(
            TextFile::new("a.csv", b"oi\n").path().as_path(),
            &[column],
            &options(Format::Csv),
        );
        let error = error.err().unwrap().to_string();
        assert!(
            error.starts_with("column `oi`: ") && error.contains(part),
            "{error}"
        );
    };
    check(|c| c.format = Some("%Q".to_owned()), "strftime");
    check(
        |c| c.default = Some(Value::Text("soon".to_owned())),
        "default: expected timestamp",
    );
    check(
        |c| (c.kind, c.default) = (ColumnType::Text, Some(Value::Int(1))),
        "default: expected text",
    );
    check(
        |c| (c.kind, c.default) = (ColumnType::Int64, Some(Value::Bool(true))),
        "expected int64",
    );
}

/// Texts packed by other means than the decoder's own: several gzip members, several frames.
fn packed(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    let pack = |part: &&[u8]| {
        if name.ends_with("gz") {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(part).unwrap();
            gz.finish().unwrap()
        } else {
            zstd::encode_all(*part, 1).unwrap()
        }
    };
    parts.iter().flat_map(pack).collect()
}

#[test]
fn packed_files() {
    let head: &[u8] = b"ts,put_call,price,oi\n2025-11-14T0";
    for name in ["a.csv.gz", "a.csv.zst"] {
        let bytes = packed(name, &[head, b"0:00Z,C,1.5,7\n"]);
        TextFile::new(name, &bytes).check(&schema(), &options(Format::Csv), &[ROW], &[]);
    }
}

#[test]
fn a_damaged_packed_file_gives_the_rows_before() {
    let line = b"2025-11-14T00:00Z,C,1.5,7\n";
    let mut text = b"ts,put_call,price,oi\n".to_vec();
    // Numbers that do not repeat, so that the packed file is long enough to be cut.
    (0..200_000_u64).for_each(|i| {
        text.extend(format!("2025-11-14,C,1.5,{}\n", i * i * 7919 % 1_000_003).bytes())
    });
    text.extend(line);
    for name in ["a.csv.gz", "a.csv.zst"] {
        let mut bytes = packed(name, &[&text]);
        bytes.truncate(bytes.len() - 1_000);
        let file = TextFile::new(name, &bytes);
        let mut decoder = open(&file.path(), &schema(), &options(Format::Csv)).unwrap();
        let mut rows = 0;
        let error = loop {
            match decoder.next(8_192) {
                Ok(Some(decoded)) => rows += decoded.rows.num_rows(),
                Ok(None) => panic!("{name}: no error"),
                Err(e) => break e.to_string(),
            }
        };
        assert!(rows > 100_000, "{name}: {rows} rows");
        assert!(error.contains(name), "{error}");
        assert!(decoder.next(1).unwrap().is_none());
    }
}

#[test]
fn an_unclosed_quote_is_not_read_for_ever() {
    let mut text =
        b"ts,put_call,price,oi\n2025-11-14T00:00Z,C,1.5,7\n2025-11-14,\"C,1.5,7\n".to_vec();
    text.resize(20 << 20, b'x');
    let file = TextFile::new("a.csv", &text);
    let mut decoder = open(&file.path(), &schema(), &options(Format::Csv)).unwrap();
    let first = decoder.next(10).unwrap().unwrap();
    assert_eq!(shown(&first.rows), [ROW]);
    let error = decoder.next(10).unwrap_err().to_string();
    assert!(error.ends_with("a.csv:3: expected a row of at most 16 MiB, got a longer one; perhaps a quote is not closed"), "{error}");
}

#[test]
fn rows_are_skipped() {
    let mut text = "oi\n".to_owned();
    (0..100).for_each(|i| {
        text += &if i % 10 == 3 {
            "x\n".to_owned()
        } else {
            format!("{i}\n")
        }
    });
    let file = TextFile::new("a.csv", text.as_bytes());
    let mut decoder = open(
        &file.path(),
        &[column("oi", ColumnType::Int64)],
        &options(Format::Csv),
    )
    .unwrap();
    decoder.skip(40).unwrap();
    // Bad rows are counted.
    assert_eq!(
        shown(&decoder.next(3).unwrap().unwrap().rows),
        ["40", "41", "42"]
    );
}

#[test]
fn a_file_that_is_not_there() {
    let error = open("/nowhere/a.csv".as_ref(), &schema(), &options(Format::Csv))
        .err()
        .unwrap();
    assert!(error.to_string().starts_with("/nowhere/a.csv: "), "{error}");
}
