//! The command line itself: help, mistakes, and commands that are not built yet.

use crate::harness::Folder;

const EMPTY: &str = "name = \"empty\"\n";

#[test]
fn commands_that_are_not_built_yet_say_so() {
    let folder = Folder::with(EMPTY);
    for name in [
        "tap", "top", "record", "set", "plugin", "rule", "model", "llm", "connect", "backtest",
        "backfill",
    ] {
        let came = folder
            .zaraba(&[name, "pipeline.toml", "--whatever"])
            .code(2);
        assert_eq!(
            came.err,
            format!("error: `zaraba {name}` is not built yet\n")
        );
        assert_eq!(came.out, "");
    }
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    let folder = Folder::with(EMPTY);
    for (words, expected) in [
        (
            &["chekc", "pipeline.toml"][..],
            "unrecognized subcommand 'chekc'",
        ),
        (&["check"], "<FILE>"),
        (
            &["check", "pipeline.toml", "--set", "a"],
            "expected name=value",
        ),
        (
            &["graph", "pipeline.toml", "--format", "png"],
            "mermaid, svg, dot, json",
        ),
        (&["run", "--log", "xml", "pipeline.toml"], "human, json"),
        (&["check", "no.toml"], "cannot read `no.toml`"),
        (
            &["check", "pipeline.toml", "--profile", "live"],
            "--profile live: no such profile",
        ),
        (
            &["check", "pipeline.toml", "--set", "a=1"],
            "--set a: no such parameter",
        ),
    ] {
        let came = folder.zaraba(words).code(2);
        assert!(came.err.contains(expected), "{words:?}: {}", came.err);
        assert_eq!(came.out, "", "{words:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let folder = Folder::with(EMPTY);
    let help = folder.zaraba(&["--help"]).code(0);
    for command in ["run", "check", "graph", "explain", "test", "schema"] {
        assert!(
            help.out.contains(&format!("\n  {command} ")),
            "{command}: {}",
            help.out
        );
    }
    let version = folder.zaraba(&["--version"]).code(0);
    assert_eq!(
        version.out,
        concat!("zaraba ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
