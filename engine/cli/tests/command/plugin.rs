//! `plugin new`, `build`, `inspect`, `test` and `bench`, with real plugins. The tools of JavaScript and
//! Python take ten seconds and more: here others stand in for them, which are given the same words;
//! `.ci/languages` runs the real ones.

use std::path::{Path, PathBuf};

use crate::harness::Folder;

/// A built plugin.
fn built(name: &str) -> String {
    let folder = std::env::var_os("ZARABA_PLUGINS").expect("ZARABA_PLUGINS: run `make plugins`");
    let file = PathBuf::from(folder).join(format!("{name}.wasm"));
    file.to_str().unwrap().to_owned()
}

#[test]
fn inspect_prints_what_a_plugin_says_of_itself() {
    let came = Folder::with("").zaraba(&["plugin", "inspect", &built("step")]);
    assert_eq!(came.code, Some(0), "{}", came.err);
    for line in [
        "step 0.1.0: A price jumps, or a symbol falls silent",
        " kB, compiled, contract zaraba:rules@0.1.0",
        "stream prices",
        "  volume  int64 or null               How much of it, if known",
        "  venue   text or null, or no column  Where",
        "  jump_pct    number, at least 0.0, default 5.0   From what change on, percent",
        "a tick every 60 s",
        "5000000 fuel a call and 20000 a row, 8192 rows a call",
        "imports: zaraba:rules/types@0.1.0, zaraba:rules/state@0.1.0",
    ] {
        assert!(came.out.contains(line), "{line}:\n{}", came.out);
    }
}

#[test]
fn what_is_no_plugin_is_told_why() {
    let folder = Folder::with("");
    folder.write("text.wasm", "no wasm");
    folder.write("empty.wasm", "\0asm\u{d}\0\u{1}\0");
    folder.write("module.wasm", "\0asm\u{1}\0\0\0");
    for (file, why) in [
        ("none.wasm", "none.wasm: No such file"),
        ("text.wasm", "text.wasm: not a WebAssembly file"),
        (
            "module.wasm",
            "a core module that does not carry its component type",
        ),
        (
            "empty.wasm",
            "empty.wasm: not a rule: no exported instance named",
        ),
    ] {
        let came = folder.zaraba(&["plugin", "inspect", file]);
        assert_eq!((came.code, came.out.as_str()), (Some(2), ""));
        assert!(
            came.err.contains(why) || file == "empty.wasm" && came.err.contains("not a rule: "),
            "{}",
            came.err
        );
    }
}

#[test]
fn test_finds_a_rule_that_remembers_in_its_instance() {
    let folder = Folder::with("");
    let came = folder.zaraba(&["plugin", "test", &built("step")]);
    assert_eq!(came.code, Some(0), "{}{}", came.out, came.err);
    assert!(came.out.starts_with("step 0.1.0, 2000 made-up rows\n"));
    assert!(came.out.contains("\n5 passed, 0 failed; "), "{}", came.out);
    assert!(!came.out.contains("; 0 alerts"), "{}", came.out);
    let words = ["plugin", "test", &built("hostile"), "--rows", "100"];
    let came = folder.zaraba(&[&words[..], &["--set", "what=remember"]].concat());
    assert_eq!(came.code, Some(1));
    for line in [
        "test calls of 1 row ... ok",
        "test a fresh instance before every call ... FAILED",
        "  alert 8 differs from that of as few calls as can be",
        "4 passed, 1 failed",
    ] {
        assert!(came.out.contains(line), "{line}:\n{}", came.out);
    }
    let came = folder.zaraba(&[&words[..], &["--set", "what=loop"]].concat());
    assert!(
        came.out.contains("it used up the fuel of a call"),
        "{}",
        came.out
    );
    let came = folder.zaraba(&[&words[..], &["--set", "wat=loop"]].concat());
    assert_eq!(came.code, Some(2));
    assert!(came.err.contains("did you mean `what`?"), "{}", came.err);
}

/// Rows of a file, which is not in order.
const RECORDED: &str = "\
at,symbol,price,volume,note
2025-11-25T09:00:02Z,7203,106.0,10,x
2025-11-25T09:00:00Z,7203,100.0,10,x
2025-11-25T09:00:03Z,6758,50.0,5,x
2025-11-25T09:00:04Z,6758,80.0,5,x
";

#[test]
fn test_reads_recorded_rows() {
    let folder = Folder::with("");
    folder.write("prices.csv", RECORDED);
    let words = ["plugin", "test", &built("step"), "--time", "at", "--from"];
    for from in ["prices.csv", "prices=prices.csv"] {
        let came = folder.zaraba(&[&words[..], &[from]].concat());
        assert_eq!(came.code, Some(0), "{}{}", came.out, came.err);
        assert!(
            came.out.starts_with("step 0.1.0, 4 recorded rows\n"),
            "{}",
            came.out
        );
        assert!(
            came.out.contains("5 passed, 0 failed; 2 alerts"),
            "{}",
            came.out
        );
    }
    for (from, why) in [
        (
            "price=prices.csv",
            "reads no stream `price`; did you mean `prices`?",
        ),
        ("none.csv", "none.csv"),
    ] {
        let came = folder.zaraba(&[&words[..], &[from]].concat());
        assert_eq!(came.code, Some(2), "{}", came.err);
        assert!(came.err.contains(why), "{}", came.err);
    }
}

#[test]
fn bench_measures_three_sizes_of_call() {
    let words = ["plugin", "bench", &built("step"), "--rows", "500"];
    let came = Folder::with("").zaraba(&words);
    assert_eq!(came.code, Some(0), "{}", came.err);
    let figures = came.out.lines().skip(3).map(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert!(cells[1].parse::<f64>().unwrap() > 0.0, "{line}");
        cells[0].parse::<usize>().unwrap()
    });
    assert_eq!(figures.collect::<Vec<_>>(), [1, 64, 8192]);
}

#[test]
fn a_new_project_in_rust_is_built_and_passes() {
    let folder = Folder::with("");
    let came = folder.zaraba(&["plugin", "new", "my-rule", "--lang", "rust"]);
    assert_eq!(came.code, Some(0), "{}", came.err);
    // Whoever built the plugins has what they are built of; a folder of its own keeps it.
    let target = Path::new(&built(""))
        .parent()
        .unwrap()
        .with_file_name("projects");
    let mut command = folder.command(&["plugin", "test", "my-rule"]);
    let came = command.env("CARGO_TARGET_DIR", target).output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&came.stdout),
        String::from_utf8_lossy(&came.stderr),
    );
    assert!(came.status.success(), "{out}{err}");
    assert!(
        out.starts_with("my-rule 0.1.0, ") && out.contains("5 passed, 0 failed"),
        "{out}"
    );
    assert!(folder.path("my-rule/my-rule.wasm").is_file());
    let came = folder.zaraba(&["plugin", "new", "my-rule", "--lang", "js"]);
    assert_eq!(came.code, Some(2));
    assert!(
        came.err.contains("`my-rule` is there already"),
        "{}",
        came.err
    );
    let came = folder.zaraba(&["plugin", "new", "My", "--lang", "js"]);
    assert_eq!(came.code, Some(2));
}

/// Does as componentize-js would be asked to.
const JAVASCRIPT: &str = "\
import fs from 'node:fs';
const words = process.argv.slice(2).join(' ');
if (words !== 'rule.js --wit wit --world-name rule --out node_modules/built.wasm --disable stdio random clocks http fetch-event') throw new Error(words);
for (const name of ['rule.js', 'wit/rules.wit']) fs.statSync(name);
fs.copyFileSync('BUILT', 'node_modules/built.wasm');
";

/// Does as componentize-py would be asked to.
const PYTHON: &str = "\
#!/bin/sh
case \"$*\" in
    '--quiet --wit-path wit --world rule bindings bindings') [ -e rule.py ] ;;
    '--quiet --wit-path wit --world rule componentize --stub-wasi rule --output bindings/built.wasm')
        cp 'BUILT' bindings/built.wasm ;;
    *) echo \"$*\" >&2; exit 1 ;;
esac
";

#[cfg(unix)]
#[test]
fn projects_in_other_languages_say_what_is_missing_and_are_built() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with("");
    let cases = [
        (
            "js",
            "npm install",
            "node_modules/@bytecodealliance/componentize-js/src/cli.js",
            JAVASCRIPT,
        ),
        (
            "python",
            "pip install -r requirements.txt",
            ".venv/bin/componentize-py",
            PYTHON,
        ),
    ];
    for (language, install, tool, stand_in) in cases {
        let name = format!("my-{language}");
        let came = folder.zaraba(&["plugin", "new", &name, "--lang", language]);
        assert_eq!(came.code, Some(0), "{}", came.err);
        let build = || {
            let node = std::env::var_os("ZARABA_NODE").expect("ZARABA_NODE");
            let node = Path::new(&node).parent().unwrap().to_owned();
            let path = format!("{}:/usr/bin:/bin", node.display());
            let mut command = folder.command(&["plugin", "build", &name]);
            let came = command.env("PATH", path).output().unwrap();
            let err = String::from_utf8(came.stderr).unwrap();
            (
                came.status.code(),
                String::from_utf8(came.stdout).unwrap(),
                err,
            )
        };
        let (code, _, err) = build();
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(install), "{err}");
        let tool = folder.path(&format!("{name}/{tool}"));
        std::fs::create_dir_all(tool.parent().unwrap()).unwrap();
        std::fs::write(&tool, stand_in.replace("BUILT", &built("step"))).unwrap();
        std::fs::set_permissions(&tool, PermissionsExt::from_mode(0o755)).unwrap();
        let (code, out, err) = build();
        assert_eq!(code, Some(0), "{err}");
        assert!(
            out.starts_with(&format!("step 0.1.0: {name}/step.wasm (")),
            "{out}"
        );
    }
    let came = folder.zaraba(&["plugin", "build"]);
    assert_eq!(came.code, Some(2));
    assert!(
        came.err.contains("`.` is no project of a plugin"),
        "{}",
        came.err
    );
}
