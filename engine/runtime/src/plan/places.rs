//! Mistakes in SQL at their place in the pipeline file.

use zaraba_config::document::Text;
use zaraba_core::diagnostic::{Diagnostic, Span};
use zaraba_sql::plan::mistake::SqlMistake;

/// A mistake inside a text of the file.
pub(crate) fn in_text(mistake: &SqlMistake, text: &Text) -> Diagnostic {
    let (start, end) = mistake.at.unwrap_or_else(|| first_word(&text.value));
    with_help(
        Diagnostic::at(text.span_of(start, end), mistake.message.clone()),
        mistake,
    )
}

/// A mistake at a place of its own.
pub(crate) fn at(mistake: &SqlMistake, span: Span) -> Diagnostic {
    with_help(Diagnostic::at(span, mistake.message.clone()), mistake)
}

fn with_help(diagnostic: Diagnostic, mistake: &SqlMistake) -> Diagnostic {
    match &mistake.help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    }
}

fn first_word(text: &str) -> (usize, usize) {
    let start = text.len() - text.trim_start().len();
    let length = text[start..]
        .find(char::is_whitespace)
        .unwrap_or(text.len() - start);
    (start, start + length)
}
