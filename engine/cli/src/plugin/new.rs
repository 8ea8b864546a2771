//! `zaraba plugin new`: a project with a rule that works, its tests, and all that it is built with. It
//! holds the SDK itself, as this program knows it: nothing is fetched from this repository, which has
//! no fixed address, and contract and engine cannot drift apart.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::plugin::sdk;
use crate::voice::Voice;

/// What is written.
#[derive(Args)]
pub(crate) struct NewArgs {
    /// The plugin's name: the folder, and what it is called in pipelines
    #[arg(value_parser = name)]
    name: String,
    /// The language
    #[arg(long)]
    lang: Language,
}

/// A language.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Rust: quickest by far
    Rust,
    /// JavaScript: some 3,000 rows a second
    Js,
    /// Python: some 15,000 rows a second
    Python,
}

/// `my-rule`
fn name(text: &str) -> Result<String, String> {
    let first = text.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if first && text.len() <= 64 && text.chars().all(rest) {
        return Ok(text.to_owned());
    }
    Err("a plugin's name is lower-case letters, digits and -, and begins with a letter".into())
}

/// The name that the examples have.
const EXAMPLE: &str = "step";

/// Files of a project, by their places in it.
type Files = Vec<(PathBuf, String)>;

/// Writes the project.
pub(crate) fn new(args: &NewArgs, voice: &Voice) -> Result<(), Failure> {
    let folder = Path::new(&args.name);
    if folder.exists() {
        return Err(Failure::User(format!("`{}` is there already", args.name)));
    }
    let (mut files, next) = match args.lang {
        Language::Rust => (rust(&args.name), "cargo test"),
        Language::Js => (
            copied(sdk::JAVASCRIPT, "examples/js", &args.name),
            "npm install && npm test",
        ),
        Language::Python => (
            copied(sdk::PYTHON, "examples/python", &args.name),
            "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
        ),
    };
    if args.lang != Language::Rust {
        let contract = sdk::SDK
            .iter()
            .filter(|(place, _)| place.starts_with("wit/"));
        files.extend(contract.map(|(place, text)| (place.into(), (*text).to_owned())));
    }
    files.push((".gitignore".into(), IGNORED.to_owned()));
    for (place, text) in files {
        write(&folder.join(place), &text)?;
    }
    let name = &args.name;
    voice.print(&format!(
        "{name}: a rule, its tests, and what it is built with.\n\n  cd {name}\n  {next}\n  \
         zaraba plugin build\n  zaraba plugin test\n"
    ))
}

/// What tools leave behind, and what is built.
const IGNORED: &str = "target/\nnode_modules/\n.venv/\nbindings/\n__pycache__/\n*.wasm\n";

fn write(place: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Outside(format!("{}: {error}", place.display()));
    if let Some(folder) = place.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(place, text).map_err(failed)
}

/// An example under a name of its own.
fn copied(files: &[(&str, &str)], folder: &str, name: &str) -> Files {
    let kept = files
        .iter()
        .filter(|(place, _)| !place.ends_with("package-lock.json"));
    let file = |(place, text): &(&str, &str)| {
        let place = Path::new(place).strip_prefix(folder).ok()?;
        Some((place.to_owned(), renamed(text, name)))
    };
    kept.filter_map(file).collect()
}

/// The example's name where it names the plugin.
fn renamed(text: &str, name: &str) -> String {
    [
        "name: '{}'",
        "name = \"{}\"",
        "\"name\": \"{}\"",
        "Manifest::new(\"{}\"",
    ]
    .iter()
    .fold(text.to_owned(), |text, form| {
        text.replace(&form.replace("{}", EXAMPLE), &form.replace("{}", name))
    })
}

/// A workspace of the rule and the SDK.
fn rust(name: &str) -> Files {
    let mut files = copied(sdk::RUST, "examples/rust", name);
    for (place, text) in sdk::SDK {
        // There it is a member of the workspace of zaraba's own plugins.
        let own = text
            .lines()
            .filter(|line| !line.starts_with("workspace = \"../"));
        let text: String = own.flat_map(|line| [line, "\n"]).collect();
        files.push((Path::new("sdk").join(place), text));
    }
    // What zaraba's own plugins are built with.
    let from = sdk::WORKSPACE
        .find("[workspace.package]")
        .unwrap_or_default();
    let shared = sdk::WORKSPACE[from..].replace("path = \"../sdk", "path = \"sdk");
    let ours = |line: &&str| line.contains("path = \"") && !line.contains("path = \"sdk");
    let shared = shared.lines().filter(|line| !ours(line));
    let shared: String = shared.flat_map(|line| [line, "\n"]).collect();
    files.push((
        "Cargo.toml".into(),
        MANIFEST.replace("{name}", name) + &shared,
    ));
    // What cargo does not need of it, it takes out.
    files.push(("Cargo.lock".into(), sdk::LOCK.to_owned()));
    files
}

const MANIFEST: &str = r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
zaraba-sdk.workspace = true

# The SDK that `zaraba plugin new` put beside the rule.
[workspace]
members = ["sdk", "sdk/derive"]

"#;
