//! What a streaming query may not say, found on the plan as written, each with a way out.

use std::ops::ControlFlow;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use crate::plan::catalog::StreamSource;
use crate::plan::mistake::SqlMistake;

/// Functions that ask the clock, by DataFusion's canonical names.
const CLOCK: [&str; 4] = ["now", "current_date", "current_time", "today"];

/// Refuses what cannot be held in bounded state, has no meaning on an endless stream, or is not
/// built yet.
///
/// # Errors
/// The first refusal.
pub(crate) fn streaming(plan: &LogicalPlan, sql: &str) -> Result<(), SqlMistake> {
    let refusal = |node: &LogicalPlan| -> Option<SqlMistake> {
        let (word, message, help) = match node {
            LogicalPlan::Sort(_) => (
                "ORDER",
                "ORDER BY has no meaning on a stream without end",
                "rows come in event time; to rank, keep a table and use a query with `every`",
            ),
            LogicalPlan::Limit(_) => (
                "LIMIT",
                "LIMIT has no meaning on a stream without end",
                "keep a table and use a query with `every`",
            ),
            LogicalPlan::Join(_) => (
                "JOIN",
                "joins of streams are not built yet",
                "keep tables and join them in a query with `every`",
            ),
            LogicalPlan::Window(_) => (
                "OVER",
                "OVER in a streaming query is not built yet",
                "keep a table and use a query with `every`",
            ),
            LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => (
                "SELECT",
                "a streaming query reads a stream: there is none in FROM",
                "name a source or a query in FROM",
            ),
            LogicalPlan::RecursiveQuery(_) | LogicalPlan::Unnest(_) => {
                ("SELECT", "recursive queries and UNNEST are not built yet", "")
            }
            LogicalPlan::TableScan(scan) => {
                let source = scan.source.downcast_ref::<StreamSource>()?;
                if !source.table {
                    return None;
                }
                let message = format!(
                    "`{0}` is a table: its rows replace each other, so a streaming query cannot read it",
                    source.name
                );
                let help = "give the query `every = \"1s\"` (or `on_change = true`) and a `key`";
                return Some(SqlMistake::new(message).help(help).at_word(sql, &source.name));
            }
            _ => return None,
        };
        let mistake = SqlMistake::new(message).at_word(sql, word);
        Some(if help.is_empty() { mistake } else { mistake.help(help) })
    };
    first(plan, &refusal)?;
    expressions(plan, sql, &|name, volatility| match (CLOCK.contains(&name), volatility) {
        (true, _) => Some(format!(
            "{name}() in a streaming query is not built yet: every row has its event time"
        )),
        (_, Volatility::Volatile) => Some(volatile(name)),
        _ => None,
    })
}

/// Refuses what a query over tables may not say.
///
/// # Errors
/// The first refusal.
pub(crate) fn triggered(plan: &LogicalPlan, sql: &str) -> Result<(), SqlMistake> {
    let refusal = |node: &LogicalPlan| -> Option<SqlMistake> {
        match node {
            LogicalPlan::TableScan(scan) => {
                let source = scan.source.downcast_ref::<StreamSource>()?;
                let name = &source.name;
                (!source.table).then(|| {
                    let message = format!(
                        "a query with a trigger reads tables, and `{name}` is a stream of facts"
                    );
                    let help = format!(
                        "declare `[table.NAME]` with `from = \"{name}\"` and a `key`, and read that"
                    );
                    SqlMistake::new(message).help(help).at_word(sql, name)
                })
            }
            LogicalPlan::Extension(_) => {
                let message = "windows are made over streams, not over tables";
                Some(SqlMistake::new(message).help("leave out the trigger"))
            }
            _ => None,
        }
    };
    first(plan, &refusal)?;
    expressions(plan, sql, &|name, volatility| match (name, volatility) {
        ("now", _) => None,
        (name, _) if CLOCK.contains(&name) => {
            Some(format!("{name}() asks the machine's clock; now() is the time of the tick"))
        }
        (_, Volatility::Volatile) => Some(volatile(name)),
        _ => None,
    })
}

fn volatile(name: &str) -> String {
    format!("{name}() gives another answer each time, so a replay would differ")
}

fn first(
    plan: &LogicalPlan,
    refusal: &dyn Fn(&LogicalPlan) -> Option<SqlMistake>,
) -> Result<(), SqlMistake> {
    let mut found = ControlFlow::Continue(());
    let _ = plan.apply_with_subqueries(|node| match refusal(node) {
        Some(mistake) => {
            found = ControlFlow::Break(mistake);
            Ok(TreeNodeRecursion::Stop)
        }
        None => Ok(TreeNodeRecursion::Continue),
    });
    match found {
        ControlFlow::Break(mistake) => Err(mistake),
        ControlFlow::Continue(()) => Ok(()),
    }
}

fn expressions(
    plan: &LogicalPlan,
    sql: &str,
    refusal: &dyn Fn(&str, Volatility) -> Option<String>,
) -> Result<(), SqlMistake> {
    let mut found = None;
    let _ = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|inner| {
                if let Expr::ScalarFunction(call) = inner
                    && let Some(message) =
                        refusal(call.func.name(), call.func.signature().volatility)
                {
                    found = Some(SqlMistake::new(message).at_word(sql, call.func.name()));
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    found.map_or(Ok(()), Err)
}
