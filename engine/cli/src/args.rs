//! What the command line says, and what it says of commands that are not built yet.

#[cfg(test)]
mod page;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use zaraba::pipeline::Pipeline;

use crate::record::RecordArgs;
use crate::set::SetArgs;
use crate::tap::TapArgs;
use crate::top::TopArgs;

/// Exit code of a wrong command line or pipeline.
pub(crate) const WRONG: u8 = 2;

/// Commands that the design has and this version has not.
const LATER: [&str; 4] = ["model", "llm", "backtest", "backfill"];

/// Streams as SQL: runs pipelines written in TOML.
#[derive(Parser)]
#[command(
    name = "zaraba",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 failed while running, 2 the pipeline or the command line is \
                  wrong.\nA pipeline that runs is asked through its websocket sink, \
                  http://127.0.0.1:8225 if nothing else is said."
)]
pub(crate) struct Cli {
    /// How to write the log, to standard error
    #[arg(long, global = true, value_name = "FORMAT", default_value = "human")]
    pub(crate) log: LogFormat,
    /// Log more; twice, everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// `--log`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for eyes
    Human,
    /// One JSON object a line
    Json,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a pipeline until its sources end or it is stopped
    Run(PipelineArgs),
    /// Find every mistake that can be found without running
    Check(PipelineArgs),
    /// Print a pipeline's nodes and edges
    Graph(GraphArgs),
    /// Print what each node keeps, its columns and its plan
    Explain(PipelineArgs),
    /// Run the tests that a pipeline carries
    Test(PipelineArgs),
    /// Print rows of a node of a running pipeline as they come
    Tap(TapArgs),
    /// Show what the nodes of a running pipeline do
    Top(TopArgs),
    /// Change parameters of a running pipeline, or list them
    Set(SetArgs),
    /// Write the rows of sources to files that can be replayed
    Record(RecordArgs),
    /// Ask how to reach a source, write it into a pipeline, and read from it once
    Connect(crate::connect::ConnectArgs),
    /// Write, build and try plugins: rules as WebAssembly
    Plugin(crate::plugin::PluginArgs),
    /// Try alerts and rules over recorded rows
    Rule(crate::rule::RuleArgs),
    /// Print the JSON Schema of pipeline files, for editors
    Schema,
    /// Print what makes a shell complete zaraba's words
    Completion(CompletionArgs),
}

/// Which shell.
#[derive(Args)]
pub(crate) struct CompletionArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// Which pipeline.
#[derive(Args)]
pub(crate) struct PipelineArgs {
    /// The pipeline file
    pub(crate) file: PathBuf,
    /// Lay a profile of the file over it
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Set a parameter; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Look for plugins of rules here before anywhere else
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
}

/// What `graph` prints.
#[derive(Args)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub(crate) pipeline: PipelineArgs,
    /// As what
    #[arg(long, default_value = "mermaid")]
    pub(crate) format: GraphFormat,
}

/// `--format` of `graph`.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A Mermaid flow chart
    Mermaid,
    /// A picture
    Svg,
    /// A Graphviz graph
    Dot,
    /// Nodes and edges
    Json,
}

impl Cli {
    /// Reads the command line; where it is wrong or asks for help, answers and gives the exit
    /// code.
    pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Result<Self, ExitCode> {
        Self::try_parse_from(words).map_err(|error| {
            match later(&error) {
                Some(name) => eprintln!("error: `zaraba {name}` is not built yet"),
                // Nobody is left to be told that the answer could not be written.
                None => drop(error.print()),
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG))
        })
    }
}

/// The command that was meant, if it is one of those not built yet.
fn later(error: &clap::Error) -> Option<&'static str> {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let known = LATER.iter().find(|later| *later == name).copied();
    known.filter(|_| error.kind() == ErrorKind::InvalidSubcommand)
}

/// `name=value`
pub(crate) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected name=value".to_owned()),
    }
}

impl PipelineArgs {
    /// The pipeline that is meant.
    pub(crate) fn pipeline(&self) -> Pipeline {
        let pipeline = Pipeline::from_path(&self.file);
        let pipeline = match &self.profile {
            Some(profile) => pipeline.profile(profile),
            None => pipeline,
        };
        let pipeline = match &self.plugins {
            Some(folder) => pipeline.plugins(folder),
            None => pipeline,
        };
        self.set.iter().fold(pipeline, |pipeline, (name, value)| {
            pipeline.set(name, value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_hangs_together() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn assignments() {
        for (text, expected) in [
            ("a=1", Some(("a", "1"))),
            ("a=b=c", Some(("a", "b=c"))),
            ("a=", Some(("a", ""))),
            ("=1", None),
            ("a", None),
        ] {
            let expected = expected.map(|(n, v)| (n.to_owned(), v.to_owned()));
            assert_eq!(assignment(text).ok(), expected, "{text}");
        }
    }
}
