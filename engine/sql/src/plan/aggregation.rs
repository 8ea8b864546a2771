//! The aggregate of a streaming query: which windows it closes with, its keys and its calls.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Aggregate, Expr};
use datafusion::physical_expr::aggregate::LoweredAggregateBuilder;

use crate::agg::call::AggCall;
use crate::agg::state::AggPlan;
use crate::plan::event_time::{TimeOf, event_time, plain, window_column};
use crate::plan::mistake::{SqlMistake, find_word};
use crate::plan::session_assign::row_time;
use crate::plan::stage::{Stage, Work};
use crate::plan::streaming::{Builder, Flow, physical, plain_schema, reads_bounds};
use crate::rows::Step;
use crate::window::aggregate::{GroupColumn, WindowPlan};
use crate::window::spec::WindowSpec;
use crate::window::windows::Windows;

impl Builder<'_> {
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Flow> {
        let input = &aggregate.input;
        let mut flow = self.open(input)?;
        let start = window_column(input, "window_start");
        let end = window_column(input, "window_end");
        let column = |e: &Expr| plain(e).and_then(|c| input.schema().maybe_index_of_column(c));
        let is = |e: &Expr, bound: Option<usize>| bound.is_some() && column(e) == bound;
        let by_start = aggregate.group_expr.iter().any(|e| is(e, start));
        let by_end = aggregate.group_expr.iter().any(|e| is(e, end));
        for expr in aggregate.group_expr.iter().chain(&aggregate.aggr_expr) {
            flow.bounds_read |= reads_bounds(expr, input)?;
        }
        if flow.session.is_some() {
            match self.session_aggregate(aggregate, flow)? {
                Ok(closed) => return Ok(closed),
                Err(held) => flow = held,
            }
        }
        // Panes stand in for the rows' bounds where nothing but the grouping reads them.
        let panes = flow
            .window
            .clone()
            .filter(|(_, w)| !flow.bounds_read && (by_end || by_start && !w.grows()));
        let by_panes = panes.is_some();
        let spec = match (panes, end) {
            (Some((step, windows)), _) => {
                if let Step::Window(_, schema) = &flow.steps[step] {
                    flow.steps[step] = Step::Blank(Arc::clone(schema));
                }
                windows
            }
            (None, Some(end)) if by_end => {
                flow.steps.push(Step::Retime(end));
                Windows::Fixed(WindowSpec::tumble(1, 0))
            }
            _ if flow.window.is_some() && by_start => {
                return Err(self.not_by_end().into_datafusion());
            }
            _ => return Err(no_window(aggregate, self.sql).into_datafusion()),
        };
        let mut groups = Vec::with_capacity(aggregate.group_expr.len());
        let (mut keys, mut key_fields) = (Vec::new(), Vec::new());
        let schema = plain_schema(&aggregate.schema);
        for (expr, field) in aggregate.group_expr.iter().zip(schema.fields()) {
            if by_panes && is(expr, start) {
                groups.push(GroupColumn::Start);
            } else if by_panes && is(expr, end) {
                groups.push(GroupColumn::End);
            } else {
                groups.push(GroupColumn::Key(keys.len()));
                keys.push(physical(expr, input.schema())?);
                key_fields.push(Arc::clone(field));
            }
        }
        let calls = calls(aggregate)?;
        let work = WindowPlan {
            node: self.node.into(),
            pre: flow.steps,
            spec,
            agg: Arc::new(AggPlan::new(keys, key_fields, calls)?),
            groups,
            schema: Arc::clone(&schema),
            post: Vec::new(),
        };
        let work = Work::Window(Arc::new(work));
        Ok(self.close(Stage {
            inputs: vec![flow.input],
            work,
            schema,
        }))
    }
}

/// The aggregate calls of a node.
pub(super) fn calls(aggregate: &Aggregate) -> Result<Vec<AggCall>> {
    let input = aggregate.input.schema();
    let fields = plain_schema(input);
    let time = event_time(&aggregate.input);
    let own_time = row_time(&aggregate.input);
    let by_time = |expr: &Expr| {
        let Expr::AggregateFunction(call) = unaliased(expr) else {
            return false;
        };
        let first = call.params.order_by.first().and_then(|o| plain(&o.expr));
        let index = first.and_then(|c| input.maybe_index_of_column(c));
        index.is_some_and(|i| time == TimeOf::Column(i) || own_time == Some(i))
    };
    let one = |expr: &Expr| {
        let context = PhysicalPlanningContext::default();
        let props = ExecutionProps::new();
        let lowered =
            LoweredAggregateBuilder::new(expr, input, fields.as_ref(), &props, &context).build()?;
        AggCall::new(lowered, by_time(expr), fields.fields())
    };
    aggregate.aggr_expr.iter().map(one).collect()
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}

fn no_window(aggregate: &Aggregate, sql: &str) -> SqlMistake {
    // UNION without ALL is a DISTINCT too.
    let (what, words) = match aggregate.aggr_expr.first().map(unaliased) {
        None => ("DISTINCT", ["DISTINCT", "UNION", "GROUP"]),
        Some(Expr::AggregateFunction(call)) => {
            ("an aggregate", ["GROUP", call.func.name(), "FROM"])
        }
        Some(_) => ("an aggregate", ["GROUP", "SELECT", "FROM"]),
    };
    let mut mistake = SqlMistake::new(format!(
        "{what} over a stream without end would keep its state for ever: group by a window"
    ));
    mistake.at = words.iter().find_map(|word| find_word(sql, word));
    mistake.help(
        "FROM TUMBLE(input, time, INTERVAL '1 minute') … GROUP BY window_start, window_end, or \
         keep a table and use a query with `every`",
    )
}
