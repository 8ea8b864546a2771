//! `zaraba plugin test`: whether a plugin keeps what the contract asks of it, told by
//! `tally`.

use zaraba::plugin::{Difference, Outcome};

use crate::failure::Failure;
use crate::plugin::TrialArgs;
use crate::tally::{self, tell};
use crate::voice::Voice;

/// Runs it over the rows in several ways.
pub(crate) fn test(args: &TrialArgs, voice: &Voice) -> Result<(), Failure> {
    let (plugin, trial) = args.trial(voice)?;
    let manifest = plugin.manifest();
    let rows = args.rows_said(&trial);
    voice.print(&format!("{} {}, {rows}\n", manifest.name, manifest.version))?;
    if manifest.tables.iter().any(|table| !table.optional) {
        voice.say("its tables are empty here: what it looks up is not found");
    }
    let outcomes = trial.test().map_err(zaraba::error::Error::from)?;
    let outcomes = outcomes.map(|outcome| Ok(outcome.map_err(zaraba::error::Error::from)?));
    let alerts = |all: &[Outcome]| all.first().map_or(0, |first| first.alerts.len());
    let all = tell(outcomes, |all| format!("; {} alerts", alerts(all)), voice)?;
    if alerts(&all) == 0 {
        voice.say("no alert was raised, so that little was compared: other parameters (--set), or recorded rows (--from)");
    }
    Ok(())
}

impl tally::Outcome for Outcome {
    fn name(&self) -> &str {
        self.name
    }

    fn passed(&self) -> bool {
        self.passed()
    }

    fn reason(&self) -> String {
        reason(self)
    }
}

/// Why it failed.
fn reason(outcome: &Outcome) -> String {
    let mut text = String::new();
    if let Some((line, lines)) = &outcome.trouble {
        text += &format!("  {line}\n");
        if *lines > 1 {
            text += &format!("  and {} more such lines\n", lines - 1);
        }
    }
    if let Some(Difference {
        place,
        expected,
        got,
    }) = &outcome.difference
    {
        let shown = |alert: &Option<String>| alert.clone().unwrap_or_else(|| "no alert".into());
        text += &format!(
            "  alert {} differs from that of as few calls as can be\n    expected {}\n    got      {}\n",
            place + 1,
            shown(expected),
            shown(got)
        );
    }
    text
}
