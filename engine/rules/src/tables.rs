//! The tables that a rule looks into, as somebody above holds them.

mod key;

mod kept;

use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::time::EventTime;

use crate::value::Value;

pub use crate::tables::kept::{Given, Gone, Kept, check_table};

/// Tables, numbered as in the manifest, as they were at a time.
pub trait Tables: Send + Sync {
    /// The row of a key: the manifest's fields, in order.
    ///
    /// # Errors
    /// When the table cannot be read: a broken invariant.
    fn lookup(&self, table: usize, key: &[Value], at: EventTime) -> Result<Option<Vec<Value>>>;

    /// The rows whose keys begin with these values, in the order of their keys; the columns are the
    /// manifest's fields, in order.
    ///
    /// # Errors
    /// As `lookup`.
    fn scan(&self, table: usize, prefix: &[Value], at: EventTime) -> Result<Option<Batch>>;
}

/// No tables.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTables;

impl Tables for NoTables {
    fn lookup(&self, _table: usize, _key: &[Value], _at: EventTime) -> Result<Option<Vec<Value>>> {
        Ok(None)
    }

    fn scan(&self, _table: usize, _prefix: &[Value], _at: EventTime) -> Result<Option<Batch>> {
        Ok(None)
    }
}
