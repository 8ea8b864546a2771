//! SESSION in a streaming query: the incremental operator where the aggregate right above groups by
//! both bounds and all keys, else the operator that holds the rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::logical_expr::{Aggregate, LogicalPlan};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;

use crate::agg::state::AggPlan;
use crate::plan::aggregation::calls;
use crate::plan::event_time::{plain, window_column};
use crate::plan::mistake::{SqlMistake, find_word};
use crate::plan::session_assign::{SessionAssign, groups_by_session};
use crate::plan::stage::{Stage, Work};
use crate::plan::streaming::{Builder, Flow, physical, plain_schema};
use crate::rows::Step;
use crate::session::operator::{SessionGroups, SessionPlan};
use crate::window::aggregate::GroupColumn;

/// A SESSION whose stage is not yet chosen.
pub(super) struct Pending {
    /// How many of the flow's steps stand before it.
    at: usize,
    gap: i64,
    keys: Vec<usize>,
    /// Its input's columns.
    input: SchemaRef,
    /// Those and the bounds.
    schema: SchemaRef,
}

impl Builder<'_> {
    /// The flow behind a SESSION.
    pub(super) fn session(&mut self, assign: &SessionAssign, plan: &LogicalPlan) -> Result<Flow> {
        let mut flow = self.flow(&assign.input)?;
        flow.session = Some(Pending {
            at: flow.steps.len(),
            gap: assign.gap,
            keys: assign.key_columns(),
            input: plain_schema(assign.input.schema()),
            schema: plain_schema(plan.schema()),
        });
        Ok(flow)
    }

    /// A SESSION that no aggregate made a stage of holds its rows.
    pub(super) fn settled(&mut self, mut flow: Flow) -> Flow {
        let Some(pending) = flow.session.take() else {
            return flow;
        };
        let after = flow.steps.split_off(pending.at);
        let schema = Arc::clone(&pending.schema);
        let plan = self.session_plan(flow.steps, pending, None, Arc::clone(&schema));
        let stage = Stage {
            inputs: vec![flow.input],
            work: Work::Session(Arc::new(plan)),
            schema,
        };
        let mut behind = self.close(stage);
        behind.steps = after;
        behind
    }

    fn session_plan(
        &self,
        pre: Vec<Step>,
        pending: Pending,
        groups: Option<Arc<SessionGroups>>,
        schema: SchemaRef,
    ) -> SessionPlan {
        SessionPlan {
            node: self.node.into(),
            pre,
            input: pending.input,
            gap: pending.gap,
            keys: pending.keys,
            groups,
            schema,
            post: Vec::new(),
        }
    }

    /// The aggregate over a SESSION, where its state can be kept group by group; else the flow,
    /// with the SESSION as a stage of its own.
    pub(super) fn session_aggregate(
        &mut self,
        aggregate: &Aggregate,
        mut flow: Flow,
    ) -> Result<std::result::Result<Flow, Flow>> {
        let input = &aggregate.input;
        if flow.bounds_read || !groups_by_session(&aggregate.group_expr, input) {
            self.grouped_by_end(aggregate)?;
            return Ok(Err(self.settled(flow)));
        }
        let Some(pending) = flow.session.take() else {
            return Ok(Err(flow));
        };
        // Nobody reads the bounds before the session closes.
        let mut steps = vec![Step::Blank(Arc::clone(&pending.schema))];
        steps.extend(flow.steps.split_off(pending.at));
        let columns = plain_schema(input.schema());
        let number = Arc::new(Field::new("__session", DataType::UInt64, false));
        let numbered = columns.fields().iter().chain([&number]).cloned();
        let number_column = Column::new("__session", columns.fields().len());
        let mut keys: Vec<Arc<dyn PhysicalExpr>> = vec![Arc::new(number_column)];
        let mut key_fields = vec![Arc::clone(&number)];
        let mut groups = Vec::with_capacity(aggregate.group_expr.len());
        let bounds = ["window_start", "window_end"].map(|b| window_column(input, b));
        let schema = plain_schema(&aggregate.schema);
        for (expr, field) in aggregate.group_expr.iter().zip(schema.fields()) {
            let column = plain(expr).and_then(|c| input.schema().maybe_index_of_column(c));
            groups.push(match column {
                Some(_) if column == bounds[0] => GroupColumn::Start,
                Some(_) if column == bounds[1] => GroupColumn::End,
                _ => {
                    keys.push(physical(expr, input.schema())?);
                    key_fields.push(Arc::clone(field));
                    GroupColumn::Key(keys.len() - 2)
                }
            });
        }
        let groups = SessionGroups {
            steps,
            numbered: Arc::new(Schema::new(numbered.collect::<Vec<_>>())),
            agg: Arc::new(AggPlan::new(keys, key_fields, calls(aggregate)?)?),
            groups,
            schema: Arc::clone(&schema),
        };
        let groups = Some(Arc::new(groups));
        let plan = self.session_plan(flow.steps, pending, groups, Arc::clone(&schema));
        let stage = Stage {
            inputs: vec![flow.input],
            work: Work::Session(Arc::new(plan)),
            schema,
        };
        Ok(Ok(self.close(stage)))
    }

    /// Refuses an aggregate that no end of a session would close.
    fn grouped_by_end(&self, aggregate: &Aggregate) -> Result<()> {
        let input = &aggregate.input;
        let end = window_column(input, "window_end");
        let column = |e| plain(e).and_then(|c| input.schema().maybe_index_of_column(c));
        if end.is_some() && aggregate.group_expr.iter().any(|e| column(e) == end) {
            return Ok(());
        }
        Err(self.not_by_end().into_datafusion())
    }

    /// A grouping that does not say when its groups close.
    pub(super) fn not_by_end(&self) -> SqlMistake {
        let mut mistake =
            SqlMistake::new("these windows close at their `window_end`: group by it too");
        let words = ["GROUP", "DISTINCT", "FROM"];
        mistake.at = words.iter().find_map(|word| find_word(self.sql, word));
        mistake.help("write GROUP BY window_start, window_end, and the keys")
    }
}
