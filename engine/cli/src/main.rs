//! `zaraba`, the command line of the engine: a table of commands, one file each. What they share is
//! what they are told (`args`), how they reach a run (`remote`), how they speak (`voice`), and how they fail (`failure`).

mod args;

mod check;

mod completion;

mod connect;

mod explain;

mod failure;

mod graph;

mod plugin;

mod record;

mod rule;

mod remote;

mod run;

mod schema;

mod set;

mod table;

mod tap;

mod test;

mod top;

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
        Command::Tap(args) => tap::tap(&args, &voice),
        Command::Top(args) => top::top(&args, &voice),
        Command::Set(args) => set::set(&args, &voice),
        Command::Record(args) => record::record(&args, &voice),
        Command::Connect(args) => connect::connect(&args, &voice),
        Command::Plugin(args) => plugin::plugin(&args, &voice),
        Command::Rule(args) => rule::rule(args, &voice),
        Command::Schema => schema::schema(&voice),
        Command::Completion(args) => completion::completion(args.shell, &voice),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            voice.fail(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
