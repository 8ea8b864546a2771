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
    known(&history, &args.by)?;
    let mut outcomes = Vec::new();
    for settings in settings {
        let run = history.run(&settings)?;
        let outcome = Outcome::new(&history, &run, settings, &args.by);
        let said: Vec<String> = (outcome.settings.iter())
            .map(|(name, value)| format!("{name}={value}: "))
            .collect();
        if args.sweep.is_empty() {
            voice.note(&format!("{} alerts", outcome.alerts));
        } else {
            voice.say(&format!("{}{} alerts", said.concat(), outcome.alerts));
        }
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
    for (source, late) in &seen.late {
        voice.say(&format!(
            "{source}: {late} rows were late and left out, as they would be live: older than its \
             `out_of_order` allows behind rows that came before them; a greater one in \
             [source.{source}] takes them"
        ));
    }
    for (source, (bad, why)) in &seen.bad {
        voice.say(&format!(
            "{source}: {bad} rows could not be read; the first: {why}"
        ));
    }
    if seen.days.is_empty() {
        voice.say("the recording has no row within a session that the alert looks at");
    }
}

/// A column to count by has to be there.
fn known(history: &History<'_>, by: &[String]) -> Result<(), Failure> {
    let columns = history.columns();
    let Some(wrong) = by.iter().find(|name| !columns.contains(name)) else {
        return Ok(());
    };
    Err(Failure::User(format!(
        "--by {wrong}: alerts of it have no such column; there are {}",
        columns.join(", ")
    )))
}
