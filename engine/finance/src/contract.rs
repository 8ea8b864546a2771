//! Contracts on the Nikkei 225 at the Osaka Exchange: what there is, which months are listed on a
//! date, when each ends, in which steps it is priced, and how vendors write its name.
//!
//! Nothing here knows which strikes exist: they are what the exchange lists, and their steps vary
//! from 125 to 5,000 yen within one month. A strike comes from data.

/// Months and weeks that contracts end in.
pub mod expiry;
/// What is listed on a date.
pub mod listing;
/// What vendors write.
pub mod parse;
/// Futures and options, their multipliers.
pub mod product;
/// Steps of prices.
pub mod tick;

pub use crate::contract::expiry::{ContractMonth, Expiry};
pub use crate::contract::parse::{Contract, PutCall, Unread, Vendor};
pub use crate::contract::product::Product;

#[cfg(test)]
mod tests;
