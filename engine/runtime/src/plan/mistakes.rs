//! Mistakes in SQL that is asked beside the pipeline, as `check` shows those of the file.

use zaraba_core::diagnostic::{Diagnostic, Diagnostics, SourceMap, Span};
use zaraba_sql::plan::mistake::SqlMistake;

/// Mistakes, each with its line of the SQL.
pub(crate) fn shown(sql: &str, mistakes: &[SqlMistake]) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("query", sql);
    let mut diagnostics = Diagnostics::default();
    for mistake in mistakes {
        let (start, end) = mistake.at.unwrap_or_else(|| first_word(sql));
        let (start, end) = (start.min(sql.len()), end.min(sql.len()));
        let diagnostic = Diagnostic::at(Span { file, start, end }, mistake.message.clone());
        diagnostics.push(match &mistake.help {
            Some(help) => diagnostic.help(help.clone()),
            None => diagnostic,
        });
    }
    sources.render_all(&diagnostics)
}

fn first_word(text: &str) -> (usize, usize) {
    let start = text.len() - text.trim_start().len();
    let length = text[start..].find(char::is_whitespace);
    (start, start + length.unwrap_or(text.len() - start))
}
