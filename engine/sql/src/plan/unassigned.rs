//! What `QUERY__unassigned` looks like: the rows that TRADING_SESSION found outside any session,
//! with the columns that they came with.

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::LogicalPlan;
use zaraba_core::stream::{Changelog, StreamSchema};

use crate::plan::mistake::SqlMistake;
use crate::plan::streaming::{plain_schema, time_column};
use crate::plan::window_call::WindowAssign;
use crate::window::windows::Windows;

/// The stream of a query's rows outside the sessions; none where it does not ask for sessions.
///
/// # Errors
/// When it asks for them twice: the rows of both would be of one stream.
pub(super) fn unassigned(plan: &LogicalPlan) -> Result<Option<StreamSchema>> {
    let mut found = Vec::new();
    plan.apply(|node| {
        if let LogicalPlan::Extension(extension) = node
            && let Some(assign) = extension.node.as_any().downcast_ref::<WindowAssign>()
            && let Windows::Trading(_) = assign.windows
        {
            let columns = plain_schema(assign.input.schema());
            found.push(StreamSchema {
                time: time_column(&assign.input, &columns),
                columns,
                changelog: Changelog::Append,
            });
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    if found.len() > 1 {
        let mistake = SqlMistake::new("a query can have one TRADING_SESSION, found two");
        let help = "put one of them into a query of its own: each has its `__unassigned`";
        return Err(mistake.help(help).into_datafusion());
    }
    Ok(found.pop())
}
