//! How large a query's expressions become when each name of a subquery's column is replaced by what
//! it stands for, as the planner does with conditions: `SELECT n + n AS n FROM (SELECT n + n AS n …`
//! doubles with each level, and takes all time and memory before anything of it runs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Query, Select, SelectItem, SetExpr, Statement, TableFactor, TableWithJoins, Visit,
    Visitor,
};

use crate::plan::mistake::SqlMistake;

/// Most names in one expression.
const NAMES_MAX: u64 = 100_000;

/// The columns of a subquery, each with the names that it is made of.
type Columns = BTreeMap<String, u64>;

/// What is told where there are too many.
struct TooMany;

/// Refuses a query with an expression that is too large.
pub(super) fn refuse_written_out(statement: &Statement) -> Result<(), SqlMistake> {
    let Statement::Query(query) = statement else {
        return Ok(());
    };
    let counted = Scope::default().query(query);
    counted.map(drop).map_err(|TooMany| {
        SqlMistake::new(format!(
            "an expression is too large: at most {NAMES_MAX} names of columns, once each column of a \
             subquery is written out"
        ))
    })
}

/// What the names of WITHs stand for, the innermost last.
#[derive(Default)]
struct Scope(Vec<(String, Columns)>);

impl Scope {
    fn query(&mut self, query: &Query) -> Result<Columns, TooMany> {
        let outer = self.0.len();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let mut columns = self.query(&cte.query)?;
            let largest = columns.values().copied().max().unwrap_or(1);
            let renamed = cte.alias.columns.iter();
            columns.extend(renamed.map(|c| (c.name.value.to_lowercase(), largest)));
            self.0.push((cte.alias.name.value.to_lowercase(), columns));
        }
        let columns = self.body(&query.body);
        self.0.truncate(outer);
        columns
    }

    fn body(&mut self, body: &SetExpr) -> Result<Columns, TooMany> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                let (mut left, right) = (self.body(left)?, self.body(right)?);
                // Columns of a UNION meet by their places: any may be the largest.
                let largest = right.values().copied().max().unwrap_or(1);
                left.values_mut().for_each(|n| *n = (*n).max(largest));
                Ok(left)
            }
            _ => Ok(Columns::new()),
        }
    }

    fn select(&mut self, select: &Select) -> Result<Columns, TooMany> {
        let mut source = Columns::new();
        for table in &select.from {
            self.tables(table, &mut source)?;
        }
        for condition in select.selection.iter().chain(&select.having) {
            self.names(condition, &source)?;
        }
        let mut columns = Columns::new();
        for item in &select.projection {
            let (name, expr) = match item {
                SelectItem::ExprWithAlias { expr, alias } => (alias.value.to_lowercase(), expr),
                SelectItem::UnnamedExpr(expr) => (name_of(expr), expr),
                _ => {
                    columns.extend(source.clone());
                    continue;
                }
            };
            let names = self.names(expr, &source)?;
            columns.insert(name, names);
        }
        Ok(columns)
    }

    fn tables(&mut self, tables: &TableWithJoins, source: &mut Columns) -> Result<(), TooMany> {
        let joined = tables.joins.iter().map(|join| &join.relation);
        for factor in std::iter::once(&tables.relation).chain(joined) {
            let columns = match factor {
                TableFactor::Table { name, .. } => {
                    let name = name.to_string().to_lowercase();
                    let name = name.trim_matches('"');
                    let known = self.0.iter().rev().find(|(known, _)| known == name);
                    known.map(|(_, columns)| columns.clone())
                }
                TableFactor::Derived { subquery, .. } => Some(self.query(subquery)?),
                TableFactor::NestedJoin {
                    table_with_joins, ..
                } => {
                    self.tables(table_with_joins, source)?;
                    None
                }
                _ => None,
            };
            for (name, names) in columns.into_iter().flatten() {
                let known = source.entry(name).or_default();
                *known = (*known).max(names);
            }
        }
        Ok(())
    }

    /// The names in an expression over these columns.
    fn names(&mut self, expr: &Expr, source: &Columns) -> Result<u64, TooMany> {
        let mut names = Names {
            scope: self,
            source,
            count: 0,
            depth: 0,
        };
        match expr.visit(&mut names) {
            ControlFlow::Continue(()) if names.count <= NAMES_MAX => Ok(names.count.max(1)),
            _ => Err(TooMany),
        }
    }
}

/// The last part of a name; the text of anything else.
fn name_of(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.to_lowercase(),
        Expr::CompoundIdentifier(parts) => parts
            .last()
            .map_or_else(String::new, |name| name.value.to_lowercase()),
        other => other.to_string().to_lowercase(),
    }
}

/// Counts the names in an expression.
struct Names<'a> {
    scope: &'a mut Scope,
    source: &'a Columns,
    count: u64,
    /// Subqueries around what is being visited.
    depth: usize,
}

impl Visitor for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.depth += 1;
        // Those within are looked at from there.
        if self.depth == 1 && self.scope.query(query).is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            let names = self.source.get(&name_of(expr)).copied().unwrap_or(1);
            self.count = self.count.saturating_add(names);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::tests::on_a_stack_of_queries;
    use crate::plan::parse::parse;

    #[test]
    fn columns_of_subqueries_are_counted_where_they_are_named() {
        on_a_stack_of_queries(counted);
    }

    fn counted() {
        let ctes = |levels: usize| {
            let level = |n: usize| format!("c{n} AS (SELECT n + n AS n FROM c{})", n - 1);
            let ctes: Vec<String> = (1..=levels).map(level).collect();
            format!("WITH c0 AS (SELECT n FROM t), {}", ctes.join(", "))
        };
        let nested = |levels: usize| {
            let wrap = |sql: String, _| {
                format!("SELECT CASE WHEN s.n > 0 THEN s.n END AS n FROM ({sql}) s")
            };
            (0..levels).fold("SELECT n FROM t".to_owned(), wrap)
        };
        for (sql, right) in [
            (format!("{} SELECT * FROM c16 WHERE n > 7", ctes(16)), true),
            (format!("{} SELECT * FROM c17 WHERE n > 7", ctes(17)), false),
            (format!("{} SELECT * FROM c40 WHERE n > 7", ctes(40)), false),
            (nested(16), true),
            (nested(17), false),
            // In a condition of another, over what stands outside of it; through a UNION and a star.
            (
                format!("SELECT n FROM t WHERE n IN ({})", nested(17)),
                false,
            ),
            (
                format!(
                    "{} SELECT n FROM t WHERE n > (SELECT max(x) FROM (SELECT n + n AS x FROM c16))",
                    ctes(16)
                ),
                false,
            ),
            (
                format!(
                    "{} SELECT x + x FROM (SELECT 1 AS x UNION ALL SELECT n FROM c16)",
                    ctes(16)
                ),
                false,
            ),
            (
                format!(
                    "{} SELECT n + n AS m FROM (SELECT * FROM c16) JOIN t ON true",
                    ctes(16)
                ),
                false,
            ),
            // Many names, side by side.
            (
                format!("SELECT {} FROM t", ["n + n AS n"; 900].join(", ")),
                true,
            ),
        ] {
            let parsed = parse(&sql, &[]).unwrap();
            let refused = refuse_written_out(&parsed.statement);
            assert_eq!(refused.is_ok(), right, "{sql}");
        }
    }
}
