//! Whether a table's row is gone at a reader's time, where `drop_when` asks for `now()`: for readers
//! that are no SQL. Where it does not ask, the table's stream has a deletion.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::error::{Error, Result};

use crate::functions::QueryTime;
use crate::plan::catalog::Catalog;
use crate::plan::triggered::{compile_condition, mentions_now};
use crate::table::reader::TableShape;

/// A table's `drop_when`. For one reader: who asks sets the time of all.
pub struct Dropped {
    table: String,
    predicate: Arc<dyn PhysicalExpr>,
    time: QueryTime,
}

impl Dropped {
    /// Of a table that was planned before; none where no row vanishes with time alone.
    ///
    /// # Errors
    /// When the condition cannot be planned, as it was before: a broken invariant.
    pub fn of(shape: &TableShape, catalog: &Catalog) -> Result<Option<Self>> {
        let Some(condition) = shape.drop_when.as_deref().filter(|c| mentions_now(c)) else {
            return Ok(None);
        };
        let time = QueryTime::default();
        let predicate = compile_condition(condition, shape, catalog, &time)
            .map_err(|mistake| Error::internal(mistake.to_string()))?;
        Ok(Some(Self {
            table: shape.name.clone(),
            predicate,
            time,
        }))
    }

    /// Whether the first of these rows is gone at a time.
    ///
    /// # Errors
    /// When the condition fails on it.
    pub fn holds(&self, rows: &RecordBatch, at: i64) -> Result<bool> {
        self.time.set(at);
        let failed = |error| Error::outside(format!("{}: drop_when: {error}", self.table));
        let found = self.predicate.evaluate(rows);
        let found = found
            .and_then(|value| value.into_array(rows.num_rows()))
            .map_err(failed)?;
        let found = found.as_boolean();
        Ok(!found.is_empty() && found.is_valid(0) && found.value(0))
    }
}
