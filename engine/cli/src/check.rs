//! `zaraba check`: every mistake that can be found without running.

use crate::args::PipelineArgs;
use crate::failure::Failure;
use crate::voice::Voice;

/// Says that there is no mistake, or fails with all of them.
pub(crate) fn check(args: &PipelineArgs, voice: &Voice) -> Result<(), Failure> {
    let checked = args.pipeline().check()?;
    voice.warn(&checked.warnings);
    let counts = checked.plan.counts();
    let counted: Vec<String> = counts
        .iter()
        .map(|(kind, n)| format!("{n} {}", plural(kind, *n)))
        .collect();
    let counted = if counted.is_empty() {
        "no nodes".to_owned()
    } else {
        counted.join(", ")
    };
    let file = args.file.display();
    voice.print(&format!("{file}: no mistakes ({counted})\n"))
}

/// The word for several.
fn plural(word: &str, n: usize) -> String {
    match word.strip_suffix('y') {
        _ if n == 1 => word.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_several() {
        for (word, n, expected) in [
            ("query", 1, "query"),
            ("query", 2, "queries"),
            ("sink", 0, "sinks"),
        ] {
            assert_eq!(plural(word, n), expected);
        }
    }
}
