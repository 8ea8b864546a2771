//! `follow = true`: files that grow, by odd pieces, and that are renamed, cut and joined by others.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zaraba_config::document::{ColumnType, Encoding, FileSourceDoc, Format, SheetDoc};
use zaraba_core::clock::{Clock, ManualClock};
use zaraba_core::source::{Polled, Position, Source};
use zaraba_core::time::{ClockTime, SECOND};
use zaraba_sources::follow::FollowSource;

use crate::common::{column, located, shown};

/// A source, the clock by which it looks, and the folder it looks in.
struct Following {
    source: FollowSource,
    clock: ManualClock,
    limit: usize,
}

impl Following {
    fn new(folder: &Path, pattern: &str, change: impl FnOnce(&mut FileSourceDoc)) -> Self {
        let mut doc = FileSourceDoc {
            path: located(folder.join(pattern)),
            files: Vec::new(),
            format: Format::Csv,
            merge_by_time: false,
            follow: true,
            add_nullable: false,
            delimiter: b',',
            header: true,
            encoding: Encoding::Utf8,
            sheet: SheetDoc::default(),
        };
        change(&mut doc);
        let schema = [
            column("n", ColumnType::Int64),
            column("name", ColumnType::Text),
        ];
        let clock = ManualClock::new(ClockTime(0));
        let by = Arc::new(clock.clone());
        Self {
            source: FollowSource::new(&doc, &schema, chrono_tz::UTC, None, by),
            clock,
            limit: 2,
        }
    }

    fn later(&self, seconds: i64) {
        self.clock
            .set(ClockTime(self.clock.now().0 + seconds * SECOND));
    }

    /// What there is at the next look: rows, and bad ones with their places and reasons.
    fn rows(&mut self) -> Vec<String> {
        self.later(1);
        let mut came = Vec::new();
        loop {
            match self.source.poll(self.limit).unwrap() {
                Polled::Rows(rows) => {
                    assert!(rows.len() <= self.limit);
                    came.extend(shown(&rows.rows));
                    let bad = rows.bad.iter();
                    came.extend(bad.map(|(_, bad)| format!("{}: {}", bad.place, bad.reason)));
                }
                Polled::Pending(at) => {
                    assert!(at.is_some_and(|at| at > self.clock.now()));
                    return came;
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn append(path: &Path, text: impl AsRef<[u8]>) {
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_ref()).unwrap();
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_row_is_one_when_its_line_has_ended() {
    let folder = Folder::new();
    let mut following = Following::new(folder.0.path(), "a.csv", |_| {});
    assert_eq!(following.rows(), NOTHING, "there may be no file yet");
    let path = folder.path("a.csv");
    for (piece, expected) in [
        (&b"n,na"[..], vec![]),
        (b"me\n", vec![]),
        (b"1,a\n2,", vec!["1|a"]),
        ("日経".as_bytes().get(..4).unwrap(), vec![]),
        ("日経".as_bytes().get(4..).unwrap(), vec![]),
        (b"\n", vec!["2|日経"]),
        (b"\n\r\n3,c\r\n", vec!["3|c"]),
        (b"4,\"two\nlines", vec![]),
        (
            b" \"\"x\"\"\"\n5,e\nx,f\n6",
            vec![
                "4|two\nlines \"x\"",
                "5|e",
                "PATH:10: column `n`: expected int64, got `x`",
            ],
        ),
        (b",g\n7,h\n", vec!["6|g", "7|h"]),
    ] {
        append(&path, piece);
        let shown = format!("{}", path.display());
        let came: Vec<String> = following
            .rows()
            .iter()
            .map(|row| row.replace(&shown, "PATH"))
            .collect();
        assert_eq!(came, expected, "{:?}", String::from_utf8_lossy(piece));
    }
    assert_eq!(
        following.source.position().rows,
        [8],
        "the bad row is counted"
    );
}

#[test]
fn json_and_other_encodings_byte_by_byte() {
    let folder = Folder::new();
    let json = "{\"n\":1,\"name\":\"日\"}\n{\"n\":2,\"name\":\"x\"}\n".as_bytes();
    // 1,日経 2,表 (whose second byte is a backslash)
    let cp932 = b"1,\x93\xfa\x8co\n2,\x95\\\n";
    let json_rows = ["1|日", "2|x"];
    let plain_rows = ["1|日経", "2|表"];
    for (name, bytes, format, expected) in [
        ("a.json", json, Format::Json, json_rows),
        ("a.csv", &cp932[..], Format::Csv, plain_rows),
    ] {
        let mut following = Following::new(folder.0.path(), name, |doc| {
            doc.format = format;
            doc.header = false;
            if format == Format::Csv {
                doc.encoding = Encoding::Cp932;
            }
        });
        let mut came = Vec::new();
        for byte in bytes {
            append(&folder.path(name), [*byte]);
            came.extend(following.rows());
        }
        assert_eq!(came, expected);
    }
}

#[test]
fn a_renamed_file_is_read_to_its_end_and_once() {
    let folder = Folder::new();
    for pattern in ["a.csv", "a*"] {
        let path = folder.path("a.csv");
        fs::write(&path, "n,name\n1,a\n").unwrap();
        let mut following = Following::new(folder.0.path(), pattern, |_| {});
        assert_eq!(following.rows(), ["1|a"]);
        // The writer has it open and goes on with it for a while, as it does under logrotate.
        let mut old = File::options().append(true).open(&path).unwrap();
        old.write_all(b"2,b\n3").unwrap();
        fs::rename(&path, folder.path("a.csv.1")).unwrap();
        assert_eq!(following.rows(), ["2|b"], "{pattern}");
        fs::write(&path, "n,name\n5,e\n").unwrap();
        old.write_all(b",c\n").unwrap();
        assert_eq!(following.rows(), ["3|c", "5|e"], "{pattern}");
        old.write_all(b"4,d").unwrap();
        append(&path, "6,f\n");
        assert_eq!(following.rows(), ["6|f"], "{pattern}");
        // A minute later nobody is expected to end the line.
        following.later(60);
        let last: &[&str] = if pattern == "a.csv" { &["4|d"] } else { &[] };
        assert_eq!(following.rows(), last, "{pattern}");
        append(&path, "7,g\n");
        assert_eq!(following.rows(), ["7|g"]);
        for name in ["a.csv", "a.csv.1"] {
            fs::remove_file(folder.path(name)).unwrap();
        }
    }
}

#[test]
fn a_file_that_is_cut_begins_anew() {
    let folder = Folder::new();
    let path = folder.path("a.csv");
    fs::write(&path, "n,name\n1,aaaaaaaaaaaa\n2,b\n").unwrap();
    let mut following = Following::new(folder.0.path(), "*.csv", |_| {});
    assert_eq!(following.rows(), ["1|aaaaaaaaaaaa", "2|b"]);
    fs::write(&path, "n,name\n3,c\n").unwrap();
    assert_eq!(following.rows(), ["3|c"]);
    // As long as before, and longer, between two looks: its first bytes tell.
    fs::write(&path, "n,name\n4,d\n").unwrap();
    assert_eq!(following.rows(), ["4|d"]);
    fs::write(&path, "n,name\n5,eeeee\n6,f\n").unwrap();
    assert_eq!(following.rows(), ["5|eeeee", "6|f"]);
    append(&path, "7,half");
    assert_eq!(following.rows(), NOTHING);
    fs::write(&path, "name,n\nh,8\n").unwrap();
    let place = format!("{}:4", path.display());
    let told = format!("{place}: the file was cut; 6 bytes of it had not been read");
    assert_eq!(following.rows(), [told.as_str(), "8|h"]);
    fs::write(&path, "").unwrap();
    assert_eq!(following.rows(), NOTHING);
    append(&path, "n,name\n9,i\n");
    assert_eq!(following.rows(), ["9|i"]);
}

#[test]
fn files_that_match_are_taken_up() {
    let folder = Folder::new();
    let mut following = Following::new(folder.0.path(), "*/*.csv", |_| {});
    assert_eq!(following.rows(), NOTHING);
    for day in ["01", "02"] {
        fs::create_dir(folder.path(day)).unwrap();
    }
    fs::write(folder.path("02/a.csv"), "n,name\n3,c\n").unwrap();
    fs::write(folder.path("01/a.csv"), "name,n\na,1\nb,2\n").unwrap();
    fs::write(folder.path("01/a.txt"), "n,name\n9,x\n").unwrap();
    assert_eq!(
        following.rows(),
        ["1|a", "2|b", "3|c"],
        "in the order of names"
    );
    append(&folder.path("01/a.csv"), "d,4\n");
    fs::write(folder.path("02/b.csv"), "n,name\n6,f\n").unwrap();
    append(&folder.path("02/a.csv"), "5,e\n");
    assert_eq!(following.rows(), ["4|d", "5|e", "6|f"]);
}

#[test]
fn more_files_than_are_held_open() {
    let folder = Folder::new();
    let name = |i: usize| folder.path(&format!("{i:03}.csv"));
    let mut following = Following::new(folder.0.path(), "*.csv", |_| {});
    following.limit = 100;
    for round in 0..3 {
        for i in 0..300 {
            let text = if round == 0 { "n,name\n" } else { "" };
            append(&name(i), format!("{text}{i},{round}\n"));
        }
        let expected: Vec<String> = (0..300).map(|i| format!("{i}|{round}")).collect();
        assert_eq!(following.rows(), expected);
        following.later(1);
        assert_eq!(following.rows(), NOTHING);
    }
    let open = fs::read_dir("/proc/self/fd").map(|all| {
        let ours = |fd: &fs::DirEntry| {
            fs::read_link(fd.path()).is_ok_and(|to| to.starts_with(folder.0.path()))
        };
        all.filter(|fd| fd.as_ref().is_ok_and(ours)).count()
    });
    assert!(open.is_err() || open.unwrap() <= 128);
}

/// Goes to a position in a fresh source.
fn resumed(folder: &Folder, position: &Position) -> Following {
    let mut following = Following::new(folder.0.path(), "*.csv", |_| {});
    following.source.seek(position).unwrap();
    following
}

#[test]
fn goes_on_from_any_position() {
    let folder = Folder::new();
    let (a, b) = (folder.path("a.csv"), folder.path("b.csv"));
    fs::write(&a, "n,name\n1,a\nx,\n2,\"b\n\"\n3,c\n").unwrap();
    fs::write(&b, "n,name\n4,d\n5").unwrap();
    for polls in 0..8 {
        let mut whole = Following::new(folder.0.path(), "*.csv", |_| {});
        whole.limit = 1;
        for _ in 0..polls {
            whole.source.poll(1).unwrap();
        }
        let position = whole.source.position();
        let mut again = resumed(&folder, &position);
        again.limit = 1;
        assert_eq!(again.rows(), whole.rows(), "after {polls} polls");
        assert_eq!(again.source.position(), whole.source.position());
    }
    let mut whole = Following::new(folder.0.path(), "*.csv", |_| {});
    assert_eq!(whole.rows().len(), 5);
    let position = whole.source.position();
    // While it was away: one has grown, one was renamed, a third has come.
    append(&b, ",e\n6,f\n");
    fs::rename(&a, folder.path("old.csv")).unwrap();
    fs::write(&a, "n,name\n7,g\n").unwrap();
    append(&folder.path("old.csv"), "8,h\n");
    let mut came = resumed(&folder, &position).rows();
    came.sort();
    assert_eq!(came, ["5|e", "6|f", "7|g", "8|h"]);
}

#[test]
fn a_position_knows_copies_and_says_what_is_gone() {
    let folder = Folder::new();
    fs::write(folder.path("a.csv"), "n,name\n1,a\n").unwrap();
    fs::write(folder.path("b.csv"), "n,name\n2,b\n").unwrap();
    let mut before = Following::new(folder.0.path(), "*.csv", |_| {});
    assert_eq!(before.rows().len(), 2);
    let position = before.source.position();
    drop(before);
    // Restored from elsewhere: other numbers in the file system, the same names and beginnings.
    let moved = Folder::new();
    fs::write(moved.path("a.csv"), "n,name\n1,a\n3,c\n").unwrap();
    fs::write(moved.path("c.csv"), "n,name\n4,d\n").unwrap();
    let came = resumed(&moved, &position).rows();
    let gone = "checkpoint: the file of the checkpoint is not there any more; what it had behind \
                byte 11, if anything, was not read";
    assert_eq!(came, [gone, "3|c", "4|d"]);
    let foreign = Position {
        rows: vec![1],
        own: vec![0, 1, 2],
    };
    let mut following = Following::new(moved.0.path(), "*.csv", |_| {});
    assert!(following.source.seek(&foreign).is_err());
}

#[test]
fn a_header_that_does_not_fit_is_said_again_and_again() {
    let folder = Folder::new();
    let path = folder.path("a.csv");
    fs::write(&path, "n,nam\n1,a\n").unwrap();
    let mut following = Following::new(folder.0.path(), "*.csv", |_| {});
    for _ in 0..2 {
        following.later(1);
        let error = following.source.poll(1).unwrap_err().to_string();
        assert!(
            error.contains("no field `name` in its first line"),
            "{error}"
        );
    }
    fs::write(&path, "n,name\n1,a\n").unwrap();
    let told = format!(
        "{}:2: the file was cut; 4 bytes of it had not been read",
        path.display()
    );
    assert_eq!(following.rows(), [told.as_str(), "1|a"]);
}
