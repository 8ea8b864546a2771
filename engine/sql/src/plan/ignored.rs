//! Clauses that the parser reads and the planner would pass over without a word, or take for
//! something else: refused, since rows would be wrong and nobody told.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, NamedWindowExpr, Query, Select, SetExpr, Statement, TableFactor, Visit,
    Visitor, WindowType,
};

use crate::plan::mistake::{SqlMistake, find_word};

/// The first of them.
///
/// # Errors
/// When there is one.
pub(crate) fn refuse(statement: &Statement, sql: &str) -> Result<(), SqlMistake> {
    match Visit::visit(statement, &mut Clauses) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break((word, what, help)) => {
            let mut mistake = SqlMistake::new(format!("{what} is not built yet")).help(help);
            mistake.at = find_word(sql, word);
            Err(mistake)
        }
    }
}

/// The word at which it stands, what it is, and a way out.
type Found = (&'static str, &'static str, &'static str);

struct Clauses;

const NAMED: Found = (
    "OVER",
    "a window made from another window's name",
    "write PARTITION BY and ORDER BY out in each OVER, or use the name alone: OVER w",
);

fn of_select(select: &Select) -> Option<Found> {
    if matches!(select.distinct, Some(Distinct::On(_))) {
        let help = "row_number() OVER (PARTITION BY …, window_end ORDER BY …) = 1 picks one row";
        return Some(("DISTINCT", "DISTINCT ON", help));
    }
    if select.prewhere.is_some() {
        return Some(("PREWHERE", "PREWHERE", "write WHERE"));
    }
    let made_from = |w: &NamedWindowExpr| match w {
        NamedWindowExpr::NamedWindow(_) => true,
        NamedWindowExpr::WindowSpec(spec) => spec.window_name.is_some(),
    };
    let named = select.named_window.iter().any(|w| made_from(&w.1));
    named.then_some(("WINDOW", NAMED.1, NAMED.2))
}

impl Visitor for Clauses {
    type Break = Found;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Found> {
        if !query.locks.is_empty() {
            return ControlFlow::Break(("FOR", "FOR UPDATE", "leave it out: nothing is locked"));
        }
        match query.body.as_ref() {
            SetExpr::Select(select) => {
                of_select(select).map_or(ControlFlow::Continue(()), ControlFlow::Break)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Found> {
        let TableFactor::Table {
            sample,
            with_ordinality,
            ..
        } = factor
        else {
            return ControlFlow::Continue(());
        };
        if sample.is_some() {
            let help = "a condition on a key, such as id % 100 = 0, picks the same rows each time";
            return ControlFlow::Break(("TABLESAMPLE", "TABLESAMPLE", help));
        }
        if *with_ordinality {
            let help = "row_number() OVER (…) numbers rows";
            return ControlFlow::Break(("ORDINALITY", "WITH ORDINALITY", help));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Found> {
        if let Expr::Function(call) = expr
            && let Some(WindowType::WindowSpec(spec)) = &call.over
            && spec.window_name.is_some()
        {
            return ControlFlow::Break(NAMED);
        }
        ControlFlow::Continue(())
    }
}
