//! `zaraba rule try`: an alert or a rule with each of some settings over recorded rows.

use clap::{Args, ValueEnum};
use zaraba::history::History;

use crate::failure::Failure;
use crate::rule::report::{Outcome, as_json, details, heading, summary};
use crate::rule::sweep::{Sweep, combinations};
use crate::rule::{HistoryArgs, PriceArgs};
use crate::voice::Voice;

/// Runs that are told in detail.
const DETAILS: usize = 5;

/// What is tried.
#[derive(Args)]
#[command(override_usage = "zaraba rule try [FILE] NAME --from PATH… [--sweep NAME=V,V,…]")]
pub(crate) struct TryArgs {
    #[command(flatten)]
    history: HistoryArgs,
    /// Run once with each of these values of a parameter, `cooldown` or `for`; may be given several
    /// times: then each combination
    #[arg(long, value_name = "NAME=V,V,…")]
    sweep: Vec<Sweep>,
    #[command(flatten)]
    price: PriceArgs,
    /// Also count by this column of the alerts
    #[arg(long, value_name = "COLUMN")]
    by: Vec<String>,
    /// How it is told
    #[arg(long, default_value = "table")]
    format: Format,
}

/// `--format`
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables
    Table,
    /// One JSON object
    Json,
}

/// Tries.
pub(crate) fn try_out(args: TryArgs, voice: &Voice) -> Result<(), Failure> {
    let settings = combinations(&args.sweep).map_err(Failure::User)?;
    let (pipeline, ask) = args.history.asked();
    let ask = args.price.asked(ask);
    let mut history = pipeline.history(&ask)?;
    voice.hide(history.secrets());
    let mut outcomes = Vec::new();
    for settings in settings {
        let run = history.run(&settings)?;
        let outcome = Outcome::new(&history, &run, settings, &args.by);
        let said: Vec<String> = (outcome.settings.iter())
            .map(|(name, value)| format!("{name}={value}: "))
            .collect();
        voice.note(&format!("{}{} alerts", said.concat(), outcome.alerts));
        if run.failed > 0 {
            voice.say(&format!(
                "{}it failed on {} rows",
                said.concat(),
                run.failed
            ));
        }
        outcomes.push(outcome);
    }
    left_out(&history, voice);
    if args.format == Format::Json {
        return voice.print(&format!("{:#}\n", as_json(&history, &ask.name, &outcomes)));
    }
    let days = history.days();
    let mut text = heading(&history, &ask.name);
    text += &format!("\n{}", summary(&outcomes, days));
    let told = outcomes.iter().filter(|outcome| outcome.alerts > 0);
    for outcome in told.clone().take(DETAILS) {
        text += &details(outcome, days);
    }
    voice.print(&text)?;
    if told.count() > DETAILS {
        voice.say(&format!(
            "of the first {DETAILS} only; --format json has all"
        ));
    }
    let why = outcomes
        .iter()
        .find_map(|outcome| outcome.after.as_ref().err());
    if let Some(why) = why {
        voice.say(&format!("what prices did afterwards is not known: {why}"));
    }
    Ok(())
}

/// Says which rows of the recording were not looked at.
pub(super) fn left_out(history: &History<'_>, voice: &Voice) {
    let Some(seen) = history.seen() else { return };
    if seen.late > 0 {
        voice.say(&format!(
            "{} rows were late, and left out as they are live",
            seen.late
        ));
    }
    if seen.bad > 0 {
        voice.say(&format!("{} rows could not be read or computed", seen.bad));
    }
    if seen.days.is_empty() {
        voice.say("the recording has no row that the alert looks at");
    }
}
