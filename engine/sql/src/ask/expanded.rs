//! How many tables a query reads once each WITH has been put in where it is named: `b AS (SELECT … FROM
//! a, a)`, `c AS (SELECT … FROM b, b)` double with each line, and a plan of millions of tables takes
//! all memory before anything of it runs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Statement, Visit, Visitor};

use crate::plan::mistake::SqlMistake;

/// Most tables: a plan of so many takes seconds and some hundred megabytes.
const TABLES_MAX: u64 = 256;

/// Refuses a query that reads too many.
pub(super) fn refuse_large(statement: &Statement) -> Result<(), SqlMistake> {
    let mut tables = Tables {
        levels: vec![0],
        ..Tables::default()
    };
    let _ = Visit::visit(statement, &mut tables);
    if tables.levels.iter().sum::<u64>() <= TABLES_MAX {
        return Ok(());
    }
    Err(SqlMistake::new(format!(
        "the query reads too many tables: at most {TABLES_MAX}, those of a WITH counted wherever it is \
         named"
    )))
}

/// Counts them, front to back: what a WITH defines is visited before what reads it.
#[derive(Default)]
struct Tables {
    /// Of the queries that are being visited, one within the other.
    levels: Vec<u64>,
    /// The queries of WITHs by their places in memory, with their names.
    ctes: BTreeMap<usize, String>,
    /// What each name of a WITH stands for.
    sizes: BTreeMap<String, u64>,
}

fn place(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

impl Tables {
    fn add(&mut self, tables: u64) {
        if let Some(level) = self.levels.last_mut() {
            *level = level.saturating_add(tables);
        }
    }
}

impl Visitor for Tables {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let name = cte.alias.name.value.to_lowercase();
            self.ctes.insert(place(&cte.query), name);
        }
        self.levels.push(0);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = relation.to_string().to_lowercase();
        let size = self.sizes.get(name.trim_matches('"')).copied();
        self.add(size.unwrap_or(1));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let tables = self.levels.pop().unwrap_or(0);
        match self.ctes.remove(&place(query)) {
            // Of two of one name the larger counts: who reads which is not looked at.
            Some(name) => {
                let size = self.sizes.entry(name).or_default();
                *size = (*size).max(tables.max(1));
            }
            None => self.add(tables),
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
    fn what_a_with_stands_for_is_counted_wherever_it_is_named() {
        on_a_stack_of_queries(counted);
    }

    fn counted() {
        let doubled = |levels: usize| {
            let level = |n: usize| format!("c{n} AS (SELECT a.x FROM c{} a, c{} b)", n - 1, n - 1);
            let ctes: Vec<String> = (1..=levels).map(level).collect();
            let first = "c0 AS (SELECT x FROM t)";
            format!("WITH {first}, {} SELECT * FROM c{levels}", ctes.join(", "))
        };
        let nested = |levels: usize| {
            let mut sql = "SELECT x FROM t".to_owned();
            for _ in 0..levels {
                sql = format!("SELECT x FROM (WITH c AS ({sql}) SELECT a.x FROM c a, \"c\" b)");
            }
            sql
        };
        for (sql, right) in [
            ("SELECT 1".to_owned(), true),
            (doubled(8), true),
            (doubled(9), false),
            (doubled(40), false),
            (nested(8), true),
            (nested(9), false),
            // Read many times, but small; and one that nobody reads.
            (
                format!(
                    "WITH c AS (SELECT * FROM t) {}",
                    ["SELECT * FROM c"; 9].join(" UNION ALL ")
                ),
                true,
            ),
            (doubled(9).replace("FROM c9", "FROM t"), true),
            // In a condition.
            (
                doubled(8).replace("FROM c8", "FROM t WHERE x IN (SELECT x FROM c8)"),
                false,
            ),
        ] {
            let parsed = parse(&sql, &[]).unwrap();
            assert_eq!(refuse_large(&parsed.statement).is_ok(), right, "{sql}");
        }
    }
}
