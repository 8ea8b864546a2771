//! Clauses that the parser reads and the planner would pass over without a word, or take for
//! something else: refused, since rows would be wrong and nobody told.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Join, JoinConstraint, JoinOperator, NamedWindowExpr, Query, Select, SetExpr,
    Statement, TableAlias, TableFactor, Visit, Visitor, WindowType,
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

fn is_final(alias: &TableAlias) -> bool {
    alias.name.value.eq_ignore_ascii_case("final") && alias.columns.is_empty()
}

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
    if let Some(join) = select.from.iter().flat_map(|t| &t.joins).find_map(of_join) {
        return Some(join);
    }
    let made_from = |w: &NamedWindowExpr| match w {
        NamedWindowExpr::NamedWindow(_) => true,
        NamedWindowExpr::WindowSpec(spec) => spec.window_name.is_some(),
    };
    let named = select.named_window.iter().any(|w| made_from(&w.1));
    named.then_some(("WINDOW", NAMED.1, NAMED.2))
}

/// Joins that the planner does not know.
fn of_join(join: &Join) -> Option<Found> {
    if let Some(found) = of_using(&join.join_operator) {
        return Some(found);
    }
    let side = "say of which side: LEFT SEMI JOIN, LEFT ANTI JOIN";
    Some(match &join.join_operator {
        JoinOperator::Semi(_) => ("SEMI", "SEMI JOIN without a side", side),
        JoinOperator::Anti(_) => ("ANTI", "ANTI JOIN without a side", side),
        JoinOperator::AsOf { .. } => (
            "ASOF",
            "ASOF JOIN",
            "keep the right side as a `[table.*]` with that key and JOIN it: a row sees the table \
             as of its own time",
        ),
        JoinOperator::CrossApply | JoinOperator::OuterApply => {
            ("APPLY", "APPLY", "write JOIN … ON")
        }
        JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin => {
            ("ARRAY", "ARRAY JOIN", "take single elements: list[1]")
        }
        _ => return None,
    })
}

/// The planner takes the left side's column for a column of USING, which a row of the right side
/// that found no other has not.
fn of_using(join: &JoinOperator) -> Option<Found> {
    const HELP: &str = "write ON a.k = b.k, and take the key from the side that has it: b.k, or \
                        coalesce(a.k, b.k) of a FULL JOIN";
    use JoinConstraint::{Natural, Using};
    let (word, what) = match join {
        JoinOperator::Right(Using(_)) | JoinOperator::RightOuter(Using(_)) => {
            ("RIGHT", "RIGHT JOIN … USING")
        }
        JoinOperator::FullOuter(Using(_)) => ("FULL", "FULL JOIN … USING"),
        JoinOperator::Right(Natural) | JoinOperator::RightOuter(Natural) => {
            ("RIGHT", "NATURAL RIGHT JOIN")
        }
        JoinOperator::FullOuter(Natural) => ("FULL", "NATURAL FULL JOIN"),
        _ => return None,
    };
    Some((word, what, HELP))
}

impl Visitor for Clauses {
    type Break = Found;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Found> {
        let settings = [
            (query.settings.is_some(), "SETTINGS"),
            (query.format_clause.is_some(), "FORMAT"),
            (query.for_clause.is_some(), "FOR"),
        ];
        if let Some((_, word)) = settings.into_iter().find(|(written, _)| *written) {
            let help = "leave it out: the sinks say how rows are written";
            return ControlFlow::Break((word, word, help));
        }
        if query.fetch.is_some() {
            let help = "row_number() OVER (PARTITION BY window_end ORDER BY …) <= n in a window; or \
                        keep a table and use a query with `every` and LIMIT";
            return ControlFlow::Break(("FETCH", "FETCH", help));
        }
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
            alias,
            version,
            ..
        } = factor
        else {
            return ControlFlow::Continue(());
        };
        // The parser takes it for a name of the input.
        let last = |a: &TableAlias| !a.explicit && a.name.quote_style.is_none() && is_final(a);
        if alias.as_ref().is_some_and(last) {
            let help = "leave it out; a `[table.*]` keeps the newest row of each key";
            return ControlFlow::Break(("FINAL", "FINAL", help));
        }
        if version.is_some() {
            let help = "JOIN a `[table.*]`: a row sees it as of its own time";
            return ControlFlow::Break(("FOR", "a table AS OF a time", help));
        }
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
