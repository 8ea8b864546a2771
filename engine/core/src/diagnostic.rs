//! Mistakes in a pipeline, each with its place: collected, never thrown one at a time, and shown
//! with the line and a caret under it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// Bytes `start..end` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where, if it is anywhere.
    pub span: Option<Span>,
    /// What was expected and what came: lower case, no full stop.
    pub message: String,
    /// A way out.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake at a place.
    pub fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            message: message.into(),
            help: None,
        }
    }

    /// A mistake of the whole pipeline.
    pub fn nowhere(message: impl Into<String>) -> Self {
        Self {
            span: None,
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
}

/// The mistakes found so far.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of their places, those without a place last.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|d| (d.span.is_none(), d.span));
    }
}

/// The texts that spans point into.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<(PathBuf, String)>,
}

impl SourceMap {
    /// Adds a file's text.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> FileId {
        self.files.push((path.into(), text.into()));
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// A file's path and text.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<(&Path, &str)> {
        self.files
            .get(id.0 as usize)
            .map(|(path, text)| (path.as_path(), text.as_str()))
    }

    /// Line and column of a byte, both from 1, the column in characters.
    #[must_use]
    pub fn line_column(&self, file: FileId, byte: usize) -> (usize, usize) {
        let Some((_, text)) = self.file(file) else {
            return (1, 1);
        };
        let before = text.get(..byte.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// One mistake as users see it.
    #[must_use]
    pub fn render(&self, diagnostic: &Diagnostic) -> String {
        self.render_as("error", diagnostic)
    }

    /// Warnings, one under the other.
    #[must_use]
    pub fn render_warnings(&self, warnings: &Diagnostics) -> String {
        let shown = warnings.0.iter().map(|w| self.render_as("warning", w));
        shown.collect::<Vec<_>>().join("\n")
    }

    fn render_as(&self, word: &str, diagnostic: &Diagnostic) -> String {
        let mut text = format!("{word}: {}\n", diagnostic.message);
        if let Some((span, (path, source))) = diagnostic
            .span
            .and_then(|s| self.file(s.file).map(|f| (s, f)))
        {
            let (line, column) = self.line_column(span.file, span.start);
            let shown = source
                .lines()
                .nth(line - 1)
                .unwrap_or("")
                .replace('\t', " ");
            let before: String = shown.chars().take(column - 1).collect();
            let marked = source
                .get(span.start..span.end)
                .and_then(|s| s.lines().next());
            let room = width(&shown[before.len()..]).max(1);
            let carets = "^".repeat(marked.map_or(1, width).clamp(1, room));
            let margin = " ".repeat(line.to_string().len());
            let indent = " ".repeat(width(&before));
            let _ = writeln!(text, "{margin}--> {}:{line}:{column}", path.display());
            let shown = format!("{line} | {shown}");
            let _ = writeln!(
                text,
                "{margin} |\n{}\n{margin} | {indent}{carets}",
                shown.trim_end()
            );
            if let Some(help) = &diagnostic.help {
                let _ = writeln!(text, "{margin} = help: {help}");
            }
        } else if let Some(help) = &diagnostic.help {
            let _ = writeln!(text, "  = help: {help}");
        }
        text
    }

    /// All mistakes, one under the other, and how many they are.
    #[must_use]
    pub fn render_all(&self, diagnostics: &Diagnostics) -> String {
        let mut text: String = diagnostics
            .0
            .iter()
            .map(|d| self.render(d) + "\n")
            .collect();
        let n = diagnostics.0.len();
        let _ = writeln!(
            text,
            "{n} {} found",
            if n == 1 { "mistake" } else { "mistakes" }
        );
        text
    }
}

/// Columns that a text takes on a terminal: two for East Asian wide characters.
#[must_use]
pub fn width(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c as u32, 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
            | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6)
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caret_under_the_place() {
        let mut map = SourceMap::default();
        let file = map.add("p.toml", "a = 1\n板 = strik\n");
        let at = "a = 1\n板 = ".len();
        let d = Diagnostic::at(
            Span {
                file,
                start: at,
                end: at + 5,
            },
            "no column `strik`",
        )
        .help("columns are `strike`");
        assert_eq!(
            map.render(&d),
            "error: no column `strik`\n --> p.toml:2:5\n  |\n2 | 板 = strik\n  |      ^^^^^\n  = help: columns are `strike`\n"
        );
    }

    #[test]
    fn wide_characters_have_two_carets() {
        let mut map = SourceMap::default();
        let file = map.add("p.toml", "\t板 = 1");
        let d = Diagnostic::at(
            Span {
                file,
                start: 1,
                end: 4,
            },
            "no",
        );
        assert_eq!(
            map.render(&d),
            "error: no\n --> p.toml:1:2\n  |\n1 |  板 = 1\n  |  ^^\n"
        );
    }
}
