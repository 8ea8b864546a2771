//! Every folder of `mistakes/` is a pipeline with mistakes and the exact text that users see.
//! `ZARABA_BLESS=1` writes the texts anew; read them before you keep them. A file `args` holds
//! what the command line and the environment said, one a line.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zaraba_config::load::{LoadOptions, load};

/// Command line and environment of a case.
#[derive(Default)]
struct Args {
    profile: Option<String>,
    set: Vec<(String, String)>,
    env: BTreeMap<String, String>,
}

fn args(case: &Path) -> Args {
    let mut args = Args::default();
    for line in std::fs::read_to_string(case.join("args"))
        .unwrap_or_default()
        .lines()
    {
        let (kind, rest) = line.split_once(' ').expect("KIND VALUE");
        let pair = || {
            let (name, value) = rest.split_once('=').expect("NAME=VALUE");
            (name.to_owned(), value.to_owned())
        };
        match kind {
            "profile" => args.profile = Some(rest.to_owned()),
            "set" => args.set.push(pair()),
            "env" => args.env.extend([pair()]),
            _ => panic!("unknown {kind} in {}", case.display()),
        }
    }
    args
}

/// What `zaraba check` would print for the pipeline in the current folder.
fn shown(args: &Args) -> String {
    let env = |name: &str| args.env.get(name).cloned();
    let options = LoadOptions {
        profile: args.profile.clone(),
        set: args.set.clone(),
        env: &env,
    };
    let loaded = load(Path::new("pipeline.toml"), &options);
    loaded.sources.render_all(&loaded.diagnostics)
}

#[test]
fn texts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let entries = std::fs::read_dir(&root).expect("tests/mistakes");
    let mut cases: Vec<PathBuf> = entries.map(|e| e.expect("entry").path()).collect();
    cases.sort();
    assert!(cases.len() >= 45, "only {} cases", cases.len());
    let bless = std::env::var_os("ZARABA_BLESS").is_some();
    let mut wrong = Vec::new();
    for case in cases {
        // Paths in messages are those given: the same on every machine only if they are relative.
        std::env::set_current_dir(&case).expect("chdir");
        let shown = shown(&args(&case));
        if bless {
            std::fs::write("error.txt", &shown).expect("write");
        }
        let expected = std::fs::read_to_string("error.txt").unwrap_or_default();
        if shown != expected {
            wrong.push(format!(
                "{}:\n{shown}\nexpected:\n{expected}",
                case.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
