//! Names that SELECT gives and that WHERE, which comes before it, does not know.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, SelectItem, SetExpr, Visit, Visitor};
use datafusion::sql::sqlparser::parser::Parser;

use crate::plan::dialect::ZarabaDialect;
use crate::plan::mistake::find_word;

/// What to do about a column that is not there, if SELECT gives that name to something; and where
/// WHERE asks for it.
pub(crate) fn way_out(sql: &str, name: &str) -> Option<(&'static str, Option<(usize, usize)>)> {
    let statements = Parser::parse_sql(&ZarabaDialect, sql).ok()?;
    let mut found = Named { name, of: None };
    let _ = Visit::visit(&statements, &mut found);
    let behind = find_word(sql, "WHERE").map(|(_, end)| end)?;
    let at = find_word(&sql[behind..], name).map(|(s, e)| (behind + s, behind + e))?;
    let help = if found.of? {
        "WHERE is asked before OVER is computed: ask in QUALIFY, or around a subquery: SELECT … \
         FROM (SELECT …) WHERE"
    } else {
        "names of SELECT are not known in WHERE: write the expression itself, or filter around a \
         subquery: SELECT … FROM (SELECT …) WHERE"
    };
    Some((help, Some(at)))
}

/// Looks for `… AS name` and whether OVER is in it.
struct Named<'a> {
    name: &'a str,
    of: Option<bool>,
}

impl Visitor for Named<'_> {
    type Break = ();

    fn pre_visit_query(
        &mut self,
        query: &datafusion::sql::sqlparser::ast::Query,
    ) -> ControlFlow<()> {
        let SetExpr::Select(select) = query.body.as_ref() else {
            return ControlFlow::Continue(());
        };
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item
                && alias.value.eq_ignore_ascii_case(self.name)
            {
                let over = matches!(Visit::visit(expr, &mut Over), ControlFlow::Break(()));
                self.of = Some(over);
            }
        }
        ControlFlow::Continue(())
    }
}

struct Over;

impl Visitor for Over {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(call) if call.over.is_some() => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
