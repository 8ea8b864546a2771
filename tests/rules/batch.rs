//! `oi-jump` beside the same condition in SQL, run by DataFusion over the whole input: for batches of
//! any size, both executors, and runs that are killed and resumed; and the ids are the same each time.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::TimestampMicrosecondType;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use zaraba_runtime::wire::StandIn;

use crate::engine::harness::{Drive, planned, run, whole};
use crate::oracle::batch::BatchSql;

const PIPELINE: &str = r#"
[params]
least = 200

[source.deltas]
connector = "channel"
time = "ts"
out_of_order = "20s"
[source.deltas.schema]
ts = "timestamp"
sq_date = "date"
strike = "float64"
put_call = "text"
oi_base = "int64"
oi = "int32"
beside = "text"

[rule.jump]
plugin = "oi-jump"
from = ["deltas"]
params = { jump_pct = 10, base_min = "$least", high_pct = 40.0 }
"#;

/// The condition, written by hand.
const BATCH: &str = "
SELECT ts, sq_date, strike, put_call, oi_base, oi,
       (oi - oi_base) * 100.0 / oi_base AS pct
FROM deltas
WHERE oi_base >= 200 AND abs(oi - oi_base) >= 50
  AND abs((oi - oi_base) * 100.0 / oi_base) >= 10";

/// Rows up to 20 s out of order, some without a value, several of one key and time.
fn rows(n: usize) -> RecordBatch {
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let mut time = 1_763_078_400_000_000_i64;
    let mut columns: (Vec<i64>, Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>) = Default::default();
    for _ in 0..n {
        time += dice.random_range(0..3) * 700_000;
        columns.0.push(time - dice.random_range(0..20) * 1_000_000);
        columns.1.push(dice.random_range(20_410..20_413));
        columns
            .2
            .push(f64::from(dice.random_range(0..5)) * 125.0 + 50_000.0);
        columns.3.push(["C", "P"][dice.random_range(0..2)]);
        columns.4.push(
            dice.random_bool(0.9)
                .then(|| dice.random_range(0..1_000_i64)),
        );
        columns.5.push(
            dice.random_bool(0.9)
                .then(|| dice.random_range(0..1_500_i32)),
        );
    }
    let times = TimestampMicrosecondArray::from(columns.0).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 7] = [
        ("ts", Arc::new(times)),
        ("sq_date", Arc::new(Date32Array::from(columns.1))),
        ("strike", Arc::new(Float64Array::from(columns.2))),
        ("put_call", Arc::new(StringArray::from(columns.3))),
        ("oi_base", Arc::new(Int64Array::from(columns.4))),
        ("oi", Arc::new(arrow::array::Int32Array::from(columns.5))),
        ("beside", Arc::new(StringArray::from(vec!["x"; n]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
    let column = batch.column_by_name(column).unwrap();
    let format = arrow::util::display::ArrayFormatter::try_new(column, &Default::default());
    let format = format.unwrap();
    (0..column.len())
        .map(|i| format.value(i).to_string())
        .collect()
}

fn floats(batch: &RecordBatch, column: &str) -> Vec<f64> {
    let column = batch.column_by_name(column).unwrap();
    column
        .as_primitive::<arrow::datatypes::Float64Type>()
        .values()
        .to_vec()
}

/// What is compared of an alert: time, key columns, figures (to a millionth), and how grave it is.
fn of_engine(alerts: &RecordBatch) -> Vec<String> {
    let [time, day, put_call, severity, code] =
        ["time", "sq_date", "put_call", "severity", "code"].map(|c| texts(alerts, c));
    let [strike, value, base] = ["strike", "value", "baseline"].map(|c| floats(alerts, c));
    let line = |i: usize| {
        format!(
            "{} {} {} {} {:.6} {} {} {}",
            time[i], day[i], strike[i], put_call[i], value[i], base[i], severity[i], code[i]
        )
    };
    (0..alerts.num_rows()).map(line).collect()
}

fn of_batch(found: &RecordBatch) -> Vec<String> {
    let [time, day, put_call] = ["ts", "sq_date", "put_call"].map(|c| texts(found, c));
    let [strike, pct] = ["strike", "pct"].map(|c| floats(found, c));
    let base = texts(found, "oi_base");
    let line = |i: usize| {
        let severity = match pct[i].abs() {
            p if p >= 40.0 => "high",
            p if p >= 10.0 => "watch",
            _ => "info",
        };
        let code = if pct[i] > 0.0 { "oi_surge" } else { "oi_drop" };
        format!(
            "{} {} {} {} {:.6} {} {severity} {code}",
            time[i], day[i], strike[i], put_call[i], pct[i], base[i]
        )
    };
    (0..found.num_rows()).map(line).collect()
}

#[test]
fn alerts_are_those_of_batch_sql() {
    let plan = planned(PIPELINE).unwrap_or_else(|e| panic!("{e}"));
    let rows = rows(4_000);
    let sql = BatchSql::new();
    sql.table("deltas", rows.clone());
    let mut expected = of_batch(&sql.batch(BATCH));
    expected.sort();
    assert!(expected.len() > 500, "{}", expected.len());
    // The source hands over what somebody reads.
    let read = &plan.streams["deltas"].columns;
    assert!(read.index_of("beside").is_err(), "{read:?}");
    let handed: Vec<usize> = read
        .fields()
        .iter()
        .map(|field| rows.schema().index_of(field.name()).unwrap())
        .collect();
    let standing = StandIn {
        rows: vec![(0, rows.project(&handed).unwrap())],
        partitions: 1,
    };
    let inputs = BTreeMap::from([("deltas".to_owned(), standing)]);
    let mut first: Option<Vec<String>> = None;
    for (seed, batch_rows, kill) in [
        (Some(1), 1, false),
        (Some(2), 7, false),
        (None, 8192, false),
        (Some(3), 97, true),
        (Some(4), 7, true),
    ] {
        let drive = Drive {
            seed,
            batch_rows,
            kill,
        };
        let alerts = run(&plan, &inputs, &["jump"], drive).unwrap();
        let alerts = whole(&plan, "jump", &alerts[0]);
        let mut found = of_engine(&alerts);
        let times = alerts.column_by_name("time").unwrap();
        let times = times.as_primitive::<TimestampMicrosecondType>();
        assert!(times.values().is_sorted(), "{drive:?}");
        found.sort();
        assert_eq!(found, expected, "{drive:?}");
        let ids = texts(&alerts, "id");
        match &first {
            None => {
                let all: std::collections::BTreeSet<&String> = ids.iter().collect();
                assert_eq!(all.len(), ids.len(), "an id is of one alert");
                first = Some(ids);
            }
            Some(first) => assert_eq!(&ids, first, "{drive:?}"),
        }
    }
}
