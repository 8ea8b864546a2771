//! `follow = true` in whole pipelines: a writer that appends by odd pieces and renames its file now
//! and then, and windows that close when it falls silent.

use std::fs::{self, File};
use std::io::Write as _;

use zaraba_core::time::iso8601;

use crate::cases::folder::{Folder, Rows};

const PIPELINE: &str = r#"
[source.ticks]
connector = "file"
path = "ticks.csv"
follow = true
time = "ts"
idle_timeout = "1s"
schema = { ts = "timestamp", name = "text", n = "int64" }
[query.counted]
sql = """
SELECT window_end, count(*) AS n, sum(n) AS total FROM TUMBLE(ticks, ts, INTERVAL '1 day')
GROUP BY window_start, window_end"""
[sink.out]
connector = "channel"
from = ["ticks", "ticks__late", "ticks__errors", "counted"]
"#;

/// 2025-11-14T00:00:00Z
const START: i64 = 1_763_078_400_000_000;

#[test]
fn rows_of_a_file_that_grows_and_is_renamed_come_once() {
    let folder = Folder::new();
    let mut built = folder
        .pipeline(PIPELINE)
        .build()
        .unwrap_or_else(|e| panic!("{e}"));
    let rows = Rows::of(&mut built);
    let running = built.start().unwrap();
    let (files, each) = (4, 25);
    for file in 0..files {
        let path = folder.path("ticks.csv");
        let mut out = File::create_new(&path).unwrap();
        let mut text = String::from("ts,name,n\n");
        let mut expected = Vec::new();
        for n in file * each..(file + 1) * each {
            let time = iso8601(START + n * 1_000_000);
            text.push_str(&format!("{time},日経{n},{n}\n"));
            expected.push(format!("ticks: {time}|日経{n}|{n}"));
        }
        for (i, piece) in text.as_bytes().chunks(7).enumerate() {
            out.write_all(piece).unwrap();
            if i == 20 {
                // Renamed while it is written.
                fs::rename(&path, folder.path(&format!("ticks.{file}"))).unwrap();
            }
            if i == 19 {
                let first: Vec<&str> = expected.iter().map(String::as_str).take(1).collect();
                rows.expect(&first);
            }
        }
        let rest: Vec<&str> = expected.iter().map(String::as_str).skip(1).collect();
        rows.expect(&rest);
    }
    // Silent for long enough, and alone: the day is over by the clock.
    let all = files * each;
    let total = (0..all).sum::<i64>();
    rows.expect(&[&format!("counted: 2025-11-15T00:00:00Z|{all}|{total}")]);
    running.stopper().stop();
    rows.expect_end();
    running.join().unwrap();
}
