//! A join without equalities tries every row of one side with every batch of the other, and asks
//! for no more input meanwhile. What it asks each time is its condition, which therefore looks at
//! the time, too.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{NestedLoopJoinExec, NestedLoopJoinExecBuilder};

use crate::ask::watched::Watch;

/// The same operator; of a join of the kind above one whose condition is watched.
pub(super) fn with_watched_condition(
    plan: Arc<dyn ExecutionPlan>,
    watch: &Watch,
) -> Result<Arc<dyn ExecutionPlan>> {
    let join = plan.downcast_ref::<NestedLoopJoinExec>();
    let Some((join, filter)) = join.and_then(|join| Some((join, join.filter()?))) else {
        return Ok(plan);
    };
    let condition = Condition {
        inner: Arc::clone(filter.expression()),
        watch: watch.clone(),
    };
    let filter = JoinFilter::new(
        Arc::new(condition),
        filter.column_indices().to_vec(),
        Arc::clone(filter.schema()),
    );
    let (left, right) = (Arc::clone(join.left()), Arc::clone(join.right()));
    let join = NestedLoopJoinExecBuilder::new(left, right, *join.join_type())
        .with_filter(Some(filter))
        .with_projection_ref(join.projection().clone())
        .build()?;
    Ok(Arc::new(join))
}

/// A condition that is watched.
#[derive(Debug)]
struct Condition {
    inner: Arc<dyn PhysicalExpr>,
    watch: Watch,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Condition {}

impl Hash for Condition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl PhysicalExpr for Condition {
    fn data_type(&self, input: &Schema) -> Result<DataType> {
        self.inner.data_type(input)
    }

    fn nullable(&self, input: &Schema) -> Result<bool> {
        self.inner.nullable(input)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.watch.look()?;
        self.inner.evaluate(batch)
    }

    fn return_field(&self, input: &Schema) -> Result<FieldRef> {
        self.inner.return_field(input)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let (Some(inner), true) = (children.pop(), children.is_empty()) else {
            return internal_err!("a watch is of one condition");
        };
        let watch = self.watch.clone();
        Ok(Arc::new(Self { inner, watch }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
