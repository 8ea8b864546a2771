//! A mistake in SQL, with its place in the SQL text, in our words.

use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span};
use zaraba_core::suggest;

use crate::plan::alias;
use crate::plan::parse::WINDOWS_BUILT;
use crate::plan::wording::{ROWS, decapitalised, reword};

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlMistake {
    /// Bytes of the SQL text, where known.
    pub at: Option<(usize, usize)>,
    /// What was expected and what came.
    pub message: String,
    /// A way out.
    pub help: Option<String>,
}

impl SqlMistake {
    /// A mistake without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            at: None,
            message: message.into(),
            help: None,
        }
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the place of the first word like `word` in the SQL text.
    #[must_use]
    pub fn at_word(mut self, sql: &str, word: &str) -> Self {
        self.at = find_word(sql, word);
        self
    }

    /// Adds the place of a parser's span.
    #[must_use]
    pub fn at_span(mut self, sql: &str, span: Span) -> Self {
        self.at = bytes(sql, span);
        self
    }

    /// As DataFusion's error, on its way through DataFusion's planner.
    #[must_use]
    pub fn into_datafusion(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }

    /// What DataFusion says of some SQL, in our words.
    #[must_use]
    pub fn from_datafusion(error: &DataFusionError, sql: &str) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast_ref::<Self>() {
                Some(own) => own.clone(),
                None => Self::new(inner.to_string()),
            },
            DataFusionError::Context(_, inner) => Self::from_datafusion(inner, sql),
            DataFusionError::Diagnostic(diagnostic, inner) => {
                let mut mistake = Self::from_datafusion(inner, sql);
                if let (None, Some(span)) = (mistake.at, diagnostic.span) {
                    let location =
                        |l: datafusion::common::Location| Location::new(l.line, l.column);
                    mistake.at = bytes(sql, Span::new(location(span.start), location(span.end)));
                }
                mistake
            }
            DataFusionError::Collection(errors) => match errors.first() {
                Some(first) => Self::from_datafusion(first, sql),
                None => Self::new(error.to_string()),
            },
            DataFusionError::SchemaError(schema, _) => of_schema(schema, sql),
            DataFusionError::SQL(parser, _) => of_parser(&parser.to_string(), sql),
            DataFusionError::Plan(message) => reword(message, sql),
            DataFusionError::NotImplemented(message) => {
                let mut mistake = reword(message, sql);
                if mistake.message == decapitalised(message) {
                    mistake.message = format!("not built yet: {}", mistake.message);
                }
                mistake
            }
            other => reword(other.strip_backtrace().as_str(), sql),
        }
    }
}

impl std::fmt::Display for SqlMistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SqlMistake {}

fn of_schema(error: &SchemaError, sql: &str) -> SqlMistake {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => {
            if let Some(mistake) = no_input(field, valid_fields, sql) {
                return mistake;
            }
            let name = field.name();
            let known: Vec<&str> = valid_fields.iter().map(|f| f.name()).collect();
            let of = match (&field.relation, valid_fields.first()) {
                (Some(relation), _) if relation.table() == ROWS => String::new(),
                (Some(relation), _) => format!(" in `{relation}`"),
                (None, Some(first)) => match &first.relation {
                    Some(r) if r.table() == ROWS => String::new(),
                    Some(r) if valid_fields.iter().all(|f| f.relation.as_ref() == Some(r)) => {
                        format!(" in `{r}`")
                    }
                    _ => String::new(),
                },
                (None, None) => String::new(),
            };
            let hint = suggest::hint(name, known.iter().copied());
            let mut mistake = SqlMistake::new(format!("no column `{name}`{of}{hint}"));
            if hint.is_empty() {
                mistake.help = Some(way_out(name, &known));
            }
            let mut mistake = match field.spans().first() {
                Some(span) => {
                    let location =
                        |l: datafusion::common::Location| Location::new(l.line, l.column);
                    mistake.at_span(sql, Span::new(location(span.start), location(span.end)))
                }
                None => mistake.at_word(sql, name),
            };
            if mistake
                .at
                .is_some_and(|(start, _)| sql[..start].ends_with('"'))
            {
                mistake.help = Some(format!("text is written in single quotes: '{name}'"));
            }
            if let Some((help, at)) = alias::way_out(sql, name) {
                (mistake.help, mistake.at) = (Some(help.to_owned()), at);
            }
            mistake
        }
        SchemaError::AmbiguousReference { field } => {
            let name = field.name();
            SqlMistake::new(format!(
                "column `{name}` is in more than one input: write input.{name}"
            ))
            .at_word(sql, name)
        }
        other => reword(&other.to_string(), sql),
    }
}

/// A column of an input that the query does not have: `tick.price` where FROM says `ticks`.
fn no_input(field: &Column, known: &[Column], sql: &str) -> Option<SqlMistake> {
    let input = field.relation.as_ref()?.table();
    let mut inputs: Vec<&str> = known
        .iter()
        .filter_map(|f| f.relation.as_ref().map(|r| r.table()))
        .collect();
    inputs.dedup();
    if inputs.is_empty() || inputs.contains(&input) {
        return None;
    }
    let hint = suggest::hint(input, inputs.iter().copied());
    let mistake = SqlMistake::new(format!("no input `{input}` in FROM{hint}"));
    Some(
        mistake
            .help(format!("FROM has {}", listed(&inputs)))
            .at_word(sql, input),
    )
}

/// What to do where no column is near enough to the one asked for.
fn way_out(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        "the query has no FROM".to_owned()
    } else if ["window_start", "window_end"].contains(&name) {
        format!("`{name}` comes from a window in FROM: {WINDOWS_BUILT}")
    } else {
        there(known)
    }
}

/// `there are `a`, `b` and `c``
#[must_use]
pub fn there(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("there {verb} {}", listed(names))
}

/// `a`, `b` and `c`.
#[must_use]
pub fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The parser's text ends with its place: `… at Line: 3, Column: 14`.
pub(crate) fn of_parser(text: &str, sql: &str) -> SqlMistake {
    let text = text
        .trim_start_matches("sql parser error: ")
        .trim_start_matches("ParserError(");
    let text = text.trim_end_matches(')').trim_matches('"');
    let (message, place) = match text.rsplit_once(" at Line: ") {
        Some((message, place)) => (message, Some(place)),
        None => (text, None),
    };
    let at = place.and_then(|p| {
        let (line, column) = p.split_once(", Column: ")?;
        let line: u64 = line.trim().parse().ok()?;
        let column: u64 = column
            .trim_end_matches(|c: char| !c.is_ascii_digit())
            .parse()
            .ok()?;
        let start = byte_of(sql, line, column)?;
        let length = sql[start..].find(|c: char| c.is_whitespace() || "(),;".contains(c));
        Some((start, start + length.unwrap_or(sql.len() - start).max(1)))
    });
    let message = message
        .replace("Expected: ", "expected ")
        .replace(", found: ", ", found ");
    let end = Some((sql.trim_end().len(), sql.trim_end().len()));
    let at = if message.ends_with("found EOF") {
        end
    } else {
        at
    };
    let message = message.replace("found EOF", "found the end of the SQL");
    if message.ends_with("found EXCLUDE") {
        let message = "a frame that leaves rows out (EXCLUDE) is not built yet";
        let help = "end it before the row: ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING";
        let mistake = SqlMistake::new(message).help(help);
        return SqlMistake { at, ..mistake };
    }
    SqlMistake {
        at,
        message: decapitalised(&message),
        help: None,
    }
}

/// The byte of a line and column, both from 1, the column in characters.
fn byte_of(sql: &str, line: u64, column: u64) -> Option<usize> {
    let mut start = 0;
    for _ in 1..line {
        start += sql[start..].find('\n')? + 1;
    }
    let column = usize::try_from(column).ok()?.checked_sub(1)?;
    let rest = &sql[start..];
    rest.char_indices()
        .map(|(i, _)| i)
        .chain([rest.len()])
        .nth(column)
        .map(|i| start + i)
}

fn bytes(sql: &str, span: Span) -> Option<(usize, usize)> {
    if span.start.line == 0 {
        return None;
    }
    let start = byte_of(sql, span.start.line, span.start.column)?;
    let end = byte_of(sql, span.end.line, span.end.column)?;
    Some((start, end.max(start)))
}

/// Where a word first stands in a text, as a word of its own.
#[must_use]
pub fn find_word(sql: &str, word: &str) -> Option<(usize, usize)> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    sql.to_lowercase()
        .match_indices(&word.to_lowercase())
        .map(|(i, _)| (i, i + word.len()))
        .find(|(start, end)| {
            sql.is_char_boundary(*start)
                && sql.is_char_boundary(*end)
                && !sql[..*start].chars().next_back().is_some_and(inside)
                && !sql[*end..].chars().next().is_some_and(inside)
        })
}
