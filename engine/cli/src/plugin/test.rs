//! `zaraba plugin test`: whether a plugin keeps what the contract asks of it, told in the manner of
//! `cargo test`.

use zaraba::plugin::{Difference, Outcome};

use crate::failure::Failure;
use crate::plugin::TrialArgs;
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
    let (mut passed, mut failed, mut alerts) = (0, Vec::new(), None);
    for outcome in trial.test().map_err(zaraba::error::Error::from)? {
        let outcome = outcome.map_err(zaraba::error::Error::from)?;
        let verdict = if outcome.passed() { "ok" } else { "FAILED" };
        voice.print(&format!("test {} ... {verdict}\n", outcome.name))?;
        alerts.get_or_insert(outcome.alerts.len());
        if outcome.passed() {
            passed += 1;
        } else {
            failed.push(outcome);
        }
    }
    for outcome in &failed {
        voice.print(&told(outcome))?;
    }
    let alerts = alerts.unwrap_or(0);
    voice.print(&format!(
        "\n{passed} passed, {} failed; {alerts} alerts\n",
        failed.len()
    ))?;
    if alerts == 0 {
        voice.say("no alert was raised, so that little was compared: other parameters (--set), or recorded rows (--from)");
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Tests)
    }
}

/// Why it failed.
fn told(outcome: &Outcome) -> String {
    let mut text = format!("\n{}:\n", outcome.name);
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
