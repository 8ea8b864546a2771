//! The exchange's quote page: every thirteen minutes or so the whole chain, a quarter of an hour
//! old, in the layout of its columns.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, StringBuilder};
use chrono::{DateTime, Datelike, NaiveDate};
use zaraba_config::document::MarketDoc;
use zaraba_core::error::Result;

use super::columns::{filled, times};
use super::draw::{Draw, Purpose};
use super::hours::TOKYO;
use super::listing::Contract;
use super::options::{Book, Options};
use super::path::Day;
use super::queue::Stream;
use super::surface;

/// Seconds from page to page, and of how long ago a page is when it is collected, at least.
const EVERY: i64 = 13 * 60;
const OLD: i64 = 15 * 60;

/// One line of a page.
#[derive(Clone, Copy)]
pub(super) struct Line {
    /// The minute that the page shows, seconds since the epoch.
    updated: i64,
    contract: u32,
    book: Book,
    /// Implied volatilities in percent, as far as prices have any.
    ask: Option<f64>,
    bid: Option<f64>,
    last: Option<f64>,
}

/// The pages of a day.
pub(super) struct Pages {
    options: Options,
    draw: Draw,
    /// Minutes of the pages still to come, last first.
    to_come: Vec<i64>,
    /// The page being handed out: when it was collected, and its next line.
    page: Option<(i64, i64)>,
    line: usize,
}

impl Pages {
    pub(super) fn new(doc: &MarketDoc, day: Arc<Day>, dates: &[NaiveDate]) -> Self {
        let mut draw = Draw::new(doc.seed, day.number, Purpose::Pages);
        let mut to_come = Vec::new();
        for session in day.hours.sessions(day.date) {
            let mut minute = session.start + 60 * (3 + draw.up_to(9));
            while minute < session.end {
                to_come.push(minute);
                minute += EVERY + 60 * (draw.up_to(2) - 1);
            }
            to_come.push(session.end);
        }
        to_come.reverse();
        Self {
            options: Options::new(doc, day, dates),
            draw,
            to_come,
            page: None,
            line: 0,
        }
    }

    /// Lets the market go on to the next page; whether there is one.
    fn turn(&mut self) -> bool {
        let Some(updated) = self.to_come.pop() else {
            return false;
        };
        let until = updated * 1_000_000;
        while self.options.next_time().is_some_and(|time| time < until) {
            self.options.tick();
        }
        self.options.published(until);
        let collected = (updated + OLD) * 1_000_000 + self.draw.up_to(90) * 1_000_000;
        self.page = Some((updated, collected));
        self.line = 0;
        true
    }

    fn implied(&self, contract: &Contract, price: i32, updated: i64) -> Option<f64> {
        let price = f64::from(filled(price)?);
        let years = surface::years(updated, self.options.sq_date(contract));
        let forward = surface::forward(self.options.index_now(), years);
        let strike = f64::from(contract.strike);
        let volatility = surface::implied(contract.call, forward, strike, years, price)?;
        Some((volatility * 10_000.0).round() / 100.0)
    }
}

impl Stream for Pages {
    type Row = Line;

    fn next(&mut self) -> Option<(i64, Line)> {
        loop {
            if let Some((updated, collected)) = self.page
                && let Some(contract) = self.options.listing.contracts.get(self.line).copied()
                && let Some(book) = self.options.books.get(self.line).copied()
            {
                let number = u32::try_from(self.line).ok()?;
                self.line += 1;
                let line = Line {
                    updated,
                    contract: number,
                    book,
                    ask: self.implied(&contract, book.ask, updated),
                    bid: self.implied(&contract, book.bid, updated),
                    last: self.implied(&contract, book.last, updated),
                };
                return Some((collected, line));
            }
            if !self.turn() {
                return None;
            }
        }
    }

    fn columns(&self, rows: &[(i64, Line)]) -> Result<Vec<ArrayRef>> {
        let contracts = &self.options.listing.contracts;
        let contract = |line: &Line| contracts.get(line.contract as usize);
        let sq_date = |line: &Line| contract(line).map(|c| self.options.sq_date(c));
        let lines = || rows.iter().map(|(_, line)| line);
        let whole = |of: fn(&Book) -> Option<i64>| -> ArrayRef {
            Arc::new(lines().map(|l| of(&l.book)).collect::<Int64Array>())
        };
        let real = |of: fn(&Line) -> Option<f64>| -> ArrayRef {
            Arc::new(lines().map(of).collect::<Float64Array>())
        };
        let side = |l: &Line| contract(l).map(|c| if c.call { "CALL" } else { "PUT" });
        let strike = |l: &Line| contract(l).map(|c| i64::from(c.strike));
        let day = self.options.day.date;
        let hours = &self.options.day.hours;
        Ok(vec![
            texts(rows, |l, text| minute(text, l.updated, true)),
            times(rows.iter().map(|(time, _)| *time)),
            texts(rows, |_, text| slashes(text, Some(day))),
            texts(rows, |l, text| {
                slashes(text, sq_date(l).map(|sq| hours.previous_trading_day(sq)))
            }),
            texts(rows, |l, text| {
                let date = sq_date(l)?;
                write!(text, "{:04}-{:02}", date.year(), date.month()).ok()
            }),
            Arc::new(lines().map(side).collect::<StringArray>()),
            Arc::new(lines().map(strike).collect::<Int64Array>()),
            whole(|b| filled(b.settlement).map(i64::from)),
            whole(|b| Some(b.open_interest).filter(|oi| *oi >= 0)),
            whole(|b| Some(b.volume).filter(|v| *v > 0)),
            real(|l| l.ask),
            real(|l| l.bid),
            whole(|b| filled(b.ask).map(i64::from)),
            whole(|b| filled(b.ask_quantity).map(i64::from)),
            whole(|b| filled(b.bid).map(i64::from)),
            whole(|b| filled(b.bid_quantity).map(i64::from)),
            real(|l| l.last),
            whole(|b| Some(i64::from(filled(b.last)? - b.settlement))),
            real(|l| {
                let change = f64::from(filled(l.book.last)? - l.book.settlement);
                let percent = change / f64::from(filled(l.book.settlement)?) * 100.0;
                Some((percent * 100.0).round() / 100.0)
            }),
            whole(|b| filled(b.last).map(i64::from)),
            texts(rows, |l, text| {
                filled(l.book.last)?;
                minute(text, l.book.traded.div_euclid(1_000_000), false)
            }),
        ])
    }
}

/// A column of texts, each written into the same buffer; none where the writer gives up.
fn texts(rows: &[(i64, Line)], write: impl Fn(&Line, &mut String) -> Option<()>) -> ArrayRef {
    let mut column = StringBuilder::with_capacity(rows.len(), rows.len() * 16);
    let mut text = String::new();
    for (_, line) in rows {
        text.clear();
        let written = write(line, &mut text);
        column.append_option(written.map(|()| text.as_str()));
    }
    Arc::new(column.finish())
}

/// `2026/09/02`
fn slashes(text: &mut String, date: Option<NaiveDate>) -> Option<()> {
    let date = date?;
    let (year, month, day) = (date.year(), date.month(), date.day());
    write!(text, "{year:04}/{month:02}/{day:02}").ok()
}

/// `2026/09/01 17:41`, or without the year.
fn minute(text: &mut String, second: i64, year: bool) -> Option<()> {
    let time = DateTime::from_timestamp(second, 0)?.with_timezone(&TOKYO);
    let format = if year {
        "%Y/%m/%d %H:%M"
    } else {
        "%m/%d %H:%M"
    };
    write!(text, "{}", time.format(format)).ok()
}
