//! The intake behind a file: what it says of a row does not depend on the batch it came in.

use std::fs;

use chrono_tz::Tz;
use zaraba_config::document::{ColumnType, Encoding, ErrorPolicy, FileSourceDoc, Format, SheetDoc};
use zaraba_core::message::Message;
use zaraba_core::meter::Meter;
use zaraba_core::output::Output;
use zaraba_core::source::{Polled, Source};
use zaraba_core::time::{ClockTime, SECOND};
use zaraba_sources::file::FileSource;
use zaraba_sources::intake::{Intake, IntakePlan};

use crate::common::{column, located, shown};

/// Good, unreadable, good, without time, late, good but too early by the year, unreadable.
const ROWS: &str = "ts,n
2025-11-14T00:00:10Z,1
2025-11-14T00:00:11Z,x
2025-11-14T00:00:20Z,2
,3
2025-11-14T00:00:01Z,4
-0500-11-14T00:00:21Z,5
2025-11-14T00:00:30Z,6
not a time,7
";

/// Every row that comes out, by port, with its time and sequence.
fn run(limit: usize) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ticks.csv");
    fs::write(&path, ROWS).unwrap();
    let doc = FileSourceDoc {
        path: located(path),
        files: Vec::new(),
        format: Format::Csv,
        merge_by_time: false,
        follow: false,
        add_nullable: false,
        delimiter: b',',
        header: true,
        sheet: SheetDoc::default(),
        encoding: Encoding::Utf8,
    };
    let schema = [
        column("ts", ColumnType::Timestamp),
        column("n", ColumnType::Int64),
    ];
    let mut source = FileSource::new(&doc, &schema, Tz::UTC, None).unwrap();
    let plan = IntakePlan {
        name: "ticks".to_owned(),
        ordinal: 0,
        time: 0,
        offset: 0,
        out_of_order: 5 * SECOND,
        ahead: None,
        on_error: ErrorPolicy::DeadLetter,
    };
    let mut intake = Intake::new(plan, 1);
    let (meter, mut out, mut seen) = (Meter::default(), Output::default(), Vec::new());
    while let Polled::Rows(rows) = source.poll(limit).unwrap() {
        intake.take(rows, ClockTime(0), &meter, &mut out).unwrap();
        out.watermark(intake.watermark());
        for (port, message) in out.take() {
            let Message::Rows(batch) = message else {
                continue;
            };
            let rows = shown(&batch.rows);
            let places = batch.time.iter().zip(batch.seq.iter());
            let row = |(row, (time, seq)): (&String, (&i64, &u64))| {
                let seq = if port.suffix() == "__errors" { &0 } else { seq };
                let row = row.replace(&*dir.path().to_string_lossy(), "");
                format!("{port:?} {row} at {time}, {seq}")
            };
            seen.extend(rows.iter().zip(places).map(row));
        }
    }
    seen.sort();
    seen
}

#[test]
fn a_batch_is_no_part_of_a_rows_fate() {
    let one_by_one = run(1);
    assert_eq!(one_by_one.len(), 8, "{one_by_one:#?}");
    for limit in [2, 3, 5, 8, 100] {
        assert_eq!(run(limit), one_by_one, "batches of {limit}");
    }
    let second = |s: i64| 1_763_078_400_000_000 + s * SECOND;
    let has = |text: String| {
        assert!(
            one_by_one.iter().any(|row| row.contains(&text)),
            "{text} in {one_by_one:#?}"
        );
    };
    // Bad rows take a place in the sequence, and their time is how far the source had come.
    has(format!("Main 2025-11-14T00:00:20Z|2 at {}, 2", second(20)));
    has(format!(
        "/ticks.csv:3|2025-11-14T00:00:11Z,x at {}, 0",
        second(10)
    ));
    has(format!("/ticks.csv:9|not a time,7 at {}, 0", second(30)));
}
