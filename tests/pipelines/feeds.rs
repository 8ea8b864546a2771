//! Every feed of `pipelines/feeds` brings the canonical streams, exactly as
//! `pipelines/common/canonical.toml` has them, and nothing of what it reads is lost or made up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Weekday};
use zaraba::pipeline::{Checked, Pipeline};
use zaraba_core::stream::Changelog;
use zaraba_core::time::EventTime;
use zaraba_finance::calendar::{Calendar, Venue};

use super::here;
use crate::engine::harness::{Drive, run, whole};

/// Tokyo's clocks, seconds before UTC's.
const TOKYO: i64 = 9 * 3600;

fn checked(pipeline: &Pipeline) -> Checked {
    pipeline
        .check()
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// All of it, read by somebody: columns that nobody reads are not planned.
fn canonical() -> Checked {
    let text = r#"
include = ["common/canonical.toml"]
[sink.all]
connector = "channel"
from = ["options", "futures", "indices", "fx", "open_interest", "margin_stats"]
"#;
    checked(&Pipeline::from_text(here("../pipelines/all.toml"), text))
}

fn feeds() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(here("../pipelines/feeds")).unwrap();
    let mut feeds: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    feeds.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    feeds.sort();
    feeds
}

/// Names and types, in order.
fn columns(checked: &Checked, stream: &str) -> Vec<(String, DataType)> {
    let fields = checked.plan.streams[stream].columns.fields().iter();
    fields
        .map(|f| (f.name().clone(), f.data_type().clone()))
        .collect()
}

#[test]
fn feeds_have_the_canonical_columns() {
    let canonical = canonical();
    let names: BTreeSet<String> = canonical.plan.source_names().into_iter().collect();
    let mut brought = BTreeSet::new();
    for path in feeds() {
        let (feed, shown) = (checked(&Pipeline::from_path(&path)), path.display());
        for node in &feed.plan.nodes {
            assert!(
                names.contains(&node.name),
                "{shown}: {} is no canonical stream",
                node.name
            );
            let (found, wanted) = (columns(&feed, &node.name), columns(&canonical, &node.name));
            assert_eq!(found, wanted, "{shown}: {}", node.name);
            let schema = &feed.plan.streams[&node.name];
            let time = schema
                .time
                .as_ref()
                .map(|time| (time.name.as_str(), time.offset));
            assert_eq!(time, Some(("ts", 0)), "{shown}: {}", node.name);
            assert_eq!(
                schema.changelog,
                Changelog::Append,
                "{shown}: {}",
                node.name
            );
            brought.insert(node.name.clone());
        }
    }
    // No feed of margin statistics is shipped yet.
    let missing: Vec<&String> = names.difference(&brought).collect();
    assert_eq!(missing, ["margin_stats"]);
}

/// The columns of a stream that are never null: those without "or null" in their comment.
fn never_null(stream: &str) -> Vec<String> {
    let text = std::fs::read_to_string(here("../pipelines/common/canonical.toml")).unwrap();
    let (_, section) = text
        .split_once(&format!("[source.{stream}.schema]\n"))
        .unwrap();
    let lines = section.lines().take_while(|line| !line.trim().is_empty());
    let full = lines.filter(|line| !line.ends_with("or null"));
    let names = full.filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.to_owned()).collect()
}

fn assert_full(stream: &str, rows: &RecordBatch) {
    let never = never_null(stream);
    assert!(never.len() > 3, "{stream}");
    for name in never {
        let nulls = rows[name.as_str()].null_count();
        assert_eq!(nulls, 0, "{stream}.{name} may not be null");
    }
}

/// What streams of a pipeline emit.
fn emitted(checked: &Checked, streams: &[&str], drive: Drive) -> Vec<RecordBatch> {
    let batches = run(&checked.plan, &BTreeMap::new(), streams, drive).unwrap();
    let named = streams.iter().zip(&batches);
    let rows = named.map(|(name, batches)| whole(&checked.plan, name, batches));
    rows.collect()
}

const AT_ONCE: Drive = Drive {
    seed: Some(2),
    batch_rows: 1000,
    kill: false,
};

/// In small batches, killed now and then, which must change nothing.
const KILLED: Drive = Drive {
    seed: Some(3),
    batch_rows: 7,
    kill: true,
};

/// A feed in a pipeline of another zone.
fn included(feed: &str, zone: &str) -> Pipeline {
    let text = format!("timezone = {zone:?}\ninclude = [\"feeds/{feed}.toml\"]\n");
    Pipeline::from_text(here("../pipelines/desk.toml"), text)
}

/// A line of the page, as texts, the year of its trade found by trying.
struct Line<'a>(BTreeMap<&'a str, String>);

impl Line<'_> {
    /// A field without its commas; none where it is blank.
    fn text(&self, name: &str) -> Option<String> {
        let text = self.0[name].replace(',', "");
        (!["", "-"].contains(&text.as_str())).then_some(text)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.text(name).map(|text| text.parse().unwrap())
    }

    fn date(&self, name: &str) -> NaiveDate {
        NaiveDate::parse_from_str(&self.0[name], "%Y/%m/%d").unwrap()
    }

    /// Of the years that the trade could be of, the latest that is not in the future.
    fn traded(&self) -> Option<i64> {
        let trade = self.text("trade_time")?;
        let collected = chrono::DateTime::parse_from_rfc3339(&self.0["collected_at"]).unwrap();
        let years = (2020..2030)
            .rev()
            .filter_map(|year| tokyo(&format!("{year}/{trade}")));
        years
            .into_iter()
            .find(|time| *time <= collected.timestamp_micros())
    }
}

/// `2026/09/01 17:41` in Tokyo, microseconds UTC.
fn tokyo(text: &str) -> Option<i64> {
    let time = NaiveDateTime::parse_from_str(text, "%Y/%m/%d %H:%M").ok()?;
    Some((time.and_utc().timestamp() - TOKYO) * 1_000_000)
}

/// The lines of a file: commas between, quotes around fields with commas of their own.
fn lines(text: &str) -> Vec<Line<'_>> {
    let fields = |line: &str| {
        let mut fields = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                c => fields.last_mut().unwrap().push(c),
            }
        }
        fields
    };
    let mut all = text.lines();
    let names: Vec<&str> = all.next().unwrap().split(',').collect();
    all.map(|line| Line(names.iter().copied().zip(fields(line)).collect()))
        .collect()
}

/// The second Friday: there is no holiday on any that the tests have.
fn second_friday(month: &str) -> NaiveDate {
    let first = NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d").unwrap();
    NaiveDate::from_weekday_of_month_opt(first.year(), first.month(), Weekday::Fri, 2).unwrap()
}

fn date(days: i32) -> NaiveDate {
    NaiveDate::default() + TimeDelta::days(i64::from(days))
}

fn value(column: &ArrayRef, row: usize) -> Option<f64> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row) as f64,
        _ => column.as_primitive::<Float64Type>().value(row),
    })
}

/// Each line is the row at its place, field by field, nulls where it is blank.
fn assert_same(lines: &[&Line<'_>], rows: &RecordBatch) {
    assert_eq!(lines.len(), rows.num_rows());
    assert_full("options", rows);
    let calendar = Calendar::built_in();
    let same = [
        ("strike", "strike"),
        ("price", "last_price"),
        ("bid", "bid_price"),
        ("bid_qty", "bid_quantity"),
        ("ask", "ask_price"),
        ("ask_qty", "ask_quantity"),
        ("iv", "iv"),
        ("bid_iv", "bid_iv"),
        ("ask_iv", "ask_iv"),
        ("oi", "open_interest"),
        ("settlement", "settlement"),
    ];
    let times = |name: &str| {
        rows[name]
            .as_primitive::<TimestampMicrosecondType>()
            .clone()
    };
    let dates = |name: &str| rows[name].as_primitive::<Date32Type>().clone();
    let (ts, traded) = (times("ts"), times("price_time"));
    let (day, sq_date, oi_date) = (dates("trading_day"), dates("sq_date"), dates("oi_date"));
    let sides = rows["put_call"].as_string::<i32>();
    for (i, line) in lines.iter().enumerate() {
        for (column, field) in same {
            assert_eq!(
                value(&rows[column], i),
                line.number(field),
                "row {i}: {column}"
            );
        }
        let nothing = line.number("last_price").is_none().then_some(0.0);
        assert_eq!(
            value(&rows["volume"], i),
            line.number("volume").or(nothing),
            "row {i}"
        );
        assert_eq!(
            Some(ts.value(i)),
            tokyo(&line.0["qri_update_time"]),
            "row {i}"
        );
        let found = (!traded.is_null(i)).then(|| traded.value(i));
        assert_eq!(found, line.traded(), "row {i}: price_time");
        assert_eq!(&line.0["option_type"][..1], sides.value(i), "row {i}");
        // The page's own trading day is the calendar's of the page's minute.
        assert_eq!(date(day.value(i)), line.date("trading_day"), "row {i}");
        let of = calendar.trading_day(Venue::OseOption, EventTime(ts.value(i)));
        assert_eq!(date(day.value(i)), of, "row {i}: trading_day");
        assert_eq!(
            date(sq_date.value(i)),
            second_friday(&line.0["contract"]),
            "row {i}"
        );
        // Of the open interest's day: known, before the trading day, and nothing traded between.
        assert_eq!(
            oi_date.is_null(i),
            line.text("open_interest").is_none(),
            "row {i}"
        );
        if !oi_date.is_null(i) {
            let between =
                calendar.trading_days_between(Venue::OseOption, date(oi_date.value(i)), of);
            assert_eq!(between, 1, "row {i}: oi_date");
        }
    }
}

#[test]
fn the_page_of_quotes_in_any_zone() {
    let page = here("pipelines/qri.csv").canonicalize().unwrap();
    let text = std::fs::read_to_string(&page).unwrap();
    let all = lines(&text);
    let is_good = |line: &&Line<'_>| {
        line.0["strike"] != "70000円"
            && !line.0["contract"].starts_with("TOPIX")
            && line.0["last_trading_day"] != "2026/09/03"
    };
    let good: Vec<&Line<'_>> = all.iter().filter(is_good).collect();
    assert_eq!((all.len(), good.len()), (13, 10));
    for zone in ["Asia/Tokyo", "UTC", "America/New_York", "Pacific/Auckland"] {
        let feed = checked(&included("qri", zone).set("qri", page.to_str().unwrap()));
        let streams = [
            "options",
            "options__errors",
            "qri_page__errors",
            "qri_page__late",
        ];
        let rows = emitted(&feed, &streams, AT_ONCE);
        assert_eq!(rows, emitted(&feed, &streams, KILLED));
        assert_same(&good, &rows[0]);
        assert_eq!(
            [&rows[1], &rows[2], &rows[3]].map(RecordBatch::num_rows),
            [2, 1, 0],
            "{zone}"
        );
    }
}

/// A small market, one of its streams, into a file.
fn simulated(stream: &str, time: &str, file: &Path) {
    let text = format!(
        r#"
timezone = "Asia/Tokyo"
[source.market]
connector = "simulate"
kind = "nikkei225-options"
stream = "{stream}"
start = "2025-12-30"
days = 2
strikes = 20
ticks_per_day = 4000
time = "{time}"
[sink.file]
connector = "file"
from = ["market"]
path = {file:?}
"#
    );
    let pipeline = Pipeline::from_text("market.toml", text);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(async { pipeline.build().unwrap().run().await })
        .unwrap();
}

#[test]
fn the_simulated_page_over_new_year() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.csv");
    simulated("qri", "collected_at", &page);
    let text = std::fs::read_to_string(&page).unwrap();
    let all = lines(&text);
    let feed = checked(&included("qri", "UTC").set("qri", page.to_str().unwrap()));
    let rows = emitted(
        &feed,
        &["options", "options__errors", "qri_page__errors"],
        AT_ONCE,
    );
    assert_eq!((rows[1].num_rows(), rows[2].num_rows()), (0, 0));
    assert_same(&all.iter().collect::<Vec<_>>(), &rows[0]);
    // The real thing's holes are in it: blank open interest, one side only, trades of last year.
    let options = &rows[0];
    let (bid, ask, oi) = (&options["bid"], &options["ask"], &options["oi"]);
    let count = |of: &dyn Fn(usize) -> bool| (0..options.num_rows()).filter(|i| of(*i)).count();
    assert!(count(&|i| oi.is_null(i)) > 500 && count(&|i| oi.is_valid(i)) > 500);
    assert!(count(&|i| bid.is_null(i) != ask.is_null(i)) > 10);
    let year = |name: &str, i| {
        let times = options[name].as_primitive::<TimestampMicrosecondType>();
        times
            .value_as_datetime(i)
            .filter(|_| times.is_valid(i))
            .map(|t| (t + TimeDelta::hours(9)).year())
    };
    assert!(count(&|i| year("price_time", i).is_some_and(|y| Some(y + 1) == year("ts", i))) > 50);
}

/// The simulator's own streams, small and without what hides anything.
fn simulated_feed() -> Checked {
    let small = |source: &str, more: &str| {
        format!(
            "[profile.small.source.sim_{source}]\nseed = 1\nstart = \"2025-12-30\"\ndays = 2\n\
             replay.speed = 1e7\n{more}\n"
        )
    };
    let chain = "strikes = 20\nexpiries = 3";
    let text = [
        "timezone = \"UTC\"\ninclude = [\"feeds/sim.toml\"]\n".to_owned(),
        small(
            "options",
            &format!(
                "{chain}\nticks_per_day = 4000\nstalls = false\nintraday_oi = false\ndisorder = \"0s\""
            ),
        ),
        small("futures", "ticks_per_day = 4000\nstalls = false"),
        small("indices", "stalls = false"),
        small("open_interest", chain),
    ];
    let pipeline = Pipeline::from_text(here("../pipelines/desk.toml"), text.concat());
    checked(&pipeline.profile("small"))
}

#[test]
fn two_feeds_of_one_market_agree() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.csv");
    simulated("qri", "collected_at", &page);
    let feed = checked(&included("qri", "UTC").set("qri", page.to_str().unwrap()));
    let page = emitted(&feed, &["options"], AT_ONCE).remove(0);
    let feed = simulated_feed();
    let streams = ["options", "futures", "indices", "fx", "open_interest"];
    let ticks = emitted(&feed, &streams, AT_ONCE);
    for (name, rows) in streams.iter().zip(&ticks) {
        assert!(rows.num_rows() > 100, "{name}: {}", rows.num_rows());
        assert_full(name, rows);
    }
    let ticks = &ticks[0];
    let times = |rows: &RecordBatch| {
        rows["ts"]
            .as_primitive::<TimestampMicrosecondType>()
            .clone()
    };
    let (page_ts, tick_ts) = (times(&page), times(ticks));
    let key = |rows: &RecordBatch, i: usize| {
        let date = |name: &str| rows[name].as_primitive::<Date32Type>().value(i);
        let strike = value(&rows["strike"], i).map(f64::to_bits);
        let side = rows["put_call"].as_string::<i32>().value(i).to_owned();
        (date("trading_day"), date("sq_date"), strike, side)
    };
    let mut newest = BTreeMap::new();
    let (mut next, mut compared, mut published) = (0, 0, 0);
    for i in 0..page.num_rows() {
        while next < ticks.num_rows() && tick_ts.value(next) < page_ts.value(i) {
            newest.insert(key(ticks, next), next);
            next += 1;
        }
        let Some(tick) = newest.get(&key(&page, i)).copied() else {
            continue;
        };
        for name in [
            "price",
            "bid",
            "bid_qty",
            "ask",
            "ask_qty",
            "volume",
            "settlement",
        ] {
            let (of_page, of_tick) = (value(&page[name], i), value(&ticks[name], tick));
            assert_eq!(of_page, of_tick, "row {i}: {name}");
        }
        // What was published since the contract's last tick only the page shows.
        if ticks["oi"].is_valid(tick) {
            for name in ["oi", "oi_date"] {
                let (of_page, of_tick) = (page[name].slice(i, 1), ticks[name].slice(tick, 1));
                assert_eq!(&of_page, &of_tick, "row {i}: {name}");
            }
            published += 1;
        }
        compared += 1;
    }
    assert!(
        compared > 5_000 && published > 1_000,
        "{compared}, {published}"
    );
}
