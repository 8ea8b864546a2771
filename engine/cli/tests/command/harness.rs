//! Runs the binary in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// How long a test waits for what must come, in steps of [`STEP`].
const STEPS: u32 = 600;
const STEP: Duration = Duration::from_millis(50);

/// A folder with a pipeline.
pub(crate) struct Folder(TempDir);

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    /// A folder in which `pipeline.toml` has this text.
    pub(crate) fn with(pipeline: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("pipeline.toml", pipeline);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The names of the files that are there.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The binary, in this folder.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zaraba"));
        command
            .args(words)
            .current_dir(self.0.path())
            .env_remove("RUST_LOG");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn zaraba(&self, words: &[&str]) -> Came {
        Came::from(self.command(words).output().unwrap())
    }

    /// Starts the binary and waits until it has opened its file sink for `name`.
    pub(crate) fn started(&self, words: &[&str], name: &str) -> Child {
        let child = self.command(words).spawn().unwrap();
        let hidden = self.path(&format!(".{name}.partial"));
        wait_for("the file sink to open", || hidden.exists());
        child
    }
}

impl From<Output> for Came {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Came {
    /// Waits for the end of a child.
    pub(crate) fn of(child: Child) -> Self {
        Self::from(child.wait_with_output().unwrap())
    }

    /// The same with an exit code that was expected.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{}\n{}", self.out, self.err);
        self
    }
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..STEPS {
        if holds() {
            return;
        }
        sleep(STEP);
    }
    panic!("waited in vain for {what}");
}

/// Sends a signal to a child.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap()
            .success()
    );
}

/// A file beside the tests.
pub(crate) fn case(name: &str) -> String {
    let path = case_path(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn case_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/command")
        .join(name)
}

/// Compares with a file beside the tests, or writes it when `ZARABA_BLESS` is set.
#[track_caller]
pub(crate) fn matches(name: &str, got: &str) {
    if std::env::var_os("ZARABA_BLESS").is_some() {
        fs::write(case_path(name), got).unwrap();
    }
    let expected = case(name);
    assert_eq!(got, expected, "{name}: make bless writes what came");
}
