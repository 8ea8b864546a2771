//! A query asked once, over rows that are there now: read-only, and stopped by limits of time,
//! memory and rows. For people and programs beside the pipeline; nothing of it reaches a stream.
//! Blocks: call it on a thread where that is no harm, never inside a tokio task.

mod condition;

mod depth;

mod expanded;

mod watched;

mod windows;

mod written_out;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::TableSource;
use futures::StreamExt as _;
use zaraba_config::document::Value as Param;

use crate::ask::depth::refuse_deep;
use crate::ask::expanded::refuse_large;
use crate::ask::watched::{Stopped, Watch, watched};
use crate::ask::windows::refuse_windows;
use crate::ask::written_out::refuse_written_out;
use crate::functions::QueryTime;
use crate::plan::catalog::Catalog;
use crate::plan::mistake::SqlMistake;
use crate::plan::parse::parse;
use crate::plan::refuse;
use crate::plan::streaming::{logical, plain_schema, unique};
use crate::plan::triggered::compile;

/// Rows that operators take at a time: between them a query can be stopped.
const BATCH_ROWS: usize = 1_024;

/// What a query may cost.
#[derive(Clone, Copy, Debug)]
pub struct AskLimits {
    /// How long it may run.
    pub time: Duration,
    /// Bytes that it may hold.
    pub memory: usize,
    /// Rows that it may answer.
    pub rows: usize,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The SQL is wrong, or more than may be asked.
    Wrong(Vec<SqlMistake>),
    /// It failed while it ran, or reached a limit.
    Failed(String),
}

/// Rows of the topics that a query may name; none: there is no such topic.
pub type Held<'a> = &'a dyn Fn(&str) -> Option<RecordBatch>;

/// A query's rows and their columns.
pub type Answer = (SchemaRef, Vec<RecordBatch>);

/// Runs queries over some topics, in the SQL of a pipeline.
#[derive(Clone)]
pub struct Ask {
    catalog: Catalog,
    topics: Vec<(String, SchemaRef)>,
    limits: AskLimits,
}

impl Ask {
    /// Queries over these topics, with the functions of a pipeline's catalog.
    #[must_use]
    pub fn new(catalog: &Catalog, topics: Vec<(String, SchemaRef)>, limits: AskLimits) -> Self {
        Self {
            catalog: catalog.clone(),
            topics,
            limits,
        }
    }

    /// Runs one query; it may name these parameters. `now`: what `now()` answers, microseconds.
    ///
    /// # Errors
    /// When it is wrong, fails, reaches a limit or is told to stop.
    pub fn run(
        &self,
        sql: &str,
        params: &[(String, Param)],
        now: i64,
        held: Held<'_>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Answer, Refusal> {
        let watch = Watch::new(self.limits.time, stop);
        let wrong = |mistake: SqlMistake| Refusal::Wrong(vec![mistake]);
        let of_datafusion = |e: DataFusionError| wrong(SqlMistake::from_datafusion(&e, sql));
        refuse_deep(sql).map_err(wrong)?;
        let parsed = parse(sql, params).map_err(Refusal::Wrong)?;
        refuse_windows(&parsed.statement, sql).map_err(wrong)?;
        refuse_large(&parsed.statement).map_err(wrong)?;
        refuse_written_out(&parsed.statement).map_err(wrong)?;
        let tables = self.topics.iter().map(|(name, schema)| {
            let rows = parsed.reads.contains(name).then(|| held(name)).flatten();
            let chunks = rows.map(|rows| chunks(&rows)).unwrap_or_default();
            let table = MemTable::try_new(Arc::clone(schema), vec![chunks])?;
            let source: Arc<dyn TableSource> = provider_as_source(Arc::new(table));
            Ok((name.clone(), source))
        });
        let tables: Vec<_> = tables
            .collect::<Result<_, DataFusionError>>()
            .map_err(|e| Refusal::Failed(e.to_string()))?;
        let time = QueryTime::default();
        time.set(now);
        let catalog = self.bounded().map_err(of_datafusion)?;
        let catalog = catalog.over(tables.into_iter()).with_now(&time);
        let written = logical(&parsed, &catalog).map_err(of_datafusion)?;
        let reading = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        reading.verify_plan(&written).map_err(of_datafusion)?;
        refuse::asked(&written, sql).map_err(wrong)?;
        let schema = plain_schema(written.schema());
        unique(&schema).map_err(wrong)?;
        let plan = compile(&parsed, &catalog).map_err(of_datafusion)?;
        let plan = watched(plan, &watch).map_err(of_datafusion)?;
        self.collect(plan, &catalog).map_err(|e| self.failed(&e))
    }

    /// The catalog with a memory of its own, and without a disk to spill to.
    fn bounded(&self) -> Result<Catalog, DataFusionError> {
        let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(GreedyMemoryPool::new(self.limits.memory)))
            .with_disk_manager_builder(disk)
            .build_arc()?;
        let state = self.catalog.state();
        let config = state.config().clone().with_batch_size(BATCH_ROWS);
        let state = SessionStateBuilder::new_from_existing(state.clone())
            .with_config(config)
            .with_runtime_env(environment)
            .build();
        Ok(self.catalog.with_state(state))
    }

    fn collect(
        &self,
        plan: Arc<dyn datafusion::physical_plan::ExecutionPlan>,
        catalog: &Catalog,
    ) -> Result<Answer, DataFusionError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let context = catalog.state().task_ctx();
        let schema = plain_schema_of(&plan.schema());
        let mut stream = {
            let _entered = runtime.enter();
            datafusion::physical_plan::execute_stream(plan, context)?
        };
        runtime.block_on(async {
            let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
            while let Some(batch) = stream.next().await {
                let batch = batch?;
                rows += batch.num_rows();
                bytes += batch.get_array_memory_size();
                if rows > self.limits.rows {
                    return Err(Stopped::Rows.into());
                }
                if bytes > self.limits.memory {
                    return Err(Stopped::Memory.into());
                }
                let columns = batch.columns().to_vec();
                batches.push(RecordBatch::try_new(Arc::clone(&schema), columns)?);
            }
            Ok((schema, batches))
        })
    }

    /// What went wrong while it ran, in words.
    fn failed(&self, error: &DataFusionError) -> Refusal {
        let limits = self.limits;
        let memory = || {
            let mebibytes = limits.memory >> 20;
            format!("the query needs more memory than its limit of {mebibytes} MiB")
        };
        if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
            return Refusal::Failed(memory());
        }
        Refusal::Failed(match Stopped::of(error) {
            Some(Stopped::Time) => format!(
                "the query was stopped: it ran longer than its limit of {:?}",
                limits.time
            ),
            Some(Stopped::Gone) => "the query was stopped: nobody waits for it".to_owned(),
            Some(Stopped::Memory) => memory(),
            Some(Stopped::Rows) => format!(
                "the query answers more rows than its limit of {}: add LIMIT, or aggregate",
                limits.rows
            ),
            None => crate::rows::reason(error),
        })
    }
}

fn plain_schema_of(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter();
    let nullable = fields.map(|f| f.as_ref().clone().with_nullable(true));
    Arc::new(arrow::datatypes::Schema::new(nullable.collect::<Vec<_>>()))
}

/// Pieces between which a query can be stopped.
fn chunks(rows: &RecordBatch) -> Vec<RecordBatch> {
    (0..rows.num_rows())
        .step_by(BATCH_ROWS)
        .map(|start| rows.slice(start, BATCH_ROWS.min(rows.num_rows() - start)))
        .collect()
}

#[cfg(test)]
mod tests;
