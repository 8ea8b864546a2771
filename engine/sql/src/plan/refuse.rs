//! What a streaming query may not say, found on the plan as written, each with a way out.

use std::ops::ControlFlow;

use datafusion::common::NullEquality;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use crate::plan::catalog::StreamSource;
use crate::plan::constants;
use crate::plan::event_time::window_column;
use crate::plan::join_kind::{scan_of, table_of};
use crate::plan::mistake::{SqlMistake, find_word};
use crate::plan::over;
use crate::plan::over_indicator;
use crate::plan::parse::WINDOW_FUNCTIONS;

/// The scans of tables that are one side of a join with a stream.
fn joined_tables(plan: &LogicalPlan) -> Vec<*const LogicalPlan> {
    let mut scans = Vec::new();
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Join(join) = node {
            match (table_of(&join.left), table_of(&join.right)) {
                (None, Some(_)) => scans.push(std::ptr::from_ref(scan_of(&join.right))),
                (Some(_), None) => scans.push(std::ptr::from_ref(scan_of(&join.left))),
                _ => {}
            }
        }
        if let LogicalPlan::Filter(filter) = node {
            let joined = split_conjunction(&filter.predicate).into_iter();
            let tables = joined
                .filter_map(joined_query)
                .filter(|q| table_of(q).is_some());
            scans.extend(tables.map(|query| std::ptr::from_ref(scan_of(query))));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    scans
}

/// Functions that ask the clock, by DataFusion's canonical names.
const CLOCK: [&str; 4] = ["now", "current_date", "current_time", "today"];

/// Refuses what cannot be held in bounded state, has no meaning on an endless stream, or is not
/// built yet.
///
/// # Errors
/// The first refusal.
pub(crate) fn streaming(plan: &LogicalPlan, sql: &str) -> Result<(), SqlMistake> {
    subquery(plan, sql)?;
    constants::refuse(plan, sql)?;
    let joined = joined_tables(plan);
    let refusal = |node: &LogicalPlan| -> Option<SqlMistake> {
        if joined.contains(&std::ptr::from_ref(node)) {
            return None;
        }
        if let LogicalPlan::TableScan(scan) = node {
            let source = scan.source.downcast_ref::<StreamSource>()?;
            let name = &source.name;
            return source.table.then(|| {
                let message = format!(
                    "the rows of `{name}` replace each other, so a streaming query cannot read them"
                );
                let help = "give the query `every = \"1s\"` (or `on_change = true`) and a `key`";
                SqlMistake::new(message).help(help).at_word(sql, name)
            });
        }
        if let Some(mistake) = over::in_condition(node, sql) {
            return Some(mistake);
        }
        if let LogicalPlan::Window(window) = node {
            return over::refused(window, sql);
        }
        if let Some(mistake) = ordered(node, sql) {
            return Some(mistake);
        }
        let (words, message, help) = unbounded(node)?;
        let mut mistake = SqlMistake::new(message);
        mistake.at = words.iter().find_map(|word| find_word(sql, word));
        let except = |w: &str| w == "EXCEPT" || w == "INTERSECT";
        if let Some(word) = mistake
            .at
            .map(|(s, e)| sql[s..e].to_uppercase())
            .filter(|w| except(w))
        {
            mistake.message = format!("{word} of streams is not built yet");
        }
        Some(if help.is_empty() {
            mistake
        } else {
            mistake.help(help)
        })
    };
    first(plan, &refusal)?;
    expressions(
        plan,
        sql,
        &|name, volatility| match (CLOCK.contains(&name), volatility) {
            (true, _) => {
                let message = format!(
                    "{name}() in a streaming query is not built yet: every row has its event time"
                );
                let help = "take the event-time column; in a query over tables with `every`, \
                            now() is the time of the tick";
                Some(SqlMistake::new(message).help(help))
            }
            (_, Volatility::Volatile) => Some(volatile(name)),
            _ => None,
        },
    )
}

/// The words at one of which it stands, why it is refused, and a way out.
type Refusal = (&'static [&'static str], &'static str, &'static str);

/// ORDER BY, LIMIT and OFFSET, which need the end of the stream; of a window they have a meaning
/// that OVER can say.
fn ordered(node: &LogicalPlan, sql: &str) -> Option<SqlMistake> {
    let (word, input, help) = match node {
        LogicalPlan::Sort(sort) => (
            "ORDER",
            &sort.input,
            "rows come in event time; to rank, keep a table and use a query with `every`",
        ),
        LogicalPlan::Limit(limit) => (
            if limit.fetch.is_some() {
                "LIMIT"
            } else {
                "OFFSET"
            },
            &limit.input,
            "keep a table and use a query with `every`",
        ),
        _ => return None,
    };
    let what = if word == "ORDER" { "ORDER BY" } else { word };
    let mistake = SqlMistake::new(format!("{what} has no meaning on a stream without end"));
    let windowed = window_column(input, "window_end").is_some();
    let help = if windowed {
        "the first 3 of each window: SELECT … FROM (SELECT …, row_number() OVER (PARTITION BY \
         window_end ORDER BY … DESC) AS n FROM …) WHERE n <= 3"
    } else {
        help
    };
    Some(mistake.help(help).at_word(sql, word))
}

/// What needs the end of the stream, or is not built yet.
fn unbounded(node: &LogicalPlan) -> Option<Refusal> {
    Some(match node {
        // As the planner writes EXCEPT and INTERSECT; other joins are judged where they are built.
        LogicalPlan::Join(join) if join.null_equality == NullEquality::NullEqualsNull => (
            &["EXCEPT", "INTERSECT", "FROM"],
            "set operations on streams are not built yet",
            "keep tables and join them in a query with `every`",
        ),
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => (
            &["VALUES", "SELECT"],
            "a streaming query reads a stream: there is none in FROM",
            "name a source or a query in FROM",
        ),
        LogicalPlan::Aggregate(aggregate)
            if aggregate
                .group_expr
                .iter()
                .any(|e| matches!(e, Expr::GroupingSet(_))) =>
        {
            (
                &["GROUPING", "CUBE", "ROLLUP"],
                "GROUPING SETS, CUBE and ROLLUP are not built yet",
                "write a query for each grouping",
            )
        }
        LogicalPlan::RecursiveQuery(_) => {
            (&["RECURSIVE"], "recursive queries are not built yet", "")
        }
        LogicalPlan::Unnest(_) => (&["UNNEST"], "UNNEST is not built yet", ""),
        _ => return None,
    })
}

/// The query of a condition that is a join: EXISTS or IN.
fn joined_query(condition: &Expr) -> Option<&LogicalPlan> {
    match condition {
        Expr::Exists(exists) => Some(&exists.subquery.subquery),
        Expr::InSubquery(of) => Some(&of.subquery.subquery),
        Expr::Not(inner) => joined_query(inner),
        _ => None,
    }
}

/// Refuses queries inside expressions, but for EXISTS and IN as conditions of their own: those are
/// joins.
fn subquery(plan: &LogicalPlan, sql: &str) -> Result<(), SqlMistake> {
    let mut found = false;
    let _ = plan.apply_with_subqueries(|node| {
        let mut joins = 0usize;
        if let LogicalPlan::Filter(filter) = node {
            let conditions = split_conjunction(&filter.predicate).into_iter();
            joins = conditions.filter_map(joined_query).count();
        }
        let mut queries = 0usize;
        node.apply_expressions(|expr| {
            expr.apply(|inner| {
                queries += usize::from(matches!(
                    inner,
                    Expr::InSubquery(_) | Expr::Exists(_) | Expr::ScalarSubquery(_)
                ));
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        found |= queries > joins;
        Ok(TreeNodeRecursion::Continue)
    });
    if !found {
        return Ok(());
    }
    let first = find_word(sql, "SELECT").map_or(0, |(_, end)| end);
    let mut mistake =
        SqlMistake::new("a query inside an expression of a streaming query is not built yet");
    mistake.at = find_word(&sql[first..], "SELECT").map(|(s, e)| (first + s, first + e));
    Err(mistake.help("keep tables and use a query with `every`"))
}

/// Refuses what a query over tables may not say.
///
/// # Errors
/// The first refusal.
pub(crate) fn triggered(plan: &LogicalPlan, sql: &str) -> Result<(), SqlMistake> {
    constants::refuse(plan, sql)?;
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
                let help = "read the stream itself, and leave out the trigger";
                let mut mistake = SqlMistake::new(message).help(help);
                mistake.at = WINDOW_FUNCTIONS
                    .iter()
                    .find_map(|word| find_word(sql, word));
                Some(mistake)
            }
            LogicalPlan::Window(window) => over_indicator::refused(window, sql),
            other => over::in_condition(other, sql),
        }
    };
    first(plan, &refusal)?;
    expressions(plan, sql, &|name, volatility| match (name, volatility) {
        ("now", _) => None,
        (name, _) if CLOCK.contains(&name) => {
            let message =
                format!("{name}() asks the machine's clock; now() is the time of the tick");
            Some(SqlMistake::new(message).help("write now(), and to_char or a cast around it"))
        }
        (_, Volatility::Volatile) => Some(volatile(name)),
        _ => None,
    })
}

/// Functions whose answer may be of any size, whatever the rows are.
const UNBOUNDED: [&str; 8] = [
    "repeat",
    "lpad",
    "rpad",
    "range",
    "generate_series",
    "gen_series",
    "array_repeat",
    "array_resize",
];

/// Refuses what a query that is asked once may not say.
///
/// # Errors
/// The first refusal.
pub(crate) fn asked(plan: &LogicalPlan, sql: &str) -> Result<(), SqlMistake> {
    triggered(plan, sql)?;
    expressions(plan, sql, &|name, _| {
        UNBOUNDED.contains(&name).then(|| {
            SqlMistake::new(format!("{name}() can make more than memory holds"))
                .help("do it where the answer is read")
        })
    })
}

fn volatile(name: &str) -> SqlMistake {
    let message = format!("{name}() gives another answer each time, so a replay would differ");
    SqlMistake::new(message).help(if name == "uuid" {
        "make a key of columns: concat_ws('-', …), or md5 of that"
    } else {
        "to pick some rows, ask of a column that spreads them: id % 100 = 0"
    })
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
    refusal: &dyn Fn(&str, Volatility) -> Option<SqlMistake>,
) -> Result<(), SqlMistake> {
    let mut found = None;
    let _ = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|inner| {
                if let Expr::ScalarFunction(call) = inner
                    && let Some(mistake) =
                        refusal(call.func.name(), call.func.signature().volatility)
                {
                    found = Some(mistake.at_word(sql, call.func.name()));
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    found.map_or(Ok(()), Err)
}
