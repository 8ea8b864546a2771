//! The smallest step of a price (呼値の単位), by product, price and date.
//!
//! Sources: REQUIREMENTS 003-1 and F6. Not verified: the step of micro futures, and that mini
//! options have the steps of large ones.

use chrono::NaiveDate;

use crate::calendar::date::date;
use crate::contract::product::{MICRO_SINCE, Product};

/// From a date on, up to a price in yen, one yen; above, five.
const OPTIONS: [(NaiveDate, f64); 2] = [(date(2021, 9, 21), 100.0), (date(2025, 11, 17), 300.0)];

/// The step of a price on a trading day, yen. None where it is not known: options before
/// 2021-09-21, products before their first day, and prices below zero or not a number.
#[must_use]
pub fn tick_size(product: Product, price: f64, trading_day: NaiveDate) -> Option<f64> {
    if price.is_nan() || price < 0.0 {
        return None;
    }
    let started = trading_day >= MICRO_SINCE;
    match product {
        Product::Future => Some(10.0),
        Product::Mini => Some(5.0),
        Product::Micro => started.then_some(5.0),
        Product::MiniOption if !started => None,
        Product::Option | Product::MiniOption => {
            let known = OPTIONS.iter().rev();
            let (_, up_to) = known.into_iter().find(|(since, _)| *since <= trading_day)?;
            Some(if price <= *up_to { 1.0 } else { 5.0 })
        }
    }
}
