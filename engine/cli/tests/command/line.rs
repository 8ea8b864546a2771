//! The command line itself: help, mistakes, and commands that are not built yet.

use crate::harness::Folder;

const EMPTY: &str = "name = \"empty\"\n";

#[test]
fn commands_that_are_not_built_yet_say_so() {
    let folder = Folder::with(EMPTY);
    for name in ["model", "llm", "backtest", "backfill"] {
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
    for command in [
        "run",
        "check",
        "graph",
        "explain",
        "test",
        "tap",
        "top",
        "set",
        "record",
        "schema",
        "completion",
    ] {
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

#[test]
fn a_shell_is_told_how_to_complete() {
    let folder = Folder::with(EMPTY);
    for (shell, expected) in [
        ("bash", "complete -F _zaraba"),
        ("zsh", "#compdef zaraba"),
        ("fish", "complete -c zaraba"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let came = folder.zaraba(&["completion", shell]).code(0);
        assert!(came.out.contains(expected), "{shell}");
        for word in ["record", "profile"] {
            assert!(came.out.contains(word), "{shell}: {word}");
        }
    }
    // What bash makes of it: the command that begins so.
    let script = "source <(\"$0\" completion bash); COMP_WORDS=(zaraba expl); COMP_CWORD=1; \
                  _zaraba zaraba expl zaraba; echo \"${COMPREPLY[@]}\"";
    let bash = std::process::Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_zaraba")])
        .output();
    let Ok(bash) = bash else { return }; // no bash, no completion of bash
    assert_eq!(String::from_utf8_lossy(&bash.stdout), "explain\n");
}

#[test]
fn every_line_of_a_json_log_is_an_object() {
    let folder = Folder::with(WARNED);
    folder.write("wrong.toml", "nam = 1\n[source.a]\nconnector = \"fiel\"\n");
    folder.write(
        "ticks.csv",
        "ts,n\n2025-11-14T09:00:00Z,1\nx,2\n2025-11-14T08:00:00Z,3\n",
    );
    for (words, code, least) in [
        (&["run", "pipeline.toml"][..], 0, 3),
        (&["run", "pipeline.toml", "-vv"], 0, 3),
        (&["check", "pipeline.toml"], 0, 1),
        (&["test", "pipeline.toml"], 0, 0),
        (&["graph", "pipeline.toml"], 0, 0),
        (&["explain", "pipeline.toml"], 0, 0),
        (&["check", "wrong.toml"], 2, 1),
        (&["run", "no.toml"], 2, 1),
        (&["tap", "a", "--url", "http://127.0.0.1:1"], 1, 1),
        (&["top", "--once", "--url", "http://127.0.0.1:1"], 1, 1),
        (&["set", "--file", "pipeline.toml"], 2, 1),
        (&["record", "pipeline.toml", "tikcs", "--out", "x"], 2, 1),
        (&["schema"], 0, 0),
    ] {
        let came = folder
            .zaraba(&[words, &["--log", "json"]].concat())
            .code(code);
        assert!(came.err.lines().count() >= least, "{words:?}: {}", came.err);
        for line in came.err.lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            for field in ["timestamp", "level", "target", "message"] {
                assert!(event[field].is_string(), "{words:?}: no {field}: {line}");
            }
        }
    }
}

/// A file of which a row is late and one is bad, and nobody writes it.
const WARNED: &str = r#"
name = "warned"
[source.ticks]
connector = "file"
path = "ticks.csv"
time = "ts"
on_error = "skip"
[source.ticks.schema]
ts = "timestamp"
n = "int64"
[query.all]
sql = "SELECT ts, n FROM ticks"
"#;
