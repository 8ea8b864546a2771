//! A streaming query: from SQL to stages. The logical plan is read from its leaves to its root;
//! filters and projections collect as steps until an aggregate closes a stage.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, Projection};
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::optimizer::decorrelate_predicate_subquery::DecorrelatePredicateSubquery;
use datafusion::optimizer::extract_equijoin_predicate::ExtractEquijoinPredicate;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::replace_distinct_aggregate::ReplaceDistinctWithAggregate;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::optimizer::{Optimizer, OptimizerContext};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::sql::planner::{ParserOptions, SqlToRel};
use zaraba_core::stream::{Changelog, StreamSchema, TimeColumn};

use crate::exact::exact;
use crate::plan::catalog::{Catalog, StreamSource};
use crate::plan::decimal_float::as_floats;
use crate::plan::event_time::{TimeOf, event_time, plain, window_column};
use crate::plan::explain::in_words;
use crate::plan::join_kind;
use crate::plan::lengths;
use crate::plan::lift::lifted;
use crate::plan::mistake::SqlMistake;
use crate::plan::one_zero::one_zero;
use crate::plan::over;
use crate::plan::parse::Parsed;
use crate::plan::push_down::PushDown;
use crate::plan::refuse;
use crate::plan::session::Pending;
use crate::plan::session_assign::session;
use crate::plan::stage::{Input, PlannedNode, Stage, Work};
use crate::plan::tied;
use crate::plan::time_zone::in_zone;
use crate::plan::unassigned::unassigned;
use crate::plan::window_call::WindowAssign;
use crate::rows::Step;
use crate::window::in_session::InSessionPlan;
use crate::window::windows::Windows;

/// Plans a streaming query.
///
/// # Errors
/// What is wrong with it.
pub fn plan(name: &str, parsed: &Parsed, catalog: &Catalog) -> Result<PlannedNode, SqlMistake> {
    let of_datafusion = |e: DataFusionError| SqlMistake::from_datafusion(&e, &parsed.sql);
    let logical = logical(parsed, catalog).map_err(of_datafusion)?;
    refuse::streaming(&logical, &parsed.sql)?;
    let warnings = lengths::gaps(&logical, &parsed.sql);
    let mut output = output_schema(&logical)?;
    let optimized = one_zero(logical).and_then(|plan| optimize(plan, catalog));
    let optimized = optimized.map_err(of_datafusion)?;
    // Some types are known only once constants have been folded: round(x, 1) of a decimal. An OVER
    // that nobody reads is gone, and does not move rows to their window's end.
    output.columns = plain_schema(optimized.schema());
    output.time = time_column(&optimized, &output.columns);
    let mut builder = Builder {
        node: name,
        sql: &parsed.sql,
        stages: Vec::new(),
        catalog,
    };
    let flow = builder.flow(&optimized).map_err(of_datafusion)?;
    builder.finish(flow, &output.columns);
    let unassigned = unassigned(&optimized).map_err(of_datafusion)?;
    let explained = in_words(&optimized.display_indent().to_string());
    Ok(PlannedNode {
        name: name.to_owned(),
        stages: builder.stages,
        output,
        unassigned,
        warnings,
        explained,
    })
}

/// The plan as written, types settled.
pub(crate) fn logical(parsed: &Parsed, catalog: &Catalog) -> Result<LogicalPlan> {
    let options = ParserOptions::new().with_collect_spans(true);
    let options = ParserOptions {
        map_string_types_to_utf8view: false,
        ..options
    };
    let plan = SqlToRel::new_with_options(catalog, options)
        .sql_statement_to_plan(parsed.statement.clone())?;
    let plan = as_floats(plan)?;
    let config = catalog.state().config_options();
    let plan = catalog
        .state()
        .analyzer()
        .execute_and_check(plan, config, |_, _| {})?;
    in_zone(plan, catalog.zone.as_ref())
}

fn optimize(plan: LogicalPlan, catalog: &Catalog) -> Result<LogicalPlan> {
    let optimizer = Optimizer::with_rules(vec![
        Arc::new(DecorrelatePredicateSubquery::new()),
        Arc::new(SimplifyExpressions::new()),
        Arc::new(ReplaceDistinctWithAggregate::new()),
        Arc::new(ExtractEquijoinPredicate::new()),
        Arc::new(PushDown::default()),
        Arc::new(CommonSubexprEliminate::new()),
        Arc::new(OptimizeProjections::new()),
    ]);
    let options = Arc::clone(catalog.state().config_options());
    let context = OptimizerContext::new_with_config_options(options);
    lifted(optimizer.optimize(plan, &context, |_, _| {})?)
}

/// Fields without qualifiers and metadata, all nullable.
pub(crate) fn plain_schema(schema: &DFSchema) -> SchemaRef {
    let field = |f: &Arc<Field>| Field::new(f.name(), f.data_type().clone(), true);
    Arc::new(Schema::new(
        schema.fields().iter().map(field).collect::<Vec<_>>(),
    ))
}

fn output_schema(plan: &LogicalPlan) -> Result<StreamSchema, SqlMistake> {
    let columns = plain_schema(plan.schema());
    unique(&columns)?;
    Ok(StreamSchema {
        time: time_column(plan, &columns),
        columns,
        changelog: Changelog::Append,
    })
}

/// The column that shows the event time.
pub(super) fn time_column(plan: &LogicalPlan, columns: &SchemaRef) -> Option<TimeColumn> {
    let TimeOf::Column(column) = event_time(plan) else {
        return None;
    };
    Some(TimeColumn {
        name: columns.field(column).name().clone(),
        offset: time_offset(plan, column),
    })
}

/// Event time minus the column that shows it.
pub(super) fn time_offset(plan: &LogicalPlan, column: usize) -> i64 {
    let of_window = window_column(plan, "window_end") == Some(column);
    if of_window && !is_expanded(plan) {
        -1
    } else {
        0
    }
}

/// Whether windows are assigned without an aggregate above: rows keep their own time.
pub(super) fn is_expanded(plan: &LogicalPlan) -> bool {
    if let Some((join, above)) = join_kind::join_of(plan) {
        let kind = join_kind::kind(join, above);
        let windows = matches!(kind, join_kind::Kind::Windows(_));
        let of = join_kind::preserved(join, kind).filter(|_| !windows);
        return of.is_some_and(|of| is_expanded(join_kind::input(join, of)));
    }
    match plan {
        LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_) | LogicalPlan::TableScan(_) => false,
        LogicalPlan::Window(window) if over::closes(window).is_some() => false,
        LogicalPlan::Extension(_) => session(plan).is_none(),
        other => other.inputs().first().is_some_and(|i| is_expanded(i)),
    }
}

/// Refuses two columns of one name: nobody could tell them apart.
pub(crate) fn unique(columns: &SchemaRef) -> Result<(), SqlMistake> {
    for (i, field) in columns.fields().iter().enumerate() {
        if columns.fields()[..i]
            .iter()
            .any(|f| f.name() == field.name())
        {
            let message = format!("two columns are called `{}`", field.name());
            return Err(SqlMistake::new(message).help("give one another name with AS"));
        }
    }
    Ok(())
}

/// Rows on their way: where they come from and what happens to each.
pub(super) struct Flow {
    pub(super) input: Input,
    pub(super) steps: Vec<Step>,
    /// The step that puts rows into windows, if no aggregate is behind it yet.
    pub(super) window: Option<(usize, Windows)>,
    /// Whether an expression read a bound of that window.
    pub(super) bounds_read: bool,
    /// A SESSION that no stage has taken yet.
    pub(super) session: Option<Pending>,
}

pub(super) struct Builder<'a> {
    pub(super) node: &'a str,
    pub(super) sql: &'a str,
    pub(super) stages: Vec<Stage>,
    pub(super) catalog: &'a Catalog,
}

pub(super) fn physical(expr: &Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
    let context = PhysicalPlanningContext::default();
    exact(create_physical_expr(
        expr,
        schema,
        &ExecutionProps::new(),
        &context,
    )?)
}

/// Whether an expression, other than a column as it is, reads a bound of the plan's windows.
pub(super) fn reads_bounds(expr: &Expr, plan: &LogicalPlan) -> Result<bool> {
    if plain(expr).is_some() {
        return Ok(false);
    }
    let bounds = [
        window_column(plan, "window_start"),
        window_column(plan, "window_end"),
    ];
    let mut found = false;
    expr.apply(|e| {
        if let Expr::Column(column) = e {
            let index = plan.schema().maybe_index_of_column(column);
            found |= index.is_some() && bounds.contains(&index);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

impl Builder<'_> {
    /// The rows of a plan.
    pub(super) fn flow(&mut self, plan: &LogicalPlan) -> Result<Flow> {
        let flow = self.open(plan)?;
        Ok(self.settled(flow))
    }

    /// The rows of a plan, for an aggregate that may take a SESSION in.
    pub(super) fn open(&mut self, plan: &LogicalPlan) -> Result<Flow> {
        match plan {
            LogicalPlan::TableScan(scan) => {
                let name = scan.table_name.table().to_owned();
                let source = scan.source.downcast_ref::<StreamSource>();
                let handed = |p: &Vec<usize>| source.map_or_else(|| p.clone(), |s| s.handed(p));
                let steps = scan.projection.iter().map(|p| Step::Pick(handed(p)));
                let steps = steps.collect();
                let input = Input::Stream(name, scan.projection.clone());
                Ok(Flow {
                    input,
                    steps,
                    window: None,
                    bounds_read: false,
                    session: None,
                })
            }
            LogicalPlan::SubqueryAlias(alias) => self.open(&alias.input),
            LogicalPlan::Filter(filter) => {
                let mut flow = self.open(&filter.input)?;
                flow.bounds_read |= reads_bounds(&filter.predicate, &filter.input)?;
                flow.steps.push(Step::Filter(physical(
                    &filter.predicate,
                    filter.input.schema(),
                )?));
                Ok(flow)
            }
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Extension(extension) => self.windows(extension, plan),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Window(window) => self.over(window),
            LogicalPlan::Union(union) => {
                let branches = tied::branches(union);
                let flows = branches.iter().map(|i| self.flow(i));
                let flows: Vec<Flow> = flows.collect::<Result<_>>()?;
                let (inputs, mut steps): (Vec<_>, Vec<_>) =
                    flows.into_iter().map(|f| (f.input, f.steps)).unzip();
                let schema = plain_schema(&union.schema);
                for (steps, input) in steps.iter_mut().zip(&branches) {
                    steps.push(renamed(input.schema(), &schema)?);
                }
                Ok(self.union(inputs, steps, schema))
            }
            other => Err(unbuilt(
                other
                    .display()
                    .to_string()
                    .split([':', ' '])
                    .next()
                    .unwrap_or(""),
            )),
        }
    }

    /// The rows of a table function.
    fn windows(&mut self, extension: &Extension, plan: &LogicalPlan) -> Result<Flow> {
        if let Some(assign) = session(plan) {
            return self.session(assign, plan);
        }
        let node = extension.node.as_any().downcast_ref::<WindowAssign>();
        let assign = node.ok_or_else(|| unbuilt(extension.node.name()))?;
        let mut flow = self.flow(&assign.input)?;
        if let Windows::Trading(windows) = &assign.windows {
            let plan = InSessionPlan {
                node: self.node.into(),
                pre: std::mem::take(&mut flow.steps),
                windows: windows.clone(),
            };
            let stage = Stage {
                inputs: vec![flow.input],
                work: Work::InSession(Arc::new(plan)),
                schema: plain_schema(assign.input.schema()),
            };
            flow = self.close(stage);
        }
        flow.window = Some((flow.steps.len(), assign.windows.clone()));
        flow.bounds_read = false;
        let schema = plain_schema(extension.node.schema());
        flow.steps
            .push(Step::Window(assign.windows.clone(), schema));
        Ok(flow)
    }

    pub(super) fn close(&mut self, stage: Stage) -> Flow {
        self.stages.push(stage);
        let input = Input::Stage(self.stages.len() - 1);
        Flow {
            input,
            steps: Vec::new(),
            window: None,
            bounds_read: false,
            session: None,
        }
    }

    fn projection(&mut self, projection: &Projection) -> Result<Flow> {
        let mut flow = self.open(&projection.input)?;
        let input = projection.input.schema();
        for expr in &projection.expr {
            flow.bounds_read |= reads_bounds(expr, &projection.input)?;
        }
        let exprs = projection
            .expr
            .iter()
            .map(|e| physical(e, input))
            .collect::<Result<_>>()?;
        flow.steps
            .push(Step::Compute(exprs, plain_schema(&projection.schema)));
        Ok(flow)
    }

    /// The last steps go to the last stage, or make one.
    fn finish(&mut self, flow: Flow, output: &SchemaRef) {
        let steps = flow.steps;
        if let (Input::Stage(_), Some(last)) = (&flow.input, self.stages.last_mut())
            && let Some(post) = last.work.post()
        {
            *post = steps;
            last.schema = Arc::clone(output);
            return;
        }
        if steps.is_empty() && matches!(flow.input, Input::Stage(_)) {
            return;
        }
        let work = Work::PassThrough(vec![steps]);
        let schema = Arc::clone(output);
        self.stages.push(Stage {
            inputs: vec![flow.input],
            work,
            schema,
        });
    }
}

fn unbuilt(what: &str) -> DataFusionError {
    SqlMistake::new(format!("{what} in a streaming query is not built yet")).into_datafusion()
}

/// Casts nothing, names columns as the union does.
fn renamed(input: &DFSchema, output: &SchemaRef) -> Result<Step> {
    let columns = input.columns().into_iter().map(Expr::Column);
    let exprs = columns
        .map(|c| physical(&c, input))
        .collect::<Result<_>>()?;
    Ok(Step::Compute(exprs, Arc::clone(output)))
}
