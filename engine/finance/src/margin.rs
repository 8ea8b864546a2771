//! Holding futures: profit and loss, what is left over the margin, the margin call, leverage, and
//! how far the market has rolled into the next month. Required margins are inputs: the clearing
//! house publishes them.

/// Profit and loss, surplus, leverage.
pub mod account;

/// The margin call.
pub mod call;

/// Rollover progress.
pub mod roll;
