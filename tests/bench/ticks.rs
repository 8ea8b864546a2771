//! Ten million option ticks in Parquet, from a seed: what the benchmarks read.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Ticks a minute of event time, so that ten million are about 200 minutes.
const PER_MINUTE: i64 = 50_000;

/// Writes the file once; later runs find it.
pub(crate) fn file(rows: usize, seed: u64) -> PathBuf {
    let path = std::env::temp_dir().join(format!("zaraba-bench-ticks-{seed}-{rows}.parquet"));
    if !path.is_file() {
        let partial = path.with_extension("partial");
        write(&partial, rows, seed);
        std::fs::rename(&partial, &path).expect("a finished file can be renamed");
    }
    path
}

fn write(path: &Path, rows: usize, seed: u64) {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let field = |name: &str, kind: DataType| Field::new(name, kind, false);
    let schema = Arc::new(Schema::new(vec![
        field("ts", utc),
        field("strike", DataType::Float64),
        field("put_call", DataType::Utf8),
        field("price", DataType::Float64),
        field("volume", DataType::Int64),
        field("oi", DataType::Int64),
    ]));
    let file = File::create(path).expect("the temporary folder can be written");
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), None).expect("a writer");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut done = 0;
    while done < rows {
        let n = 65_536.min(rows - done);
        let time = |i: usize| 1_763_078_400_000_000 + (done + i) as i64 * 60_000_000 / PER_MINUTE;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(
                (0..n)
                    .map(|i| Some(time(i)))
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
            Arc::new(
                (0..n)
                    .map(|_| Some(30_000.0 + 125.0 * f64::from(rng.random_range(0..250))))
                    .collect::<Float64Array>(),
            ),
            Arc::new(
                (0..n)
                    .map(|_| Some(if rng.random() { "C" } else { "P" }))
                    .collect::<StringArray>(),
            ),
            Arc::new(
                (0..n)
                    .map(|_| Some(f64::from(rng.random_range(1..2000))))
                    .collect::<Float64Array>(),
            ),
            Arc::new(
                (0..n)
                    .map(|i| Some((done + i) as i64))
                    .collect::<Int64Array>(),
            ),
            Arc::new(
                (0..n)
                    .map(|_| Some(rng.random_range(100..20_000)))
                    .collect::<Int64Array>(),
            ),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).expect("one length");
        writer.write(&batch).expect("the disk has room");
        done += n;
    }
    writer.close().expect("the disk has room");
}
