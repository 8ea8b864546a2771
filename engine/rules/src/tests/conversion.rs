//! Columns of every Arrow type that may come, through the guest's side of the contract and back: what a
//! rule reads is what the stream had. The brief's example runs through `oi-jump`.

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array,
    Float64Array, Int8Array, Int32Array, LargeStringArray, StringArray, StringViewArray,
    TimestampMillisecondArray, UInt16Array,
};
use arrow::datatypes::{Int8Type, TimeUnit};

use super::*;
use crate::bindings::zaraba::rules::types::{ColumnResult, TextsResult, ValuesResult};
use crate::columns::{Columns, fits};
use crate::value::DataType as Wanted;

/// A column as a rule would read it, value by value.
fn read(column: &ColumnResult, rows: usize) -> Vec<Option<String>> {
    let bit = |map: &[u8], i: usize| map[i / 8] >> (i % 8) & 1 == 1;
    let text = |texts: &TextsResult, i: usize| {
        let (from, to) = (texts.offsets[i] as usize, texts.offsets[i + 1] as usize);
        String::from_utf8(texts.bytes[from..to].to_vec()).unwrap()
    };
    let value = |i: usize| match &column.values {
        ValuesResult::Absent => unreachable!("an absent column has no value"),
        ValuesResult::Boolean(values) => bit(values, i).to_string(),
        ValuesResult::Int64(values) | ValuesResult::Timestamp(values) => values[i].to_string(),
        ValuesResult::Float64(values) => values[i].to_string(),
        ValuesResult::Date(values) => values[i].to_string(),
        ValuesResult::Text(texts) => text(texts, i),
        ValuesResult::Dictionary(coded) => text(&coded.words, coded.indices[i] as usize),
    };
    let valid = |i: usize| column.valid.as_ref().is_none_or(|map| bit(map, i));
    let absent = matches!(column.values, ValuesResult::Absent);
    (0..rows)
        .map(|i| (!absent && valid(i)).then(|| value(i)))
        .collect()
}

fn column(array: &ArrayRef, wanted: Wanted) -> ColumnResult {
    let field = Field::new("c", array.data_type().clone(), true);
    let rows =
        RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array.clone()]).unwrap();
    let columns = Columns::new(&rows, [(Some(0), wanted)].into_iter()).unwrap();
    columns.owned(&[]).columns.remove(0)
}

/// What is asked of a column, the column, and what row `i` of it must read as; every tenth row has no
/// value.
type Case = (Wanted, ArrayRef, fn(i64) -> String);

const ROWS: i64 = 40;

/// Numbers, through a function, as a column.
fn some<T, A: FromIterator<Option<T>>>(of: impl Fn(i64) -> T) -> A {
    (0..ROWS).map(|i| (i % 10 != 9).then(|| of(i))).collect()
}

fn number_cases() -> Vec<Case> {
    let plain = |i: i64| i.to_string();
    let cents: Decimal128Array = some(|i| i128::from(i) * 25);
    let whole: Decimal128Array = some(i128::from);
    vec![
        (Wanted::Int64, Arc::new(some::<_, Int64Array>(|i| i)), plain),
        (
            Wanted::Int64,
            Arc::new(some::<_, Int32Array>(|i| i as i32)),
            plain,
        ),
        (
            Wanted::Int64,
            Arc::new(some::<_, UInt16Array>(|i| i as u16)),
            plain,
        ),
        (
            Wanted::Int64,
            Arc::new(whole.with_precision_and_scale(18, 0).unwrap()),
            plain,
        ),
        (
            Wanted::Float64,
            Arc::new(some::<_, Float64Array>(|i| i as f64)),
            plain,
        ),
        (
            Wanted::Float64,
            Arc::new(some::<_, Float32Array>(|i| i as f32)),
            plain,
        ),
        (
            Wanted::Float64,
            Arc::new(some::<_, Int32Array>(|i| i as i32)),
            plain,
        ),
        (
            Wanted::Float64,
            Arc::new(cents.with_precision_and_scale(15, 2).unwrap()),
            |i| (i as f64 / 4.0).to_string(),
        ),
    ]
}

fn other_cases() -> Vec<Case> {
    let word = |i: i64| format!("語{}", i % 3);
    let keys: Int8Array = some(|i| i as i8);
    let words = StringArray::from_iter_values((0..ROWS).map(|i| format!("w{i}")));
    let unique = DictionaryArray::new(keys, Arc::new(words));
    let texts: StringArray = some(word);
    let coded: DictionaryArray<Int8Type> = texts.iter().collect();
    let millis: TimestampMillisecondArray = some(|i| i);
    vec![
        (
            Wanted::Boolean,
            Arc::new(some::<_, BooleanArray>(|i| i % 2 == 0)),
            |i| (i % 2 == 0).to_string(),
        ),
        (Wanted::Text, Arc::new(texts), word),
        (
            Wanted::Text,
            Arc::new(some::<_, LargeStringArray>(word)),
            word,
        ),
        (
            Wanted::Text,
            Arc::new(some::<_, StringViewArray>(word)),
            word,
        ),
        (Wanted::Text, Arc::new(coded), word),
        (Wanted::Text, Arc::new(unique), |i| format!("w{i}")),
        (
            Wanted::Date,
            Arc::new(some::<_, Date32Array>(|i| i as i32)),
            |i| i.to_string(),
        ),
        (
            Wanted::Timestamp,
            Arc::new(millis.with_timezone("Asia/Tokyo")),
            |i| (i * 1000).to_string(),
        ),
    ]
}

#[test]
fn what_a_rule_reads_is_what_the_stream_had() {
    for (wanted, array, expected) in number_cases().into_iter().chain(other_cases()) {
        assert_eq!(
            fits(array.data_type(), wanted),
            Ok(()),
            "{}",
            array.data_type()
        );
        // Slices begin in the middle of a byte of a bitmap, and of a text's bytes.
        for (from, length) in [(0, 40), (3, 30), (13, 5), (39, 1), (10, 0)] {
            let slice = array.slice(from, length);
            let found = read(&column(&slice, wanted), length);
            let rows = from as i64..(from + length) as i64;
            let right: Vec<_> = rows.map(|i| (i % 10 != 9).then(|| expected(i))).collect();
            assert_eq!(found, right, "{} from {from}", array.data_type());
        }
    }
}

#[test]
fn what_would_lose_something_does_not_fit() {
    for (of, wanted, why) in [
        (
            DataType::Int64,
            Wanted::Float64,
            "large numbers would lose digits",
        ),
        (DataType::UInt64, Wanted::Int64, "would not fit"),
        (DataType::Float64, Wanted::Int64, "fractions would be lost"),
        (
            DataType::Decimal128(16, 2),
            Wanted::Float64,
            "digits would be lost",
        ),
        (
            DataType::Decimal128(10, 2),
            Wanted::Int64,
            "digits would be lost",
        ),
        (
            DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Wanted::Timestamp,
            "nanoseconds",
        ),
        (
            DataType::Timestamp(TimeUnit::Microsecond, None),
            Wanted::Timestamp,
            "which zone",
        ),
        (DataType::Utf8, Wanted::Int64, ""),
        (DataType::Int32, Wanted::Text, ""),
        (DataType::Boolean, Wanted::Int64, ""),
    ] {
        let said = fits(&of, wanted).unwrap_err();
        assert!(said.contains(why), "{of} as {wanted:?}: {said}");
    }
}

#[test]
fn the_briefs_example_reads_as_it_should() {
    let plugin = Plugin::from_file(&HOST, &built("oi-jump")).unwrap();
    let date = Date32Array::from(vec![20_434]);
    let coded: DictionaryArray<Int8Type> = ["C"].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("put_call", Arc::new(coded)),
        ("oi", Arc::new(Int32Array::from(vec![1252]))),
        ("sq_date", Arc::new(date)),
        ("strike", Arc::new(Float64Array::from(vec![52_000.0]))),
        ("oi_base", Arc::new(Int64Array::from(vec![1000]))),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let schema = rows.schema();
    let params = object(json!({ "jump_pct": 20 }));
    let around = around(&Lines::default(), Limits::default());
    let streams = [("oi_delta", schema.as_ref())];
    let mut rule = Rule::new("oi_jump", &plugin, &params, &streams, around).unwrap();
    let time = 1_763_078_400_000_000;
    let batch = Batch::new(rows, vec![time].into(), vec![1].into()).unwrap();
    let mut out = Vec::new();
    rule.process(0, &batch, &mut out).unwrap();
    let row = zaraba_core::bad_rows::as_text(&out[0].rows);
    for part in [
        "time=2025-11-14T00:00:00Z",
        "rule=oi_jump state=open severity=high kind=oi_jump key=2025-12-12 52000 C code=oi_surge",
        r#"args={"side":"CALL","oi":1252}"#,
        "title=52000円CALL 建玉+25.20% message=建玉 1000 → 1252枚",
        r#""en":{"title":"52000 CALL open interest +25.20%","message":"Open interest 1000 → 1252"}"#,
        "baseline=1000.0",
        "threshold=20.0 unit=%",
        r#"evidence=[{"name":"oi","value":1252,"time":"2025-11-14T00:00:00Z"}]"#,
        "link=#/chain/2025-12-12/52000C sq_date=2025-12-12 strike=52000.0 put_call=C",
    ] {
        assert!(row.contains(part), "{part}\n{row}");
    }
}
