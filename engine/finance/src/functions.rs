//! The functions that SQL calls, over the pure ones of this crate: columns in, columns out.

/// Arguments of functions: their types, and their columns.
mod arguments;

/// Prices, implied volatilities, Greeks.
pub mod pricing;

/// The forward, and the time to it.
pub mod forward;

/// Futures: profit, margin, the roll.
pub mod margin;
