//! Open interest as it is published, once a day at 20:00: a row per option and future, of the
//! trading day that has ended.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use chrono::NaiveDate;
use zaraba_config::document::MarketDoc;
use zaraba_core::error::Result;

use super::columns::{dates, times};
use super::futures;
use super::listing::{self, Listing};
use super::options;
use super::path::Day;
use super::queue::Stream;

/// One contract's.
#[derive(Clone, Copy)]
pub(super) struct Published {
    product: &'static str,
    sq_date: NaiveDate,
    /// Of an option: its strike, and whether it is a call.
    option: Option<(u32, bool)>,
    open: i64,
    change: i64,
}

/// All contracts of a day.
pub(super) struct OpenInterest {
    time: i64,
    of: NaiveDate,
    rows: std::vec::IntoIter<Published>,
}

impl OpenInterest {
    pub(super) fn new(doc: &MarketDoc, day: &Day, dates: &[NaiveDate]) -> Self {
        let listing = Listing::new(doc, day);
        let open = listing.open_interest(dates);
        let earlier = day.hours.previous_trading_day(day.before);
        let mut rows = Vec::new();
        for future in listing::futures(doc, day) {
            let open = futures::open_interest(doc, day, &future, day.before);
            rows.push(Published {
                product: futures::name(future.product),
                sq_date: future.sq_date,
                option: None,
                open,
                change: open - futures::open_interest(doc, day, &future, earlier),
            });
        }
        for (contract, (open, before)) in listing.contracts.iter().zip(open) {
            let sq_date = listing.months.get(contract.month).copied();
            rows.push(Published {
                product: options::NAME,
                sq_date: sq_date.unwrap_or(day.date),
                option: Some((contract.strike, contract.call)),
                open,
                change: open - before,
            });
        }
        Self {
            time: day.published * 1_000_000,
            of: day.before,
            rows: rows.into_iter(),
        }
    }
}

impl Stream for OpenInterest {
    type Row = Published;

    fn next(&mut self) -> Option<(i64, Published)> {
        self.rows.next().map(|row| (self.time, row))
    }

    fn columns(&self, rows: &[(i64, Published)]) -> Result<Vec<ArrayRef>> {
        let all = || rows.iter().map(|(_, row)| row);
        let strike = all().map(|r| r.option.map(|(strike, _)| f64::from(strike)));
        let side = all().map(|r| r.option.map(|(_, call)| if call { "C" } else { "P" }));
        Ok(vec![
            times(rows.iter().map(|(time, _)| *time)),
            dates(all().map(|_| Some(self.of))),
            Arc::new(StringArray::from_iter_values(all().map(|r| r.product))),
            dates(all().map(|r| Some(r.sq_date))),
            Arc::new(strike.collect::<Float64Array>()),
            Arc::new(side.collect::<StringArray>()),
            Arc::new(Int64Array::from_iter_values(all().map(|r| r.open))),
            Arc::new(Int64Array::from_iter_values(all().map(|r| r.change))),
        ])
    }
}
