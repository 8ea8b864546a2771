//! Nexmark's queries over a hundred thousand events: people, auctions, bids and a side table.
//! `qN.stream.sql` is what the engine runs, `qN.batch.sql` the same in plain SQL over the whole
//! input. A day is a window of one day; what the public queries say with joins over windows (5 and
//! 7) is said by grouping twice; the windows of 12 are of event time, not of the clock. Where the
//! public query keeps a stream for ever, the file says how it was bounded and why that is the same
//! here.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use zaraba_runtime::plan::PipelinePlan;
use zaraba_runtime::wire::StandIn;

use crate::engine::harness::{Drive, planned, run, whole};
use crate::nexmark::generator::{Nexmark, Stream};

const EVENTS: u64 = 100_000;
/// Rows of the side table.
const SIDE_ROWS: i64 = 10_000;

const NODES: &str = r#"
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
[source.auction]
connector = "channel"
time = "date_time"
[source.auction.schema]
id = "int64"
item_name = "text"
description = "text"
initial_bid = "int64"
reserve = "int64"
date_time = "timestamp"
expires = "timestamp"
seller = "int64"
category = "int64"
extra = "text"
[source.person]
connector = "channel"
time = "date_time"
[source.person.schema]
id = "int64"
name = "text"
email_address = "text"
credit_card = "text"
city = "text"
state = "text"
date_time = "timestamp"
extra = "text"
[source.side_input]
connector = "channel"
time = "date_time"
[source.side_input.schema]
key = "int64"
value = "text"
date_time = "timestamp"
[table.people]
from = "person"
key = ["id"]
[table.side]
from = "side_input"
key = ["key"]
"#;

/// The side table's rows, before all events.
fn side() -> RecordBatch {
    let start = Nexmark::new(7, EVENTS).start - 1;
    let times = std::iter::repeat_n(start, SIDE_ROWS as usize);
    let times = TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC");
    let values = (0..SIDE_ROWS).map(|key| Some(format!("side {key}")));
    let columns: [(&str, ArrayRef); 3] = [
        ("key", Arc::new(Int64Array::from_iter_values(0..SIDE_ROWS))),
        ("value", Arc::new(values.collect::<StringArray>())),
        ("date_time", Arc::new(times)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
}

/// The rows of each source.
fn sources() -> BTreeMap<&'static str, RecordBatch> {
    let all = |stream| {
        let batches: Vec<RecordBatch> = Nexmark::new(7, EVENTS).batches(stream, 100_000).collect();
        concat_batches(&batches[0].schema(), &batches).unwrap()
    };
    BTreeMap::from([
        ("bid", all(Stream::Bid)),
        ("auction", all(Stream::Auction)),
        ("person", all(Stream::Person)),
        ("side_input", side()),
    ])
}

/// The lines of a table, in the order of their text.
fn lines(table: &[RecordBatch]) -> Vec<String> {
    let text = pretty_format_batches(table).expect("a table").to_string();
    let rows = text.lines().filter(|l| l.starts_with('|'));
    let mut lines: Vec<String> = rows.map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The engine's rows.
fn streamed(
    plan: &PipelinePlan,
    sources: &BTreeMap<&'static str, RecordBatch>,
    drive: Drive,
) -> RecordBatch {
    let stand_in = |(name, rows): (&&str, &RecordBatch)| {
        let columns = &plan.streams[*name].columns;
        let names = columns.fields().iter();
        let picked = names.map(|f| rows.column_by_name(f.name()).unwrap().clone());
        let rows = RecordBatch::try_new(columns.clone(), picked.collect()).unwrap();
        let rows = vec![(0, rows)];
        (
            (*name).to_owned(),
            StandIn {
                rows,
                partitions: 1,
            },
        )
    };
    let inputs = sources.iter().map(stand_in).collect();
    let streams = run(plan, &inputs, &["q"], drive).unwrap_or_else(|e| panic!("{e}"));
    whole(plan, "q", &streams[0])
}

fn check(stream: &str, batch: &str, least: usize) {
    println!("{stream}");
    let plan = planned(&format!("{NODES}\n[query.q]\nsql = '''\n{stream}'''\n"))
        .unwrap_or_else(|e| panic!("{e}"));
    let sources = sources();
    let context = SessionContext::new();
    for (name, rows) in &sources {
        context.register_batch(*name, rows.clone()).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let answer = runtime.block_on(async { context.sql(batch).await?.collect().await });
    let expected = lines(&answer.unwrap_or_else(|e| panic!("{e}")));
    // One line is the header.
    assert!(expected.len() > least, "only {} rows", expected.len() - 1);
    println!("{} rows", expected.len() - 1);
    for (seed, batch_rows) in [(None, 8192), (Some(5), 1000)] {
        let drive = Drive {
            seed,
            batch_rows,
            kill: seed.is_some(),
        };
        let found = lines(&[streamed(&plan, &sources, drive)]);
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
    q3_local_items 3 10;
    q4_average_of_winning_bids 4 3;
    q5_hot_auctions 5 9;
    q6_average_of_a_sellers_last_ten 6 100;
    q7_highest_bids 7 9;
    q8_new_sellers 8 50;
    q9_winning_bids 9 1_000;
    q11_bids_of_a_session 11 500;
    q12_bids_of_ten_seconds 12 500;
    q13_bids_with_a_side_table 13 90_000;
    q14_computed_columns 14 100;
    q15_bids_of_a_day 15 1;
    q16_channels_of_a_day 16 100;
    q17_auctions_of_a_day 17 100;
    q18_last_bids 18 1_000;
    q19_highest_ten 19 1_000;
    q20_bids_with_their_auctions 20 1_000;
    q22_folders_of_a_url 22 90_000;
}
