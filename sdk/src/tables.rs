//! The tables of the manifest, as they were at the time of a row.

use crate::alert::Value;
use crate::host;
use crate::input::{Input, Timestamp};

/// The row of a key, its fields in the order of the manifest. `table` counts the manifest's tables.
#[must_use]
pub fn lookup(table: u32, key: &[Value], at: Timestamp) -> Option<Vec<Value>> {
    host::lookup(table, key, at.0)
}

/// The rows whose keys begin with these values, in the order of their keys; read them with
/// [`Input::rows`].
#[must_use]
pub fn scan(table: u32, prefix: &[Value], at: Timestamp) -> Input {
    Input::new(table, host::scan(table, prefix, at.0))
}
