//! Table functions in a query that is asked once: there are none. Windows close as a stream goes by,
//! and here are rows that are there now. Said before anything is planned: the planner would look for
//! the event time of a stream, and speak of that.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Statement, TableFactor, Visit, Visitor};

use crate::plan::mistake::SqlMistake;
use crate::plan::parse::WINDOW_FUNCTIONS;

/// Refuses a query with one.
pub(super) fn refuse_windows(statement: &Statement, sql: &str) -> Result<(), SqlMistake> {
    match Visit::visit(statement, &mut Calls) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(name) => Err(mistake(&name).at_word(sql, &name.to_string())),
    }
}

fn mistake(name: &ObjectName) -> SqlMistake {
    let function = name.to_string().to_lowercase();
    if !WINDOW_FUNCTIONS.contains(&function.as_str()) {
        let mistake = SqlMistake::new(format!("no table function `{function}`"));
        return mistake.help("a query reads tables and topics by their names");
    }
    let function = function.to_uppercase();
    SqlMistake::new(format!(
        "{function} is for streams: a query reads the rows that are in tables and topics now"
    ))
    .help(
        "make the window a [query.NAME] of the pipeline file, and ask for its rows; or group those \
         that are there: GROUP BY date_bin(INTERVAL '1 minute', TIME)",
    )
}

/// Finds the first.
struct Calls;

impl Visitor for Calls {
    type Break = ObjectName;

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<ObjectName> {
        match factor {
            TableFactor::Table {
                name,
                args: Some(_),
                ..
            }
            | TableFactor::Function { name, .. } => ControlFlow::Break(name.clone()),
            _ => ControlFlow::Continue(()),
        }
    }
}
