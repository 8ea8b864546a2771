//! Every folder of `sql/` is a pipeline, a CSV file of rows for each of its sources, and the
//! tables that come out of the streams its sink names (`expected.txt`): the same at every batch
//! size, under both executors, and with kills. Where there is a `STREAM.sql` beside it, that is
//! what the stream means in plain SQL over the whole input, and DataFusion must answer the same
//! rows. A line `# any order` in the pipeline: rows of several sources come in any order.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use zaraba_config::load::{LoadOptions, load_text};
use zaraba_core::batch::Batch;
use zaraba_core::stream::Changelog;
use zaraba_core::time::iso8601;
use zaraba_runtime::plan::{Extensions, PipelinePlan};
use zaraba_runtime::wire::StandIn;

use crate::cases::weighted_mean::weighted_mean;
use crate::cases::{compare, folders};
use crate::engine::harness::{Drive, planned_with, run, whole};

struct Case {
    folder: PathBuf,
    plan: PipelinePlan,
    /// All columns of each source.
    whole: BTreeMap<String, RecordBatch>,
    inputs: BTreeMap<String, StandIn>,
    streams: Vec<String>,
    any_order: bool,
}

/// The rows of a CSV file, each column of the type that the schema says.
fn rows(file: &Path, types: &BTreeMap<String, DataType>) -> RecordBatch {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let header = text.lines().next().unwrap_or_default();
    let field = |name: &str| Field::new(name, types[name].clone(), true);
    let schema = Arc::new(Schema::new(
        header.split(',').map(field).collect::<Vec<_>>(),
    ));
    let reader = arrow::csv::ReaderBuilder::new(Arc::clone(&schema)).with_header(true);
    let reader = reader.build(text.as_bytes()).expect("a CSV reader");
    let batches: Vec<RecordBatch> = reader
        .map(|batch| batch.unwrap_or_else(|e| panic!("{}: {e}", file.display())))
        .collect();
    concat_batches(&schema, &batches).expect("one schema")
}

impl Case {
    fn read(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join("pipeline.toml")).expect("a pipeline");
        let extensions = Extensions {
            aggregates: vec![Arc::new(weighted_mean())],
            ..Extensions::default()
        };
        let plan = planned_with(&text, &extensions)
            .unwrap_or_else(|e| panic!("{}:\n{e}", folder.display()));
        let options = LoadOptions {
            profile: None,
            set: Vec::new(),
            env: &|_| None,
        };
        let document = load_text(Path::new("pipeline.toml"), &text, &options).document;
        let (mut all, mut inputs) = (BTreeMap::new(), BTreeMap::new());
        for source in &document.expect("a document").sources {
            let name = source.name.value.clone();
            let schema = zaraba_formats::decode::types::arrow_schema(&source.schema);
            let types = schema.fields().iter();
            let types = types
                .map(|f| (f.name().clone(), f.data_type().clone()))
                .collect();
            let rows = rows(&folder.join(format!("{name}.csv")), &types);
            let read = &plan.streams[&name].columns;
            let column = |f: &Arc<Field>| Arc::clone(rows.column_by_name(f.name()).unwrap());
            let columns = read.fields().iter().map(column).collect();
            let batch = RecordBatch::try_new(Arc::clone(read), columns).unwrap();
            inputs.insert(
                name.clone(),
                StandIn {
                    rows: vec![(0, batch)],
                    partitions: 1,
                },
            );
            all.insert(name, rows);
        }
        let streams = plan.sinks[0].from.iter().map(|f| f.value.clone()).collect();
        let any_order = text.contains("# any order\n");
        Self {
            folder: folder.to_owned(),
            plan,
            whole: all,
            inputs,
            streams,
            any_order,
        }
    }

    /// The streams as tables.
    fn shown(&self, drive: Drive) -> String {
        let capture: Vec<&str> = self.streams.iter().map(String::as_str).collect();
        let batches = run(&self.plan, &self.inputs, &capture, drive)
            .unwrap_or_else(|e| panic!("{}: {drive:?}: {e}", self.folder.display()));
        let mut shown = String::new();
        for (stream, batches) in self.streams.iter().zip(&batches) {
            let rows = beside(&self.plan, stream, batches);
            let mut table = pretty_format_batches(&[rows]).unwrap().to_string();
            if self.any_order {
                table = sorted(&table);
            }
            let _ = writeln!(shown, "{stream}\n{table}");
        }
        shown
    }

    /// What is wrong with it.
    fn complaint(&self) -> Option<String> {
        let first = self.shown(Drive {
            seed: None,
            batch_rows: 8192,
            kill: false,
        });
        for batch_rows in [1, 7, 8192] {
            for (seed, kill) in [
                (None, false),
                (Some(1), false),
                (Some(2), true),
                (Some(3), true),
                (Some(4), true),
            ] {
                let drive = Drive {
                    seed,
                    batch_rows,
                    kill,
                };
                let again = self.shown(drive);
                if again != first {
                    let name = self.folder.display();
                    return Some(format!("{name}: {drive:?}:\n{again}\nother than:\n{first}"));
                }
            }
        }
        let differs = self
            .streams
            .iter()
            .find_map(|stream| self.against_batch(stream, &first));
        differs.or_else(|| compare(&self.folder.join("expected.txt"), &first))
    }

    /// The stream's meaning in plain SQL, where there is a file that says it.
    fn against_batch(&self, stream: &str, shown: &str) -> Option<String> {
        let sql = std::fs::read_to_string(self.folder.join(format!("{stream}.sql"))).ok()?;
        let context = SessionContext::new();
        context.register_udaf(weighted_mean());
        for (name, rows) in &self.whole {
            context.register_batch(name, rows.clone()).expect("a table");
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let answer = runtime.block_on(async { context.sql(&sql).await?.collect().await });
        let answer = answer.unwrap_or_else(|e| panic!("{}: {e}", self.folder.display()));
        let schema = Arc::clone(&self.plan.streams[stream].columns);
        // DataFusion's times are sometimes in nanoseconds.
        let columns = |b: &RecordBatch| {
            let fields = schema.fields().iter().zip(b.columns());
            let columns = fields.map(|(f, c)| cast(c, f.data_type()).expect("a cast"));
            RecordBatch::try_new(schema.clone(), columns.collect()).expect("the stream's columns")
        };
        let answer: Vec<RecordBatch> = answer.iter().map(columns).collect();
        let answer = concat_batches(&schema, &answer).expect("one schema");
        let answer = sorted(&pretty_format_batches(&[answer]).unwrap().to_string());
        let ours = shown
            .split_once(&format!("{stream}\n"))
            .expect("its table")
            .1;
        let ours: Vec<&str> = ours
            .lines()
            .take_while(|l| l.starts_with(['+', '|']))
            .collect();
        let ours = sorted(&without_time(&ours).join("\n"));
        let name = self.folder.display();
        (ours != answer).then(|| format!("{name}: {stream}:\n{ours}\nbatch SQL:\n{answer}"))
    }
}

/// The rows with what stands beside them, where the columns do not show it: the event time, and
/// on upsert streams whether a row puts (+) or deletes (-).
fn beside(plan: &PipelinePlan, stream: &str, batches: &[Batch]) -> RecordBatch {
    let rows = whole(plan, stream, batches);
    let schema = &plan.streams[stream];
    let upsert = matches!(schema.changelog, Changelog::Upsert { .. });
    if !upsert && schema.time.is_some() {
        return rows;
    }
    let all = || {
        batches
            .iter()
            .flat_map(|b| (0..b.len()).map(move |i| (b, i)))
    };
    let time: StringArray = all().map(|(b, i)| Some(iso8601(b.time[i]))).collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![("(at)", Arc::new(time))];
    if upsert {
        let mark = |(b, i): (&Batch, usize)| Some(if b.is_deleted(i) { "-" } else { "+" });
        columns.push(("(op)", Arc::new(all().map(mark).collect::<StringArray>())));
    }
    let names: Vec<String> = rows
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().clone())
        .collect();
    columns.extend(
        names
            .iter()
            .map(String::as_str)
            .zip(rows.columns().iter().cloned()),
    );
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
        .unwrap()
}

/// A table's lines without the event time beside the columns, which a batch has not.
fn without_time<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let shown = lines
        .get(1)
        .is_some_and(|header| header.starts_with("| (at)"));
    let width = lines.first().and_then(|rule| rule[1..].find('+'));
    match width {
        Some(width) if shown => lines.iter().map(|line| &line[width + 1..]).collect(),
        _ => lines.to_vec(),
    }
}

/// A table with its rows in the order of their text.
fn sorted(table: &str) -> String {
    let mut lines: Vec<&str> = table.lines().collect();
    let rows = 3..lines.len().saturating_sub(1).max(3);
    if let Some(rows) = lines.get_mut(rows) {
        rows.sort_unstable();
    }
    lines.join("\n")
}

const FAMILIES: &[&str] = &[
    "agg_",
    "window_",
    "row_",
    "over_",
    "table_",
    "trigger_",
    "join_",
    "trading_",
    "finance_",
    "calendar_",
    "contract_",
];

fn family(prefix: &str) {
    let of = |folder: &PathBuf| {
        folder
            .file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with(prefix))
    };
    let only = std::env::var("ZARABA_CASE").unwrap_or_default();
    let cases = folders("sql")
        .into_iter()
        .filter(of)
        .filter(|f| f.to_string_lossy().contains(&only));
    let complaint = |folder: PathBuf| {
        let result = std::panic::catch_unwind(|| Case::read(&folder).complaint());
        result.unwrap_or_else(|_| Some(format!("{}: it panicked, see above", folder.display())))
    };
    let wrong: Vec<String> = cases.filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn aggregates() {
    family("agg_");
}

#[test]
fn windows() {
    family("window_");
}

#[test]
fn rows_on_their_own() {
    family("row_");
}

#[test]
fn over() {
    family("over_");
}

#[test]
fn tables() {
    family("table_");
}

#[test]
fn trading_sessions() {
    family("trading_");
}

#[test]
fn triggered_queries() {
    family("trigger_");
}

#[test]
fn joins() {
    family("join_");
}

#[test]
fn prices_and_margin() {
    family("finance_");
}

#[test]
fn calendar() {
    family("calendar_");
}

#[test]
fn contracts() {
    family("contract_");
}

#[test]
fn every_case_is_of_a_family() {
    let cases = folders("sql");
    assert!(cases.len() >= 125, "only {} cases", cases.len());
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        assert!(
            FAMILIES.iter().any(|f| name.starts_with(f)),
            "{name} is of no family"
        );
    }
}
