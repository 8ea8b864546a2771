//! The functions that SQL calls, over the pure ones of this crate: columns in, columns out.

use std::sync::Arc;

use datafusion_expr::{AggregateUDF, ScalarUDF};

/// Arguments of functions: their types, and their columns.
mod arguments;

/// Prices, implied volatilities, Greeks.
pub mod pricing;

/// The forward, and the time to it.
pub mod forward;

/// Futures: profit, margin, the roll.
pub mod margin;

/// The forward of a group of prices.
pub mod parity;

/// The functions that no calendar is needed for.
#[must_use]
pub fn without_calendar() -> Vec<Arc<ScalarUDF>> {
    [pricing::all(), forward::all(), margin::all()].concat()
}

/// The aggregates.
#[must_use]
pub fn aggregates() -> Vec<Arc<AggregateUDF>> {
    vec![parity::function()]
}
