//! Rows written by Arrow's own writers, which share no code with the decoders, are read back equal
//! at any size of batch.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use proptest::prelude::{ProptestConfig, Strategy, any};
use proptest::{collection, option, proptest};
use zaraba_config::document::{ColumnDoc, ColumnType, Format};
use zaraba_formats::decode::arrow_schema;

use crate::common::{column, options, read};

const KINDS: [(&str, ColumnType); 8] = [
    ("ts", ColumnType::Timestamp),
    ("day", ColumnType::Date),
    ("text", ColumnType::Text),
    ("live", ColumnType::Bool),
    ("n32", ColumnType::Int32),
    ("n64", ColumnType::Int64),
    ("price", ColumnType::Float64),
    ("strike", ColumnType::Decimal(20, 4)),
];

/// What a null is written as in CSV; texts are never that.
const NULL: &str = "NULL";

fn schema() -> Vec<ColumnDoc> {
    let kind = |(name, kind)| ColumnDoc {
        nulls: vec![NULL.to_owned()],
        optional: true,
        ..column(name, kind)
    };
    KINDS.into_iter().map(kind).collect()
}

type Row = (
    (Option<i64>, Option<i32>, Option<String>, Option<bool>),
    (Option<i32>, Option<i64>, Option<f64>, Option<i64>),
);

/// Years 1 to 9999, in which ISO 8601 has four digits.
const MICROS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_799_999_999;

fn row() -> impl Strategy<Value = Row> {
    let text = "[ -~あ-ん\"\n,{}😀]{0,12}".prop_filter("is no null", |t| t != NULL);
    let finite = any::<f64>().prop_filter("is finite", |x| x.is_finite());
    (
        (
            option::of(MICROS),
            option::of(-719_162..2_932_896_i32),
            option::of(text),
            option::of(any::<bool>()),
        ),
        (
            option::of(any::<i32>()),
            option::of(any::<i64>()),
            option::of(finite),
            option::of(any::<i64>()),
        ),
    )
}

fn batch(rows: &[Row]) -> RecordBatch {
    let times: TimestampMicrosecondArray = rows.iter().map(|r| r.0.0).collect();
    let strikes: Decimal128Array = rows.iter().map(|r| r.1.3.map(i128::from)).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(times.with_timezone("UTC")),
        Arc::new(rows.iter().map(|r| r.0.1).collect::<Date32Array>()),
        Arc::new(
            rows.iter()
                .map(|r| r.0.2.as_deref())
                .collect::<StringArray>(),
        ),
        Arc::new(rows.iter().map(|r| r.0.3).collect::<BooleanArray>()),
        Arc::new(rows.iter().map(|r| r.1.0).collect::<Int32Array>()),
        Arc::new(rows.iter().map(|r| r.1.1).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|r| r.1.2).collect::<Float64Array>()),
        Arc::new(strikes.with_precision_and_scale(20, 4).unwrap()),
    ];
    RecordBatch::try_new(arrow_schema(&schema()), columns).unwrap()
}

/// Writes rows with Arrow's writer for the format.
fn write(path: &Path, rows: &RecordBatch, format: Format, explicit: bool) {
    let file = File::create(path).unwrap();
    match format {
        Format::Csv => {
            let writer = arrow::csv::WriterBuilder::new().with_null(NULL.to_owned());
            writer.build(file).write(rows).unwrap();
        }
        Format::Json => {
            let writer = arrow::json::WriterBuilder::new().with_explicit_nulls(explicit);
            let mut writer = writer.build::<_, arrow::json::writer::LineDelimited>(file);
            writer.write(rows).unwrap();
            writer.finish().unwrap();
        }
        Format::Parquet => {
            let mut writer =
                parquet::arrow::ArrowWriter::try_new(file, rows.schema(), None).unwrap();
            writer.write(rows).unwrap();
            writer.close().unwrap();
        }
        Format::Arrow => {
            let mut writer = arrow::ipc::writer::FileWriter::try_new(file, &rows.schema()).unwrap();
            writer.write(rows).unwrap();
            writer.finish().unwrap();
        }
        Format::Xlsx => unreachable!("workbooks are not written"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_arrow_writes_is_read_back(
        rows in collection::vec(row(), 1..40),
        explicit in any::<bool>(),
    ) {
        let expected = batch(&rows);
        let dir = tempfile::tempdir().unwrap();
        for format in [Format::Csv, Format::Json, Format::Parquet, Format::Arrow] {
            let path = dir.path().join("rows");
            write(&path, &expected, format, explicit);
            for limit in [1, 7, 8_192] {
                let (got, bad) = read(&path, &schema(), &options(format), limit).unwrap();
                proptest::prop_assert_eq!(&bad, &vec![], "{:?}", format);
                proptest::prop_assert_eq!(&got, &expected, "{:?}", format);
            }
        }
    }
}
