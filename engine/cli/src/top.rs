//! `zaraba top`: what the nodes of a running pipeline do: on a terminal a screen of its own, in a
//! pipe a table at each look.

mod alerts;

mod figures;

mod rules;

mod screen;

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::remote::RemoteArgs;
use crate::top::figures::Seen;
use crate::voice::Voice;

/// The shortest time between two looks.
const LOOK_LEAST: f64 = 0.1;

/// How it is looked.
#[derive(Args)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    remote: RemoteArgs,
    /// Print one table and end
    #[arg(long)]
    once: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    every: f64,
    /// Which node comes first
    #[arg(long, default_value = "pipeline")]
    sort: Sort,
}

/// What nodes are sorted by, the greatest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// The order of the pipeline
    Pipeline,
    /// The name
    Name,
    /// Rows in per second
    In,
    /// Rows out per second
    Out,
    /// Lag
    Lag,
    /// How full the queue is
    Queue,
    /// Share of time spent working
    Busy,
    /// Bad and late rows
    Bad,
    /// Bytes of state
    State,
}

/// Shows the figures.
pub(crate) fn top(args: &TopArgs, voice: &Voice) -> Result<(), Failure> {
    let remote = args.remote.remote()?;
    let every = Duration::from_secs_f64(args.every);
    let mut seen = Seen::default();
    // Whatever is wrong with the address is said before the screen is taken.
    seen.look(&remote)?;
    if !args.once && voice.answers_eyes && io::stdin().is_terminal() {
        return screen::show(remote, seen, args.sort, every);
    }
    loop {
        if !voice.print_on(&seen.text(args.sort))? || args.once {
            return Ok(());
        }
        std::thread::sleep(every);
        seen.look(&remote)?;
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: Option<f64> = text.parse().ok();
    let seconds = seconds.filter(|s| s.is_finite() && *s >= LOOK_LEAST && *s <= 3_600.0);
    seconds.ok_or_else(|| format!("expected {LOOK_LEAST} to 3600 seconds"))
}
