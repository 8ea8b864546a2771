//! JSON read back by serde_json, and compared with arrow-json where both mean the same.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    DurationSecondArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    LargeStringArray, ListArray, StringArray, StringViewArray, StructArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt8Array,
    UInt64Array,
};
use arrow::datatypes::{DataType, Field, Fields, Int32Type, UInt16Type};
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use serde_json::{Value, json};

use super::*;

fn lines(batch: &RecordBatch, zone: Tz, int64: Int64) -> Vec<Value> {
    let encoder = JsonEncoder::new(&batch.schema(), zone, int64).unwrap();
    let rows = encoder.rows(batch).unwrap();
    let line = |row| {
        let mut out = Vec::new();
        rows.write(row, &mut out);
        serde_json::from_slice(&out).unwrap_or_else(|e| panic!("{e}: {out:?}"))
    };
    (0..batch.num_rows()).map(line).collect()
}

/// One column, its values as JSON.
fn check(array: impl Into<ArrayRef>, expected: &[Value]) {
    let batch = RecordBatch::try_from_iter([("c", array.into())]).unwrap();
    let got: Vec<Value> = lines(&batch, Tz::Asia__Tokyo, Int64::Number)
        .iter()
        .map(|l| l["c"].clone())
        .collect();
    assert_eq!(got, expected);
}

fn array(array: impl arrow::array::Array + 'static) -> ArrayRef {
    Arc::new(array)
}

#[test]
fn values_of_every_type() {
    check(
        array(BooleanArray::from(vec![Some(true), None])),
        &[json!(true), Value::Null],
    );
    check(
        array(Int16Array::from(vec![i16::MIN, 7])),
        &[json!(-32768), json!(7)],
    );
    check(array(UInt8Array::from(vec![255])), &[json!(255)]);
    check(array(Int64Array::from(vec![i64::MIN])), &[json!(i64::MIN)]);
    check(array(UInt64Array::from(vec![u64::MAX])), &[json!(u64::MAX)]);
    check(
        array(Float64Array::from(vec![
            0.1,
            1e300,
            f64::NAN,
            f64::INFINITY,
            -0.0,
        ])),
        &[
            json!(0.1),
            json!(1e300),
            Value::Null,
            Value::Null,
            json!(-0.0),
        ],
    );
    check(
        array(Float32Array::from(vec![0.1, f32::NEG_INFINITY])),
        &[json!(0.1), Value::Null],
    );
    let odd = "\"\\\n\u{1}\u{7f}板\u{1F600}";
    check(array(StringArray::from(vec![odd])), &[json!(odd)]);
    check(
        array(LargeStringArray::from(vec![Some("a"), None])),
        &[json!("a"), Value::Null],
    );
    check(
        array(StringViewArray::from(vec![
            "a text longer than twelve bytes",
        ])),
        &[json!("a text longer than twelve bytes")],
    );
    check(
        array(BinaryArray::from(vec![&[0_u8, 255][..]])),
        &[json!("00ff")],
    );
    check(
        array(Date32Array::from(vec![20_434])),
        &[json!("2025-12-12")],
    );
    check(
        array(Time64MicrosecondArray::from(vec![32_400_000_000])),
        &[json!("09:00:00")],
    );
    check(
        array(DurationSecondArray::from(vec![90])),
        &[json!("PT90S")],
    );
    check(
        array(
            Decimal128Array::from(vec![-105])
                .with_precision_and_scale(10, 2)
                .unwrap(),
        ),
        &[json!("-1.05")],
    );
    check(array(arrow::array::NullArray::new(1)), &[Value::Null]);
}

#[test]
fn times_in_the_zone() {
    let seconds = 1_763_078_400;
    check(
        array(
            TimestampMicrosecondArray::from(vec![seconds * 1_000_000, i64::MAX])
                .with_timezone("UTC"),
        ),
        &[json!("2025-11-14T09:00:00+09:00"), Value::Null],
    );
    check(
        array(
            TimestampNanosecondArray::from(vec![seconds * 1_000_000_000 + 1]).with_timezone("UTC"),
        ),
        &[json!("2025-11-14T09:00:00.000000001+09:00")],
    );
    check(
        array(TimestampSecondArray::from(vec![seconds])),
        &[json!("2025-11-14T00:00:00")],
    );
}

#[test]
fn sixty_four_bits_as_texts() {
    let list =
        ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>([Some([Some(1)])]);
    let batch = RecordBatch::try_from_iter([
        ("wide", array(Int64Array::from(vec![i64::MAX]))),
        ("unsigned", array(UInt64Array::from(vec![u64::MAX]))),
        ("narrow", array(Int32Array::from(vec![3]))),
        ("list", array(list)),
    ])
    .unwrap();
    let expected = json!({
        "wide": "9223372036854775807", "unsigned": "18446744073709551615",
        "narrow": 3, "list": ["1"],
    });
    assert_eq!(lines(&batch, Tz::UTC, Int64::Text), [expected]);
}

fn nested() -> RecordBatch {
    let words: DictionaryArray<UInt16Type> = vec![Some("C"), None, Some("P"), Some("C")]
        .into_iter()
        .collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(4), Some(5), Some(6)]),
    ]);
    let inner: ArrayRef = array(Float64Array::from(vec![
        Some(1.5),
        Some(2.0),
        None,
        Some(-3.25),
    ]));
    let fields = Fields::from(vec![Field::new("x \"quoted\"", DataType::Float64, true)]);
    let nulls = Some(vec![true, true, true, false].into());
    RecordBatch::try_from_iter([
        ("words", array(words)),
        ("lists", array(lists)),
        (
            "structs",
            array(StructArray::new(fields, vec![inner], nulls)),
        ),
        (
            "n",
            array(Int64Array::from(vec![
                Some(1),
                None,
                Some(i64::MIN),
                Some(4),
            ])),
        ),
        (
            "text",
            array(StringArray::from(vec![
                Some(""),
                Some("a\tb"),
                None,
                Some("終値"),
            ])),
        ),
    ])
    .unwrap()
}

fn by_arrow(batch: &RecordBatch) -> Vec<Value> {
    let mut out = Vec::new();
    let builder = WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, LineDelimited>(&mut out);
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    out.split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[test]
fn agrees_with_arrow_json() {
    let batch = nested();
    assert_eq!(lines(&batch, Tz::UTC, Int64::Number), by_arrow(&batch));
    // A slice has offsets into every buffer.
    let slice = batch.slice(1, 3);
    assert_eq!(lines(&slice, Tz::UTC, Int64::Number), by_arrow(&slice));
}

#[test]
fn a_text_that_is_json_is_what_it_says() {
    let nested = |levels: usize| "[\"{[\\\"{\",".repeat(levels) + "1" + &"]".repeat(levels);
    let (deep, deeper) = (nested(64), nested(65));
    let texts = vec![
        Some("{\"a\": [1, 2.5, null]}"),
        Some("[\r\n {\"板\": \"x\\ny\"}\n]"),
        Some("\"text\""),
        None,
        Some("{\"open\""),
        Some("1} , {"),
        Some(""),
        Some(deep.as_str()),
        Some(deeper.as_str()),
    ];
    let says = [("ARROW:extension:name".to_owned(), "arrow.json".to_owned())];
    for kind in [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View] {
        let plain = array(StringArray::from(texts.clone()));
        let column = arrow::compute::cast(&plain, &kind).unwrap();
        let field = Field::new("c", kind, true).with_metadata(says.clone().into());
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(schema, vec![column]).unwrap();
        let got = lines(&batch, Tz::UTC, Int64::Number);
        let got: Vec<Value> = got.into_iter().map(|mut line| line["c"].take()).collect();
        let expected = [
            json!({ "a": [1, 2.5, null] }),
            json!([{ "板": "x\ny" }]),
            json!("text"),
            Value::Null,
            json!("{\"open\""),
            json!("1} , {"),
            json!(""),
            serde_json::from_str(&deep).unwrap(),
            json!(deeper),
        ];
        assert_eq!(got, expected);
        let mut file = Vec::new();
        let mut encoder = JsonFile::new(&batch.schema(), Tz::UTC, &mut file).unwrap();
        encoder.write(&batch).unwrap();
        drop(encoder);
        assert_eq!(file.split(|b| *b == b'\n').count(), texts.len() + 1);
    }
}

#[test]
fn what_has_no_json_is_refused_by_name() {
    let map = DataType::Map(
        Arc::new(Field::new(
            "entries",
            DataType::Struct(Fields::from(vec![
                Field::new("k", DataType::Utf8, false),
                Field::new("v", DataType::Utf8, true),
            ])),
            false,
        )),
        false,
    );
    let schema = Schema::new(vec![Field::new("tags", map, true)]);
    let error = JsonEncoder::new(&schema, Tz::UTC, Int64::Number).unwrap_err();
    assert!(matches!(&error, Error::User(m) if m.starts_with("column `tags` is of type Map")));
}

#[test]
fn json_lines_in_a_file() {
    let batch = nested();
    let path = std::env::temp_dir().join(format!("zaraba-json-lines-{}", std::process::id()));
    let file = std::fs::File::create(&path).unwrap();
    let mut encoder = JsonFile::new(&batch.schema(), Tz::UTC, file).unwrap();
    encoder.write(&batch.slice(0, 1)).unwrap();
    encoder.write(&batch.slice(1, 3)).unwrap();
    encoder.finish().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    let read: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(read, by_arrow(&batch));
}
