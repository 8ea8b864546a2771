//! Parquet and Arrow: types, projection, damage.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Float32Array, Int32Array, Int64Array, LargeStringArray, RecordBatch,
    StringArray, StringViewArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Int32Type};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use zaraba_config::document::{ColumnType, Format, Value};
use zaraba_core::stream::event_time_type;
use zaraba_formats::decode::{DecodeOptions, file_schema, open};

use crate::common::{column, from, options, read, shown};

/// 09:00 of 14 November 2025 as milliseconds, UTC.
const NINE: i64 = 1_763_110_800_000;

fn rows() -> RecordBatch {
    let dictionary: DictionaryArray<Int32Type> = ["C", "P", "C"].into_iter().collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "naive",
            Arc::new(TimestampMillisecondArray::from(vec![
                NINE,
                NINE + 1,
                NINE + 2,
            ])),
        ),
        (
            "zoned",
            Arc::new(
                TimestampNanosecondArray::from(vec![Some(NINE * 1_000_000 + 1_999), None, Some(0)])
                    .with_timezone("+09:00"),
            ),
        ),
        ("put_call", Arc::new(dictionary)),
        (
            "large",
            Arc::new(LargeStringArray::from(vec![Some("a"), None, Some("b")])),
        ),
        ("view", Arc::new(StringViewArray::from(vec!["x", "y", "z"]))),
        ("small", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ("single", Arc::new(Float32Array::from(vec![0.5, 1.5, 2.5]))),
        (
            "unsigned",
            Arc::new(UInt64Array::from(vec![1, 2, u64::MAX])),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Writes rows in every columnar format, and tells where and what it is.
fn written(dir: &Path, rows: &[RecordBatch]) -> Vec<(std::path::PathBuf, Format)> {
    let file = |name: &str| (dir.join(name), File::create(dir.join(name)).unwrap());
    let schema = rows[0].schema();
    let (parquet, out) = file("a.parquet");
    let mut writer = ArrowWriter::try_new(out, schema.clone(), None).unwrap();
    rows.iter().for_each(|r| {
        writer.write(r).unwrap();
        writer.flush().unwrap();
    });
    writer.close().unwrap();
    let (ipc, out) = file("a.arrow");
    let mut writer = FileWriter::try_new(out, &schema).unwrap();
    rows.iter().for_each(|r| writer.write(r).unwrap());
    writer.finish().unwrap();
    let (stream, out) = file("a.arrows");
    let mut writer = StreamWriter::try_new(out, &schema).unwrap();
    rows.iter().for_each(|r| writer.write(r).unwrap());
    writer.finish().unwrap();
    vec![
        (parquet, Format::Parquet),
        (ipc, Format::Arrow),
        (stream, Format::Arrow),
    ]
}

#[test]
fn types_are_normalised() {
    let dir = tempfile::tempdir().unwrap();
    for (path, format) in written(dir.path(), &[rows()]) {
        let schema = file_schema(&path, format).unwrap();
        let kinds: Vec<_> = schema
            .fields()
            .iter()
            .map(|f| f.data_type().clone())
            .collect();
        let expected = [
            event_time_type(),
            event_time_type(),
            DataType::Utf8,
            DataType::Utf8,
            DataType::Utf8,
            DataType::Int32,
            DataType::Float32,
            DataType::UInt64,
        ];
        assert_eq!(kinds, expected, "{format:?}");
        let (read, bad) = read(&path, &[], &options(format), 2).unwrap();
        assert_eq!(read.schema(), schema);
        let expected = [
            "2025-11-14T00:00:00Z|2025-11-14T09:00:00.000001Z|C|a|x|1|0.5|1",
            "2025-11-14T00:00:00.001Z|-|P|-|y|2|1.5|2",
            "2025-11-14T00:00:00.002Z|1970-01-01T00:00:00Z|C|b|z|3|2.5|18446744073709551615",
        ];
        assert_eq!(shown(&read), expected, "{format:?}");
        assert_eq!(bad, []);
    }
}

#[test]
fn declared_columns_are_cast() {
    let dir = tempfile::tempdir().unwrap();
    let mut schema = vec![
        from("kind", ColumnType::Text, "put_call"),
        column("small", ColumnType::Int64),
        column("single", ColumnType::Float64),
        column("unsigned", ColumnType::Decimal(22, 2)),
        column("zoned", ColumnType::Timestamp),
        column("gone", ColumnType::Date),
        column("rate", ColumnType::Float64),
    ];
    schema[5].optional = true;
    schema[6].default = Some(Value::Float(0.5));
    for (path, format) in written(dir.path(), &[rows()]) {
        let (read, _) = read(&path, &schema, &options(format), 10).unwrap();
        let expected = [
            "C|1|0.5|1.00|2025-11-14T09:00:00.000001Z|-|0.5",
            "P|2|1.5|2.00|-|-|0.5",
            "C|3|2.5|18446744073709551615.00|1970-01-01T00:00:00Z|-|0.5",
        ];
        assert_eq!(shown(&read), expected, "{format:?}");
    }
}

#[test]
fn lossy_casts_and_lost_columns_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (path, format) in written(dir.path(), &[rows()]) {
        let check = |column, part: &str| {
            let error = open(&path, &[column], &options(format))
                .err()
                .unwrap()
                .to_string();
            assert_eq!(error, format!("{}: {part}", path.display()));
        };
        check(
            column("unsigned", ColumnType::Int64),
            "column `unsigned`: expected int64, found uint64",
        );
        check(
            column("view", ColumnType::Date),
            "column `view`: expected date, found text",
        );
        check(
            column("small", ColumnType::Text),
            "column `small`: expected text, found int32",
        );
        check(
            column("small", ColumnType::Decimal(11, 2)),
            "column `small`: expected decimal(11, 2), found int32",
        );
        check(
            column("smal", ColumnType::Int64),
            "no column `smal`; did you mean `small`?",
        );
    }
}

#[test]
fn only_needed_columns() {
    let dir = tempfile::tempdir().unwrap();
    for (path, format) in written(dir.path(), &[rows()]) {
        let needed = |names: &[&str]| DecodeOptions {
            needed: Some(names.iter().map(|n| (*n).to_owned()).collect()),
            ..options(format)
        };
        let all = |names: &[&str]| shown(&read(&path, &[], &needed(names), 2).unwrap().0);
        assert_eq!(all(&["view", "large"]), ["a|x", "-|y", "b|z"], "{format:?}");
        assert_eq!(all(&[]), ["", "", ""], "{format:?}");
        let error = open(&path, &[], &needed(&["vieuw"]))
            .err()
            .unwrap()
            .to_string();
        assert_eq!(error, "no column `vieuw`; did you mean `view`?");
        let schema = [
            column("view", ColumnType::Text),
            column("small", ColumnType::Int64),
        ];
        let declared = read(&path, &schema, &needed(&["small"]), 2).unwrap().0;
        assert_eq!(shown(&declared), ["1", "2", "3"]);
    }
}

#[test]
fn a_time_that_clocks_skipped_is_a_bad_row() {
    let dir = tempfile::tempdir().unwrap();
    let half_past_two = 1_741_487_400_000; // 2025-03-09T02:30
    let times = TimestampMillisecondArray::from(vec![Some(0), Some(half_past_two), None]);
    let rows = RecordBatch::try_from_iter([
        ("ts", Arc::new(times) as ArrayRef),
        ("n", Arc::new(Int64Array::from(vec![1, 2, 3]))),
    ])
    .unwrap();
    for (path, format) in written(dir.path(), &[rows]) {
        let options = DecodeOptions::new(format, chrono_tz::America::New_York);
        let (read, bad) = read(&path, &[], &options, 8).unwrap();
        assert_eq!(shown(&read), ["1970-01-01T05:00:00Z|1", "-|3"]);
        assert_eq!(bad.len(), 1);
        assert_eq!(bad[0].place, format!("{}: row 2", path.display()));
        assert_eq!(
            bad[0].reason,
            "column `ts`: 2025-03-09T02:30:00 does not exist in its zone"
        );
    }
}

#[test]
fn columns_of_an_earlier_file() {
    let dir = tempfile::tempdir().unwrap();
    let narrow = RecordBatch::try_from_iter([
        ("b", Arc::new(StringArray::from(vec!["x"])) as ArrayRef),
        ("a", Arc::new(Int32Array::from(vec![1]))),
    ])
    .unwrap();
    let wide = RecordBatch::try_from_iter([("a", Arc::new(Int64Array::from(vec![7])) as ArrayRef)]);
    let wide = wide.unwrap().schema();
    for (path, format) in written(dir.path(), &[narrow]) {
        let options = DecodeOptions {
            like: Some(wide.clone()),
            ..options(format)
        };
        let rows = read(&path, &[], &options, 8).unwrap().0;
        assert_eq!(rows.schema().field(0).data_type(), &DataType::Int64);
        assert_eq!(shown(&rows), ["1"]);
    }
}

#[test]
fn rows_are_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let part = |from: i64| {
        let n = Int64Array::from_iter_values(from..from + 50);
        RecordBatch::try_from_iter([("n", Arc::new(n) as ArrayRef)]).unwrap()
    };
    for (path, format) in written(dir.path(), &[part(0), part(50)]) {
        for skipped in [0, 1, 49, 50, 99, 100, 200] {
            let mut decoder = open(&path, &[], &options(format)).unwrap();
            decoder.skip(skipped).unwrap();
            let next = decoder.next(1).unwrap().map(|d| shown(&d.rows));
            let expected = (skipped < 100).then(|| vec![skipped.to_string()]);
            assert_eq!(next, expected, "{format:?} {skipped}");
        }
    }
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    for (path, format) in written(dir.path(), &[rows(), rows()]) {
        let whole = std::fs::read(&path).unwrap();
        let mut refused = 0;
        let damaged = dir.path().join("damaged");
        for at in (0..whole.len()).step_by(17) {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            for bytes in [&whole[..at], &changed] {
                std::fs::write(&damaged, bytes).unwrap();
                if let Err(error) = try_all(&damaged, format) {
                    assert!(error.contains(&damaged.display().to_string()), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(
            refused > whole.len() / 34,
            "{format:?}: {refused} of {}",
            whole.len()
        );
    }
}

fn try_all(path: &Path, format: Format) -> Result<(), String> {
    let mut decoder = open(path, &[], &options(format)).map_err(|e| e.to_string())?;
    while decoder.next(2).map_err(|e| e.to_string())?.is_some() {}
    Ok(())
}

#[test]
fn row_groups_before_the_damage_are_handed_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.parquet");
    let n: Vec<i64> = (0..4_000).map(|i| i * 7_919 % 4_001).collect();
    let rows =
        RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(n)) as ArrayRef)]).unwrap();
    let groups = WriterProperties::builder()
        .set_max_row_group_row_count(Some(1_000))
        .set_dictionary_enabled(false)
        .set_compression(parquet::basic::Compression::SNAPPY)
        .build();
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), rows.schema(), Some(groups)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let third = bytes.len() * 5 / 8;
    bytes[third - 2_000..third].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let mut decoder = open(&path, &[], &options(Format::Parquet)).unwrap();
    let mut rows = 0;
    let error = loop {
        match decoder.next(500) {
            Ok(Some(decoded)) => rows += decoded.rows.num_rows(),
            Ok(None) => panic!("no error"),
            Err(e) => break e.to_string(),
        }
    };
    assert!((1_000..=2_000).contains(&rows), "{rows}");
    assert!(error.contains("a.parquet: damaged behind row"), "{error}");
}

/// Found by a fuzzer: its header says that two billion texts follow.
#[test]
fn a_header_that_promises_what_never_comes_is_damage() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode/endless.parquet");
    let mut decoder = open(&path, &[], &options(Format::Parquet)).unwrap();
    let error = decoder.next(6).unwrap_err().to_string();
    assert!(error.contains("damaged behind row 0: "), "{error}");
}
