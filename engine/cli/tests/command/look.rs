//! What can be known of a pipeline without running it.

use crate::harness::{Folder, case, matches};

/// A folder with the pipeline `bars.toml`.
fn bars() -> Folder {
    Folder::with(&case("bars.toml"))
}

#[test]
fn five_mistakes_in_one_pass() {
    let folder = Folder::with(&case("five.toml"));
    let came = folder.zaraba(&["check", "pipeline.toml"]).code(2);
    assert_eq!(came.out, "");
    let places: Vec<&str> = came
        .err
        .lines()
        .filter_map(|l| l.split("--> ").nth(1))
        .collect();
    // Counted by hand in five.toml.
    assert_eq!(
        places,
        [
            "pipeline.toml:2:1",
            "pipeline.toml:18:12",
            "pipeline.toml:19:8",
            "pipeline.toml:25:8",
            "pipeline.toml:31:18",
        ]
    );
    matches("five.txt", &came.err);
}

#[test]
fn no_mistakes_are_counted_nodes() {
    let came = bars().zaraba(&["check", "pipeline.toml"]).code(0);
    let expected = "pipeline.toml: no mistakes (1 source, 1 table, 2 queries, 1 sink, 1 test)\n";
    assert_eq!((came.out.as_str(), came.err.as_str()), (expected, ""));
}

const WARNED: &str = r#"
name = "warned"
[source.ticks]
connector = "simulate"
time = "ts"
start = "2025-11-14T09:00:00Z"
interval = "1s"
[source.ticks.schema]
ts = "timestamp"
[query.gaps]
sql = """
SELECT window_end, count(*) AS n
FROM HOP(ticks, ts, INTERVAL '2 minutes', INTERVAL '1 minute') GROUP BY window_end"""
"#;

#[test]
fn what_is_not_meant_is_warned_of() {
    let folder = Folder::with(WARNED);
    let came = folder.zaraba(&["check", "pipeline.toml"]).code(0);
    let expected = "\
warning: HOP with a slide of 2m over a size of 1m: rows between two windows are in none
  --> pipeline.toml:13:6
   |
13 | FROM HOP(ticks, ts, INTERVAL '2 minutes', INTERVAL '1 minute') GROUP BY window_end\"\"\"
   |      ^^^
   = help: HOP(input, time, slide, size): the slide comes first

warning: there is no sink, so nothing is written
  = help: declare `[sink.NAME]` with `from = […]`
";
    assert_eq!(came.err, expected);
    assert!(came.out.contains("no mistakes"), "{}", came.out);
    let empty = Folder::with("name = \"empty\"\n");
    let came = empty.zaraba(&["check", "pipeline.toml"]).code(0);
    let expected = "warning: there is no source, so there are no rows\n  \
                    = help: declare `[source.NAME]`\n";
    assert_eq!(came.err, expected);
}

#[test]
fn a_token_in_the_clear_is_warned_of() {
    const TOKEN: &str = "correct-horse-battery";
    const DESK: &str = "[sink.desk]\nconnector = \"websocket\"\nfrom = [\"gaps\"]\n\
                        listen = \"0.0.0.0:8225\"\nauth = { token_env = \"DESK_TOKEN\" }\n";
    for (tls, warned) in [
        ("", true),
        ("tls = { cert = \"c.pem\", key = \"k.pem\" }\n", false),
    ] {
        let folder = Folder::with(&format!("{WARNED}{DESK}{tls}"));
        folder.write("c.pem", "");
        folder.write("k.pem", "");
        let mut check = folder.command(&["check", "pipeline.toml"]);
        let output = check.env("DESK_TOKEN", TOKEN).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert_eq!(said.contains("can read the token"), warned, "{said}");
        assert!(!said.contains(TOKEN), "{said}");
    }
}

#[test]
fn graphs() {
    let folder = bars();
    for format in ["mermaid", "svg", "dot", "json"] {
        let came = folder
            .zaraba(&["graph", "pipeline.toml", "--format", format])
            .code(0);
        matches(&format!("bars.graph.{format}"), &came.out);
    }
    let plain = folder.zaraba(&["graph", "pipeline.toml"]).code(0);
    assert_eq!(plain.out, case("bars.graph.mermaid"));
    let _: serde_json::Value = serde_json::from_str(&case("bars.graph.json")).unwrap();
}

#[test]
fn explained() {
    let came = bars().zaraba(&["explain", "pipeline.toml"]).code(0);
    matches("bars.explain.txt", &came.out);
}

#[test]
fn the_schema_is_json_schema() {
    let came = bars().zaraba(&["schema"]).code(0);
    let schema: serde_json::Value = serde_json::from_str(&came.out).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    for section in ["source", "table", "query", "sink", "test"] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_exit_1() {
    let folder = bars();
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else { return }; // only Linux has it
    let mut command = folder.command(&["schema"]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        err.starts_with("error: cannot write to standard output: "),
        "{err}"
    );
}

#[test]
fn what_came_from_the_environment_is_hidden() {
    let text = case("bars.toml").replace("ticks.csv", "${PLACE}/*.parquet");
    let text = text.replace("[source.ticks.schema]", "schema = {}\n[gone]");
    let folder = Folder::with(&text);
    let mut command = folder.command(&["check", "pipeline.toml"]);
    let output = command.env("PLACE", "hunter2-hunter2").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!err.contains("hunter2") && err.contains("***"), "{err}");
}
