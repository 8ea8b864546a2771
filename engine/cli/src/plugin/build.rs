//! `zaraba plugin build`: runs what makes WebAssembly of a project, and sees that it is a plugin. What
//! is missing is named, with what installs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use zaraba::plugin::{Plugin, open};

use crate::failure::Failure;
use crate::voice::Voice;

mod rust;

/// What is built.
#[derive(Args)]
pub(crate) struct BuildArgs {
    /// The folder of the project
    #[arg(default_value = ".")]
    path: PathBuf,
}

/// Builds, and says where the plugin is.
pub(crate) fn build(args: &BuildArgs, voice: &Voice) -> Result<(), Failure> {
    let (plugin, file) = project(&args.path, voice)?;
    let manifest = plugin.manifest();
    let size = super::inspect::size(plugin.size());
    voice.print(&format!(
        "{} {}: {} ({size})\n",
        manifest.name,
        manifest.version,
        file.display()
    ))
}

/// Builds a project: the plugin, and its file, which is named after it.
pub(crate) fn project(folder: &Path, voice: &Voice) -> Result<(Plugin, PathBuf), Failure> {
    let has = |name: &str| folder.join(name).is_file();
    let made = if has("Cargo.toml") {
        voice.say("cargo builds it for wasm32-unknown-unknown");
        rust::build(folder)?
    } else if has("package.json") {
        voice.say("componentize-js builds it, in some ten seconds");
        javascript(folder)?
    } else if has("rule.py") {
        voice.say("componentize-py builds it, in some ten seconds");
        python(folder)?
    } else {
        let shown = folder.display();
        return Err(Failure::User(format!(
            "`{shown}` is no project of a plugin: there is no Cargo.toml, package.json or rule.py in \
             it; `zaraba plugin new NAME --lang rust` writes one"
        )));
    };
    let plugin = open(&made)?;
    let file = folder.join(format!("{}.wasm", plugin.manifest().name));
    let failed = |error: std::io::Error| Failure::Outside(format!("{}: {error}", file.display()));
    // A pipeline that watches the file sees it whole.
    let hidden = file.with_extension("wasm.new");
    std::fs::copy(&made, &hidden).map_err(failed)?;
    std::fs::rename(&hidden, &file).map_err(failed)?;
    Ok((plugin, file))
}

/// The file that the tools write, before it is known to be a plugin.
const MADE: &str = "built.wasm";

fn javascript(folder: &Path) -> Result<PathBuf, Failure> {
    let entry = "node_modules/@bytecodealliance/componentize-js/src/cli.js";
    if !folder.join(entry).is_file() {
        return Err(missing("componentize-js", folder, "npm install"));
    }
    let made = scratch(folder, "node_modules")?;
    let mut node = Command::new("node");
    node.args([
        entry,
        "rule.js",
        "--wit",
        "wit",
        "--world-name",
        "rule",
        "--out",
    ])
    .arg(Path::new("node_modules").join(MADE))
    // Its own account of an error would need them; the rule hands errors over itself.
    .args([
        "--disable",
        "stdio",
        "random",
        "clocks",
        "http",
        "fetch-event",
    ]);
    run(
        node,
        folder,
        "it takes Node 20 or newer, https://nodejs.org",
    )?;
    Ok(made)
}

fn python(folder: &Path) -> Result<PathBuf, Failure> {
    let own = [
        ".venv/bin/componentize-py",
        ".venv/Scripts/componentize-py.exe",
    ];
    let own = own
        .iter()
        .map(|place| folder.join(place))
        .find(|place| place.is_file());
    let own = own.and_then(|place| place.canonicalize().ok());
    let install = format!(
        "`cd {} && python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` installs it",
        folder.display()
    );
    let tool = || match &own {
        Some(tool) => Command::new(tool),
        None => Command::new("componentize-py"),
    };
    let made = scratch(folder, "bindings")?;
    let contract = ["--quiet", "--wit-path", "wit", "--world", "rule"];
    // The tests import them; the component gets its own.
    let mut bindings = tool();
    bindings.args(contract).args(["bindings", "bindings"]);
    run(bindings, folder, &install)?;
    let mut component = tool();
    component
        .args(contract)
        .args(["componentize", "--stub-wasi", "rule", "--output"]);
    component.arg(Path::new("bindings").join(MADE));
    run(component, folder, &install)?;
    Ok(made)
}

/// Where a tool writes what it builds: a folder that is not kept.
fn scratch(folder: &Path, within: &str) -> Result<PathBuf, Failure> {
    let within = folder.join(within);
    let failed = |error| Failure::Outside(format!("{}: {error}", within.display()));
    std::fs::create_dir_all(&within).map_err(failed)?;
    Ok(within.join(MADE))
}

fn missing(what: &str, folder: &Path, install: &str) -> Failure {
    let shown = folder.display();
    Failure::Outside(format!(
        "{what} is not there: `cd {shown} && {install}` installs it"
    ))
}

/// Runs a tool in the project; what it says goes where this program's own log goes.
fn run(mut command: Command, folder: &Path, install: &str) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    command
        .current_dir(folder)
        .stdin(std::process::Stdio::null());
    let done = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::Outside(format!(
            "there is no `{name}` to run; it comes with {install}"
        )),
        _ => Failure::Outside(format!("`{name}` cannot be run: {error}")),
    })?;
    if done.status.success() {
        return Ok(());
    }
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let code = done.status;
    Err(Failure::Outside(format!(
        "`{name}` failed ({code}):\n{}",
        said.trim_end()
    )))
}
