//! Files that are damaged, disappear or do not fit: exit code 1 and a message that names them.

use std::fs;
use std::process::{Command, Stdio};

use crate::harness::{Came, Folder};

/// So many simulated ticks into a file, or whatever the sink says.
fn ticks(rows: u32, sink: &str) -> Folder {
    Folder::with(&format!(
        r#"
name = "ticks"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00Z"
interval = "1s"
rows = {rows}
[source.ticks.schema]
ts = "timestamp"
price = {{ type = "float64", range = [1.0, 2.0] }}
[sink.out]
from = ["ticks"]
{sink}
"#
    ))
}

#[test]
fn a_full_disk() {
    let folder = ticks(200_000, "connector = \"file\"\npath = \"out.json\"");
    // The shell's limit stands for the disk: 64 KiB, and no signal for who goes beyond.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" run pipeline.toml";
    let output = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_zaraba")])
        .current_dir(folder.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let came = Came::from(output).code(1);
    assert!(
        came.err.starts_with("error: out: cannot write "),
        "{}",
        came.err
    );
    assert!(
        came.err.contains("out.json: the file would be larger"),
        "{}",
        came.err
    );
    assert_eq!(folder.names(), ["pipeline.toml"], "nothing half done stays");
}

#[test]
fn a_full_device_as_standard_output() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
        return;
    };
    let folder = ticks(10, "connector = \"stdout\"\nformat = \"json\"");
    let output = folder
        .command(&["run", "pipeline.toml"])
        .stdout(full)
        .output()
        .unwrap();
    let came = Came::from(output).code(1);
    assert!(
        came.err
            .starts_with("error: out: cannot write to standard output"),
        "{}",
        came.err
    );
}

/// A pipeline that reads `out.parquet`, with or without its columns declared.
fn reader(schema: &str) -> String {
    format!(
        r#"
name = "reader"
[source.ticks]
connector = "file"
path = "out.parquet"
time = "ts"
{schema}
[sink.copy]
connector = "file"
path = "copy.json"
from = ["ticks"]
"#
    )
}

#[test]
fn a_parquet_file_that_was_cut() {
    let folder = ticks(20_000, "connector = \"file\"\npath = \"out.parquet\"");
    folder.zaraba(&["run", "pipeline.toml"]).code(0);
    let whole = fs::read(folder.path("out.parquet")).unwrap();
    folder.write("reader.toml", &reader(""));
    folder.zaraba(&["run", "reader.toml"]).code(0);
    assert_eq!(folder.read("copy.json").lines().count(), 20_000);

    fs::write(folder.path("out.parquet"), &whole[..whole.len() / 2]).unwrap();
    // Where nothing declares the columns they cannot be known: the pipeline is refused.
    let came = folder.zaraba(&["run", "reader.toml"]).code(2);
    assert!(
        came.err.contains("out.parquet") && came.err.contains("reader.toml:5:8"),
        "{}",
        came.err
    );
    // Where they are declared the run fails.
    folder.write(
        "reader.toml",
        &reader("schema = { ts = \"timestamp\", price = \"float64\" }"),
    );
    let came = folder.zaraba(&["run", "reader.toml"]).code(1);
    assert!(
        came.err.starts_with("error: ticks: ") && came.err.contains("out.parquet"),
        "{}",
        came.err
    );

    // Here the end of the file is whole, and the head of its first page is not.
    let mut damaged = whole.clone();
    damaged[4..64].fill(0xFF);
    fs::write(folder.path("out.parquet"), &damaged).unwrap();
    let before = folder.read("copy.json");
    let came = folder.zaraba(&["run", "reader.toml"]).code(1);
    assert!(
        came.err.starts_with("error: ticks: ") && came.err.contains("out.parquet"),
        "{}",
        came.err
    );
    assert_eq!(folder.read("copy.json"), before, "the last good file stays");
}

#[test]
fn a_file_that_disappears() {
    let folder = Folder::with(
        r#"
name = "two"
[source.ticks]
connector = "file"
path = "ticks-*.csv"
time = "ts"
replay = { speed = 1.0 }
schema = { ts = "timestamp" }
[sink.out]
connector = "file"
path = "out.json"
from = ["ticks"]
"#,
    );
    folder.write(
        "ticks-1.csv",
        "ts\n2025-11-14T09:00:00Z\n2025-11-14T09:00:02Z\n",
    );
    folder.write("ticks-2.csv", "ts\n2025-11-14T09:00:03Z\n");
    let child = folder.started(&["run", "pipeline.toml"], "out.json");
    fs::remove_file(folder.path("ticks-2.csv")).unwrap();
    let came = Came::of(child).code(1);
    assert!(
        came.err.starts_with("error: ticks: ") && came.err.contains("ticks-2.csv"),
        "{}",
        came.err
    );
    assert_eq!(folder.names(), ["pipeline.toml", "ticks-1.csv"]);
}

#[test]
fn no_file_at_all_is_a_mistake() {
    let folder = Folder::with(&reader("").replace("out.parquet", "gone-*.parquet"));
    let came = folder.zaraba(&["run", "pipeline.toml"]).code(2);
    assert!(
        came.err.contains("no file matches `gone-*.parquet`"),
        "{}",
        came.err
    );
    assert!(came.err.contains("--> pipeline.toml:5:8"), "{}", came.err);
}
