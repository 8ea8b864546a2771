//! Some of the cases again, their batch side answered by DuckDB: another engine, in another
//! language, over Parquet files.

use std::fs::File;
use std::path::Path;

use parquet::arrow::ArrowWriter;
use serde_json::Value as Json;

use super::batch::BatchSql;
use super::case::{Case, Expected};
use super::run::Construct;
use super::value::Value;
use crate::python;

/// Runs the queries of a file, each over its own Parquet files; answers rows of cells that say
/// their type.
const SCRIPT: &str = r#"
import datetime, decimal, json, sys
import duckdb

def cell(value):
    if value is None: return None
    if isinstance(value, bool): return ["b", value]
    if isinstance(value, int): return ["i", str(value)]
    if isinstance(value, float): return ["f", repr(value)]
    if isinstance(value, str): return ["t", value]
    if isinstance(value, decimal.Decimal): return ["i", str(int(value.scaleb(2)))]
    if isinstance(value, datetime.date):
        return ["i", str((value - datetime.date(1970, 1, 1)).days)]
    raise TypeError(type(value))

for line in open(sys.argv[1]):
    case = json.loads(line)
    connection = duckdb.connect()
    for name, path in case["tables"]:
        connection.sql(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{path}')")
    rows = connection.execute(case["sql"]).fetchall()
    print(json.dumps([[cell(value) for value in row] for row in rows]))
    connection.close()
"#;

/// A case that DuckDB can answer.
struct Asked {
    construct: &'static str,
    seed: u64,
    case: Case,
}

/// Whether DuckDB understands the case's SQL and means the same by it: its averages of decimals
/// and medians of integers are floats, its times with a zone need another package, and it writes
/// IGNORE NULLS elsewhere.
fn understood(case: &Case) -> bool {
    !["avg(vd)", "max(ts)", "IGNORE NULLS", "median("]
        .iter()
        .any(|call| case.sql.contains(call))
}

/// DataFusion's `first_value` and `last_value` as aggregates.
fn translated(sql: &str) -> String {
    sql.replace("first_value(", "first(")
        .replace("last_value(", "last(")
}

fn write(path: &Path, rows: &arrow::array::RecordBatch) {
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

fn value(json: &Json) -> Value {
    let Json::Array(cell) = json else {
        return Value::Null;
    };
    match (cell[0].as_str().unwrap(), &cell[1]) {
        ("b", Json::Bool(b)) => Value::Bool(*b),
        ("i", Json::String(i)) => Value::Int(i.parse().unwrap()),
        ("f", Json::String(f)) => Value::Float(f.parse().unwrap()),
        ("t", Json::String(t)) => Value::Text(t.clone()),
        other => panic!("no cell: {other:?}"),
    }
}

/// So many cases of each construct, through the engine and through DuckDB.
pub(crate) fn compare(constructs: &[Construct], each: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut asked = Vec::new();
    let mut lines = String::new();
    for construct in constructs {
        let cases = (0..).map(|seed| (seed, (construct.case)(seed)));
        let fitting = cases.filter(|(_, case)| understood(case)).take(each);
        for (seed, case) in fitting {
            let mut tables = Vec::new();
            for source in &case.sources {
                let path = folder
                    .path()
                    .join(format!("{}-{seed}-{}", construct.name, source.name));
                write(&path, &source.table());
                tables.push(serde_json::json!([source.name, path]));
            }
            let line = serde_json::json!({ "sql": translated(&case.sql), "tables": tables });
            lines.push_str(&format!("{line}\n"));
            asked.push(Asked {
                construct: construct.name,
                seed,
                case,
            });
        }
    }
    let path = folder.path().join("cases.jsonl");
    std::fs::write(&path, lines).unwrap();
    let answers = python::run(SCRIPT, &[path.to_str().unwrap()]);
    let batch = BatchSql::new();
    assert_eq!(answers.lines().count(), asked.len());
    for (asked, answer) in asked.iter().zip(answers.lines()) {
        let Json::Array(rows) = serde_json::from_str(answer).unwrap() else {
            panic!("{answer}")
        };
        let rows = rows
            .iter()
            .map(|r| r.as_array().unwrap().iter().map(value).collect());
        let rows: Vec<Vec<Value>> = rows.collect();
        // The stream and its order are as for DataFusion; the rows are DuckDB's.
        let mut expected: Vec<Expected> = asked.case.expected(&batch);
        expected[0].rows = if expected[0].upsert {
            super::case::upserts(rows)
        } else {
            super::case::timed(rows)
        };
        let Asked {
            construct,
            seed,
            case,
        } = asked;
        let failed = case.check_against(expected, None).err();
        assert!(
            failed.is_none(),
            "{construct}:{seed} against DuckDB: {failed:?}\n{}",
            case.sql
        );
    }
    println!("DuckDB: {} cases", asked.len());
}
