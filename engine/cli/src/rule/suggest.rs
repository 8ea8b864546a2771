//! `zaraba rule suggest`: a threshold out of history, by how many alerts a day it gives.

use clap::Args;
use zaraba::history::{Fire, Found, History, Number, Owner};

use crate::failure::Failure;
use crate::rule::HistoryArgs;
use crate::rule::report::{a_day, aligned, heading};
use crate::rule::try_out::left_out;
use crate::voice::Voice;

/// What is wanted.
#[derive(Args)]
#[command(
    override_usage = "zaraba rule suggest [FILE] NAME --from PATH… --per-day N [--param NAME]"
)]
pub(crate) struct SuggestArgs {
    #[command(flatten)]
    history: HistoryArgs,
    /// How many alerts a trading day are wanted
    #[arg(long, value_name = "N")]
    per_day: f64,
    /// The number to look for [default: the one that its alerts tell as their threshold]
    #[arg(long, value_name = "NAME")]
    param: Option<String>,
}

/// Looks for it.
pub(crate) fn suggest(args: SuggestArgs, voice: &Voice) -> Result<(), Failure> {
    if !(args.per_day.is_finite() && args.per_day > 0.0) {
        let text = format!("--per-day {}: expected a number above 0", args.per_day);
        return Err(Failure::User(text));
    }
    let (pipeline, ask) = args.history.asked();
    let mut history = pipeline.history(&ask)?;
    voice.hide(history.secrets());
    let number = match &args.param {
        Some(name) => named(&history, name)?,
        None => only(&mut history, &ask.name)?,
    };
    let mut tried = Vec::new();
    let found = history.suggest(&number, args.per_day, &mut |of| {
        voice.say(&format!(
            "{} = {}: {} alerts",
            number.name,
            of.value,
            of.run.fires.len()
        ));
        tried.push((of.value, of.run.fires.len(), of.run.suppressed));
    })?;
    left_out(&history, voice);
    let days = history.days();
    tried.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let title = [number.name.as_str(), "alerts", "a day", "suppressed"].map(str::to_owned);
    let rows = tried.iter().map(|(value, alerts, suppressed)| {
        vec![
            value.to_string(),
            alerts.to_string(),
            a_day(*alerts, days),
            suppressed.to_string(),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(title.to_vec()).chain(rows).collect();
    let mut text = heading(&history, &ask.name);
    text += &format!("\n{}", aligned(&rows, 0));
    text += &advice(&history, &found, &number, &ask.name);
    voice.print(&text)
}

/// What to write.
fn advice(history: &History<'_>, found: &Found, number: &Number, node: &str) -> String {
    let days = history.days();
    let (name, value, alerts) = (&number.name, found.best.value, found.best.run.fires.len());
    let mut text = format!(
        "\n{name} = {value} gives {} alerts a day",
        a_day(alerts, days)
    );
    let far = (alerts as f64 - found.wanted).abs();
    if far > (found.wanted * 0.2).max(1.0) {
        text += &format!(
            "; no value that was tried comes nearer to {}",
            a_day_of(found.wanted, days)
        );
    }
    let dot = if number.whole || value.fract() != 0.0 {
        ""
    } else {
        ".0"
    };
    let value = format!("{value}{dot}");
    text + &match number.owner {
        Owner::Plugin => format!(
            ":\n\n    [rule.{node}]\n    {}\n",
            history.params_with(name, &value)
        ),
        Owner::Pipeline => format!(":\n\n    [params]\n    {name} = {value}\n"),
    }
}

fn a_day_of(wanted: f64, days: usize) -> String {
    format!("{:.2}", wanted / days.max(1) as f64)
}

fn named(history: &History<'_>, name: &str) -> Result<Number, Failure> {
    let numbers = history.numbers();
    let found = numbers.iter().find(|number| number.name == name).cloned();
    let why = || format!("--param {name}: no such number; {}", listed(&numbers));
    found.ok_or_else(|| Failure::User(why()))
}

fn listed(numbers: &[Number]) -> String {
    let names: Vec<&str> = numbers.iter().map(|number| number.name.as_str()).collect();
    match names.as_slice() {
        [] => "there is none: a threshold has to be a parameter, `$name`".to_owned(),
        names => format!("there are {}", names.join(", ")),
    }
}

/// The one that is meant: the only one, or the one that alerts tell as their threshold.
fn only(history: &mut History<'_>, node: &str) -> Result<Number, Failure> {
    let numbers = history.numbers();
    if let [only] = numbers.as_slice() {
        return Ok(only.clone());
    }
    let run = history.run(&[])?;
    let told = |number: &Number| {
        let same = |fire: &Fire| fire.threshold == Some(number.value);
        !run.fires.is_empty() && run.fires.iter().all(same)
    };
    let mut found = numbers.iter().filter(|number| told(number));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only.clone()),
        _ => Err(Failure::User(format!(
            "--param NAME: which number of `{node}` is to be found? {}",
            listed(&numbers)
        ))),
    }
}
