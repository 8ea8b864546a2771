//! Rows out of bytes in memory: JSON documents above all.

use zaraba_config::document::{ColumnType, Format};
use zaraba_formats::decode::memory::{Layout, open_bytes, text_at};

use crate::common::{column, options};

/// The rows of a document with a column `n`, two at a time, and the bad ones with their places.
fn read(text: &str, layout: Layout<'_>) -> Result<(Vec<i64>, Vec<String>), String> {
    let schema = [column("n", ColumnType::Int64)];
    let bytes = text.as_bytes().to_vec();
    let decoder = open_bytes("body", bytes, &schema, &options(Format::Json), layout);
    let mut decoder = decoder.map_err(|e| e.to_string())?;
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    while let Some(decoded) = decoder.next(2).unwrap() {
        assert!(decoded.rows.num_rows() + decoded.bad.len() <= 2);
        let column = decoded.rows.column(0).as_any();
        let column = column.downcast_ref::<arrow::array::Int64Array>().unwrap();
        rows.extend(column.values());
        bad.extend(
            decoded
                .bad
                .into_iter()
                .map(|(_, b)| format!("{}: {}", b.place, b.reason)),
        );
    }
    Ok((rows, bad))
}

#[test]
fn layouts() {
    for (text, layout, rows) in [
        (
            "[{\"n\":1},{\"n\":2} ,\n{\"n\":3}]",
            Layout::Any,
            vec![1, 2, 3],
        ),
        ("\u{feff} [ {\"n\":1} ] \n", Layout::Any, vec![1]),
        ("[]", Layout::Any, vec![]),
        ("{\n \"n\" : 1\n}", Layout::Any, vec![1]),
        ("{\"n\":1}\n{\"n\":2}", Layout::Any, vec![1, 2]),
        ("{\"n\":1}\n{\"n\":2}", Layout::Lines, vec![1, 2]),
        ("[{\"n\":4}]", Layout::At("$"), vec![4]),
        (
            "{\"a\":[0,{\"b\":[{\"n\":5},{\"n\":6}]}],\"b\":[{\"n\":7}]}",
            Layout::At("$.a[1].b"),
            vec![5, 6],
        ),
        (
            "\u{feff}{\"x\":{\"n\":1},\"\\u0061\":{\"n\":8}}",
            Layout::At("$.a"),
            vec![8],
        ),
        ("{\"a\":null}", Layout::At("$.a"), vec![]),
    ] {
        assert_eq!(read(text, layout), Ok((rows, vec![])), "{text}");
    }
}

#[test]
fn bad_rows_leave_their_neighbours_alone() {
    let text = "[{\"n\":1},{\"n\":\"x\"},7,{\"n\":4}]";
    let bad = [
        "body: row 2: column `n`: expected int64, got `x`",
        "body: row 3: expected a JSON object, got `7`",
    ];
    let bad = bad.map(str::to_owned).to_vec();
    assert_eq!(read(text, Layout::Any), Ok((vec![1, 4], bad)));
}

#[test]
fn damaged_documents_give_nothing() {
    for (text, layout, words) in [
        (
            "[{\"n\":1},{\"n\":2}",
            Layout::Any,
            "body: expected `,` or `]` at byte 17",
        ),
        (
            "[{\"n\":1}] x",
            Layout::Any,
            "body: expected the end at byte 11",
        ),
        (
            "{\"a\":7}",
            Layout::At("$.a"),
            "body: expected an array or an object at `$.a`",
        ),
        (
            "{\"a\":7}",
            Layout::At("$.b"),
            "body: expected an array at `$.b`, got `{\"a\":7}`",
        ),
        (
            "{\"a\":7}",
            Layout::At("$b"),
            "expected a path such as `$.data.rows`, got `$b`",
        ),
    ] {
        assert_eq!(read(text, layout), Err(words.to_owned()), "{text}");
    }
    let deep = "[".repeat(100_000);
    let error = read(&deep, Layout::Any).unwrap_err();
    assert!(error.contains("at most 128 levels"), "{error}");
}

#[test]
fn texts_by_path() {
    for (text, path, found) in [
        ("{\"a\":{\"b\":\"x y\"}}", "$.a.b", Ok(Some("x y"))),
        ("{\"a\":\"\\u3042\\n\"}", "$.a", Ok(Some("あ\n"))),
        ("{\"a\":12.50}", "$.a", Ok(Some("12.50"))),
        ("{\"a\":null}", "$.a", Ok(None)),
        ("{\"a\":\"\"}", "$.a", Ok(None)),
        ("{\"a\":false}", "$.a", Ok(None)),
        ("{}", "$.a", Ok(None)),
        ("[]", "$.a.b[2]", Ok(None)),
        (
            "{\"a\":[]}",
            "$.a",
            Err("body: expected a text or a number at `$.a`, got an array"),
        ),
        ("{\"a\":", "$.a", Err("body: expected a value at byte 6")),
    ] {
        let got = text_at("body", text.as_bytes(), path).map_err(|e| e.to_string());
        let got = got.as_ref().map(Option::as_deref).map_err(String::as_str);
        assert_eq!(got, found, "{text}");
    }
}
