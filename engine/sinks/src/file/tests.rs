//! Files read back by the formats' own readers, and what is left behind when writing fails.

use std::io::Read as _;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::FileReader;
use zaraba_core::error::Error;
use zaraba_core::stream::{Changelog, StreamSchema};
use zaraba_core::time::DAY;

use super::*;
use crate::file::days::{Day, DayOf};

mod parts;

fn batch(values: impl IntoIterator<Item = i64>, deleted: Option<Vec<bool>>) -> Batch {
    let values: Vec<i64> = values.into_iter().collect();
    let n = values.len();
    let texts = values.iter().map(|v| format!("row {v}"));
    let rows = RecordBatch::try_from_iter([
        ("n", Arc::new(Int64Array::from(values.clone())) as ArrayRef),
        ("text", Arc::new(StringArray::from_iter_values(texts))),
    ])
    .unwrap();
    let mut batch = Batch::new(rows, values.into(), vec![0; n].into()).unwrap();
    batch.deleted = deleted.map(Into::into);
    batch
}

fn input(name: &str, changelog: Changelog) -> SinkInput {
    let columns = batch([], None).rows.schema();
    SinkInput {
        name: name.to_owned(),
        schema: StreamSchema {
            columns,
            time: None,
            changelog,
        },
    }
}

fn calendars() -> Calendars {
    // A trading day that begins at noon of the day before.
    let trading_day = DayOf::new(|time| {
        let day = DayOf::of_zone(Tz::UTC).of(time + DAY / 2);
        Day {
            from: day.from - DAY / 2,
            until: day.until - DAY / 2,
            ..day
        }
    });
    Calendars {
        date: DayOf::of_zone(Tz::UTC),
        trading_day,
    }
}

fn options(path: &Path, format: Format) -> FileOptions {
    FileOptions::new(path.to_owned(), format, Tz::UTC, calendars())
}

fn names(folder: &Path) -> Vec<String> {
    let name =
        |e: std::io::Result<std::fs::DirEntry>| e.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn one_file_a_stream_and_none_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("deep/er");
    let upsert = Changelog::Upsert {
        key: vec!["n".to_owned()],
    };
    let inputs = [input("facts", Changelog::Append), input("state", upsert)];
    let open = || FileSink::open(&inputs, options(&out.join("{stream}.arrow"), Format::Arrow));
    let mut sink = open().unwrap();
    let Err(Error::Outside(busy)) = open() else {
        panic!("two writers of one file")
    };
    assert!(busy.ends_with("another program is writing it"), "{busy}");
    sink.write(Port(0), &batch([1, 2], None)).unwrap();
    sink.write(Port(1), &batch([7, 8], Some(vec![false, true])))
        .unwrap();
    sink.write(Port(0), &batch([3], None)).unwrap();
    assert_eq!(
        names(&out),
        [".facts.arrow.partial", ".state.arrow.partial"]
    );
    sink.close().unwrap();
    assert_eq!(names(&out), ["facts.arrow", "state.arrow"]);

    let read = |name: &str| {
        let reader =
            FileReader::try_new(std::fs::File::open(out.join(name)).unwrap(), None).unwrap();
        reader.map(Result::unwrap).collect::<Vec<_>>()
    };
    let facts: Vec<i64> = read("facts.arrow")
        .iter()
        .flat_map(|b| b["n"].as_primitive::<Int64Type>().values().to_vec())
        .collect();
    assert_eq!(facts, [1, 2, 3]);
    let state = read("state.arrow");
    assert_eq!(state[0].schema().field(0).name(), "__op");
    let ops: Vec<_> = state[0][OP_NAME]
        .as_string::<i32>()
        .iter()
        .flatten()
        .collect();
    assert_eq!(ops, ["upsert", "delete"]);
}

const OP_NAME: &str = crate::input::OP;

#[test]
fn text_and_parquet() {
    let dir = tempfile::tempdir().unwrap();
    for (format, ending) in [
        (Format::Csv, "csv"),
        (Format::Json, "json"),
        (Format::Parquet, "pq"),
    ] {
        let path = dir.path().join(format!("out.{ending}"));
        let inputs = [input("facts", Changelog::Append)];
        let mut sink = FileSink::open(&inputs, options(&path, format)).unwrap();
        sink.write(Port(0), &batch([5, 6], None)).unwrap();
        sink.close().unwrap();
    }
    let text = |ending| std::fs::read_to_string(dir.path().join(format!("out.{ending}"))).unwrap();
    assert_eq!(text("csv"), "n,text\n5,row 5\n6,row 6\n");
    assert_eq!(
        text("json"),
        "{\"n\":5,\"text\":\"row 5\"}\n{\"n\":6,\"text\":\"row 6\"}\n"
    );
    let mut magic = [0; 4];
    std::fs::File::open(dir.path().join("out.pq"))
        .unwrap()
        .read_exact(&mut magic)
        .unwrap();
    assert_eq!(&magic, b"PAR1");
}

#[test]
fn a_run_that_breaks_off_leaves_the_file_of_the_last_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.csv");
    std::fs::write(&path, "of the last run").unwrap();
    let inputs = [input("facts", Changelog::Append)];
    let mut sink = FileSink::open(&inputs, options(&path, Format::Csv)).unwrap();
    sink.write(Port(0), &batch(0..10_000, None)).unwrap();
    drop(sink);
    assert_eq!(names(dir.path()), ["out.csv"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "of the last run");
    // What a killed run left is written over, not added to.
    std::fs::write(dir.path().join(".out.csv.partial"), "n,text\n".repeat(100)).unwrap();
    let mut sink = FileSink::open(&inputs, options(&path, Format::Csv)).unwrap();
    sink.close().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "n,text\n");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let path = dir.path().join("file/below/out.csv");
    let inputs = [input("facts", Changelog::Append)];
    let error = FileSink::open(&inputs, options(&path, Format::Csv)).unwrap_err();
    let Error::Outside(message) = error else {
        panic!("{error:?}")
    };
    let expected = format!(
        "cannot make the folder {}: ",
        path.parent().unwrap().display()
    );
    assert!(message.starts_with(&expected), "{message}");
    let error = FileSink::open(&inputs, options(dir.path(), Format::Csv)).unwrap_err();
    assert!(matches!(error, Error::User(_)), "{error:?}");
}

#[test]
fn a_file_a_day_that_appears_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("{stream}-{trading_day}.csv");
    let inputs = [input("facts", Changelog::Append)];
    let open = || FileSink::open(&inputs, options(&path, Format::Csv)).unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let (noon, midnight) = (DAY / 2, DAY);
    let mut sink = open();
    sink.write(Port(0), &batch([0, noon - 1, noon, midnight, 3], None))
        .unwrap();
    sink.watermark(Port(0), EventTime(noon - 1)).unwrap();
    let both = [
        ".facts-1970-01-01.csv.partial",
        ".facts-1970-01-02.csv.partial",
    ];
    assert_eq!(names(dir.path()), both);
    sink.watermark(Port(0), EventTime(noon)).unwrap();
    assert_eq!(names(dir.path()), [both[1], "facts-1970-01-01.csv"]);
    let first = format!("n,text\n0,row 0\n{0},row {0}\n3,row 3\n", noon - 1);
    assert_eq!(read("facts-1970-01-01.csv"), first);
    sink.close().unwrap();
    let second = format!("n,text\n{noon},row {noon}\n{midnight},row {midnight}\n");
    assert_eq!(read("facts-1970-01-02.csv"), second);
    // Another run of the same day takes nothing away.
    let mut sink = open();
    sink.write(Port(0), &batch([midnight + 5], None)).unwrap();
    sink.close().unwrap();
    assert_eq!(read("facts-1970-01-02.csv"), second);
    assert!(read("facts-1970-01-02.2.csv").ends_with("86400000005\n"));
}

const FULL: &str = "ZARABA_TEST_FULL_DISK";

/// The system refuses to let files grow (`ulimit -f`), as a full disk would: for that the test
/// runs itself again in a process of its own.
#[test]
fn a_disk_that_takes_no_more() {
    if let Some(dir) = std::env::var_os(FULL) {
        return fill(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("other.csv"), "survives").unwrap();
    std::fs::write(dir.path().join("out.csv"), "survives").unwrap();
    let again = Command::new("sh")
        .args([
            "-c",
            "ulimit -f 64; trap '' XFSZ; exec \"$0\" --exact \"$1\"",
        ])
        .arg(std::env::current_exe().unwrap())
        .arg("file::tests::a_disk_that_takes_no_more")
        .env(FULL, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(
        again.status.success() && said.contains("1 passed"),
        "{said}"
    );
    assert_eq!(names(dir.path()), ["other.csv", "out.csv"]);
    for name in ["other.csv", "out.csv"] {
        assert_eq!(
            std::fs::read_to_string(dir.path().join(name)).unwrap(),
            "survives"
        );
    }
}

fn fill(dir: &Path) {
    for format in [Format::Csv, Format::Json, Format::Arrow, Format::Parquet] {
        let path = dir.join("out.csv");
        let inputs = [input("facts", Changelog::Append)];
        let mut sink = FileSink::open(&inputs, options(&path, format)).unwrap();
        // Numbers that do not compress.
        let rows = (0..2_000_000_i64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64));
        let rows = batch(rows.take(100_000), None);
        let result = (0..5)
            .try_for_each(|_| sink.write(Port(0), &rows))
            .and_then(|()| sink.close());
        let Err(Error::Outside(message)) = result else {
            panic!("{format:?}: {result:?}")
        };
        let expected = format!(
            "cannot write {}: the file would be larger than the system allows",
            path.display()
        );
        assert_eq!(message, expected, "{format:?}");
        assert_eq!(names(dir), ["other.csv", "out.csv"], "{format:?}");
    }
}
