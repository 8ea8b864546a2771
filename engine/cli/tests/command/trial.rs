//! `rule try` and `rule suggest`: the page of the first alert is true, as it stands; and what is
//! answered to questions that cannot be.

use std::fs;
use std::path::Path;

use crate::harness::Folder;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tutorial-alert.md");

/// A block of a page: its language, and its text with the line's end.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split("```");
    let mut blocks = Vec::new();
    parts.next();
    while let (Some(block), _) = (parts.next(), parts.next()) {
        blocks.extend(block.split_once('\n'));
    }
    blocks
}

/// Commands that end by themselves.
const RUN: [&str; 4] = ["check", "test", "record", "rule"];

#[test]
fn the_page_of_the_first_alert_is_true() {
    let page = fs::read_to_string(PAGE).unwrap();
    let folder = Folder::with("");
    let mut written = page.clone();
    let (mut answer, mut answers) = (None, 0);
    for (kind, text) in blocks(&page) {
        match kind {
            "toml" => folder.write("desk.toml", text),
            "sh" => {
                let words: Vec<&str> = text.split_whitespace().skip(1).collect();
                if !RUN.contains(&words[0]) {
                    continue;
                }
                let came = folder.zaraba(&words);
                assert_eq!(came.code, Some(0), "{text}{}", came.err);
                answer = Some((text, came.out));
            }
            _ => {
                let (asked, out) = answer.take().unwrap();
                let before = format!("```sh\n{asked}```\n```text\n");
                let old = format!("{before}{text}```");
                assert!(written.contains(&old), "{old}");
                written = written.replace(&old, &format!("{before}{out}```"));
                answers += 1;
            }
        }
    }
    assert_eq!(answers, 4);
    if std::env::var_os("ZARABA_BLESS").is_some() {
        fs::write(Path::new(PAGE), &written).unwrap();
    }
    let now = fs::read_to_string(PAGE).unwrap();
    assert_eq!(now, written, "make bless writes it again");
}

const PIPELINE: &str = r#"
[params]
limit = 5
[source.ticks]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", symbol = "text", price = "float64" }
[source.other]
connector = "channel"
time = "ts"
schema = { ts = "timestamp", n = "int64" }
[alert.dear]
from = "ticks"
key = ["symbol"]
when = "price > $limit"
[alert.many]
from = "other"
when = "n > 3"
[query.both]
sql = "SELECT ts, price FROM ticks UNION ALL SELECT ts, CAST(n AS DOUBLE) FROM other"
[alert.either]
from = "both"
when = "price > 3"
[sink.out]
connector = "stdout"
from = ["alerts"]
"#;

/// Three symbols; one is dear twice.
const TICKS: &str = "ts,symbol,price
2025-11-18T00:00:00Z,a,4
2025-11-18T00:01:00Z,b,6
2025-11-18T00:02:00Z,a,7
2025-11-18T00:03:00Z,a,5
2025-11-18T00:04:00Z,a,8
2025-11-18T00:20:00Z,a,9
";

#[test]
fn files_stand_in_for_the_source_that_is_meant() {
    let folder = Folder::with(PIPELINE);
    fs::create_dir_all(folder.path("tape/ticks")).unwrap();
    folder.write("tape/ticks/1.csv", TICKS);
    folder.write("ticks.csv", TICKS);
    let mut told = Vec::new();
    for from in [
        &["tape"][..],
        &["tape/ticks"],
        &["tape/ticks/1.csv"],
        &["tape/*/*.csv"],
        &["ticks=ticks.csv"],
        &["ticks.csv"],
    ] {
        let words = [
            &["rule", "try", "dear", "--sweep", "limit=5,7", "--from"],
            from,
        ]
        .concat();
        let came = folder.zaraba(&words);
        assert_eq!(came.code, Some(0), "{from:?}: {}", came.err);
        told.push(came.out);
    }
    assert!(told.iter().all(|out| *out == told[0]), "{told:#?}");
    for line in [
        "dear: 1 day, 2025-11-18; 6 rows",
        "    5       3   3.00           0",
        "    7       1   1.00           0",
        // From 6 to 6, from 7 to 8 and from 8 to 8; the recording ends before an hour has gone by.
        "  dear  5 min        3  +0.0%   +0.0%  +7.1%   67%",
    ] {
        assert!(told[0].contains(line), "{line}:\n{}", told[0]);
    }
    let words = [
        "rule",
        "try",
        "pipeline.toml",
        "dear",
        "--from",
        "tape",
        "--format",
        "json",
    ];
    let came = folder.zaraba(&words);
    let json: serde_json::Value = serde_json::from_str(&came.out).unwrap();
    assert_eq!(json["runs"][0]["alerts"], 3);
    assert_eq!(json["runs"][0]["by"]["severity"]["watch"], 3);
    assert_eq!(json["days"], 1);
}

#[test]
fn what_cannot_be_tried_is_told_what_was_expected() {
    let folder = Folder::with(PIPELINE);
    folder.write("ticks.csv", TICKS);
    for (words, why) in [
        (
            &["dea", "--from", "ticks=ticks.csv"][..],
            "error: no alert and no rule `dea`; did you mean `dear`?: there are dear, many, either\n",
        ),
        (
            &["dear"],
            "error: `ticks` is live: expected recorded rows in its place, --from ticks=PATH; `zaraba \
             record pipeline.toml ticks --out recorded` records them\n",
        ),
        (
            &["either", "--from", "ticks.csv"],
            "error: --from ticks.csv: of which source? Expected `SOURCE=PATH`, with one of ticks, other\n",
        ),
        (
            &["dear", "--from", "tick=ticks.csv"],
            "error: --from tick=: no source `tick`; did you mean `ticks`?: there are ticks, other\n",
        ),
        (
            &["dear", "--from", "ticks=none.csv"],
            "error: --from: no file matches `none.csv`\n",
        ),
        (
            &["dear", "--from", "ticks=ticks.csv", "--sweep", "limt=3"],
            "error: `limt` cannot be set of `dear`; did you mean `limit`?: the pipeline's [params] \
             has limit; there are cooldown, for\n",
        ),
        (
            &["dear", "--from", "ticks=ticks.csv", "--sweep", "limit=a"],
            "error: limit=a: expected an integer, got `a`\n",
        ),
        (
            &["dear", "--from", "ticks=ticks.csv", "--sweep", "for=5"],
            "error: for=5: expected a duration like `5m`, got `5`\n",
        ),
        (
            &[
                "dear",
                "--from",
                "ticks=ticks.csv",
                "--price",
                "ticks.prise",
            ],
            "error: --price ticks.prise: no column `prise`; did you mean `price`?: `ticks` has ts, \
             symbol, price\n",
        ),
        (
            &[
                "dear",
                "--from",
                "ticks=ticks.csv",
                "--price",
                "ticks.symbol",
            ],
            "error: --price ticks.symbol: expected a column of numbers\n",
        ),
    ] {
        let came = folder.zaraba(&[&["rule", "try"], words].concat());
        assert_eq!((came.code, came.err.as_str()), (Some(2), why), "{words:?}");
    }
}

#[test]
fn a_number_to_be_found_has_to_be_a_parameter() {
    let folder = Folder::with(PIPELINE);
    folder.write("other.csv", "ts,n\n2025-11-18T00:00:00Z,4\n");
    let words = [
        "rule",
        "suggest",
        "many",
        "--from",
        "other=other.csv",
        "--per-day",
        "5",
    ];
    let came = folder.zaraba(&words);
    let why = "error: --param NAME: which number of `many` is to be found? there is none: a threshold \
               has to be a parameter, `$name`\n";
    assert_eq!((came.code, came.err.as_str()), (Some(2), why));
}
