//! `zaraba`, the command line of the engine: a table of commands, one file each. What they share is
//! what they are told (`args`), how they speak (`voice`), and how they fail (`failure`).

mod args;

mod check;

mod explain;

mod failure;

mod graph;

mod run;

mod schema;

mod test;

mod voice;

use std::process::ExitCode;

use crate::args::{Cli, Command};
use crate::voice::Voice;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let voice = Voice::new(cli.log, cli.verbose);
    let result = match cli.command {
        Command::Run(args) => run::run(&args, &voice),
        Command::Check(args) => check::check(&args, &voice),
        Command::Graph(args) => graph::graph(&args, &voice),
        Command::Explain(args) => explain::explain(&args, &voice),
        Command::Test(args) => test::test(&args, &voice),
        Command::Schema => schema::schema(&voice),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            voice.fail(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
