//! `connector = "file"`

use std::fs;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMillisecondArray};
use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, ColumnType, Encoding, FileSourceDoc, Format, SheetDoc};
use zaraba_core::source::{Polled, Position, Source};
use zaraba_sources::file::FileSource;

use crate::common::{column, drain, located, shown};

fn doc(path: &Path, format: Format, merge_by_time: bool) -> FileSourceDoc {
    FileSourceDoc {
        path: located(path.to_owned()),
        files: Vec::new(),
        format,
        merge_by_time,
        follow: false,
        add_nullable: false,
        delimiter: b',',
        header: true,
        sheet: SheetDoc::default(),
        encoding: Encoding::Utf8,
    }
}

fn schema() -> Vec<ColumnDoc> {
    vec![column("n", ColumnType::Int64)]
}

/// A folder of CSV files, each with the numbers given; `x` is a bad row.
fn folder(files: &[(&str, &[&str])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, rows) in files {
        fs::write(dir.path().join(name), format!("n\n{}\n", rows.join("\n"))).unwrap();
    }
    dir
}

fn open(dir: &Path, merge: bool) -> FileSource {
    FileSource::new(
        &doc(&dir.join("*.csv"), Format::Csv, merge),
        &schema(),
        Tz::UTC,
        None,
    )
    .unwrap()
}

const FILES: &[(&str, &[&str])] = &[
    ("b.csv", &["4", "5", "x", "6"]),
    ("a.csv", &["1", "2", "3"]),
    ("c.csv", &[]),
    ("c.txt", &["9"]),
];

#[test]
fn files_follow_each_other_by_name() {
    let dir = folder(FILES);
    for limit in [1, 2, 100] {
        let mut source = open(dir.path(), false);
        assert_eq!(source.partitions(), 1);
        let (events, bad) = drain(&mut source, limit);
        assert_eq!(events, ["0: 1", "0: 2", "0: 3", "0: 4", "0: 5", "0: 6"]);
        assert_eq!(bad.len(), 1);
        assert_eq!(
            bad[0].place,
            format!("{}:4", dir.path().join("b.csv").display())
        );
        assert_eq!(source.position().rows, [7], "the bad row is counted");
        let (done, total) = source.done_of_total().unwrap();
        assert_eq!((done, total), (total, 8 + 10 + 3));
        assert!(source.replayable() && !source.live());
    }
}

#[test]
fn merged_files_take_turns_and_end_one_by_one() {
    let dir = folder(FILES);
    let mut source = open(dir.path(), true);
    assert_eq!(source.partitions(), 3);
    let (events, _) = drain(&mut source, 2);
    // The bad row takes a place in the batch behind 4 and 5.
    let expected = [
        "0: 1", "0: 2", "1: 4", "1: 5", "2: end", "0: 3", "1: 6", "0: end", "1: end",
    ];
    assert_eq!(events, expected);
    assert_eq!(source.position().rows, [3, 4, 0]);
    assert!(matches!(source.poll(2).unwrap(), Polled::End));
}

#[test]
fn parquet_without_a_schema() {
    let dir = tempfile::tempdir().unwrap();
    for (name, times) in [("1.parquet", [0, 1_000]), ("2.parquet", [2_000, 3_000])] {
        let rows = RecordBatch::try_from_iter([
            (
                "ts",
                Arc::new(TimestampMillisecondArray::from(times.to_vec())) as ArrayRef,
            ),
            ("n", Arc::new(Int64Array::from(times.to_vec()))),
        ])
        .unwrap();
        let file = File::create(dir.path().join(name)).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, rows.schema(), None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
    }
    let doc = doc(&dir.path().join("*.parquet"), Format::Parquet, false);
    let mut source = FileSource::new(&doc, &[], Tz::Asia__Tokyo, None).unwrap();
    assert_eq!(source.schema().fields().len(), 2);
    let (events, _) = drain(&mut source, 100);
    assert_eq!(events[3], "0: 1969-12-31T15:00:03Z|3000");
    let needed = Some(vec!["n".to_owned()]);
    let mut source = FileSource::new(&doc, &[], Tz::Asia__Tokyo, needed).unwrap();
    assert_eq!(
        drain(&mut source, 100).0,
        ["0: 0", "0: 1000", "0: 2000", "0: 3000"]
    );
}

/// Reads `rows` polls, goes to the position reached in a fresh source, and compares what follows.
fn resume(dir: &Path, merge: bool, polls: usize) {
    let mut whole = open(dir, merge);
    for _ in 0..polls {
        whole.poll(1).unwrap();
    }
    let position = whole.position();
    let mut resumed = open(dir, merge);
    resumed.seek(&position).unwrap();
    assert_eq!(resumed.position(), position);
    let rows = |source: &mut FileSource| {
        let (mut rows, bad) = drain(source, 2);
        rows.retain(|r| !r.ends_with("end"));
        // Turns may differ; each partition's order may not.
        rows.sort_by_key(|r| r.split(':').next().map(str::to_owned));
        (rows, bad)
    };
    assert_eq!(
        rows(&mut resumed),
        rows(&mut whole),
        "merge {merge}, {polls} polls"
    );
    assert_eq!(resumed.position().rows, whole.position().rows);
}

#[test]
fn goes_on_from_any_position() {
    let dir = folder(FILES);
    for merge in [false, true] {
        (0..12).for_each(|polls| resume(dir.path(), merge, polls));
    }
}

#[test]
fn new_files_may_come_behind_but_not_before() {
    let dir = folder(&[("b.csv", &["1", "2"]), ("c.csv", &["3"])]);
    let mut source = open(dir.path(), false);
    source.poll(1).unwrap();
    let inside = source.position();
    drain(&mut source, 10);
    let at_end = source.position();
    fs::write(dir.path().join("d.csv"), "n\n4\n").unwrap();
    for (position, expected) in [
        (&inside, vec!["0: 2", "0: 3", "0: 4"]),
        (&at_end, vec!["0: 4"]),
    ] {
        let mut source = open(dir.path(), false);
        source.seek(position).unwrap();
        assert_eq!(drain(&mut source, 10).0, expected);
    }
    fs::write(dir.path().join("a.csv"), "n\n0\n").unwrap();
    for position in [&inside, &at_end] {
        let error = open(dir.path(), false)
            .seek(position)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("the files are not those of the checkpoint"),
            "{error}"
        );
    }
    let foreign = Position {
        rows: vec![1],
        own: vec![-1, 0, 0],
    };
    assert!(open(dir.path(), false).seek(&foreign).is_err());
}

#[test]
fn no_file_is_an_error_that_says_where_it_looked() {
    let dir = folder(FILES);
    let check = |path: &str, part: String| {
        let doc = doc(&dir.path().join(path), Format::Csv, false);
        let error = FileSource::new(&doc, &schema(), Tz::UTC, None)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(&part), "{error}");
    };
    let shown = dir.path().display();
    check(
        "*.tsv",
        format!("no file matches `{shown}/*.tsv`; looked in `{shown}`"),
    );
    check("2025/*/a.csv", format!("there is no folder `{shown}/2025`"));
    check("[", "expected a pattern of file names".to_owned());
}

#[test]
fn a_file_that_goes_away_is_an_error_with_its_name() {
    let dir = folder(FILES);
    let mut source = open(dir.path(), false);
    let Polled::Rows(first) = source.poll(3).unwrap() else {
        panic!("no rows")
    };
    assert_eq!(shown(&first.rows), ["1", "2", "3"]);
    fs::remove_file(dir.path().join("b.csv")).unwrap();
    let error = source.poll(3).unwrap_err().to_string();
    assert!(error.contains("b.csv: "), "{error}");
}
