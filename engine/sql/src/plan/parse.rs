//! SQL text to one statement: parameters put in, and the names of the streams that it reads.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, ObjectName, Query, Statement, TableFactor, Value, Visit,
    VisitMut, Visitor, VisitorMut,
};
use datafusion::sql::sqlparser::parser::Parser;
use zaraba_config::document::Value as Param;
use zaraba_core::suggest;

use crate::plan::dialect::ZarabaDialect;
use crate::plan::ignored;
use crate::plan::mistake::{SqlMistake, find_word, of_parser};

/// The table functions of streaming SQL.
pub(crate) const WINDOW_FUNCTIONS: [&str; 5] =
    ["tumble", "hop", "cumulate", "session", "trading_session"];

/// Those that are built, as users are told.
pub(crate) const WINDOWS_BUILT: &str = "TUMBLE, HOP, CUMULATE, SESSION and TRADING_SESSION";

/// A query, ready for the planner.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The text.
    pub sql: String,
    /// The statement, parameters put in.
    pub statement: Statement,
    /// The streams and tables it reads, as written.
    pub reads: BTreeSet<String>,
}

/// Parses one query.
///
/// # Errors
/// Every mistake found: syntax, more than one statement, not a SELECT, an unknown `$parameter`.
pub fn parse(sql: &str, params: &[(String, Param)]) -> Result<Parsed, Vec<SqlMistake>> {
    let statements = Parser::new(&ZarabaDialect)
        .with_recursion_limit(100)
        .try_with_sql(sql)
        .and_then(|mut p| p.parse_statements())
        .map_err(|e| vec![of_parser(&e.to_string(), sql)])?;
    let statement = match <[Statement; 1]>::try_from(statements) {
        Ok([statement]) => statement,
        Err(several) => {
            let found = several.len();
            let mut mistake =
                SqlMistake::new(format!("expected one SELECT, found {found} statements"));
            let second = several.get(1).map(|s| s.to_string());
            mistake.at = second.and_then(|second| {
                let word = second.split_whitespace().next()?;
                let behind = sql.find(';')? + 1;
                find_word(&sql[behind..], word).map(|(s, e)| (behind + s, behind + e))
            });
            return Err(vec![mistake]);
        }
    };
    if !matches!(statement, Statement::Query(_)) {
        return Err(vec![SqlMistake::new(
            "expected a SELECT, found another statement",
        )]);
    }
    let mut statement = statement;
    let mut fill = FillParams {
        params,
        sql,
        mistakes: Vec::new(),
    };
    let _ = VisitMut::visit(&mut statement, &mut fill);
    if !fill.mistakes.is_empty() {
        return Err(fill.mistakes);
    }
    ignored::refuse(&statement, sql).map_err(|mistake| vec![mistake])?;
    let mut reads = Reads::default();
    let _ = Visit::visit(&statement, &mut reads);
    Ok(Parsed {
        sql: sql.to_owned(),
        statement,
        reads: reads.found,
    })
}

/// Parses one condition, as in `drop_when`: as the WHERE of a SELECT over `table`.
///
/// # Errors
/// As [`parse`]; places are in the condition's own text.
pub fn parse_condition(
    condition: &str,
    table: &str,
    params: &[(String, Param)],
) -> Result<Parsed, Vec<SqlMistake>> {
    let before = format!("SELECT * FROM {table} WHERE ");
    let parsed = parse(&format!("{before}{condition}"), params);
    parsed.map_err(|mistakes| {
        mistakes
            .into_iter()
            .map(|m| moved(m, before.len()))
            .collect()
    })
}

/// A mistake found in a condition, moved back by what stood before it.
#[must_use]
pub fn moved(mut mistake: SqlMistake, by: usize) -> SqlMistake {
    mistake.at = mistake
        .at
        .map(|(s, e)| (s.saturating_sub(by), e.saturating_sub(by)));
    mistake
}

struct FillParams<'a> {
    params: &'a [(String, Param)],
    sql: &'a str,
    mistakes: Vec<SqlMistake>,
}

impl VisitorMut for FillParams<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Value(value) = expr else {
            return ControlFlow::Continue(());
        };
        let Value::Placeholder(name) = &value.value else {
            return ControlFlow::Continue(());
        };
        let name = name.trim_start_matches('$').to_owned();
        match self.params.iter().find(|(n, _)| *n == name) {
            Some((_, param)) => {
                value.value = match param {
                    Param::Bool(b) => Value::Boolean(*b),
                    Param::Int(i) => Value::Number(i.to_string(), false),
                    Param::Float(f) => Value::Number(format!("{f:?}"), false),
                    Param::Text(t) => Value::SingleQuotedString(t.clone()),
                };
            }
            None => {
                let known = self.params.iter().map(|(n, _)| n.as_str());
                let hint = suggest::hint(&name, known);
                let mut mistake = SqlMistake::new(format!("no parameter `{name}`{hint}"))
                    .at_span(self.sql, value.span);
                if mistake.at.is_none_or(|(start, end)| start == end) {
                    mistake = mistake.at_word(self.sql, &format!("${name}"));
                }
                self.mistakes
                    .push(mistake.help("parameters are declared in `[params]`"));
            }
        }
        ControlFlow::Continue(())
    }
}

/// Collects relations, without the names of CTEs in their scope.
#[derive(Default)]
struct Reads {
    found: BTreeSet<String>,
    ctes: Vec<String>,
}

impl Reads {
    fn note(&mut self, name: &ObjectName) {
        let name = name.to_string().to_lowercase();
        if !self.ctes.contains(&name) && !WINDOW_FUNCTIONS.contains(&name.as_str()) {
            self.found.insert(name);
        }
    }
}

impl Visitor for Reads {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|w| &w.cte_tables) {
            self.ctes.push(cte.alias.name.value.to_lowercase());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.note(relation);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table {
            name,
            args: Some(args),
            ..
        } = factor
            && WINDOW_FUNCTIONS.contains(&name.to_string().to_lowercase().as_str())
            && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(input)))) =
                args.args.first()
        {
            self.note(&ObjectName::from(vec![input.clone()]));
        }
        ControlFlow::Continue(())
    }
}

/// A condition's text with its parameters put in; as written where it has none.
///
/// # Errors
/// As [`parse_condition`].
pub fn condition_text(
    condition: &str,
    params: &[(String, Param)],
) -> Result<String, Vec<SqlMistake>> {
    let parsed = parse_condition(condition, "t", params)?;
    if !condition.contains('$') {
        return Ok(condition.to_owned());
    }
    let whole = parsed.statement.to_string();
    Ok(whole
        .split_once(" WHERE ")
        .map_or(whole.clone(), |(_, condition)| condition.to_owned()))
}
