//! Files whose columns differ, and files that were recorded: what is read back is what was.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray,
};
use arrow::ipc::writer::FileWriter;
use parquet::arrow::ArrowWriter;

use crate::cases::folder::Folder;

fn write(folder: &Folder, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(folder.path(name)).unwrap();
    if name.ends_with("parquet") {
        let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
    } else {
        let mut writer = FileWriter::try_new(file, &rows.schema()).unwrap();
        writer.write(&rows).unwrap();
        writer.finish().unwrap();
    }
}

fn times(seconds: &[i64]) -> ArrayRef {
    let micros = seconds.iter().map(|s| s * 1_000_000);
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}

/// Three files, each with a column that another has not, and whole numbers of two widths.
fn differing(ending: &str) -> Folder {
    let folder = Folder::new();
    let name = |n: &str| format!("{n}.{ending}");
    write(
        &folder,
        &name("1"),
        vec![
            ("ts", times(&[1, 2])),
            ("n", Arc::new(Int32Array::from(vec![1, 2]))),
        ],
    );
    write(
        &folder,
        &name("2"),
        vec![
            ("side", Arc::new(StringArray::from(vec!["C"]))),
            ("n", Arc::new(Int64Array::from(vec![3_000_000_000]))),
            ("ts", times(&[3])),
        ],
    );
    write(
        &folder,
        &name("3"),
        vec![("ts", Arc::new(TimestampMillisecondArray::from(vec![4_000])))],
    );
    folder
}

fn pipeline(path: &str, options: &str) -> String {
    format!(
        r#"
[source.ticks]
connector = "file"
path = "{path}"
time = "ts"
{options}
[sink.out]
connector = "channel"
from = ["ticks"]
"#
    )
}

#[test]
fn columns_of_all_files_together() {
    for ending in ["parquet", "arrow"] {
        let folder = differing(ending);
        let path = format!("*.{ending}");
        let text = pipeline(&path, "schema_evolution = \"add_nullable\"");
        let ran = folder.run(&text);
        assert_eq!(ran.failure, None);
        let expected = [
            "1970-01-01T00:00:01Z|1|null",
            "1970-01-01T00:00:02Z|2|null",
            "1970-01-01T00:00:03Z|3000000000|C",
            "1970-01-01T00:00:04Z|null|null",
        ];
        assert_eq!(ran.rows("ticks"), expected, "{ending}");
        // Side by side, and of some columns only.
        let merged = text.replace("[sink.out]", "merge = \"time\"\n[sink.out]");
        assert_eq!(folder.run(&merged).rows("ticks"), expected, "{ending}");
        let query = text.replace("[\"ticks\"]", "[\"q\"]")
            + "[query.q]\nsql = \"SELECT ts, side FROM ticks WHERE n IS NOT NULL\"\n";
        let picked = [
            "1970-01-01T00:00:01Z|null",
            "1970-01-01T00:00:02Z|null",
            "1970-01-01T00:00:03Z|C",
        ];
        assert_eq!(folder.run(&query).rows("q"), picked, "{ending}");
        // Left out, the first file's columns are what the others must have.
        let ran = folder.run(&pipeline(&path, ""));
        let failure = ran.failure.unwrap();
        assert!(
            failure.contains(&format!("2.{ending}: column `n`")),
            "{failure}"
        );
    }
}

#[test]
fn types_that_do_not_fit_together() {
    let folder = differing("parquet");
    let column: ArrayRef = Arc::new(StringArray::from(vec!["7"]));
    write(
        &folder,
        "4.parquet",
        vec![("ts", times(&[5])), ("n", column)],
    );
    let text = pipeline("*.parquet", "schema_evolution = \"add_nullable\"");
    let refusal = folder.refusal(&text);
    let expected = "error: column `n` is int64 in 1.parquet and text in 4.parquet";
    assert_eq!(refusal, expected);
}

#[test]
fn declared_columns_that_files_have_not() {
    let options = "on_error = \"fail\"\nschema = { ts = \"timestamp\", n = { type = \"int64\", \
                   default = -1 }, side = { type = \"text\", optional = true } }";
    let expected = [
        "1970-01-01T00:00:01Z|1|null",
        "1970-01-01T00:00:02Z|2|null",
        "1970-01-01T00:00:03Z|3000000000|C",
        "1970-01-01T00:00:04Z|-1|null",
    ];
    for ending in ["parquet", "arrow"] {
        let folder = differing(ending);
        let ran = folder.run(&pipeline(&format!("*.{ending}"), options));
        assert_eq!(
            (ran.failure.as_deref(), ran.rows("ticks")),
            (None, &expected.map(str::to_owned)[..])
        );
    }
    // Texts, with a column that nobody declared.
    let folder = Folder::new();
    let time = |s: usize| format!("1970-01-01T00:00:0{s}Z");
    folder.write("1.csv", format!("ts,n\n{},1\n{},2\n", time(1), time(2)));
    folder.write(
        "2.csv",
        format!("side,more,n,ts\nC,x,3000000000,{}\n", time(3)),
    );
    folder.write("3.csv", format!("ts\n{}\n", time(4)));
    let ran = folder.run(&pipeline("*.csv", options));
    assert_eq!(
        (ran.failure.as_deref(), ran.rows("ticks")),
        (None, &expected.map(str::to_owned)[..])
    );
}

/// Rows of every type in an order of their own, of which those behind `out_of_order` are late.
fn simulated(out_of_order: &str) -> String {
    format!(
        r#"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T00:00:00Z"
interval = "100ms"
rows = 2000
disorder = "5s"
out_of_order = "{out_of_order}"
[source.ticks.schema]
ts = "timestamp"
day = {{ type = "date", one_of = ["2025-11-14", "1969-12-31"] }}
side = {{ type = "text", one_of = ["C", "", "値,\"段\""] }}
late = {{ type = "bool", one_of = [true, false] }}
n = {{ type = "int32", range = [-5, 5] }}
price = {{ type = "float64", walk = {{ start = 250.0, step = 0.1 }} }}
exact = {{ type = "decimal(20, 4)", walk = {{ start = 250.0, step = 0.05 }} }}
volume = {{ type = "int64", counter = {{ step_max = 10 }} }}
"#
    )
}

const OUT: &str = "[sink.out]\nconnector = \"channel\"\nfrom = [\"ticks\", \"ticks__late\"]\n";

#[test]
fn rows_in_the_order_of_their_coming_replay_to_the_same_and_as_late() {
    let folder = Folder::new();
    let first = folder.run(&(simulated("1s") + OUT));
    let (rows, late) = (first.rows("ticks"), first.rows("ticks__late"));
    assert!(
        rows.len() > 500 && late.len() > 500,
        "{} {}",
        rows.len(),
        late.len()
    );
    for ending in ["parquet", "arrow"] {
        // What a recording is: every row, late or not, as it came.
        let sink = format!(
            "[sink.record]\nconnector = \"file\"\nfrom = [\"ticks\"]\npath = \"ticks.{ending}\"\n{OUT}"
        );
        folder.run(&(simulated("1h") + &sink));
        let replay = pipeline(&format!("ticks.{ending}"), "out_of_order = \"1s\"")
            .replace("[\"ticks\"]", "[\"ticks\", \"ticks__late\"]");
        let ran = folder.run(&replay);
        assert_eq!(ran.failure, None);
        assert!(
            ran.rows("ticks") == rows && ran.rows("ticks__late") == late,
            "{ending}"
        );
    }
}
