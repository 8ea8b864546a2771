//! A rule that does harm, beside a good rule and a query on the same stream: those give what they give
//! without it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use zaraba_core::time::SECOND;
use zaraba_runtime::wire::StandIn;

use crate::engine::harness::{Drive, planned, run, whole};

const PIPELINE: &str = r#"
[source.numbers]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", n = "int64" }

[rule.good]
plugin = "hostile"
from = ["numbers"]

[rule.bad]
plugin = "hostile"
from = ["numbers"]
params = { WHAT }
limits = { deadline = "200ms", fuel = 2000000, fuel_per_row = 2000 }

[query.sums]
sql = """
SELECT window_start, window_end, sum(n) AS n, count(*) AS rows
FROM TUMBLE(numbers, ts, INTERVAL '1 minute') GROUP BY window_start, window_end"""
"#;

fn rows(n: i64) -> RecordBatch {
    let times: Vec<i64> = (0..n).map(|i| i * SECOND).collect();
    let columns: [(&str, ArrayRef); 2] = [
        (
            "ts",
            Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")),
        ),
        ("n", Arc::new(Int64Array::from_iter_values(0..n))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

#[test]
fn others_lose_no_row() {
    let standing = StandIn {
        rows: vec![(0, rows(2_000))],
        partitions: 1,
    };
    let inputs = BTreeMap::from([("numbers".to_owned(), standing)]);
    let drive = Drive {
        seed: None,
        batch_rows: 100,
        kill: false,
    };
    let others = |params: &str| {
        let plan = planned(&PIPELINE.replace("WHAT", params)).unwrap_or_else(|e| panic!("{e}"));
        let came = run(&plan, &inputs, &["good", "sums", "bad"], drive).unwrap();
        let of = |i: usize, name: &str| whole(&plan, name, &came[i]);
        ([of(0, "good"), of(1, "sums")], of(2, "bad").num_rows())
    };
    let (undisturbed, behaved) = others("");
    // A row each, and a tick a minute.
    assert_eq!(undisturbed[0].num_rows(), behaved);
    assert!(behaved > 2_000, "{behaved}");
    for what in [
        "loop",
        "memory",
        "recursion",
        "trap",
        "many alerts",
        "big alerts",
        "one text",
        "wrong type",
        "log",
        "stdout",
        "state",
        "state then trap",
    ] {
        let (came, of_bad) = others(&format!("what = \"{what}\""));
        assert_eq!(came, undisturbed, "{what}");
        // A megabyte of log is cut and harms nothing; the rest fails at each call with rows.
        assert!(what == "log" || of_bad < 100, "{what}: {of_bad}");
    }
    // At the thousandth row: a call is lost to the rule itself.
    let (came, of_bad) = others("what = \"trap\", at = 999");
    assert_eq!(came, undisturbed);
    assert!((behaved - 100..behaved).contains(&of_bad), "{of_bad}");
}
