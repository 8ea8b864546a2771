//! `zaraba tap`: the rows of a node of a running pipeline, from now on, until it ends, there were
//! enough, or nobody reads them any more.

use std::io::BufRead;

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::remote::{Remote, RemoteArgs, encoded};
use crate::table::{Table, fields};
use crate::voice::Voice;

/// What is looked at.
#[derive(Args)]
pub(crate) struct TapArgs {
    /// A source, table or query; NODE__late, NODE__errors and NODE__unassigned are streams, too
    node: String,
    #[command(flatten)]
    remote: RemoteArgs,
    /// Only rows for which this holds, in the SQL of the pipeline: "strike > 52000"
    #[arg(long = "where", value_name = "CONDITION", conflicts_with = "sql")]
    condition: Option<String>,
    /// A SELECT over the node that picks, filters and computes row by row
    #[arg(long, value_name = "SELECT")]
    sql: Option<String>,
    /// How rows are written [default: a table on a terminal, else JSON lines]
    #[arg(long)]
    format: Option<TapFormat>,
    /// End after so many rows
    #[arg(short = 'n', long, value_name = "ROWS")]
    limit: Option<u64>,
}

/// `--format` of `tap`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TapFormat {
    /// Columns for eyes
    Table,
    /// One object a line
    Json,
    /// CSV with a line of names
    Csv,
}

/// An event of the answer.
#[derive(Default)]
struct Event {
    name: String,
    text: Option<String>,
}

/// Prints the rows.
pub(crate) fn tap(args: &TapArgs, voice: &Voice) -> Result<(), Failure> {
    let remote = args.remote.remote()?;
    let format = args.format.unwrap_or(if voice.answers_eyes {
        TapFormat::Table
    } else {
        TapFormat::Json
    });
    let mut lines = remote.follow(&path(args, format))?;
    let mut table = Table::new(voice.width());
    let mut begun = false;
    while let Some(event) = next(&mut lines, &remote)? {
        let text = event.text.unwrap_or_default();
        let printed = match (event.name.as_str(), format) {
            ("", TapFormat::Table) => table.row(&fields(&text)),
            ("" | "header", TapFormat::Csv) | ("", TapFormat::Json) => text + "\n",
            ("header", TapFormat::Table) => table.header(&fields(&text)),
            ("tap", _) => {
                begun = true;
                voice.note(&format!("tapping `{}` of {}", args.node, remote.url));
                continue;
            }
            ("skipped", _) => {
                let rows = number(&text, "rows");
                voice.say(&format!(
                    "{rows} rows came faster than they were read: skipped"
                ));
                continue;
            }
            ("failed", _) => {
                voice.say(&format!("rows on which the SQL failed: {text}"));
                continue;
            }
            ("end", _) => return Ok(()),
            _ => continue,
        };
        // Whoever closed the pipe has seen enough.
        if !voice.print_on(&printed)? {
            return Ok(());
        }
    }
    if !begun {
        return Err(remote.stranger(""));
    }
    Err(Failure::Outside(format!(
        "{} went away: the pipeline has ended or broken off",
        remote.url
    )))
}

/// What is asked of the listener.
fn path(args: &TapArgs, format: TapFormat) -> String {
    let format = if format == TapFormat::Json {
        "json"
    } else {
        "csv"
    };
    let mut path = format!("/api/tap/{}?format={format}", encoded(&args.node));
    let asked = [("where", &args.condition), ("sql", &args.sql)];
    for (name, text) in asked {
        if let Some(text) = text {
            path += &format!("&{name}={}", encoded(text));
        }
    }
    if let Some(limit) = args.limit {
        path += &format!("&limit={limit}");
    }
    path
}

/// The next event; none: the answer is over.
fn next(lines: &mut impl BufRead, remote: &Remote) -> Result<Option<Event>, Failure> {
    let mut event = Event::default();
    let mut line = String::new();
    loop {
        line.clear();
        match lines.read_line(&mut line) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "the answer broke off");
                let url = &remote.url;
                return Err(Failure::Outside(format!("{url} broke off")));
            }
        }
        let line = line.trim_end_matches(['\n', '\r']);
        if let Some(name) = line.strip_prefix("event: ") {
            name.clone_into(&mut event.name);
        } else if let Some(text) = line.strip_prefix("data: ") {
            event.text = Some(match event.text {
                Some(before) => before + "\n" + text,
                None => text.to_owned(),
            });
        } else if line.is_empty() && event.text.is_some() {
            return Ok(Some(event));
        }
    }
}

/// A number of a small JSON object.
fn number(json: &str, name: &str) -> u64 {
    let value: Option<serde_json::Value> = serde_json::from_str(json).ok();
    value.and_then(|v| v[name].as_u64()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_an_answer() {
        let mut text = "event: tap\ndata: {}\n\n:\n\ndata: a\ndata: b\n\nevent: end\n".as_bytes();
        let remote = RemoteArgs::default().remote();
        let Ok(remote) = remote else {
            panic!("it needs nothing");
        };
        let mut read = || next(&mut text, &remote).ok().flatten();
        let told = |event: Option<Event>| event.map(|e| (e.name, e.text.unwrap_or_default()));
        assert_eq!(told(read()), Some(("tap".to_owned(), "{}".to_owned())));
        assert_eq!(told(read()), Some((String::new(), "a\nb".to_owned())));
        assert_eq!(told(read()), None, "an event that was cut off");
    }
}
