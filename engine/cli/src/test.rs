//! `zaraba test`: the tests that a pipeline carries, told by `tally`.

use std::fmt::Write as _;

use zaraba::test_run::{Difference, Outcome, RowDifference};

use crate::args::PipelineArgs;
use crate::failure::Failure;
use crate::tally::{self, tell};
use crate::voice::Voice;

/// Runs the tests one after the other.
pub(crate) fn test(args: &PipelineArgs, voice: &Voice) -> Result<(), Failure> {
    let checked = args.pipeline().check()?;
    voice.hide(&checked.secrets);
    let outcomes = checked.run_tests().map(Ok);
    tell(outcomes, |_| String::new(), voice).map(drop)
}

impl tally::Outcome for Outcome {
    fn name(&self) -> &str {
        &self.name
    }

    fn passed(&self) -> bool {
        self.passed()
    }

    fn reason(&self) -> String {
        let error = self.error.iter().map(|error| format!("  error: {error}\n"));
        let different = |difference| headline(difference) + &table(difference);
        error
            .chain(self.differences.iter().map(different))
            .collect()
    }
}

fn headline(difference: &Difference) -> String {
    let Difference {
        stream,
        expected,
        got,
        ..
    } = difference;
    let rows = |n: usize| {
        if n == 1 {
            "1 row".to_owned()
        } else {
            format!("{n} rows")
        }
    };
    if expected == got {
        format!("  {stream}: {} as expected, but not the same\n", rows(*got))
    } else {
        format!(
            "  {stream}: expected {}, got {}\n",
            rows(*expected),
            rows(*got)
        )
    }
}

/// The rows that differ, one under the other, the first column that differs marked.
fn table(difference: &Difference) -> String {
    let mut lines = vec![vec!["row".to_owned(), String::new()]];
    lines[0].extend(difference.columns.iter().cloned());
    let mut marks = vec![None];
    for row in &difference.rows {
        let RowDifference {
            number,
            expected,
            got,
            differs,
        } = row;
        for (who, cells) in [("expected", expected), ("got", got)] {
            let first = if who == "expected" {
                number.to_string()
            } else {
                String::new()
            };
            let mut line = vec![first, who.to_owned()];
            line.extend(match cells {
                Some(cells) => cells
                    .iter()
                    .map(|c| c.clone().unwrap_or_default())
                    .collect(),
                None => vec!["no row".to_owned()],
            });
            lines.push(line);
            marks.push(None);
        }
        if let Some(mark) = marks.last_mut() {
            *mark = differs.map(|column| column + 2);
        }
    }
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| lines.iter().filter_map(|l| l.get(c)).map(|t| wide(t)).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    let mut text = String::new();
    for (line, mark) in lines.iter().zip(marks) {
        text += &aligned(line, &widths);
        if let Some(column) = mark {
            let mut carets = vec![String::new(); column];
            carets.push("^".repeat(line.get(column).map_or(1, |cell| wide(cell).max(1))));
            text += &aligned(&carets, &widths);
        }
    }
    if difference.more > 0 {
        let _ = writeln!(text, "    and {} more that differ", difference.more);
    }
    text
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::from("   ");
    for (cell, width) in cells.iter().zip(widths) {
        line.push(' ');
        line += cell;
        line += &" ".repeat(width - wide(cell).min(*width));
    }
    format!("{}\n", line.trim_end())
}

/// Columns that a text takes on a terminal.
fn wide(text: &str) -> usize {
    zaraba::text_width(text)
}
