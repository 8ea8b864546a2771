//! Tests and what came of them, told in the manner of `cargo test`: a line each, then why some failed,
//! then how many.

use crate::failure::Failure;
use crate::voice::Voice;

/// What came of a test.
pub(crate) trait Outcome {
    /// What the test is called.
    fn name(&self) -> &str;

    /// Whether nothing was wrong.
    fn passed(&self) -> bool;

    /// Why it failed, in lines below its name.
    fn reason(&self) -> String;
}

/// Tells of tests as they are run, with `more` behind the numbers; all of them, if they passed.
pub(crate) fn tell<O: Outcome>(
    outcomes: impl Iterator<Item = Result<O, Failure>>,
    more: impl FnOnce(&[O]) -> String,
    voice: &Voice,
) -> Result<Vec<O>, Failure> {
    let mut all = Vec::new();
    for outcome in outcomes {
        let outcome = outcome?;
        let verdict = if outcome.passed() { "ok" } else { "FAILED" };
        voice.print(&format!("test {} ... {verdict}\n", outcome.name()))?;
        all.push(outcome);
    }
    let failed: Vec<&O> = all.iter().filter(|outcome| !outcome.passed()).collect();
    for outcome in &failed {
        voice.print(&format!("\n{}:\n{}", outcome.name(), outcome.reason()))?;
    }
    let (passed, failed) = (all.len() - failed.len(), failed.len());
    voice.print(&format!(
        "\n{passed} passed, {failed} failed{}\n",
        more(&all)
    ))?;
    match failed {
        0 => Ok(all),
        _ => Err(Failure::Tests),
    }
}
