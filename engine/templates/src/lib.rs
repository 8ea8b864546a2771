//! Templates, the one kind that there is: what is written in a pipeline or a plugin about rows, read
//! the same in a rule's messages, in declared alerts and in webhooks. How values read and which filters
//! there are stands in one file, which the SDK has, too ([`environment`]).
//!
//! Neighbours: `zaraba-alerts`, `zaraba-rules` and `zaraba-sinks` say what their templates see.

use std::collections::BTreeSet;

use minijinja::value::Value;
use minijinja::{Environment, Error};

#[path = "../../../sdk/src/harness/reading.rs"]
mod reading;

#[cfg(test)]
mod tests;

/// Steps that one template of an alert may take.
pub const ALERT_FUEL: u64 = 10_000;

/// Characters of an alert's title.
pub const TITLE_MAX: usize = 300;

/// Characters of an alert's message or link.
pub const MESSAGE_MAX: usize = 4_000;

/// An environment with all filters, whose templates may take so many steps each. Values are written
/// as [`read`] says.
#[must_use]
pub fn environment(fuel: u64) -> Environment<'static> {
    reading::environment(fuel)
}

/// A value in words.
#[must_use]
pub fn read(value: &Value) -> String {
    reading::read(value)
}

/// A value as JSON, a text with its quotes.
#[must_use]
pub fn json(value: &Value) -> String {
    reading::json(value)
}

/// A text as it stands in a form or a URL.
#[must_use]
pub fn form(text: &str) -> String {
    reading::form(text)
}

/// The names that a template asks for: no variables of its own, and nothing that every template has.
///
/// # Errors
/// When the text is no template.
pub fn asked(env: &Environment<'_>, name: &str, text: &str) -> Result<BTreeSet<String>, Error> {
    let template = env.template_from_named_str(name, text)?;
    let mut asked: BTreeSet<String> = template.undeclared_variables(false).into_iter().collect();
    for (global, _) in env.globals() {
        asked.remove(global);
    }
    Ok(asked)
}

/// What is wrong with a template, in few words.
#[must_use]
pub fn told(error: &Error) -> String {
    let detail = error.detail().map(|d| format!(": {d}")).unwrap_or_default();
    format!("{}{detail}", error.kind())
}
