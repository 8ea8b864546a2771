//! `run` to its end: files in, files out, and a summary.

use crate::harness::{Folder, case};

/// Two good minutes, a late row and a bad one.
const TICKS: &str = "\
ts,side,price
2025-11-14T09:00:01,C,1.5
2025-11-14T09:00:30,C,2.5
2025-11-14T09:01:10,C,9.0
2025-11-14T09:00:59,C,100.0
2025-11-14T09:01:11,C,dear
2025-11-14T09:01:12,P,3.0
";

fn bars() -> Folder {
    let folder = Folder::with(&case("bars.toml"));
    folder.write("ticks.csv", TICKS);
    folder
}

#[test]
fn a_file_becomes_files() {
    let folder = bars();
    let came = folder.zaraba(&["run", "pipeline.toml"]).code(0);
    assert_eq!(came.out, "");
    let expected = "\
{\"window_start\":\"2025-11-14T09:00:00+09:00\",\"window_end\":\"2025-11-14T09:01:00+09:00\",\"side\":\"C\",\"high\":2.5,\"n\":2}
{\"window_start\":\"2025-11-14T09:01:00+09:00\",\"window_end\":\"2025-11-14T09:02:00+09:00\",\"side\":\"C\",\"high\":9.0,\"n\":1}
{\"window_start\":\"2025-11-14T09:01:00+09:00\",\"window_end\":\"2025-11-14T09:02:00+09:00\",\"side\":\"P\",\"high\":3.0,\"n\":1}
";
    assert_eq!(folder.read("bars.json"), expected);
    let late = folder.read("ticks__late.json");
    assert!(
        late.lines().count() == 1 && late.contains("\"price\":100.0"),
        "{late}"
    );
    let bad = folder.read("ticks__errors.json");
    assert!(bad.lines().count() == 1 && bad.contains("`dear`"), "{bad}");
    // In a pipe: the warnings, and the summary as the last line.
    let last = came.err.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("done: 6 rows in, 1 late, 1 bad, ") && last.ends_with(" s"),
        "{last}"
    );
    assert!(
        !came.err.contains('\x1b') && !came.err.contains("rows/s"),
        "{}",
        came.err
    );
}

#[test]
fn late_and_bad_rows_are_warned_of_with_counts() {
    let came = bars()
        .zaraba(&["run", "pipeline.toml", "--log", "json"])
        .code(0);
    let lines: Vec<serde_json::Value> = came
        .err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}")))
        .collect();
    for what in ["late rows", "bad rows"] {
        let found: Vec<_> = lines.iter().filter(|l| l["message"] == what).collect();
        assert_eq!(found.len(), 1, "{what}: {}", came.err);
        let line = found[0];
        assert_eq!(
            (&line["level"], &line["node"]),
            (&"WARN".into(), &"ticks".into())
        );
        assert_eq!((&line["new"], &line["in_all"]), (&1.into(), &1.into()));
    }
    let summary = lines
        .last()
        .and_then(|l| l["message"].as_str())
        .unwrap_or_default();
    assert!(summary.starts_with("done: 6 rows in"), "{summary}");
}

#[test]
fn parameters_and_profiles() {
    let folder = bars();
    folder
        .zaraba(&[
            "run",
            "pipeline.toml",
            "--profile",
            "other",
            "--set",
            "least=2.6",
        ])
        .code(0);
    let expected = "\
window_start,window_end,side,high,n
2025-11-14T09:01:00+09:00,2025-11-14T09:02:00+09:00,C,9.0,1
2025-11-14T09:01:00+09:00,2025-11-14T09:02:00+09:00,P,3.0,1
";
    assert_eq!(folder.read("other-bars.csv"), expected);
    assert!(!folder.names().contains(&"bars.json".to_owned()));
}

#[test]
fn a_bad_row_that_may_not_be_is_exit_1() {
    let folder = Folder::with(&case("bars.toml").replace("dead_letter", "fail"));
    folder.write("ticks.csv", TICKS);
    let came = folder.zaraba(&["run", "pipeline.toml"]).code(1);
    let expected = "ticks.csv:6: column `price`: expected float64, got `dear`";
    assert!(came.err.contains(expected), "{}", came.err);
    assert!(came.err.starts_with("error: ticks: ") || came.err.contains("\nerror: ticks: "));
    assert_eq!(
        folder.names(),
        ["pipeline.toml", "ticks.csv"],
        "nothing half done stays"
    );
}

#[test]
fn channels_need_an_embedding_program() {
    let text = case("bars.toml").replace(
        "connector = \"file\"\npath = \"ticks.csv\"",
        "connector = \"channel\"",
    );
    let came = Folder::with(&text)
        .zaraba(&["run", "pipeline.toml"])
        .code(2);
    assert!(
        came.err
            .starts_with("error: `ticks` has the connector `channel`"),
        "{}",
        came.err
    );
}
