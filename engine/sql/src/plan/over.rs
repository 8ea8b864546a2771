//! `OVER` in a streaming query: in event time, row by row, where the calls and their frames allow
//! it; else over the whole partitions of a window, when it closes; else refused.

use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, Window};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_planner::create_window_expr;

use crate::over::plan::OverPlan;
use crate::over::whole::{WholeCall, WholePlan};
use crate::plan::event_time::{TimeOf, event_time, plain, window_column};
use crate::plan::mistake::SqlMistake;
use crate::plan::over_calls::{Calls, Unfit, fit};
use crate::plan::over_indicator;
use crate::plan::stage::{Stage, Work};
use crate::plan::streaming::{Builder, Flow, physical, plain_schema};
use crate::rows::Step;

/// The call that an expression of a window node is.
pub(super) fn call(expr: &Expr) -> Option<&WindowFunction> {
    match expr {
        Expr::WindowFunction(call) => Some(call),
        Expr::Alias(alias) => call(&alias.expr),
        _ => None,
    }
}

pub(super) fn calls(window: &Window) -> impl Iterator<Item = &WindowFunction> {
    window.window_expr.iter().filter_map(call)
}

/// The column of the input that a plain expression is.
fn index(expr: &Expr, input: &LogicalPlan) -> Option<usize> {
    plain(expr).and_then(|c| input.schema().maybe_index_of_column(c))
}

/// Whether a call's partitions are parts of a window: the column that is the window's end.
fn of_window(call: &WindowFunction, input: &LogicalPlan) -> Option<usize> {
    let end = window_column(input, "window_end")?;
    let mut keys = call.params.partition_by.iter();
    keys.any(|key| index(key, input) == Some(end))
        .then_some(end)
}

/// How a call orders its rows, if not by event time alone.
fn order_unfit(call: &WindowFunction, input: &LogicalPlan) -> Option<Unfit> {
    let name = call.fun.name();
    let written = call
        .params
        .order_by
        .iter()
        .filter(|o| !matches!(o.expr, Expr::Literal(..)));
    let order: Vec<_> = written.collect();
    let time = match event_time(input) {
        TimeOf::Column(column) => column,
        TimeOf::Dropped => {
            return Some(Unfit::new(
                "OVER orders by event time, and the input has lost its event-time column",
                "select the event-time column (after a window: `window_end`) as it is",
            ));
        }
    };
    let shown = input.schema().field(time).name();
    let [first, rest @ ..] = order.as_slice() else {
        return Some(Unfit::new(
            format!("{name}(…) OVER without ORDER BY needs every row of a stream without end"),
            format!("ORDER BY {shown}, or PARTITION BY the window_end of a TUMBLE or HOP in FROM"),
        ));
    };
    if index(&first.expr, input) == Some(time) && first.asc && rest.is_empty() {
        return None;
    }
    let found = if first.asc || index(&first.expr, input) != Some(time) {
        let order: Vec<String> = order.iter().map(|o| shown_as(&o.expr)).collect();
        order.join(", ")
    } else {
        format!("{shown} DESC")
    };
    Some(Unfit::new(
        format!("OVER orders a stream by its event time, which is `{shown}` here; found `{found}`"),
        format!(
            "ORDER BY {shown}; any other order needs PARTITION BY the window_end of a TUMBLE or HOP"
        ),
    ))
}

/// An expression without the inputs' names.
pub(super) fn shown_as(expr: &Expr) -> String {
    plain(expr).map_or_else(|| expr.human_display().to_string(), |c| c.name.clone())
}

/// Why a node cannot be answered row by row.
fn unfit(window: &Window) -> Option<(&WindowFunction, Unfit)> {
    let input = window.input.as_ref();
    calls(window).find_map(|call| {
        let why = order_unfit(call, input);
        let why = why.or_else(|| fit(call, of_window(call, input).is_some()).err());
        why.map(|why| (call, why))
    })
}

/// Whether a node is answered when windows close, with their end as event time: which column that
/// is.
pub(crate) fn closes(window: &Window) -> Option<usize> {
    let mut ends = calls(window).map(|call| of_window(call, &window.input));
    let end = ends.next()??;
    (ends.all(|e| e == Some(end)) && unfit(window).is_some()).then_some(end)
}

/// Refuses what cannot be held in bounded state.
pub(crate) fn refused(window: &Window, sql: &str) -> Option<SqlMistake> {
    if let Some(mistake) = over_indicator::refused(window, sql) {
        return Some(mistake);
    }
    if closes(window).is_some() {
        return None;
    }
    let (call, why) = unfit(window)?;
    let mut mistake = SqlMistake::new(why.message).help(why.help);
    mistake.at = place(sql, call.fun.name());
    Some(mistake)
}

/// Refuses a call with OVER in a condition on rows: conditions come first.
pub(crate) fn in_condition(node: &LogicalPlan, sql: &str) -> Option<SqlMistake> {
    let LogicalPlan::Filter(filter) = node else {
        return None;
    };
    let mut found = None;
    let _ = filter.predicate.apply(|inner| {
        if let Expr::WindowFunction(call) = inner {
            found = Some(call.fun.name().to_owned());
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    let mut mistake = SqlMistake::new("rows are filtered before OVER sees them");
    mistake.at = place(sql, &found?);
    Some(mistake.help("compute it in a subquery and filter above: SELECT … FROM (SELECT …) WHERE"))
}

/// Where a call with OVER stands; where the first OVER stands if it is not found.
pub(super) fn place(sql: &str, name: &str) -> Option<(usize, usize)> {
    let lower = sql.to_lowercase();
    let over = |from: usize| {
        let mut depth = 0;
        let close = lower[from..].char_indices().find(|(_, c)| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            depth == 0
        });
        let rest = close.map_or("", |(i, _)| lower[from + i + 1..].trim_start());
        ["over", "filter", "ignore", "respect"]
            .iter()
            .any(|w| rest.starts_with(w))
    };
    let called = lower
        .match_indices(name)
        .map(|(start, _)| (start, start + name.len()));
    let found = called
        .filter(|(_, end)| lower[*end..].starts_with('('))
        .find(|(_, end)| over(*end));
    found
        .filter(|_| lower.len() == sql.len())
        .or_else(|| crate::plan::mistake::find_word(sql, "OVER"))
}

/// The columns of rows as they wait: the input's, and what is computed beside them.
pub(super) struct Columns<'a> {
    input: &'a LogicalPlan,
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    fields: Vec<Field>,
}

impl<'a> Columns<'a> {
    fn new(input: &'a LogicalPlan) -> Self {
        let schema = plain_schema(input.schema());
        let column = |(i, f): (usize, &Arc<Field>)| {
            Arc::new(Column::new(f.name(), i)) as Arc<dyn PhysicalExpr>
        };
        Self {
            input,
            exprs: schema.fields().iter().enumerate().map(column).collect(),
            fields: schema.fields().iter().map(|f| f.as_ref().clone()).collect(),
        }
    }

    /// The number of the column that an expression is.
    pub(super) fn of(&mut self, expr: &Expr) -> Result<usize> {
        if let Some(index) = index(expr, self.input) {
            return Ok(index);
        }
        let expr = physical(expr, self.input.schema())?;
        if let Some(same) = self.exprs.iter().position(|e| e.as_ref() == expr.as_ref()) {
            return Ok(same);
        }
        let kind = expr.data_type(self.input.schema().as_arrow())?;
        self.fields.push(Field::new(
            format!("__over{}", self.fields.len()),
            kind,
            true,
        ));
        self.exprs.push(expr);
        Ok(self.fields.len() - 1)
    }

    pub(super) const fn input(&self) -> &LogicalPlan {
        self.input
    }

    /// The step that adds them.
    fn step(self) -> (Step, SchemaRef) {
        let schema = Arc::new(Schema::new(self.fields));
        (Step::Compute(self.exprs, Arc::clone(&schema)), schema)
    }
}

impl Builder<'_> {
    pub(super) fn over(&mut self, window: &Window) -> Result<Flow> {
        if let Some(mistake) = refused(window, self.sql) {
            return Err(mistake.into_datafusion());
        }
        if let Some(end) = closes(window) {
            return self.over_whole(window, end);
        }
        let mut flow = self.flow(&window.input)?;
        let schema = plain_schema(&window.schema);
        let mut columns = Columns::new(&window.input);
        let mut keys = Vec::new();
        let mut end = None;
        if let Some(first) = calls(window).next() {
            for key in &first.params.partition_by {
                keys.push(columns.of(key)?);
            }
            end = of_window(first, &window.input);
        }
        let mut planned = Calls::default();
        let types = &schema.fields()[window.input.schema().fields().len()..];
        for (call, field) in calls(window).zip(types) {
            planned.add(call, field.data_type(), end.is_some(), &mut columns)?;
        }
        let (step, waits) = columns.step();
        flow.steps.push(step);
        let work = Work::Over(Arc::new(OverPlan {
            node: self.node.into(),
            pre: flow.steps,
            waits,
            keys,
            end,
            kept: planned.kept,
            calls: planned.calls,
            schema: Arc::clone(&schema),
        }));
        Ok(self.close(Stage {
            inputs: vec![flow.input],
            work,
            schema,
        }))
    }

    fn over_whole(&mut self, window: &Window, end: usize) -> Result<Flow> {
        let mut flow = self.flow(&window.input)?;
        let schema = plain_schema(&window.schema);
        let mut columns = Columns::new(&window.input);
        let (mut keys, mut order, mut latest_first) = (Vec::new(), Vec::new(), false);
        if let Some(WindowFunction { params, .. }) = calls(window).next() {
            let WindowFunctionParams {
                partition_by,
                order_by,
                ..
            } = params;
            for key in partition_by {
                keys.push(columns.of(key)?);
            }
            for sort in order_by {
                let options = arrow::compute::SortOptions {
                    descending: !sort.asc,
                    nulls_first: sort.nulls_first,
                };
                order.push((columns.of(&sort.expr)?, options));
            }
            let first = order_by.first();
            let by_time = first
                .and_then(|s| index(&s.expr, &window.input))
                .map(TimeOf::Column);
            latest_first =
                by_time == Some(event_time(&window.input)) && first.is_some_and(|s| !s.asc);
        }
        let mut framed = Calls::default();
        let (mut answered, mut reads) = (Vec::new(), Vec::new());
        for expr in &window.window_expr {
            let moving = call(expr)
                .map(|c| framed.moving(c, &mut columns))
                .transpose()?;
            answered.push(match moving.flatten() {
                Some((frame, of)) => WholeCall::Framed(frame, of),
                None => {
                    let planned = self.evaluated(expr, window)?;
                    reads.extend(planned.expressions());
                    WholeCall::DataFusion(planned)
                }
            });
        }
        let (step, waits) = columns.step();
        flow.steps.push(step);
        let work = Work::OverWhole(Arc::new(WholePlan {
            node: self.node.into(),
            pre: flow.steps,
            waits,
            keys,
            end,
            order,
            latest_first,
            reads,
            kept: framed.kept,
            calls: answered,
            schema: Arc::clone(&schema),
        }));
        Ok(self.close(Stage {
            inputs: vec![flow.input],
            work,
            schema,
        }))
    }
}

impl Builder<'_> {
    /// A call that DataFusion answers. What it cannot evaluate over a frame is a mistake and not a
    /// failure: tried on a row of nulls.
    fn evaluated(&self, expr: &Expr, window: &Window) -> Result<Arc<dyn WindowExpr>> {
        let input = window.input.schema();
        let (props, context) = (ExecutionProps::new(), PhysicalPlanningContext::default());
        let planned = create_window_expr(expr, input, &props, &context)?;
        let schema = plain_schema(input);
        let null = |f: &Arc<Field>| new_null_array(f.data_type(), 1);
        let row = schema.fields().iter().map(null).collect();
        let tried = planned.evaluate(&RecordBatch::try_new(schema, row)?);
        let Err(DataFusionError::NotImplemented(_)) = tried else {
            return Ok(planned);
        };
        let name = call(expr).map_or("", |c| c.fun.name());
        let mut mistake = SqlMistake::new(format!("{name}(…) cannot follow a frame of values"));
        mistake.at = place(self.sql, name);
        let help = "write ROWS BETWEEN …, or begin the frame at UNBOUNDED PRECEDING";
        Err(mistake.help(help).into_datafusion())
    }
}

/// A literal argument.
pub(super) fn literal(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value),
        Expr::Cast(cast) => literal(&cast.expr),
        Expr::Alias(alias) => literal(&alias.expr),
        _ => None,
    }
}
