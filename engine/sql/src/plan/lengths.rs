//! How long a window may be, and how many of them may hold a row: what is above stands for a
//! mistake in the interval, would leave the range of times, or would never come to its end.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast::Expr as SqlExpr;
use zaraba_core::time::{DAY, duration_text};

use crate::plan::mistake::SqlMistake;
use crate::plan::window_call::{Failed, WindowAssign, spanned};
use crate::window::spec::WindowSpec;
use crate::window::windows::Windows;

/// Most days of a window, a slide, a gap or an offset: a hundred years.
const DAYS_MAX: i64 = 36_500;

/// Most windows that may hold one row.
const WINDOWS_MAX: usize = 100_000;

/// A length in days and microseconds, if it is not too long. `arg`: as written.
pub(super) fn length(days: i64, micros: i64, arg: &SqlExpr) -> Result<i64, Failed> {
    let length = days.checked_mul(DAY).and_then(|d| d.checked_add(micros));
    let longest = DAYS_MAX * DAY;
    if let Some(length) = length.filter(|l| (-longest..=longest).contains(l)) {
        return Ok(length);
    }
    let message = format!("expected an interval of at most {DAYS_MAX} days, found `{arg}`");
    let help = "what has no end is kept in a `[table.*]` and read by a query with `every`";
    Err(spanned(SqlMistake::new(message).help(help), arg))
}

/// Refuses windows of which too many hold each row. `arg`: the slide as written.
pub(super) fn few_enough(spec: &WindowSpec, arg: &SqlExpr) -> Result<(), Failed> {
    let windows = spec.windows_of_a_row();
    if windows <= WINDOWS_MAX {
        return Ok(());
    }
    let message = format!(
        "each row would be in {} windows, and {} are the most",
        grouped(windows),
        grouped(WINDOWS_MAX)
    );
    let what = if spec.grows { "step" } else { "slide" };
    let help = format!(
        "take a longer {what}; OVER (ORDER BY … RANGE BETWEEN INTERVAL … PRECEDING AND CURRENT \
         ROW) answers at each row for the time before it"
    );
    Err(spanned(SqlMistake::new(message).help(help), arg))
}

/// Windows with gaps between them, whose rows are in none.
pub(super) fn gaps(plan: &LogicalPlan, sql: &str) -> Vec<SqlMistake> {
    let mut found = Vec::new();
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Extension(extension) = node
            && let Some(assign) = extension.node.as_any().downcast_ref::<WindowAssign>()
            && let Windows::Fixed(spec) = &assign.windows
            && spec.slide > spec.size
        {
            let WindowSpec { size, slide, .. } = *spec;
            let message = format!(
                "HOP with a slide of {} over a size of {}: rows between two windows are in none",
                duration_text(slide),
                duration_text(size)
            );
            let mistake = SqlMistake::new(message).at_word(sql, "HOP");
            found.push(mistake.help("HOP(input, time, slide, size): the slide comes first"));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

/// `86,400,000`
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_groups() {
        let shown = [7, 999, 1000, 86_400_000_000].map(grouped);
        assert_eq!(shown, ["7", "999", "1,000", "86,400,000,000"]);
    }
}
