//! The rules of the repository that neither rustc nor clippy knows: sizes, headers, which crate
//! imports which, what lies at the top, that the README and the links are true. Std only: `make
//! test` compiles this file alone first, so that it answers in seconds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The longest a source file may be.
const LINES_MAX: usize = 500;

/// What may lie at the top beside dotfiles.
const TOP: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "docs",
    "engine",
    "examples",
    "pipelines",
    "plugins",
    "sdk",
    "tests",
];

/// Folder under `engine/` and what its crate may import, the lowest layer first. Tests of a crate
/// may use any crate of a lower row.
const LAYERS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("config", &["core"]),
    ("formats", &["core", "config"]),
    ("net", &["core", "config"]),
    ("finance", &["core"]),
    ("sql", &["core", "config", "finance"]),
    ("alerts", &["core", "config", "sql"]),
    ("sources", &["core", "config", "formats", "net", "finance"]),
    ("rules", &["core", "config", "finance"]),
    ("llm", &["core", "config"]),
    ("sinks", &["core", "config", "formats", "net"]),
    (
        "runtime",
        &[
            "core", "config", "formats", "net", "finance", "sql", "alerts", "sources", "rules",
            "llm", "sinks",
        ],
    ),
    ("zaraba", &["core", "config", "finance", "runtime"]),
    ("cli", &["zaraba"]),
];

/// Words that may not be in a Rust file, and why. Written in halves, so that this file has none.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        concat!("#[ig", "nore"),
        "a test that does not run tests nothing",
    ),
    (concat!("to", "do!"), "finish it or leave it out"),
    (concat!("unimple", "mented!"), "finish it or leave it out"),
    (concat!("FIX", "ME"), "fix it"),
    (concat!("XX", "X"), "fix it"),
    (concat!("db", "g!("), "a trace of debugging"),
];

/// Beginnings of paths that exist on somebody's machine only.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

/// A file that git tracks or would track, by its path from the top.
struct Tracked {
    name: String,
    text: String,
}

fn git(args: &[&str]) -> String {
    // A checkout that belongs to another user, as in a container, is still this checkout.
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "core.quotePath=false"])
        .args(args)
        .output()
        .expect("git runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {errors}");
    String::from_utf8(output.stdout).expect("git prints UTF-8")
}

fn top() -> PathBuf {
    PathBuf::from(git(&["rev-parse", "--show-toplevel"]).trim_end())
}

/// All files, their texts read leniently: a binary file has a text that matches nothing.
fn tracked() -> Vec<Tracked> {
    let top = top();
    let at = top.to_str().expect("a path in UTF-8");
    let list = git(&[
        "-C",
        at,
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let names: BTreeSet<&str> = list.lines().collect();
    let read = |name: &&str| Some((name.to_string(), fs::read(top.join(name)).ok()?));
    let files = names.iter().filter_map(read);
    files
        .map(|(name, bytes)| Tracked {
            name,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
        .collect()
}

fn sources(files: &[Tracked]) -> impl Iterator<Item = &Tracked> {
    files.iter().filter(|file| file.name.ends_with(".rs"))
}

/// Every complaint at once, so that one run tells all.
fn assert_none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// `NAME:LINE: what` for each line that `complaint` has something to say about.
fn by_line<'a>(
    file: &'a Tracked,
    complaint: impl Fn(&'a str) -> Option<String> + 'a,
) -> impl Iterator<Item = String> + 'a {
    let lines = file.text.lines().zip(1..);
    lines.filter_map(move |(line, number)| {
        complaint(line).map(|what| format!("{}:{number}: {what}", file.name))
    })
}

#[test]
fn sources_are_short_and_say_what_they_are() {
    let files = tracked();
    assert!(sources(&files).count() > 10, "the sources were not found");
    assert_none(sources(&files).filter_map(|file| {
        let (name, lines) = (&file.name, file.text.lines().count());
        if lines > LINES_MAX {
            return Some(format!(
                "{name}: {lines} lines, at most {LINES_MAX} are allowed"
            ));
        }
        let opens = file.text.starts_with("//!");
        (!opens).then(|| format!("{name}: does not open with //! what, why, neighbours"))
    }));
}

/// The endings of what browsers run.
const SCRIPTS: [&str; 5] = [".js", ".mjs", ".ts", ".mts", ".css"];
/// The longest a function of a script may be; of Rust's, clippy knows.
const FUNCTION_LINES_MAX: usize = 70;

/// Functions of a script that are too long: from a line that opens one to the brace that closes it,
/// at the same distance from the left.
fn long_functions(file: &Tracked) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let opens =
        |line: &str| line.ends_with(") {") || line.ends_with("=> {") || line.ends_with("=> ({");
    let is_block = |line: &str| {
        let words = [
            "if ", "for ", "while ", "switch ", "} else", "} catch", "case ", "@",
        ];
        words.iter().any(|word| line.trim_start().starts_with(word))
    };
    let length = |(number, line): (usize, &&str)| {
        let left = line.len() - line.trim_start().len();
        let closes = |other: &&str| {
            other.trim_start().starts_with('}') && other.len() - other.trim_start().len() == left
        };
        let lines = 1 + lines[number + 1..].iter().position(closes)?;
        let long = opens(line) && !is_block(line) && lines > FUNCTION_LINES_MAX;
        long.then(|| format!("{}:{}: a function of {lines} lines", file.name, number + 1))
    };
    lines.iter().enumerate().filter_map(length).collect()
}

#[test]
fn scripts_are_short_and_say_what_they_are() {
    let files = tracked();
    let script = |file: &&Tracked| SCRIPTS.iter().any(|ending| file.name.ends_with(ending));
    let scripts: Vec<&Tracked> = files.iter().filter(script).collect();
    assert!(scripts.len() > 10, "the scripts were not found");
    assert_none(scripts.into_iter().flat_map(|file| {
        let (name, lines) = (&file.name, file.text.lines().count());
        let mut found = long_functions(file);
        if lines > LINES_MAX {
            found.push(format!(
                "{name}: {lines} lines, at most {LINES_MAX} are allowed"
            ));
        }
        if !["// ", "/*", "#!"]
            .iter()
            .any(|open| file.text.starts_with(open))
        {
            found.push(format!(
                "{name}: does not open with a comment: what, why, neighbours"
            ));
        }
        found
    }));
    let long = |n: usize| Tracked {
        name: "a.js".to_owned(),
        text: format!("function a() {{\n{}}}\n", "  x;\n".repeat(n)),
    };
    assert!(long_functions(&long(69)).is_empty() && long_functions(&long(70)).len() == 1);
}

#[test]
fn sources_have_no_forbidden_words() {
    let word = |line: &str| {
        let found = FORBIDDEN.iter().find(|(word, _)| line.contains(word))?;
        Some(format!("`{}`: {}", found.0, found.1))
    };
    let reexport = |line: &str| {
        let line = line.trim_start();
        let glob = line.starts_with("pub") && line.contains(" use ") && line.contains("::*");
        glob.then(|| "a glob re-export: name what is exported".to_owned())
    };
    let files = tracked();
    assert_none(
        sources(&files).flat_map(|file| by_line(file, word).chain(by_line(file, reexport))),
    );
}

#[test]
fn no_path_of_a_machine() {
    let path = |line: &str| {
        let found = MACHINE_PATHS.iter().find(|path| line.contains(**path))?;
        Some(format!("`{found}…` is a path of one machine"))
    };
    assert_none(tracked().iter().flat_map(|file| by_line(file, path)));
}

#[test]
fn the_top_is_small() {
    let files = tracked();
    let names: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.name.split('/').next())
        .collect();
    let allowed = |name: &str| name.starts_with('.') || TOP.contains(&name);
    assert_none(
        names
            .into_iter()
            .filter(|name| !allowed(name))
            .map(|name| format!("{name}: not at the top")),
    );
}

/// The layer of a dependency of ours (`zaraba-core` is `core`); nothing for other people's crates.
fn layer(dependency: &str) -> Option<usize> {
    let folder = match dependency.strip_prefix("zaraba-") {
        Some(rest) => rest,
        None if dependency == "zaraba" => dependency,
        None => return None,
    };
    LAYERS.iter().position(|(name, _)| *name == folder)
}

/// The lines of a manifest with the name of the section that each is in.
fn entries(manifest: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut section = "";
    manifest.lines().map(str::trim).filter_map(move |line| {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            return None;
        }
        (!line.is_empty() && !line.starts_with('#')).then_some((section, line))
    })
}

/// What is wrong with the manifest of the crate in `engine/FOLDER`.
fn manifest_complaints(folder: &str, manifest: &str) -> Vec<String> {
    let Some(own) = LAYERS.iter().position(|(name, _)| *name == folder) else {
        return vec![format!(
            "engine/{folder}: has no row in the table of layers"
        )];
    };
    let imports = LAYERS[own].1;
    let dependency = |(section, line): (&str, &str)| {
        if !section.contains("dependencies") {
            return None;
        }
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        let allowed = match layer(name) {
            Some(other) if section.contains("dev-dependencies") => other < own,
            Some(other) => imports.contains(&LAYERS[other].0),
            None => true,
        };
        if !allowed {
            return Some(format!("engine/{folder}: [{section}] may not name {name}"));
        }
        let shared = line.replace(' ', "").contains("workspace=true");
        (!shared).then(|| format!("engine/{folder}: {name}: say `workspace = true`"))
    };
    let mut complaints: Vec<String> = entries(manifest).filter_map(dependency).collect();
    if !entries(manifest).any(|entry| entry == ("lints", "workspace = true")) {
        complaints.push(format!("engine/{folder}: lints are not the workspace's"));
    }
    complaints
}

#[test]
fn crates_import_downwards_only() {
    let files = tracked();
    let manifests: Vec<(&str, &str)> = files
        .iter()
        .filter_map(|file| {
            let folder = file
                .name
                .strip_prefix("engine/")?
                .strip_suffix("/Cargo.toml")?;
            Some((folder, file.text.as_str()))
        })
        .collect();
    assert!(manifests.len() > 5, "the manifests were not found");
    assert_none(
        manifests
            .iter()
            .flat_map(|(folder, text)| manifest_complaints(folder, text)),
    );
}

/// Files that import no other are taken away, again and again, until none is left.
#[test]
fn files_of_alerts_import_one_way() {
    let files = tracked();
    let own = files.iter().filter_map(|file| {
        let name = file.name.strip_prefix("engine/alerts/src/")?;
        Some((name.strip_suffix(".rs")?, file.text.as_str()))
    });
    let mut left: Vec<(&str, &str)> = own.filter(|(name, _)| !name.contains("test")).collect();
    assert!(left.len() > 5, "the files were not found");
    let mut before = left.len() + 1;
    while left.len() < before {
        before = left.len();
        let names: Vec<&str> = left.iter().map(|(name, _)| *name).collect();
        let imports = |text: &str, name| text.contains(&format!("use crate::{name}"));
        left.retain(|(own, text)| names.iter().any(|n| n != own && imports(text, n)));
    }
    assert_none(
        left.iter()
            .map(|(name, _)| format!("alerts/src/{name}.rs: in a circle")),
    );
}

#[test]
fn a_manifest_that_imports_upwards_is_refused() {
    let complaints = |folder: &str, body: &str| {
        manifest_complaints(folder, &format!("[lints]\nworkspace = true\n{body}"))
    };
    let none: [&str; 0] = [];
    assert_eq!(
        complaints("config", "[dependencies]\nzaraba-core.workspace = true"),
        none
    );
    assert_eq!(
        complaints(
            "sql",
            "[dev-dependencies]\nzaraba-net = { workspace = true }"
        ),
        none
    );
    for (folder, body, expected) in [
        (
            "core",
            "[dependencies]\nzaraba-sql.workspace = true",
            "may not name zaraba-sql",
        ),
        (
            "net",
            "[dependencies]\nzaraba-formats.workspace = true",
            "may not name zaraba-formats",
        ),
        (
            "core",
            "[dev-dependencies]\nzaraba.workspace = true",
            "may not name zaraba",
        ),
        (
            "core",
            "[dependencies]\narrow = \"59\"",
            "arrow: say `workspace = true`",
        ),
        ("other", "", "has no row in the table of layers"),
    ] {
        let found = complaints(folder, body);
        assert!(
            found.len() == 1 && found[0].ends_with(expected),
            "{folder}, {body}: {found:?}"
        );
    }
}

/// The targets of the links `[text](target)` of a Markdown text, outside of code.
fn links(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        // Odd pieces lie between backticks.
        for prose in line.split('`').step_by(2) {
            let targets = prose
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            found.extend(targets);
        }
    }
    found
}

#[test]
fn links_are_found_in_prose_only() {
    let text = "a [b](c.md#d) `[e](f)` [`g`](h)\n```\n[i](j)\n```\n![k](l.png)";
    assert_eq!(links(text), ["c.md#d", "h", "l.png"]);
}

#[test]
fn links_lead_somewhere() {
    let top = top();
    let dead = |file: &Tracked, link: &str| {
        let path = link.split('#').next().unwrap_or_default();
        let outside = link.contains("://") || link.starts_with("mailto:") || path.is_empty();
        let folder = Path::new(&file.name).parent().unwrap_or(Path::new(""));
        !outside && !top.join(folder).join(path).exists()
    };
    let files = tracked();
    let pages = files.iter().filter(|file| file.name.ends_with(".md"));
    assert_none(pages.flat_map(|file| {
        let links = links(&file.text)
            .into_iter()
            .filter(|link| dead(file, link));
        links
            .map(|link| format!("{}: no file `{link}`", file.name))
            .collect::<Vec<_>>()
    }));
}

/// The lines of a Markdown text that stand in fences for a shell.
fn shell_lines(text: &str) -> Vec<&str> {
    let mut shell = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        match line.strip_prefix("```") {
            Some(language) => shell = matches!(language, "sh" | "bash" | "shell" | "console"),
            None if shell => found.push(line.trim_start_matches("$ ")),
            None => {}
        }
    }
    found
}

#[test]
fn the_readme_says_what_ci_runs() {
    let files = tracked();
    let text = |name: &str| {
        let file = files.iter().find(|file| file.name == name);
        file.map(|file| file.text.as_str())
            .unwrap_or_else(|| panic!("{name}: missing"))
    };
    let (makefile, ci) = (text("Makefile"), text(".ci/run"));
    let commands = shell_lines(text("README.md"));
    let mut complaints = Vec::new();
    for command in ci
        .lines()
        .filter(|line| line.starts_with("make "))
        .chain(["make demo"])
    {
        if !commands.iter().any(|line| line.starts_with(command)) {
            complaints.push(format!("README.md: does not name `{command}`"));
        }
    }
    for command in &commands {
        let target = command
            .strip_prefix("make ")
            .and_then(|rest| rest.split(' ').next());
        if let Some(target) = target.filter(|target| !makefile.contains(&format!("\n{target}:"))) {
            complaints.push(format!("README.md: no target `{target}` in the Makefile"));
        }
        let ours = |word: &&str| TOP.iter().any(|top| word.starts_with(&format!("{top}/")));
        let missing = |word: &&str| !files.iter().any(|file| file.name.starts_with(*word));
        let paths = command.split(' ').filter(ours).filter(missing);
        complaints.extend(paths.map(|path| format!("README.md: no file `{path}`")));
    }
    assert_none(complaints);
}
