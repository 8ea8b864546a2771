//! Puts the SDK, the contract and the examples of `sdk/` into the program, so that `zaraba plugin new`
//! writes projects that need nothing of this repository.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What a project gets, by the name under which it is found.
const FOLDERS: [(&str, &[&str]); 4] = [
    (
        "SDK",
        &[
            "Cargo.toml",
            "src",
            "wit",
            "derive/Cargo.toml",
            "derive/src",
        ],
    ),
    ("RUST", &["examples/rust/src"]),
    ("JAVASCRIPT", &["examples/js"]),
    ("PYTHON", &["examples/python"]),
];

fn main() -> io::Result<()> {
    let sdk =
        Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../../sdk");
    println!("cargo::rerun-if-changed={}", sdk.display());
    let plugins = sdk.join("../plugins");
    let mut code = String::new();
    for (name, parts) in FOLDERS {
        let mut files = Vec::new();
        for part in parts {
            collect(&sdk.join(part), &mut files)?;
        }
        files.sort();
        let _ = writeln!(code, "pub(crate) const {name}: &[(&str, &str)] = &[");
        for file in files {
            let place = file.strip_prefix(&sdk).map_err(io::Error::other)?;
            let _ = writeln!(
                code,
                "    ({place:?}, include_str!({:?})),",
                file.canonicalize()?
            );
        }
        code.push_str("];\n");
    }
    for (name, file) in [("WORKSPACE", "Cargo.toml"), ("LOCK", "Cargo.lock")] {
        let file = plugins.join(file).canonicalize()?;
        println!("cargo::rerun-if-changed={}", file.display());
        let _ = writeln!(
            code,
            "pub(crate) const {name}: &str = include_str!({file:?});"
        );
    }
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("sdk.rs"), code)
}

/// The files below a path; what tools leave behind is none.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    if ["node_modules", "__pycache__", "bindings"]
        .iter()
        .any(|left| name == *left)
    {
        return Ok(());
    }
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
