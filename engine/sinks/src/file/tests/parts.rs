//! Files by values, stretches of time and size: which rows are in which file, that nothing is
//! written over or elsewhere, and what a killed run leaves.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use arrow::array::Array as _;
use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000_000;

/// Rows of (time, value), the value as text.
fn rows(rows: &[(i64, Option<&str>)]) -> Batch {
    let texts: StringArray = rows.iter().map(|(_, text)| *text).collect();
    let times: Vec<i64> = rows.iter().map(|(time, _)| *time).collect();
    let columns = [
        ("n", Arc::new(Int64Array::from(times.clone())) as ArrayRef),
        ("text", Arc::new(texts)),
    ];
    let seq = vec![0; times.len()];
    let rows = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
    Batch::new(rows.unwrap(), times.into(), seq.into()).unwrap()
}

fn stream() -> [SinkInput; 1] {
    let mut input = input("facts", Changelog::Append);
    input.schema.columns = rows(&[]).rows.schema();
    [input]
}

fn open(path: &Path, change: impl FnOnce(&mut FileOptions)) -> FileSink {
    let mut options = options(path, Format::Csv);
    change(&mut options);
    FileSink::open(&stream(), options).unwrap()
}

/// All files below a folder, hidden ones too, with their text.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

fn names_of(tree: &BTreeMap<String, String>) -> Vec<&str> {
    tree.keys().map(String::as_str).collect()
}

#[test]
fn a_file_for_each_value_and_none_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let mut sink = open(&out.join("{stream}/{text}/{date}.csv"), |_| {});
    let day = DAY + HOUR;
    let long = "板".repeat(500);
    let values = [
        "NK225",
        "../../secret",
        "/etc/passwd",
        "",
        ".",
        "..",
        "a\0b",
        &long,
    ];
    let mut batch: Vec<_> = values.iter().map(|v| (day, Some(*v))).collect();
    batch.extend([
        (day, None),
        (day + 1, Some("NK225")),
        (day + DAY, Some("NK225")),
    ]);
    sink.write(Port(0), &rows(&batch)).unwrap();
    sink.close().unwrap();
    let tree = tree(dir.path());
    let cut = tree.keys().find(|name| name.contains('板')).unwrap();
    assert!(cut.len() < 140, "{cut}");
    let mut expected = vec![
        "out/facts/%2E%2E/1970-01-02.csv",
        "out/facts/%2E.%2F..%2Fsecret/1970-01-02.csv",
        "out/facts/%2E/1970-01-02.csv",
        "out/facts/%2Fetc%2Fpasswd/1970-01-02.csv",
        "out/facts/NK225/1970-01-02.csv",
        "out/facts/NK225/1970-01-03.csv",
        "out/facts/__empty/1970-01-02.csv",
        "out/facts/__null/1970-01-02.csv",
        "out/facts/a%00b/1970-01-02.csv",
        cut,
    ];
    expected.sort_unstable();
    assert_eq!(names_of(&tree), expected);
    let of = |name: &str| tree[&format!("out/facts/{name}.csv")].clone();
    let first = format!("n,text\n{day},NK225\n{},NK225\n", day + 1);
    assert_eq!(of("NK225/1970-01-02"), first);
    assert_eq!(of("__null/1970-01-02"), format!("n,text\n{day},\n"));
    assert_eq!(of("__empty/1970-01-02"), format!("n,text\n{day},\"\"\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the values are and however rows come in batches: every row is in one file, in
    /// order, with the rows of its value and hour alone.
    #[test]
    fn every_row_is_in_one_file(
        picks in prop::collection::vec((0_i64..5, 0_usize..6, 0_i64..HOUR), 1..200),
        cut in 1_usize..50,
        open_files in 1_usize..8,
    ) {
        let values = [Some("a"), Some("a.2"), Some("../x"), Some(""), None, Some("__null")];
        let all: Vec<_> = picks.iter().map(|(hour, v, t)| (hour * HOUR + t, values[*v])).collect();
        let dir = tempfile::tempdir().unwrap();
        let mut sink = open(&dir.path().join("{text}.{time}.csv"), |o| {
            o.roll.every = Some(HOUR);
            o.open_files = open_files;
        });
        for part in all.chunks(cut) {
            sink.write(Port(0), &rows(part)).unwrap();
            prop_assert!(sink.paths().count() <= open_files);
        }
        sink.close().unwrap();
        let mut files: BTreeMap<(i64, String), Vec<i64>> = BTreeMap::new();
        for text in tree(dir.path()).values() {
            let parsed: Vec<(i64, String)> = text
                .lines()
                .skip(1)
                .map(|l| l.split_once(',').unwrap())
                .map(|(n, v)| (n.parse().unwrap(), v.to_owned()))
                .collect();
            let of = |(n, v): &(i64, String)| (n.div_euclid(HOUR), v.clone());
            prop_assert!(parsed.iter().all(|row| of(row) == of(&parsed[0])));
            files.entry(of(&parsed[0])).or_default().extend(parsed.iter().map(|(n, _)| n));
        }
        let mut expected: BTreeMap<(i64, String), Vec<i64>> = BTreeMap::new();
        for (time, value) in &all {
            let written = value.map_or(String::new(), |v| if v.is_empty() { "\"\"" } else { v }.to_owned());
            expected.entry((time.div_euclid(HOUR), written)).or_default().push(*time);
        }
        for rows in files.values_mut().chain(expected.values_mut()) {
            rows.sort_unstable();
        }
        prop_assert_eq!(files, expected);
    }
}

#[test]
fn full_files_are_the_same_whatever_the_batches() {
    let of = |batch: usize| {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = open(&dir.path().join("all.csv"), |o| {
            o.roll.size = Some(20_000);
            o.roll.every = Some(HOUR);
        });
        let times: Vec<_> = (0..10_000).map(|n| (n * HOUR / 6_000, Some("x"))).collect();
        for part in times.chunks(batch) {
            sink.write(Port(0), &rows(part)).unwrap();
            sink.watermark(Port(0), EventTime(part[0].0)).unwrap();
        }
        sink.close().unwrap();
        tree(dir.path())
    };
    let whole = of(10_000);
    assert!(whole.len() >= 4, "{:?}", names_of(&whole));
    assert!(whole.contains_key("all.csv") && whole.contains_key("all.2.csv"));
    // Looked at each 1,024 rows, of at most 15 bytes here.
    assert!(whole.values().all(|text| text.len() < 20_000 + 1_024 * 15));
    let rows = |name: &str| whole[name].lines().count() - 1;
    assert_eq!(rows("all.csv") % 1_024, 0);
    assert_eq!(whole.keys().map(|name| rows(name)).sum::<usize>(), 10_000);
    assert_eq!(of(7), whole);
    assert_eq!(of(1_500), whole);
}

#[test]
fn a_stretch_appears_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = open(&dir.path().join("{time}.csv"), |o| {
        o.roll.every = Some(HOUR)
    });
    sink.write(Port(0), &rows(&[(0, None), (HOUR, None), (1, None)]))
        .unwrap();
    sink.watermark(Port(0), EventTime(HOUR - 1)).unwrap();
    let hidden = [
        ".19700101T000000.csv.partial",
        ".19700101T010000.csv.partial",
    ];
    assert_eq!(names(dir.path()), hidden);
    sink.watermark(Port(0), EventTime(HOUR)).unwrap();
    assert_eq!(names(dir.path()), [hidden[1], "19700101T000000.csv"]);
    let first = std::fs::read_to_string(dir.path().join("19700101T000000.csv")).unwrap();
    assert_eq!(first, "n,text\n0,\n1,\n");
}

#[test]
fn before_one_file_too_many_the_oldest_gets_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = open(&dir.path().join("{text}.csv"), |o| o.open_files = 2);
    let mut write = |value| sink.write(Port(0), &rows(&[(0, Some(value))])).unwrap();
    ["a", "b", "a", "c"].into_iter().for_each(&mut write);
    assert_eq!(
        names(dir.path()),
        [".a.csv.partial", ".c.csv.partial", "b.csv"]
    );
    write("b");
    assert_eq!(
        names(dir.path()),
        [".b.2.csv.partial", ".c.csv.partial", "a.csv", "b.csv"]
    );
    sink.close().unwrap();
    assert_eq!(names(dir.path()), ["a.csv", "b.2.csv", "b.csv", "c.csv"]);
}

#[test]
fn a_file_that_came_meanwhile_is_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = open(&dir.path().join("{text}.csv"), |_| {});
    sink.write(Port(0), &rows(&[(0, Some("a"))])).unwrap();
    std::fs::write(dir.path().join("a.csv"), "of somebody else").unwrap();
    sink.close().unwrap();
    let tree = tree(dir.path());
    assert_eq!(names_of(&tree), ["a.2.csv", "a.csv"]);
    assert_eq!(tree["a.csv"], "of somebody else");
    assert_eq!(tree["a.2.csv"], "n,text\n0,a\n");
}

#[test]
fn parquet_files_of_many_values_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("{text}.arrow");
    let mut options = options(&path, Format::Arrow);
    options.open_files = 3;
    let mut sink = FileSink::open(&stream(), options).unwrap();
    let values = ["a", "b", "c", "d", "e"];
    let batch: Vec<_> = (0..500)
        .map(|n| (n, Some(values[n as usize % 5])))
        .collect();
    for part in batch.chunks(100) {
        sink.write(Port(0), &rows(part)).unwrap();
    }
    sink.close().unwrap();
    let mut all = Vec::new();
    for name in names(dir.path()) {
        let file = std::fs::File::open(dir.path().join(&name)).unwrap();
        for batch in FileReader::try_new(file, None).unwrap().map(Result::unwrap) {
            let texts = batch["text"].as_string::<i32>();
            assert!(
                texts.iter().flatten().all(|text| name.starts_with(text)),
                "{name}"
            );
            assert_eq!(texts.null_count(), 0);
            all.extend(batch["n"].as_primitive::<Int64Type>().values().to_vec());
        }
    }
    all.sort_unstable();
    assert_eq!(all, (0..500).collect::<Vec<_>>());
}

const KILLED: &str = "ZARABA_TEST_KILLED";

/// A process that writes and is killed, as by `kill -9`.
#[test]
fn a_killed_run_leaves_hidden_files_that_the_next_removes() {
    if let Some(dir) = std::env::var_os(KILLED) {
        let mut sink = open(&Path::new(&dir).join("{text}/{date}.csv"), |_| {});
        sink.write(
            Port(0),
            &rows(&[(0, Some("a")), (DAY, Some("a")), (0, Some("b"))]),
        )
        .unwrap();
        sink.watermark(Port(0), EventTime(DAY)).unwrap();
        sink.write(Port(0), &rows(&[(DAY, Some("c"))])).unwrap();
        println!("\nwritten");
        std::io::stdout().flush().unwrap();
        std::thread::park();
    }
    let dir = tempfile::tempdir().unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("file::tests::parts::a_killed_run_leaves_hidden_files_that_the_next_removes")
        .env(KILLED, dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(again.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "written"));
    again.kill().unwrap();
    again.wait().unwrap();
    let left = tree(dir.path());
    let whole = ["a/1970-01-01.csv", "b/1970-01-01.csv"];
    let hidden = ["a/.1970-01-02.csv.partial", "c/.1970-01-02.csv.partial"];
    assert_eq!(names_of(&left), [hidden[0], whole[0], whole[1], hidden[1]]);
    assert_eq!(left[whole[0]], "n,text\n0,a\n");
    drop(open(&dir.path().join("{text}/{date}.csv"), |_| {}));
    assert_eq!(names_of(&tree(dir.path())), whole);
}
