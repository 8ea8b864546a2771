//! When a table's rows are gone, for readers that are no SQL: `ttl`, and `drop_when` where it asks for
//! `now()`. Where it does not ask, the table's stream has a deletion.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::error::{Error, Result};

use crate::functions::QueryTime;
use crate::plan::catalog::Catalog;
use crate::plan::triggered::{compile_condition, mentions_now};
use crate::table::reader::TableShape;
use crate::table::ttl::Expiry;

/// What makes a table's rows vanish with time alone. For one reader: who asks sets the time of all.
pub struct Dropped {
    table: String,
    expiry: Mutex<Expiry>,
    predicate: Option<Arc<dyn PhysicalExpr>>,
    time: QueryTime,
}

impl Dropped {
    /// Of a table that was planned before.
    ///
    /// # Errors
    /// When the condition cannot be planned, as it was before: a broken invariant.
    pub fn of(shape: &TableShape, catalog: &Catalog) -> Result<Self> {
        let time = QueryTime::default();
        let condition = shape.drop_when.as_deref().filter(|c| mentions_now(c));
        let predicate = condition.map(|c| compile_condition(c, shape, catalog, &time));
        let ours = |mistake: crate::plan::mistake::SqlMistake| Error::internal(mistake.to_string());
        Ok(Self {
            table: shape.name.clone(),
            expiry: Mutex::new(Expiry::new(shape.ttl.clone())),
            predicate: predicate.transpose().map_err(ours)?,
            time,
        })
    }

    /// When a row of this time is gone by `ttl`; the end of time if never.
    pub fn expires(&self, time: i64) -> i64 {
        let mut expiry = self.expiry.lock().unwrap_or_else(PoisonError::into_inner);
        expiry.of(time)
    }

    /// Whether `drop_when` asks for `now()`.
    #[must_use]
    pub const fn asks(&self) -> bool {
        self.predicate.is_some()
    }

    /// Whether the first of these rows is gone at a time by `drop_when`.
    ///
    /// # Errors
    /// When the condition fails on it.
    pub fn holds(&self, rows: &RecordBatch, at: i64) -> Result<bool> {
        let Some(predicate) = &self.predicate else {
            return Ok(false);
        };
        self.time.set(at);
        let failed = |error| Error::outside(format!("{}: drop_when: {error}", self.table));
        let found = predicate.evaluate(rows);
        let found = found
            .and_then(|value| value.into_array(rows.num_rows()))
            .map_err(failed)?;
        let found = found.as_boolean();
        Ok(!found.is_empty() && found.is_valid(0) && found.value(0))
    }
}
