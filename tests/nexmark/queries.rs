//! Nexmark's queries over a hundred thousand events: `qN.stream.sql` is what the engine runs,
//! `qN.batch.sql` the same in plain SQL over the whole input. A day is a window of one day; what
//! the public queries say with joins over windows (5 and 7) is said by grouping twice; the windows
//! of 12 are of event time, not of the clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use zaraba_runtime::plan::PipelinePlan;
use zaraba_runtime::wire::StandIn;

use crate::engine::harness::{Drive, planned, run, whole};
use crate::nexmark::generator::{Nexmark, Stream};

const EVENTS: u64 = 100_000;

const SOURCES: &str = r#"
name = "nexmark"
[source.bid]
connector = "channel"
time = "date_time"
[source.bid.schema]
auction = "int64"
bidder = "int64"
price = "int64"
channel = "text"
url = "text"
date_time = "timestamp"
extra = "text"
"#;

/// The lines of a table, in the order of their text.
fn lines(table: &[RecordBatch]) -> Vec<String> {
    let text = pretty_format_batches(table).expect("a table").to_string();
    let mut lines: Vec<String> = text
        .lines()
        .filter(|l| l.starts_with('|'))
        .map(str::to_owned)
        .collect();
    lines.sort_unstable();
    lines
}

fn bids(size: usize) -> Vec<RecordBatch> {
    Nexmark::new(7, EVENTS).batches(Stream::Bid, size).collect()
}

/// The engine's rows.
fn streamed(plan: &PipelinePlan, drive: Drive) -> RecordBatch {
    let columns = &plan.streams["bid"].columns;
    let read = |b: &RecordBatch| {
        let column = |f: &Arc<arrow::datatypes::Field>| b.column_by_name(f.name()).unwrap().clone();
        let picked = columns.fields().iter().map(column).collect();
        (0, RecordBatch::try_new(columns.clone(), picked).unwrap())
    };
    let stand_in = StandIn {
        rows: bids(8192).iter().map(read).collect(),
        partitions: 1,
    };
    let inputs = BTreeMap::from([("bid".to_owned(), stand_in)]);
    let streams = run(plan, &inputs, &["q"], drive).unwrap_or_else(|e| panic!("{e}"));
    whole(plan, "q", &streams[0])
}

/// DataFusion's rows.
fn batched(sql: &str) -> Vec<RecordBatch> {
    let context = SessionContext::new();
    let all = bids(100_000);
    let all = concat_batches(&all[0].schema(), &all).unwrap();
    context.register_batch("bid", all).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let answer = runtime.block_on(async { context.sql(sql).await?.collect().await });
    answer.unwrap_or_else(|e| panic!("{e}"))
}

fn check(stream: &str, batch: &str, least: usize) {
    println!("{stream}");
    let plan = planned(&format!("{SOURCES}\n[query.q]\nsql = '''\n{stream}'''\n"))
        .unwrap_or_else(|e| panic!("{e}"));
    let expected = lines(&batched(batch));
    // One line is the header.
    assert!(expected.len() > least, "only {} rows", expected.len() - 1);
    for drive in [
        Drive {
            seed: None,
            batch_rows: 8192,
            kill: false,
        },
        Drive {
            seed: Some(5),
            batch_rows: 1000,
            kill: true,
        },
    ] {
        let found = lines(&[streamed(&plan, drive)]);
        let differs = found.iter().zip(&expected).find(|(a, b)| a != b);
        assert_eq!(differs, None, "{drive:?}");
        assert_eq!(found.len(), expected.len(), "{drive:?}");
    }
}

/// A test for each query: its name, its number, and the least number of rows of its answer.
macro_rules! queries {
    ($($name:ident $number:literal $least:literal;)*) => {$(
        #[test]
        fn $name() {
            check(
                include_str!(concat!("q", $number, ".stream.sql")),
                include_str!(concat!("q", $number, ".batch.sql")),
                $least,
            );
        }
    )*};
}

queries! {
    q0_all_bids 0 90_000;
    q1_another_currency 1 90_000;
    q2_some_auctions 2 100;
    q5_hot_auctions 5 9;
    q7_highest_bids 7 9;
    q11_bids_of_a_session 11 500;
    q12_bids_of_ten_seconds 12 500;
    q14_computed_columns 14 100;
    q15_bids_of_a_day 15 1;
    q16_channels_of_a_day 16 100;
    q17_auctions_of_a_day 17 100;
    q18_last_bids 18 1_000;
    q19_highest_ten 19 1_000;
}
