//! How the program speaks: answers go to standard output, everything else to standard error, as
//! lines or (`--log json`) as JSON. Secrets are taken out of all of it. A line and the progress
//! bar never stand on each other.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use indicatif::ProgressBar;
use tracing_subscriber::EnvFilter;
use zaraba::redact;

use crate::args::LogFormat;
use crate::failure::Failure;

/// What is logged at each `-v` when `RUST_LOG` does not say.
const FILTERS: [&str; 3] = [
    "warn,zaraba::voice=info,zaraba::audit=info,zaraba::rule=info",
    "warn,zaraba=info",
    "info,zaraba=trace",
];

/// Terminal codes of the colours.
const RED: &str = "\x1b[1;31m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// Speaks.
#[derive(Clone)]
pub(crate) struct Voice {
    /// The progress bar; hidden until a run shows it.
    pub(crate) bar: ProgressBar,
    /// Standard error is a terminal.
    pub(crate) terminal: bool,
    /// Standard output is a terminal.
    pub(crate) answers_eyes: bool,
    json: bool,
    secrets: Arc<OnceLock<Vec<String>>>,
}

impl Voice {
    /// Starts the log.
    pub(crate) fn new(format: LogFormat, verbose: u8) -> Self {
        let json = format == LogFormat::Json;
        let terminal = io::stderr().is_terminal() && !json;
        let voice = Self {
            bar: ProgressBar::hidden(),
            terminal,
            answers_eyes: io::stdout().is_terminal(),
            json,
            secrets: Arc::default(),
        };
        let level = FILTERS[usize::from(verbose).min(FILTERS.len() - 1)];
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        let lines = voice.clone();
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(move || LogLine(lines.clone()))
            .with_ansi(voice.colours());
        // Only a second log in one process could be refused.
        let _ = if json {
            log.json().flatten_event(true).try_init()
        } else {
            log.try_init()
        };
        voice
    }

    /// Values that must not be said from now on.
    pub(crate) fn hide(&self, secrets: &[String]) {
        let mut hidden = secrets.to_vec();
        // As they stand in JSON.
        hidden.extend(
            secrets
                .iter()
                .map(|s| format!("{s:?}").trim_matches('"').to_owned()),
        );
        let _ = self.secrets.set(hidden);
    }

    /// An answer, to standard output. Whoever closed it wanted no more.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        self.print_on(text).map(drop)
    }

    /// A part of an answer that goes on. Whether anybody wants more of it.
    pub(crate) fn print_on(&self, text: &str) -> Result<bool, Failure> {
        let mut out = io::stdout().lock();
        match out
            .write_all(self.clean(text).as_bytes())
            .and_then(|()| out.flush())
        {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(e) => Err(Failure::Outside(format!(
                "cannot write to standard output: {e}"
            ))),
        }
    }

    /// How many letters a line of an answer may have; none: any number.
    pub(crate) fn width(&self) -> Option<usize> {
        let size = ratatui::crossterm::terminal::size().ok();
        size.filter(|_| self.answers_eyes)
            .map(|(columns, _)| usize::from(columns))
            .filter(|columns| *columns > 0)
    }

    /// A line for eyes alone: nothing in a pipe.
    pub(crate) fn note(&self, text: &str) {
        if self.terminal {
            self.write(&format!("{text}\n"));
        }
    }

    /// A line beside the answer.
    pub(crate) fn say(&self, text: &str) {
        if self.json {
            tracing::info!("{text}");
        } else {
            self.write(&format!("{text}\n"));
        }
    }

    /// What is most likely not meant; empty: nothing.
    pub(crate) fn warn(&self, text: &str) {
        if self.json && !text.is_empty() {
            tracing::warn!("{text}");
        } else {
            self.write(text);
        }
    }

    /// What went wrong, unless there is nobody to hear it.
    pub(crate) fn fail(&self, failure: &Failure) {
        let text = failure.to_string();
        if self.json && !text.is_empty() {
            tracing::error!("{text}");
        } else if !text.is_empty() {
            let text = if self.colours() { painted(&text) } else { text };
            self.write(&format!("{text}\n"));
        }
    }

    fn colours(&self) -> bool {
        self.terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
    }

    fn clean(&self, text: &str) -> String {
        redact(text, self.secrets.get().map_or(&[][..], Vec::as_slice))
    }

    fn write(&self, text: &str) {
        let text = self.clean(text);
        // Standard error is where this would be told.
        self.bar
            .suspend(|| drop(io::stderr().lock().write_all(text.as_bytes())));
    }
}

/// Writes what the log writes, one event a call.
struct LogLine(Voice);

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Mistakes with their first word and carets in red, and the ways out in another colour.
fn painted(text: &str) -> String {
    let line = |line: &str| {
        let body = line.trim_start_matches([' ', '|']);
        let margin = &line[..line.len() - body.len()];
        if let Some(rest) = line.strip_prefix("error:") {
            format!("{RED}error:{PLAIN}{rest}")
        } else if !body.is_empty() && body.bytes().all(|b| b == b'^') {
            format!("{margin}{RED}{body}{PLAIN}")
        } else if let Some(help) = body.strip_prefix("= help:") {
            format!("{margin}{CYAN}= help:{PLAIN}{help}")
        } else {
            line.to_owned()
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paint_changes_no_letter() {
        let text = "error: no\n --> p.toml:1:2\n  |\n1 |  x = 1\n  |  ^^\n  = help: y\n\n1 mistake";
        let paint = painted(text);
        assert_eq!(paint.matches(RED).count(), 2);
        assert_eq!(paint.matches(CYAN).count(), 1);
        assert_eq!(
            paint.replace(RED, "").replace(CYAN, "").replace(PLAIN, ""),
            text
        );
    }
}
