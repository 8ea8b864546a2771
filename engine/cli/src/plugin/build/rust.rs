//! A project in Rust. The ordinary way is rustup's target; where that cannot be downloaded, Debian's
//! Rust builds the standard library from its source.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::run;
use crate::failure::Failure;

const TARGET: &str = "wasm32-unknown-unknown";

/// What helps where the target is missing.
const INSTALL: &str = "`rustup target add wasm32-unknown-unknown`; where that cannot download it, Debian's \
                       packages rustc-web, cargo-web and rust-web-src, beside a Rust of rustup";

/// Builds it; the core module, which carries its component type.
pub(super) fn build(folder: &Path) -> Result<PathBuf, Failure> {
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(folder),
        None => std::path::absolute(folder.join("target")),
    };
    let target = target.map_err(|error| Failure::Outside(error.to_string()))?;
    let mut cargo = cargo()?;
    cargo.args([
        "build",
        "--release",
        "--quiet",
        "--target",
        TARGET,
        "--target-dir",
    ]);
    cargo.arg(&target);
    run(cargo, folder, "Rust is installed from https://rustup.rs")?;
    let file = format!("{}.wasm", crate_name(folder)?.replace('-', "_"));
    let made = target.join(TARGET).join("release").join(file);
    match made.is_file() {
        true => Ok(made),
        false => Err(Failure::User(format!(
            "cargo made no {}: Cargo.toml must say `[lib] crate-type = [\"cdylib\"]`",
            made.display()
        ))),
    }
}

/// `name` of `[package]`.
fn crate_name(folder: &Path) -> Result<String, Failure> {
    let place = folder.join("Cargo.toml");
    let wrong = |what: String| Failure::User(format!("{}: {what}", place.display()));
    let text = std::fs::read_to_string(&place).map_err(|error| wrong(error.to_string()))?;
    let document: toml_edit::DocumentMut =
        text.parse().map_err(|error| wrong(format!("{error}")))?;
    let lib = document.get("lib").and_then(|lib| lib.get("name"));
    let package = document
        .get("package")
        .and_then(|package| package.get("name"));
    let name = lib.or(package).and_then(|name| name.as_str());
    name.map(str::to_owned)
        .ok_or_else(|| wrong("no `name` in `[package]`".into()))
}

/// Where the folder's Rust is.
fn sysroot(rustc: &str) -> Option<PathBuf> {
    let said = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    let text = String::from_utf8(said.stdout)
        .ok()
        .filter(|_| said.status.success())?;
    Some(PathBuf::from(text.trim()))
}

/// The cargo that can build for the target.
fn cargo() -> Result<Command, Failure> {
    let libraries = sysroot("rustc").map(|root| root.join("lib/rustlib"));
    let Some(libraries) = libraries else {
        let what = "there is no `rustc` to run: Rust is installed from https://rustup.rs";
        return Err(Failure::Outside(what.into()));
    };
    if libraries.join(TARGET).is_dir() {
        return Ok(Command::new("cargo"));
    }
    debian(&libraries).ok_or_else(|| {
        Failure::Outside(format!(
            "Rust's target {TARGET} is not installed: {INSTALL}"
        ))
    })
}

/// Debian's Rust with the source of the standard library, and a linker of this one.
fn debian(libraries: &Path) -> Option<Command> {
    let source = sysroot("/usr/bin/rustc")?.join("lib/rustlib/src/rust/library");
    let hosts = std::fs::read_dir(libraries).ok()?.flatten();
    let mut linkers = hosts.map(|host| host.path().join("bin/rust-lld"));
    let linker = linkers.find(|linker| linker.is_file())?;
    let cargo = Path::new("/usr/bin/cargo");
    if !source.is_dir() || !cargo.is_file() {
        return None;
    }
    let mut command = Command::new(cargo);
    command
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("-C linker={}", linker.display()))
        .arg("-Zbuild-std=std,panic_abort");
    Some(command)
}
