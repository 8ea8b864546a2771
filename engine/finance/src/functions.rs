//! The functions that SQL calls, over the pure ones of this crate: columns in, columns out.

use std::sync::Arc;

use datafusion_expr::{AggregateUDF, ScalarUDF};

use crate::calendar::Calendar;

/// Arguments of functions: their types, and their columns.
mod arguments;

mod call;

mod words;

/// Trading days, sessions, phases.
pub mod calendar;

/// Contract months, ticks, names.
pub mod contract;

/// Prices, implied volatilities, Greeks.
pub mod pricing;

/// The forward, and the time to it.
pub mod forward;

/// Futures: profit, margin, the roll.
pub mod margin;

/// The forward of a group of prices.
pub mod parity;

/// Every function, over a calendar.
#[must_use]
pub fn all(calendar: &Calendar) -> Vec<Arc<ScalarUDF>> {
    [
        calendar::functions(calendar),
        contract::functions(calendar),
        pricing::all(),
        forward::all(),
        margin::all(),
    ]
    .concat()
}

/// The aggregates.
#[must_use]
pub fn aggregates() -> Vec<Arc<AggregateUDF>> {
    vec![parity::function()]
}
