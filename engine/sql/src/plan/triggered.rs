//! A query over tables: checked as written, planned for good by its operator.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchemaRef, DataFusionError, Result};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::physical_plan::ExecutionPlan;
use zaraba_config::document::{Emit, Trigger};
use zaraba_core::stream::{Changelog, StreamSchema, TimeColumn};
use zaraba_core::suggest;

use crate::exact::exact_plan;
use crate::functions::QueryTime;
use crate::plan::catalog::Catalog;
use crate::plan::event_time::plain;
use crate::plan::explain::in_words;
use crate::plan::mistake::{SqlMistake, there};
use crate::plan::one_zero::one_zero;
use crate::plan::parse::{Parsed, moved, parse_condition};
use crate::plan::refuse;
use crate::plan::stage::{Input, PlannedNode, Stage, Work};
use crate::plan::streaming::{logical, plain_schema, unique};
use crate::table::moments::{Moment, Moments};
use crate::table::operator::TablePlan;
use crate::table::reader::TableShape;
use crate::table::snapshot_at::SnapshotAtPlan;
use crate::triggered::operator::{TriggeredOperator, TriggeredPlan};

/// How a query runs and what it emits.
pub struct TriggerSpec {
    /// When it runs.
    pub trigger: Trigger,
    /// `key`, as written.
    pub key: Vec<String>,
    /// `emit`
    pub emit: Emit,
}

/// Plans a query over tables. `shape`: a table (or upsert stream) by its name.
///
/// # Errors
/// What is wrong with it.
pub fn plan(
    name: &str,
    parsed: &Parsed,
    spec: &TriggerSpec,
    catalog: &Catalog,
    shape: &dyn Fn(&str) -> Option<TableShape>,
) -> Result<PlannedNode, SqlMistake> {
    let of_datafusion = |e: DataFusionError| SqlMistake::from_datafusion(&e, &parsed.sql);
    let asking = catalog.with_now(&QueryTime::default());
    let logical = logical(parsed, &asking).map_err(of_datafusion)?;
    refuse::triggered(&logical, &parsed.sql)?;
    unique(&plain_schema(logical.schema()))?;
    // Some types are known only once constants have been folded: round(x, 1) of a decimal.
    let optimized = asking.state().optimize(&logical).map_err(of_datafusion)?;
    let schema = plain_schema(optimized.schema());
    let key = key_columns(&spec.key, &schema)?;
    let names: BTreeSet<&String> = parsed.reads.iter().collect();
    let tables: Vec<TableShape> = names.iter().filter_map(|n| shape(n)).collect();
    if tables.is_empty() {
        let mistake = SqlMistake::new("a query with a trigger reads tables: there is none in FROM");
        return Err(mistake.help("name a `[table.*]` in FROM"));
    }
    let drops = tables.iter().filter_map(|t| t.drop_when.as_deref());
    let asks_now = asks_for_now(&logical) || drops.clone().any(mentions_now);
    let time = now_column(&logical);
    let changelog = match spec.emit {
        Emit::All => Changelog::Append,
        Emit::Changes => Changelog::Upsert {
            key: spec.key.clone(),
        },
    };
    let explained = in_words(&logical.display_indent().to_string());
    let plan = Arc::new(TriggeredPlan {
        node: name.into(),
        parsed: parsed.clone(),
        trigger: spec.trigger,
        asks_now,
        key,
        emit: spec.emit,
        schema: Arc::clone(&schema),
        catalog: catalog.clone(),
        tables,
    });
    // Planned once now, so that what DataFusion cannot run is a mistake and not a failure.
    TriggeredOperator::new(Arc::clone(&plan)).map_err(|e| SqlMistake::new(e.to_string()))?;
    let inputs = plan
        .tables
        .iter()
        .map(|t| Input::Stream(t.name.clone(), None))
        .collect();
    let output = StreamSchema {
        columns: Arc::clone(&schema),
        time,
        changelog,
    };
    let stages = vec![Stage {
        inputs,
        work: Work::Triggered(plan),
        schema,
    }];
    Ok(PlannedNode {
        name: name.to_owned(),
        stages,
        output,
        unassigned: None,
        warnings: Vec::new(),
        explained,
    })
}

/// Plans a table over a stream.
///
/// # Errors
/// What is wrong with its key or its `drop_when`; the place is in the condition's own text.
pub fn plan_table(
    shape: TableShape,
    from: &str,
    input: &StreamSchema,
    snapshot_at: Option<Moment>,
    catalog: &Catalog,
) -> Result<PlannedNode, SqlMistake> {
    let mut drop_at_once = None;
    if let Some(condition) = &shape.drop_when {
        let compiled = compile_condition(condition, &shape, catalog, &QueryTime::default())?;
        if !mentions_now(condition) {
            drop_at_once = Some(compiled);
        }
    }
    let schema = Arc::clone(&shape.schema);
    let names = shape
        .key
        .iter()
        .map(|k| schema.field(*k).name().clone())
        .collect();
    let output = StreamSchema {
        columns: Arc::clone(&schema),
        time: input.time.clone(),
        changelog: Changelog::Upsert { key: names },
    };
    let (name, explained) = (shape.name.clone(), format!("Table: {}", shape.name));
    let stage = |input: Input, work: Work| Stage {
        inputs: vec![input],
        work,
        schema: Arc::clone(&schema),
    };
    let mut stages = Vec::new();
    let mut input = Input::Stream(from.to_owned(), None);
    if let Some(moment) = snapshot_at {
        let calendar = catalog.calendar.clone();
        let plan = SnapshotAtPlan {
            moments: Moments { calendar, moment },
            schema: Arc::clone(&schema),
            key: shape.key.clone(),
        };
        stages.push(stage(input, Work::SnapshotAt(Arc::new(plan))));
        input = Input::Stage(0);
    }
    let plan = TablePlan {
        shape,
        drop_at_once,
    };
    stages.push(stage(input, Work::Table(Arc::new(plan))));
    Ok(PlannedNode {
        name,
        stages,
        output,
        unassigned: None,
        warnings: Vec::new(),
        explained,
    })
}

/// Whether a condition asks for now(), so that it may hold later for a row for which it does not
/// hold now.
#[must_use]
pub fn mentions_now(condition: &str) -> bool {
    let lower = condition.to_lowercase();
    lower.contains("now(") || lower.contains("now (") || lower.contains("current_timestamp")
}

/// The number of each key column.
///
/// # Errors
/// A name that the columns have not.
pub fn key_columns(
    key: &[String],
    schema: &arrow::datatypes::SchemaRef,
) -> Result<Vec<usize>, SqlMistake> {
    let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let find = |name: &String| {
        known.iter().position(|k| k == name).ok_or_else(|| {
            let hint = suggest::hint(name, known.iter().copied());
            let mistake = SqlMistake::new(format!("no column `{name}` for the key{hint}"));
            if hint.is_empty() {
                mistake.help(there(&known))
            } else {
                mistake
            }
        })
    };
    key.iter().map(find).collect()
}

/// The physical plan of a query whose tables are snapshots.
pub(crate) fn compile(parsed: &Parsed, catalog: &Catalog) -> Result<Arc<dyn ExecutionPlan>> {
    let logical = one_zero(logical(parsed, catalog)?)?;
    // Nothing here waits: the tables are in memory.
    exact_plan(futures::executor::block_on(
        catalog.state().create_physical_plan(&logical),
    )?)
}

/// A condition over a table's columns.
pub(crate) fn compile_condition(
    condition: &str,
    shape: &TableShape,
    catalog: &Catalog,
    time: &QueryTime,
) -> Result<Arc<dyn PhysicalExpr>, SqlMistake> {
    let (predicate, schema) = condition_expr(condition, shape, catalog, time)?;
    let context = PhysicalPlanningContext::default();
    create_physical_expr(&predicate, &schema, &ExecutionProps::new(), &context)
        .map_err(|e| SqlMistake::from_datafusion(&e, condition))
}

/// The same as DataFusion's expression, and the schema of the table's columns.
pub(crate) fn condition_expr(
    condition: &str,
    shape: &TableShape,
    catalog: &Catalog,
    time: &QueryTime,
) -> Result<(Expr, DFSchemaRef), SqlMistake> {
    const TABLE: &str = "__rows";
    let before = "SELECT * FROM __rows WHERE ".len();
    let parsed = parse_condition(condition, TABLE, &[]).map_err(|mut m| {
        if m.is_empty() {
            SqlMistake::new("not a condition")
        } else {
            m.remove(0)
        }
    })?;
    let mut catalog = catalog.with_now(time);
    let changelog = Changelog::Append;
    let columns = Arc::clone(&shape.schema);
    catalog.add(
        TABLE,
        StreamSchema {
            columns,
            time: None,
            changelog,
        },
        false,
    );
    let in_condition =
        |e: DataFusionError| moved(SqlMistake::from_datafusion(&e, &parsed.sql), before);
    let plan = logical(&parsed, &catalog).and_then(one_zero);
    let plan = plan.map_err(in_condition)?;
    let mut predicate = None;
    let _ = plan.apply(|node| {
        if let LogicalPlan::Filter(filter) = node {
            predicate = Some((filter.predicate.clone(), Arc::clone(filter.input.schema())));
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    predicate.ok_or_else(|| SqlMistake::new("expected a condition that is true or false"))
}

fn asks_for_now(plan: &LogicalPlan) -> bool {
    let mut found = false;
    let _ = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|inner| {
                found |= is_now(inner);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    found
}

pub(crate) fn is_now(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarFunction(call) => call.func.name() == "now",
        Expr::Alias(alias) => is_now(&alias.expr),
        _ => false,
    }
}

/// A column that is now(): it shows the event time of the result's rows.
fn now_column(plan: &LogicalPlan) -> Option<TimeColumn> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let fields = projection.schema.fields();
            if let Some(i) = projection.expr.iter().position(is_now) {
                return Some(TimeColumn {
                    name: fields[i].name().clone(),
                    offset: 0,
                });
            }
            let inner = now_column(&projection.input)?;
            let same = |e: &Expr| plain(e).is_some_and(|c| c.name == inner.name);
            let i = projection.expr.iter().position(same)?;
            Some(TimeColumn {
                name: fields[i].name().clone(),
                offset: 0,
            })
        }
        LogicalPlan::Sort(_) | LogicalPlan::Limit(_) | LogicalPlan::Filter(_) => {
            now_column(plan.inputs().first()?)
        }
        LogicalPlan::SubqueryAlias(alias) => now_column(&alias.input),
        _ => None,
    }
}
