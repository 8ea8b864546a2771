//! The functions that SQL calls, over the pure ones of this crate: columns in, columns out.

use std::sync::Arc;

use datafusion_expr::ScalarUDF;

use crate::calendar::Calendar;

/// Trading days, sessions, phases.
pub mod calendar;
mod call;
/// Contract months, ticks, names.
pub mod contract;
mod words;

/// Every function, over a calendar.
#[must_use]
pub fn all(calendar: &Calendar) -> Vec<Arc<ScalarUDF>> {
    let mut all = calendar::functions(calendar);
    all.extend(contract::functions(calendar));
    all
}
