//! `zaraba rule`: an alert or a rule over recorded rows, before it wakes anybody.

mod report;

mod suggest;

mod sweep;

mod try_out;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zaraba::history::{Ask, Column, Recorded, Venue};
use zaraba::pipeline::Pipeline;

use crate::args::PipelineArgs;
use crate::failure::Failure;
use crate::voice::Voice;

/// The pipeline, where only an alert or a rule is said.
const FILE: &str = "pipeline.toml";

/// What to do.
#[derive(Subcommand)]
pub(crate) enum RuleCommand {
    /// Run an alert or a rule over recorded rows: alerts a day, and what prices did afterwards
    Try(try_out::TryArgs),
    /// Find the value of a number at which there are so many alerts a day
    Suggest(suggest::SuggestArgs),
}

/// Which command.
#[derive(Args)]
pub(crate) struct RuleArgs {
    #[command(subcommand)]
    command: RuleCommand,
}

/// Which alert or rule, and over which rows.
#[derive(Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    pipeline: PipelineArgs,
    /// The alert or the rule; alone, it is one of pipeline.toml
    name: Option<String>,
    /// Recorded rows in the place of live sources: files, or a folder that `zaraba record` wrote;
    /// `SOURCE=PATH` where it is not clear of which source they are
    #[arg(long, value_name = "PATH", num_args = 1..)]
    from: Vec<Recorded>,
    /// By which hours days and sessions are told apart: OSE.option, OSE.future, TSE.cash, US.cash
    /// [default: by the pipeline's timezone]
    #[arg(long, value_name = "VENUE")]
    venue: Option<Venue>,
}

/// Which prices are followed after alerts.
#[derive(Args)]
pub(crate) struct PriceArgs {
    /// The price to follow after alerts [default: price, close, last or value of the node's stream]
    #[arg(long, value_name = "STREAM.COLUMN")]
    price: Option<Column>,
    /// The columns beside the price that make an alert's key [default: those that the node knows]
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    key: Vec<String>,
    /// What options are on, for their moneyness [default: underlying, future, forward or spot of
    /// the node's stream, else futures.price]
    #[arg(long, value_name = "STREAM.COLUMN")]
    underlying: Option<Column>,
}

/// Does it.
pub(crate) fn rule(args: RuleArgs, voice: &Voice) -> Result<(), Failure> {
    match args.command {
        RuleCommand::Try(args) => try_out::try_out(args, voice),
        RuleCommand::Suggest(args) => suggest::suggest(args, voice),
    }
}

impl HistoryArgs {
    /// The pipeline, and what is asked of it.
    fn asked(self) -> (Pipeline, Ask) {
        let mut pipeline = self.pipeline;
        let name = self.name.unwrap_or_else(|| {
            let first = std::mem::replace(&mut pipeline.file, PathBuf::from(FILE));
            first.to_string_lossy().into_owned()
        });
        let ask = Ask {
            name,
            recorded: self.from,
            venue: self.venue,
            ..Ask::default()
        };
        (pipeline.pipeline(), ask)
    }
}

impl PriceArgs {
    fn asked(self, ask: Ask) -> Ask {
        Ask {
            price: self.price,
            key: self.key,
            underlying: self.underlying,
            ..ask
        }
    }
}
