//! The TypeScript package, compiled with what its lock file pins, in a folder of its own: neither
//! modules nor what is compiled lies in the checkout.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const FOLDER: &str = "examples/clients/typescript";

/// The package and its tests, compiled.
pub(super) struct Package {
    folder: TempDir,
    node: PathBuf,
}

fn variable(name: &str) -> PathBuf {
    let value = std::env::var(name);
    PathBuf::from(value.unwrap_or_else(|_| panic!("{name}: `make test` sets it up")))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

impl Package {
    pub(super) fn compile() -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let package = Self {
            folder: tempfile::tempdir().unwrap(),
            node: variable("ZARABA_NODE"),
        };
        copy(&top.join(FOLDER), package.path());
        let modules = variable("ZARABA_NODE_MODULES").join(FOLDER);
        let (modules, link) = (
            modules.join("node_modules"),
            package.path().join("node_modules"),
        );
        std::os::unix::fs::symlink(modules, link).unwrap();
        for project in ["tsconfig.json", "tsconfig.test.json"] {
            let said = package.tsc(&["-p", project]);
            assert!(
                said.status.success(),
                "{}",
                String::from_utf8_lossy(&said.stdout)
            );
        }
        package
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the compiler in the package's folder.
    pub(super) fn tsc(&self, args: &[&str]) -> Output {
        let mut command = self.node();
        command.arg("node_modules/typescript/bin/tsc").args(args);
        command.output().unwrap()
    }

    /// Node in the package's folder.
    pub(super) fn node(&self) -> Command {
        let mut command = Command::new(&self.node);
        command.current_dir(self.path());
        command
    }

    /// Follows topics and prints what comes.
    pub(super) fn probe(&self) -> Command {
        let mut command = self.node();
        command.arg("build/test/probe.js");
        command
    }
}
