//! The reference page of the command line, written from what `--help` says.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::CommandFactory as _;

use crate::args::{Cli, LATER};

const HEAD: &str = "# The command line

<!-- Written from what `--help` says: make bless writes it again. -->

Exit codes: 0 done, 1 failed while running, 2 the pipeline or the command line is wrong. Answers go to
standard output, all else to standard error; with `--log json` each line there is one JSON object with
`timestamp`, `level`, `target` and `message`. Secrets that came from the environment are hidden in all of it.

`tap`, `top` and `set` ask a pipeline that runs, through its websocket sink: that of `--file`, or at `--url`
(`http://127.0.0.1:8225` if nothing is said). Where the listener has a token, `--token-env` names the
variable that holds it, `ZARABA_TOKEN` if nothing is said; a file says it itself.

- `zaraba tap` prints what passes from the moment it is asked, and slows nobody: rows that come faster than
  they are read are skipped, and it says how many. `--where` and `--sql` are in the SQL of the pipeline and
  work row by row. Rows of an upsert stream have a column `__op`.
- `zaraba top` takes the screen of a terminal (`q` quits, letters sort); in a pipe, or with `--once`, it
  prints tables. LAG is the clock less the event time reached, for nodes behind a live source. Below
  stand alerts and rules, with what calls of rules cost and how many alerts were told or left out (rates are
  over the last minute), and the newest alerts, where a sink has `alerts` among its topics.
- `zaraba record` writes `DIR/SOURCE/*.parquet`, all columns in the order in which rows came, and prints the
  profile by which the pipeline reads them again: what was late is late again, and the results are the same.
  A long recording is in parts of some 100,000 rows, so that a kill loses the last at most. Rows that could not be
  taken are in `DIR/SOURCE__errors.parquet`. Rows that were late only because the source had been silent
  (`idle_timeout`) are not late in a replay; it says how many.
- `zaraba set` changes parameters (`band_high=1.4`) and options of alerts and rules (`pcr_high.for=5m`) of a
  running pipeline together or not at all, and says which cannot change and why. It needs a token always.
- `zaraba plugin new` writes a project of a rule that works, in Rust, JavaScript or Python, with its tests and the
  SDK of this version: it needs nothing of zaraba's repository. `build` runs the language's own tools, says what to
  install where one is missing, and writes `NAME.wasm`. `test` runs a plugin over made-up rows (the same each time)
  or recorded ones in as few calls as can be, again, in calls of 7 rows and of 1, and with a fresh instance before
  every call, and compares all columns of all alerts. `bench` takes half a second for each size of call.
- `zaraba rule` runs an alert or a rule over recorded rows, and nothing else of the pipeline ([trials](trials.md)).
- `zaraba completion bash > ~/.local/share/bash-completion/completions/zaraba` completes in bash;
  `zaraba completion zsh`, `fish`, `powershell` and `elvish` print theirs.
";

/// The page.
fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut root = Cli::command().term_width(100);
    root.build();
    let commands = root.get_subcommands().filter(|c| c.get_name() != "help");
    for command in commands {
        section(&mut page, "zaraba", command);
    }
    let _ = writeln!(page, "\nNot built yet: {}.", LATER.join(", "));
    page
}

/// A command, and those below it.
fn section(page: &mut String, above: &str, command: &clap::Command) {
    let name = format!("{above} {}", command.get_name());
    let help = command.clone().term_width(100).render_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    // Writing to memory cannot fail.
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n"));
    for command in command.get_subcommands().filter(|c| c.get_name() != "help") {
        section(page, &name, command);
    }
}

#[test]
fn the_page_is_what_help_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    if std::env::var_os("ZARABA_BLESS").is_some() {
        fs::write(&path, page()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, page(), "make bless writes it again");
}
