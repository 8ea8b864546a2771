//! Runs Python scripts in the virtual environment that `make test` sets up: DuckDB is the
//! independent answer to SQL, `websockets` the client of a stranger. The pins are in
//! `requirements.txt`, the set-up in `.ci/setup.sh`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

/// What `script` prints, run with `args` in `sys.argv[1:]`; its own error where it fails.
pub(crate) fn run(script: &str, args: &[&str]) -> String {
    let output = asked(&[&["-c", script], args].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{errors}", output.status);
    String::from_utf8(output.stdout).expect("a script prints UTF-8")
}

/// A script that runs beside the test and ends when its input is closed.
pub(crate) struct Beside {
    child: Child,
    /// The first line that it printed.
    pub(crate) said: String,
}

/// Starts `script` and waits for its first line.
pub(crate) fn start(script: &str, args: &[&str]) -> Beside {
    let python = std::env::var("ZARABA_PYTHON")
        .expect("ZARABA_PYTHON names the tests' Python: `make test` sets it up");
    let mut child = Command::new(&python)
        .args(["-c", script])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{python}: {error}: `make test` sets it up"));
    let out = child.stdout.as_mut().expect("its output is a pipe");
    let mut said = String::new();
    BufReader::new(out).read_line(&mut said).expect("a line");
    Beside { child, said }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs Python with these arguments, the first of them a program.
pub(crate) fn asked(args: &[&str]) -> Output {
    let python = std::env::var("ZARABA_PYTHON")
        .expect("ZARABA_PYTHON names the tests' Python: `make test` sets it up");
    // Nothing compiled is left beside programs that lie in the checkout.
    let output = Command::new(&python).arg("-B").args(args).output();
    output.unwrap_or_else(|error| panic!("{python}: {error}: `make test` sets it up"))
}

/// The programs are there in the pinned versions, and DuckDB rounds times as the engine must.
#[test]
fn the_pinned_programs_answer() {
    let script = "
import sys, duckdb
from importlib.metadata import version
for name in sys.argv[2:]:
    print(f'{name}=={version(name)}')
print(duckdb.sql(sys.argv[1]).fetchall()[0][0])";
    let query = "SELECT epoch_us(time_bucket(INTERVAL 1 MINUTE, TIMESTAMP '1969-12-31 23:59:59'))";
    let pins = include_str!("requirements.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    let mut expected: Vec<&str> = pins.collect();
    let names = expected
        .iter()
        .filter_map(|pin| Some(pin.split_once("==")?.0));
    let args: Vec<&str> = std::iter::once(query).chain(names).collect();
    let printed = run(script, &args);
    expected.push("-60000000");
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}
