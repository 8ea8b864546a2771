//! `zaraba plugin`: what helps to write one, a command a file. The plugin itself is loaded and tried by
//! the engine, as a pipeline would.

mod bench;

mod build;

mod inspect;

mod new;

mod sdk;

mod test;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use zaraba::plugin::{Plugin, Recorded, Trial, with_recorded};

use crate::args::assignment;
use crate::failure::Failure;
use crate::voice::Voice;

/// What to do.
#[derive(Subcommand)]
pub(crate) enum PluginCommand {
    /// Write a project of a plugin that works, with its tests
    New(new::NewArgs),
    /// Build a project into NAME.wasm, and see that it is a plugin
    Build(build::BuildArgs),
    /// Print what a plugin says of itself: streams, columns, parameters, outputs
    Inspect(inspect::InspectArgs),
    /// Run a plugin over rows in calls of several sizes, and compare the alerts
    Test(TrialArgs),
    /// Measure a plugin in calls of 1, 64 and 8,192 rows
    Bench(TrialArgs),
}

/// Which command.
#[derive(Args)]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

/// Which plugin, and over which rows.
#[derive(Args)]
pub(crate) struct TrialArgs {
    /// The plugin, NAME.wasm, or the folder of its project, which is built first
    #[arg(default_value = ".")]
    file: PathBuf,
    /// Set a parameter of the plugin; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Made-up rows of each stream
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rows: u32,
    /// Recorded rows instead of made-up ones: files of a stream, `STREAM=recorded/*.parquet`, or
    /// without its name where it is the only one
    #[arg(long, value_name = "PATH", requires = "time")]
    from: Vec<String>,
    /// The column of the recorded rows that has their times
    #[arg(long, value_name = "COLUMN", requires = "from")]
    time: Option<String>,
}

/// Does it.
pub(crate) fn plugin(args: &PluginArgs, voice: &Voice) -> Result<(), Failure> {
    match &args.command {
        PluginCommand::New(args) => new::new(args, voice),
        PluginCommand::Build(args) => build::build(args, voice),
        PluginCommand::Inspect(args) => inspect::inspect(args, voice),
        PluginCommand::Test(args) => test::test(args, voice),
        PluginCommand::Bench(args) => bench::bench(args, voice),
    }
}

impl TrialArgs {
    /// The plugin, and what it is tried with.
    fn trial(&self, voice: &Voice) -> Result<(Plugin, Trial), Failure> {
        let plugin = if self.file.is_dir() {
            build::project(&self.file, voice)?.0
        } else {
            zaraba::plugin::open(&self.file)?
        };
        let params = self.set.iter().map(|(name, value)| {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value.as_str()));
            (name.clone(), value)
        });
        let params: Map<String, Value> = params.collect();
        let trial = match &self.time {
            Some(time) => with_recorded(&plugin, params, &self.recorded(), time)?,
            None => {
                let made = Trial::made_up(&plugin, params, self.rows as usize);
                made.map_err(zaraba::error::Error::from)?
            }
        };
        Ok((plugin, trial))
    }

    fn recorded(&self) -> Vec<Recorded> {
        let from = self.from.iter().map(|text| match text.split_once('=') {
            Some((stream, path)) => Recorded {
                stream: Some(stream.to_owned()),
                path: path.to_owned(),
            },
            None => Recorded {
                stream: None,
                path: text.clone(),
            },
        });
        from.collect()
    }

    /// What the rows are, in words.
    fn rows_said(&self, trial: &Trial) -> String {
        let kind = if self.time.is_some() {
            "recorded"
        } else {
            "made-up"
        };
        format!("{} {kind} rows", trial.rows())
    }
}
