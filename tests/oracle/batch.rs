//! The batch side: SQL written by hand, run by DataFusion over the whole input.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use tokio::runtime::Runtime;

use super::value::{Value, rows};

/// A session, one for all cases of a test.
pub(crate) struct BatchSql {
    context: SessionContext,
    runtime: Runtime,
}

impl BatchSql {
    pub(crate) fn new() -> Self {
        let mut config = SessionConfig::new().with_target_partitions(1);
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        Self {
            context: SessionContext::new_with_config(config),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
        }
    }

    /// Puts a table there, in place of one with its name.
    pub(crate) fn table(&self, name: &str, rows: RecordBatch) {
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
        self.context.deregister_table(name).unwrap();
        self.context.register_table(name, Arc::new(table)).unwrap();
    }

    /// What a query answers.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        self.batches(sql).iter().flat_map(rows).collect()
    }

    /// What a query answers, as one batch.
    pub(crate) fn batch(&self, sql: &str) -> RecordBatch {
        let batches = self.batches(sql);
        concat_batches(&batches[0].schema(), &batches).unwrap()
    }

    fn batches(&self, sql: &str) -> Vec<RecordBatch> {
        let answer = self.runtime.block_on(async {
            let frame = self.context.sql(sql).await?;
            let schema = Arc::new(frame.schema().as_arrow().clone());
            let mut batches = frame.collect().await?;
            batches.push(RecordBatch::new_empty(schema));
            Ok::<_, datafusion::common::DataFusionError>(batches)
        });
        answer.unwrap_or_else(|e| panic!("the batch side: {e}\n{sql}"))
    }
}
